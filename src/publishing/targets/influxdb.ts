import {
  HttpError,
  InfluxDB,
  Point as InfluxPoint,
  setLogger,
  type WriteApi,
} from '@influxdata/influxdb-client';
import type { EndpointSettings } from '../endpoint';
import type { Envelope } from '../outbox';
import { type Point, pointsOf } from '../points';
import { authorization } from './http';
import type { Answer } from './http-client';
import { postSplitting, Reachability } from './posting';
import { reasonOf } from './reasons';
import type { Credentials, Outcome, Target, TargetListener, TlsOptions } from './target';

// Its own log goes to the console, with whatever the server has answered.
setLogger({ error() {}, warn() {} });

/** InfluxDB 1 and 2: line protocol by its own client; times in whole microseconds. */
export class InfluxTarget implements Target {
  readonly pipeline = 1;
  readonly ready = true;
  private readonly database: InfluxDB;
  private readonly reach: Reachability;
  private readonly secrets: (string | undefined)[];

  constructor(
    private readonly settings: EndpointSettings,
    credentials: Credentials,
    tls: TlsOptions,
    listener: TargetListener,
  ) {
    const { url, timeout, influxVersion } = settings;
    const { password, token } = credentials;
    this.secrets = [password, token];
    this.database = new InfluxDB({
      url: url.replace(/\/$/, ''),
      timeout: timeout * 1000,
      transportOptions: { ...tls },
      ...(influxVersion === 2 ? { token: token ?? password } : { headers: authorization(credentials) }),
    });
    this.reach = new Reachability(listener);
  }

  get state() {
    return this.reach.state;
  }

  async send(batch: readonly Envelope[]): Promise<Outcome[]> {
    return this.reach.judge(await postSplitting(batch, (some) => this.write(some)));
  }

  async close(): Promise<void> {}

  private async write(batch: readonly Envelope[]): Promise<Answer> {
    const points = batch.flatMap((envelope) => pointsOf(envelope.record()));
    const done: Answer = { status: 204, headers: {}, text: '' };
    if (points.length === 0) {
      return batch.length === 1 ? { status: 422, headers: {}, text: 'samples do not go to InfluxDB' } : done;
    }
    const api = this.api(points.length);
    try {
      api.writePoints(points.map(toInflux));
      await api.close();
      return done;
    } catch (error) {
      if (!(error instanceof HttpError)) throw new Error(reasonOf(error, this.secrets));
      const after = error.retryAfter();
      return {
        status: error.statusCode,
        headers: after > 0 ? { 'retry-after': String(Math.ceil(after / 1000)) } : {},
        text: reasonOf({ message: error.body || error.message }, this.secrets),
      };
    }
  }

  /** What is not written at once is tried again by us, not by the client, which keeps it in memory. */
  private api(points: number): WriteApi {
    const { influxVersion, org, bucket, database, retention } = this.settings;
    const api = this.database.getWriteApi(org, bucket, 'us', {
      batchSize: points + 1,
      maxBatchBytes: 50e6,
      flushInterval: 0,
      maxRetries: 0,
      gzipThreshold: 1000,
    });
    if (influxVersion === 1) {
      const query = new URLSearchParams({
        db: database,
        precision: 'u',
        ...(retention && { rp: retention }),
      });
      api.path = `/write?${query}`;
    }
    return api;
  }
}

function toInflux({ name, tags, fields, time }: Point): InfluxPoint {
  const point = new InfluxPoint(name);
  for (const [tag, value] of Object.entries(tags)) point.tag(tag, value);
  for (const [field, value] of Object.entries(fields)) {
    if (typeof value === 'number') point.floatField(field, value);
    else if (typeof value === 'boolean') point.booleanField(field, value);
    else point.stringField(field, value);
  }
  return point.timestamp(String(Math.round(time * 1000)));
}
