import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { EndpointSettings } from '../endpoint';
import type { Envelope } from '../outbox';
import { HttpClient } from './http-client';
import { postSplitting, Reachability } from './posting';
import type { Credentials, Outcome, Target, TargetListener, TlsOptions } from './target';

const compress = promisify(gzip);
/** Bodies smaller than this are not worth it. */
const WORTH = 1000;

/** Headers by which a server knows us. */
export function authorization({ username, password, token }: Credentials): Record<string, string> {
  if (token) return { authorization: `Bearer ${token}` };
  if (!username) return {};
  return { authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` };
}

/** HTTP POST: a batch is an array of records, one request after the other. */
export class HttpTarget implements Target {
  readonly pipeline = 1;
  readonly ready = true;
  private readonly client: HttpClient;
  private readonly reach: Reachability;

  constructor(
    private readonly settings: EndpointSettings,
    credentials: Credentials,
    tls: TlsOptions,
    listener: TargetListener,
  ) {
    const { url, timeout } = settings;
    const headers = { 'content-type': 'application/json', ...authorization(credentials) };
    this.client = new HttpClient(url, { tls, headers, timeout }, [credentials.password, credentials.token]);
    this.reach = new Reachability(listener);
  }

  get state() {
    return this.reach.state;
  }

  async send(batch: readonly Envelope[]): Promise<Outcome[]> {
    return this.reach.judge(await postSplitting(batch, (some) => this.post(some)));
  }

  async close(): Promise<void> {
    this.client.close();
  }

  private async post(batch: readonly Envelope[]) {
    const { captures, gzip: compressed } = this.settings;
    // Bytes have no place in JSON.
    const form = captures === 'binary' ? 'base64' : captures;
    const parts: Buffer[] = [];
    for (const envelope of batch) {
      parts.push(Buffer.from(parts.length === 0 ? '[' : ',\n'), envelope.text(form));
    }
    parts.push(Buffer.from(']'));
    const body = Buffer.concat(parts);
    if (!compressed || body.length < WORTH) return await this.client.post(body, {});
    return await this.client.post(await compress(body), { 'content-encoding': 'gzip' });
  }
}
