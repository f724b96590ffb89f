import type { EndpointSettings } from '../endpoint';
import type { Envelope } from '../outbox';
import { dotted, printable, topicOf } from '../topic';
import { hostAndPort } from './address';
import { overLink } from './over-link';
import { reasonOf } from './reasons';
import type { Session } from './steady-link';
import { StompSocket } from './stomp-socket';
import {
  type Credentials,
  DELIVERED,
  type Outcome,
  type SendSettings,
  type Target,
  type TargetListener,
  type TlsOptions,
} from './target';
import { RefusedError } from './verdict';

/** The package is an ECMAScript module, and this is none. */
const load = () => import('@stomp/stompjs');
type Client = InstanceType<Awaited<ReturnType<typeof load>>['Client']>;

const HEARTBEAT = 20_000;
const CONNECT_TIMEOUT = 10_000;
/** STOMP has no codes of errors: what brokers say of a login that they do not take, and of a message too large. */
const NOT_LET_IN = /access.?refused|authenticat|authoriz|bad connect|login|credential|password/i;
const TOO_LARGE = /too.?(large|big)|(max|message|frame|body).*(size|length)/i;

/** A STOMP 1.2 session, from CONNECTED on. */
class StompSession implements Session {
  readonly ended: Promise<string>;
  private end: (reason: string) => void = () => {};
  private over = false;
  private number = 0;
  private reason = 'the broker cut the connection';
  private readonly flying = new Set<(outcome: Outcome) => void>();

  private constructor(private readonly client: Client) {
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  static async dial(
    address: { host: string; port: number; secure: TlsOptions | undefined },
    connectHeaders: Record<string, string>,
    aborted: AbortSignal,
  ): Promise<StompSession> {
    const { Client: StompClient } = await load();
    return await new Promise((resolve, reject) => {
      let connected = false;
      let said: string | undefined;
      const giveUp = () => void client.deactivate({ force: true });
      const client: Client = new StompClient({
        webSocketFactory: () =>
          new StompSocket(address.host, address.port, address.secure, (error) => {
            said ??= reasonOf(error);
          }),
        connectHeaders,
        connectionTimeout: CONNECT_TIMEOUT,
        reconnectDelay: 0,
        heartbeatIncoming: HEARTBEAT,
        heartbeatOutgoing: HEARTBEAT,
        forceBinaryWSFrames: true,
        discardWebsocketOnCommFailure: true,
        onConnect: () => {
          connected = true;
          aborted.removeEventListener('abort', giveUp);
          resolve(session);
        },
        onStompError: ({ headers, body }) => {
          said = reasonOf({ message: `${headers.message ?? 'error'}: ${body.trim()}` });
          if (connected) session.refused(said);
        },
        onWebSocketClose: () => {
          void client.deactivate({ force: true });
          if (connected) session.lost(said);
          else if (said !== undefined && NOT_LET_IN.test(said)) reject(new RefusedError(said));
          else reject(new Error(said ?? 'the broker cut the connection'));
        },
      });
      const session = new StompSession(client);
      aborted.addEventListener('abort', giveUp, { once: true });
      client.activate();
    });
  }

  /** Sends; resolves when the broker has given the receipt. */
  publish(destination: string, body: Buffer, headers: Record<string, string>): Promise<Outcome> {
    return new Promise((resolve) => {
      if (this.over) return resolve({ state: 'retry', error: 'not connected' });
      const receipt = `r${this.number++}`;
      const settle = (outcome: Outcome) => {
        if (this.flying.delete(settle)) resolve(outcome);
      };
      this.flying.add(settle);
      try {
        this.client.watchForReceipt(receipt, () => settle(DELIVERED));
        this.client.publish({
          destination,
          binaryBody: body,
          headers: { ...headers, receipt, persistent: 'true' },
        });
      } catch (error) {
        settle({ state: 'retry', error: reasonOf(error) });
      }
    });
  }

  async close(): Promise<void> {
    this.over = true;
    await this.client.deactivate({ force: true });
    this.lost('');
  }

  cut(reason: string): void {
    this.lost(reason, '');
    void this.client.deactivate({ force: true });
  }

  /** An ERROR frame, after which the connection ends: over a message alone on its way it may be about its size. */
  private refused(reason: string): void {
    if (this.flying.size !== 1 || !TOO_LARGE.test(reason)) return;
    for (const settle of [...this.flying]) settle({ state: 'rejected', error: reason });
  }

  /** @param end why, for whoever connects again; nothing where we cut it ourselves */
  private lost(reason = this.reason, end = reason): void {
    this.over = true;
    for (const settle of [...this.flying]) settle({ state: 'retry', error: reason || 'closed' });
    this.end(end);
  }
}

/** STOMP 1.2: one persistent message a record, with a receipt. */
export function stompTarget(
  settings: EndpointSettings,
  { username, password }: Credentials,
  tls: TlsOptions,
  listener: TargetListener,
): Target {
  const { safe, timeout, virtualHost, captures } = settings;
  const address = { ...hostAndPort(settings.url, safe ? 61_614 : 61_613), secure: safe ? tls : undefined };
  const headers = { host: virtualHost, ...(username && { login: username, passcode: password ?? '' }) };
  const dial = (aborted: AbortSignal) => StompSession.dial(address, headers, aborted);
  const send = (session: StompSession, batch: readonly Envelope[], { topic }: SendSettings) =>
    batch.map((envelope) => {
      const { body, type } = envelope.message(captures);
      const { kind } = envelope;
      const [id, meter] = [printable(envelope.messageId), printable(envelope.meter)];
      const destination = destinationOf(topicOf(topic, envelope.fields));
      return session.publish(destination, body, { 'content-type': type, id, kind, meter });
    });
  return overLink({ pipeline: 8, patience: 1000 * timeout, dial, send }, listener);
}

/** A destination as it is where it begins with a slash; else a topic, its levels parted by dots. */
function destinationOf(topic: string): string {
  return topic.startsWith('/') ? topic : `/topic/${dotted(topic)}`;
}
