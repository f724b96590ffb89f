import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Point as InfluxPoint } from '@influxdata/influxdb-client';
import type { EndpointSettings } from '../endpoint';
import type { Envelope } from '../outbox';
import { type Point, pointsOf } from '../points';
import { authorization } from './http';
import { type Answer, HttpClient } from './http-client';
import { byPosting } from './posting';
import type { Credentials, Target, TargetListener, TlsOptions } from './target';

const compress = promisify(gzip);
/** Bodies smaller than this are not worth it. */
const WORTH = 1000;

/** InfluxDB 1 and 2: line protocol, as its own package writes it; times in whole microseconds. */
export function influxTarget(
  { url, timeout, influxVersion, org, bucket, database, retention }: EndpointSettings,
  credentials: Credentials,
  tls: TlsOptions,
  listener: TargetListener,
): Target {
  const { password, token } = credentials;
  const query = new URLSearchParams(
    influxVersion === 1
      ? { db: database, precision: 'u', ...(retention && { rp: retention }) }
      : { org, bucket, precision: 'us' },
  );
  const path = influxVersion === 1 ? '/write' : '/api/v2/write';
  const headers = {
    'content-type': 'text/plain; charset=utf-8',
    ...(influxVersion === 1
      ? authorization(credentials)
      : { authorization: `Token ${token ?? password ?? ''}` }),
  };
  const client = new HttpClient(`${url.replace(/\/$/, '')}${path}?${query}`, { tls, headers, timeout });
  const post = async (batch: readonly Envelope[]): Promise<Answer> => {
    const lines = batch.flatMap((envelope) =>
      pointsOf(envelope.record()).flatMap((point) => toInflux(point).toLineProtocol() ?? []),
    );
    if (lines.length === 0) {
      return batch.length === 1
        ? { status: 422, headers: {}, text: 'samples do not go to InfluxDB' }
        : { status: 204, headers: {}, text: '' };
    }
    const body = Buffer.from(lines.join('\n'));
    if (body.length < WORTH) return await client.post(body, {});
    return await client.post(await compress(body), { 'content-encoding': 'gzip' });
  };
  /** An empty write: refused where user, database or bucket are wrong. */
  const probe = async (): Promise<Answer> => {
    const answer = await client.post(Buffer.alloc(0), {});
    // Some versions say that there was nothing to write: then all else was right.
    return answer.status === 400 && /requires points|no points/i.test(answer.text)
      ? { ...answer, status: 204 }
      : answer;
  };
  const good = { statuses: [204], text: '' };
  return byPosting({ post, probe, patience: 2000 * timeout, good, close: () => client.close() }, listener);
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
