import * as http from 'node:http';
import * as https from 'node:https';
import { reasonOf } from './reasons';
import type { TlsOptions } from './target';

export interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  /** Its beginning. */
  text: string;
}

/** Of an answer, bytes that are read. */
const MOST = 4096;

/** Posts to one address, over connections that are kept. */
export class HttpClient {
  private readonly agent: http.Agent;
  private readonly url: URL;

  /** @param timeout s without an answer after which a request has failed */
  constructor(
    url: string,
    private readonly options: { tls: TlsOptions; headers: Record<string, string>; timeout: number },
  ) {
    this.url = new URL(url);
    const kept = { keepAlive: true, maxSockets: 4, ...options.tls };
    this.agent = this.url.protocol === 'https:' ? new https.Agent(kept) : new http.Agent(kept);
  }

  /**
   * Posts a body.
   * @throws Error that says why there was no answer
   */
  post(body: Buffer, headers: Record<string, string>): Promise<Answer> {
    const { request } = this.url.protocol === 'https:' ? https : http;
    const { headers: own, timeout } = this.options;
    return new Promise((resolve, reject) => {
      const failed = (error: unknown) => reject(new Error(reasonOf(error)));
      const sent = request(
        this.url,
        {
          method: 'POST',
          agent: this.agent,
          headers: { ...own, ...headers, 'content-length': body.length },
        },
        (answer) => {
          const parts: Buffer[] = [];
          let bytes = 0;
          answer.on('data', (part: Buffer) => {
            if (bytes < MOST) parts.push(part);
            bytes += part.length;
          });
          answer.on('end', () => {
            clearTimeout(timer);
            const text = Buffer.concat(parts).subarray(0, MOST).toString();
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
          });
          answer.on('error', failed);
        },
      );
      const timer = setTimeout(
        () => sent.destroy(new Error(`no answer within ${timeout} s`)),
        timeout * 1000,
      );
      sent.on('error', (error) => {
        clearTimeout(timer);
        failed(error);
      });
      sent.end(body);
    });
  }

  /** Ends what is open: its requests fail. */
  close(): void {
    this.agent.destroy();
  }
}
