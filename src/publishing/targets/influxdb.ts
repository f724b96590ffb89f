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
import { type Answer, HttpClient } from './http-client';
import { byPosting } from './posting';
import { reasonOf } from './reasons';
import type { Credentials, Target, TargetListener, TlsOptions } from './target';

// Its own log goes to the console, with whatever the server has answered.
setLogger({ error() {}, warn() {} });

/** InfluxDB 1 and 2: line protocol by its own client; times in whole microseconds. */
export function influxTarget(
  settings: EndpointSettings,
  credentials: Credentials,
  tls: TlsOptions,
  listener: TargetListener,
): Target {
  const { url, timeout, influxVersion, org, bucket, database, retention } = settings;
  const { password, token } = credentials;
  const secrets = [password, token];
  const client = new InfluxDB({
    url: url.replace(/\/$/, ''),
    timeout: timeout * 1000,
    transportOptions: { ...tls },
    ...(influxVersion === 2 ? { token: token ?? password } : { headers: authorization(credentials) }),
  });
  /** What is not written at once is tried again by us, not by the client, which keeps it in memory. */
  const writer = (points: number): WriteApi => {
    const api = client.getWriteApi(org, bucket, 'us', {
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
  };
  const write = async (batch: readonly Envelope[]): Promise<Answer> => {
    const points = batch.flatMap((envelope) => pointsOf(envelope.record()));
    const done: Answer = { status: 204, headers: {}, text: '' };
    if (points.length === 0) {
      return batch.length === 1 ? { status: 422, headers: {}, text: 'samples do not go to InfluxDB' } : done;
    }
    const api = writer(points.length);
    try {
      api.writePoints(points.map(toInflux));
      await api.close();
      return done;
    } catch (error) {
      if (!(error instanceof HttpError)) throw new Error(reasonOf(error, secrets));
      const after = error.retryAfter();
      return {
        status: error.statusCode,
        headers: after > 0 ? { 'retry-after': String(Math.ceil(after / 1000)) } : {},
        text: reasonOf({ message: error.body || error.message }, secrets),
      };
    }
  };
  /** An empty write: refused where user, database or bucket are wrong. */
  const probe = async (): Promise<Answer> => {
    const path =
      influxVersion === 1
        ? `/write?${new URLSearchParams({ db: database, ...(retention && { rp: retention }) })}`
        : `/api/v2/write?${new URLSearchParams({ org, bucket })}`;
    const headers =
      influxVersion === 1
        ? authorization(credentials)
        : { authorization: `Token ${token ?? password ?? ''}` };
    const http = new HttpClient(url.replace(/\/$/, '') + path, { tls, headers, timeout }, secrets);
    try {
      const answer = await http.post(Buffer.alloc(0), {});
      // Some versions say that there was nothing to write: then all else was right.
      return answer.status === 400 && /requires points|no points/i.test(answer.text)
        ? { ...answer, status: 204 }
        : answer;
    } finally {
      http.close();
    }
  };
  return byPosting(write, listener, probe);
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
