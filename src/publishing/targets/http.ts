import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { EndpointSettings } from '../endpoint';
import type { Envelope } from '../outbox';
import { HttpClient } from './http-client';
import { byPosting } from './posting';
import type { Credentials, Target, TargetListener, TlsOptions } from './target';

const compress = promisify(gzip);
/** Bodies smaller than this are not worth it. */
const WORTH = 1000;

/** Headers by which a server knows us. */
export function authorization({ username, password, token }: Credentials): Record<string, string> {
  if (token) return { authorization: `Bearer ${token}` };
  if (!username) return {};
  return { authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` };
}

/** HTTP POST: a batch is an array of records. */
export function httpTarget(
  { url, timeout, captures, gzip: compressed, successStatus, successText }: EndpointSettings,
  credentials: Credentials,
  tls: TlsOptions,
  listener: TargetListener,
): Target {
  const headers = { 'content-type': 'application/json', ...authorization(credentials) };
  const client = new HttpClient(url, { tls, headers, timeout });
  // Bytes have no place in JSON.
  const form = captures === 'binary' ? 'base64' : captures;
  const post = async (batch: readonly Envelope[]) => {
    const parts: Buffer[] = [];
    for (const envelope of batch) {
      parts.push(Buffer.from(parts.length === 0 ? '[' : ',\n'), envelope.text(form));
    }
    parts.push(Buffer.from(']'));
    const body = Buffer.concat(parts);
    if (!compressed || body.length < WORTH) return await client.post(body, {});
    return await client.post(await compress(body), { 'content-encoding': 'gzip' });
  };
  const probe = () => client.post(Buffer.from('[]'), {});
  const good = { statuses: successStatus, text: successText };
  return byPosting({ post, probe, patience: 2000 * timeout, good, close: () => client.close() }, listener);
}
