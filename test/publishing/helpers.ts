import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  type Credentials,
  type LinkTrouble,
  openTarget,
  Publisher,
  readEndpointSettings,
  readPublisherSettings,
  type TlsOptions,
} from '../../src/publishing';
import type { Diagnostic, Receipt } from '../../src/record';
import type { Clock } from '../../src/shared';
import type { cleanUpAfterEach } from '../clean-up';

type CleanUp = ReturnType<typeof cleanUpAfterEach>;

export function newFolder(cleanUp: CleanUp): string {
  const made = mkdtempSync(join(tmpdir(), 'pq-publish-'));
  cleanUp(() => rmSync(made, { recursive: true, force: true }));
  return join(made, 'box');
}

export interface Setup {
  endpoint: object;
  publish?: object;
  credentials?: Credentials;
  tls?: TlsOptions;
  folder?: string;
  secret?: string;
  /** Bytes free on the disk. */
  free?: () => Promise<number>;
  clock?: Clock;
}

/** A target alone, and what it says. */
export function openEndpoint(cleanUp: CleanUp, { endpoint, credentials = {}, tls = {} }: Setup) {
  const said: string[] = [];
  const heard: { trouble?: LinkTrouble; look(link?: LinkTrouble): void } = { look() {} };
  const target = openTarget(readEndpointSettings(endpoint), credentials, tls, {
    state: (state) => {
      said.push(state);
      if (state === 'connected') heard.trouble = undefined;
      heard.look(heard.trouble);
    },
    failed: (reason, refused = false) => {
      said.push(`failed: ${reason}`);
      if (target.state !== 'connected') heard.trouble = { reason, refused };
      heard.look(heard.trouble);
    },
  });
  cleanUp(() => target.close());
  return { target, said, heard };
}

/** What a scada-publish node with its endpoint does. */
export async function openPublisher(cleanUp: CleanUp, setup: Setup) {
  const { target, said, heard } = openEndpoint(cleanUp, setup);
  const receipts: Receipt[] = [];
  const diagnostics: Diagnostic[] = [];
  const folder = setup.folder ?? newFolder(cleanUp);
  const publisher = await Publisher.open(
    folder,
    readPublisherSettings(setup.publish ?? {}),
    target,
    { name: 'publish', target: 'test' },
    {
      receipt: (receipt) => receipts.push(receipt),
      diagnostic: (diagnostic) => diagnostics.push(diagnostic),
    },
    {
      secret: setup.secret,
      ...(setup.free && { free: setup.free }),
      ...(setup.clock && { clock: setup.clock }),
    },
  );
  heard.look = (link) => publisher.look(link);
  publisher.look(heard.trouble);
  let open = true;
  const close = async () => {
    if (!open) return;
    open = false;
    await publisher.close();
  };
  cleanUp(close);
  return { publisher, target, said, receipts, diagnostics, folder, close };
}

/** A server that takes connections and never speaks. */
export async function startMute(cleanUp: CleanUp) {
  const made = { port: 0, connections: 0, sockets: new Set<Socket>() };
  const server = createTcpServer((socket) => {
    made.connections++;
    made.sockets.add(socket);
    socket.on('close', () => made.sockets.delete(socket));
    socket.on('error', () => {});
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  cleanUp(() => new Promise<void>((resolve) => server.close(() => resolve())));
  made.port = (server.address() as AddressInfo).port;
  return made;
}

export interface Request {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

export interface TestHttp {
  url: string;
  port: number;
  requests: Request[];
  /** What the next requests are answered with: status, headers, text; 204 where nothing is set. */
  answer: (
    request: Request,
    n: number,
  ) => [status: number, headers?: Record<string, string>, text?: string] | 'cut' | 'silence';
  close(): Promise<void>;
}

/** A server on a free loopback port that keeps what is posted, bodies unpacked. */
export async function startHttp(cleanUp: CleanUp, port = 0): Promise<TestHttp> {
  const made: TestHttp = {
    url: '',
    port: 0,
    requests: [],
    answer: () => [204],
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      const raw = Buffer.concat(parts);
      const one: Request = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw,
      };
      made.requests.push(one);
      const answer = made.answer(one, made.requests.length - 1);
      if (answer === 'silence') return undefined;
      if (answer === 'cut') return request.socket.destroy();
      const [status, headers = {}, text = ''] = answer;
      response.writeHead(status, headers).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()));
  made.port = (server.address() as AddressInfo).port;
  made.url = `http://127.0.0.1:${made.port}`;
  cleanUp(made.close);
  return made;
}
