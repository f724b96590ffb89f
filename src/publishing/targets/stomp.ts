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

/** The package is an ECMAScript module, and this is none. */
const load = () => import('@stomp/stompjs');
type Client = InstanceType<Awaited<ReturnType<typeof load>>['Client']>;

const HEARTBEAT = 20_000;
const CONNECT_TIMEOUT = 10_000;

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
    secrets: (string | undefined)[],
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
            said ??= reasonOf(error, secrets);
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
          said = reasonOf({ message: `${headers.message ?? 'error'}: ${body.trim()}` }, secrets);
        },
        onWebSocketClose: () => {
          void client.deactivate({ force: true });
          if (connected) session.lost(said);
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

  private lost(reason = this.reason): void {
    this.over = true;
    for (const settle of [...this.flying]) settle({ state: 'retry', error: reason || 'closed' });
    this.end(reason);
  }
}

/** STOMP 1.2: one persistent message a record, with a receipt. */
export function stompTarget(
  settings: EndpointSettings,
  { username, password }: Credentials,
  tls: TlsOptions,
  listener: TargetListener,
): Target {
  const { safe, virtualHost, captures } = settings;
  const address = { ...hostAndPort(settings.url, safe ? 61_614 : 61_613), secure: safe ? tls : undefined };
  const headers = { host: virtualHost, ...(username && { login: username, passcode: password ?? '' }) };
  const dial = (aborted: AbortSignal) => StompSession.dial(address, headers, [password], aborted);
  const send = (session: StompSession, batch: readonly Envelope[], { topic }: SendSettings) =>
    Promise.all(
      batch.map((envelope) => {
        const { body, type } = envelope.message(captures);
        const { kind } = envelope;
        const [id, meter] = [printable(envelope.messageId), printable(envelope.meter)];
        const destination = destinationOf(topicOf(topic, envelope.fields));
        return session.publish(destination, body, { 'content-type': type, id, kind, meter });
      }),
    );
  return overLink({ pipeline: 8, dial, send }, listener);
}

/** A destination as it is where it begins with a slash; else a topic, its levels parted by dots. */
function destinationOf(topic: string): string {
  return topic.startsWith('/') ? topic : `/topic/${dotted(topic)}`;
}
