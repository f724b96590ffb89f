import { timingSafeEqual } from 'node:crypto';
import * as http from 'node:http';
import * as https from 'node:https';
import type { Socket } from 'node:net';
import { Counter, Gauge, Registry } from 'prom-client';
import { lossRegistry } from '../../../shared';
import type { EndpointSettings } from '../../endpoint';
import type { Envelope } from '../../outbox';
import { pointsOf } from '../../points';
import { hostAndPort } from '../address';
import { authorization } from '../http';
import { reasonOf } from '../reasons';
import {
  type Credentials,
  DELIVERED,
  type Outcome,
  type Target,
  type TargetListener,
  type TargetState,
  type TlsOptions,
} from '../target';
import { numbersOf } from './names';

/** Time series on the page; what comes beyond is left out and counted. */
const MAX_SERIES = 200_000;
const RELISTEN = 5000;

/**
 * A page of the latest values for Prometheus to fetch, at the address of the settings. A record has arrived when its
 * values are on the page; values older than those there change nothing.
 */
export class ScrapeTarget implements Target {
  readonly pipeline = 1;
  readonly patience = 10_000;
  leftOut = 0;
  state: TargetState = 'connecting';
  private readonly registry = new Registry();
  private readonly gauges = new Map<string, Gauge>();
  private readonly times = new Map<string, number>();
  private readonly events: Counter;
  private readonly server: http.Server;
  private readonly sockets = new Set<Socket>();
  private readonly path: string;
  private readonly expected: Buffer | undefined;
  private again: NodeJS.Timeout | undefined;
  private closed = false;
  private lastReason = '';

  constructor(
    settings: EndpointSettings,
    credentials: Credentials,
    tls: TlsOptions,
    private readonly listener: TargetListener,
  ) {
    const url = new URL(settings.url);
    this.path = url.pathname;
    const { authorization: header } = authorization(credentials);
    this.expected = header === undefined ? undefined : Buffer.from(header);
    const registers = [this.registry];
    this.events = new Counter({
      name: 'pq_events_total',
      help: 'Events that have ended, since this page began',
      labelNames: ['meter', 'type'],
      registers,
    });
    const leftOut = () => this.leftOut;
    new Counter({
      name: 'pq_series_left_out_total',
      help: `Values left out because the page has ${MAX_SERIES} series`,
      registers,
      collect() {
        this.reset();
        this.inc(leftOut());
      },
    });
    new Counter({
      name: 'pq_losses_total',
      help: 'What nodes have dropped, refused or ignored since they were started, by reason',
      labelNames: ['stage', 'node', 'reason'],
      registers,
      collect() {
        this.reset();
        for (const { stage, name, reason, count } of lossRegistry.all())
          this.inc({ stage, node: name, reason }, count);
      },
    });
    const answer = (request: http.IncomingMessage, response: http.ServerResponse) => {
      this.answer(request, response).catch(() => response.destroy());
    };
    // A server shows its certificate, and asks for that of a client only where a CA is given.
    const own = { ...tls, requestCert: tls.ca !== undefined, rejectUnauthorized: tls.ca !== undefined };
    this.server = settings.safe ? https.createServer(own, answer) : http.createServer(answer);
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    const { host, port } = hostAndPort(settings.url, settings.safe ? 443 : 80);
    const listen = () => {
      if (!this.closed) this.server.listen(port, host);
    };
    this.server.on('listening', () => this.tell('connected'));
    this.server.on('error', (error) => {
      this.tell('disconnected');
      const reason = `the page cannot be served at ${url.host}: ${reasonOf(error)}`;
      if (reason !== this.lastReason) listener.failed(reason);
      this.lastReason = reason;
      this.again = setTimeout(listen, RELISTEN);
    });
    listen();
  }

  get ready(): boolean {
    return this.state === 'connected';
  }

  cut(): void {}

  async send(batch: readonly Envelope[]): Promise<Outcome[]> {
    for (const envelope of batch) this.show(envelope);
    return batch.map(() => DELIVERED);
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.again);
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private show(envelope: Envelope): void {
    if (envelope.kind === 'event' && envelope.fields.state === 'end') {
      this.events.inc({ meter: envelope.meter, type: envelope.fields.type });
    }
    for (const point of pointsOf(envelope.record())) {
      const labels = Object.entries(point.tags);
      for (const [name, value] of numbersOf(point)) {
        const series = `${name} ${labels.map(([, text]) => text).join(' ')}`;
        const before = this.times.get(series);
        if (before !== undefined && before > point.time) continue;
        if (before === undefined && this.times.size >= MAX_SERIES) {
          this.leftOut++;
          continue;
        }
        this.times.set(series, point.time);
        this.gauge(name, Object.keys(point.tags)).set(point.tags, value);
      }
    }
  }

  private gauge(name: string, labelNames: string[]): Gauge {
    let gauge = this.gauges.get(name);
    if (!gauge) {
      const help = 'Latest value, in the unit of the record: V, A, W, var, VA, Hz, s, percent';
      gauge = new Gauge({ name, help, labelNames, registers: [this.registry] });
      this.gauges.set(name, gauge);
    }
    return gauge;
  }

  private async answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname !== this.path) {
      response.writeHead(404).end();
      return;
    }
    if (!this.admits(request.headers.authorization)) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="power quality"' }).end();
      return;
    }
    const page = await this.registry.metrics();
    response.writeHead(200, { 'content-type': this.registry.contentType }).end(page);
  }

  private admits(given = ''): boolean {
    if (!this.expected) return true;
    const bytes = Buffer.from(given);
    return bytes.length === this.expected.length && timingSafeEqual(bytes, this.expected);
  }

  private tell(state: TargetState): void {
    if (state === this.state) return;
    this.state = state;
    this.listener.state(state);
  }
}
