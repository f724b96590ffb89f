import { createHash } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { type ChannelModel, type ConfirmChannel, connect, credentials } from 'amqplib';
import type { EndpointSettings } from '../endpoint';
import type { Envelope } from '../outbox';
import { dotted, topicOf } from '../topic';
import { hostAndPort } from './address';
import { overLink } from './over-link';
import { reasonOf } from './reasons';
import type { Session } from './steady-link';
import {
  type Credentials,
  DELIVERED,
  type Outcome,
  type SendSettings,
  type Target,
  type TargetListener,
  type TlsOptions,
} from './target';
import { RefusedError, verdictOf } from './verdict';

const HEARTBEAT = 20;
const CONNECT_TIMEOUT = 10_000;
/** Bytes of a short string (AMQP 0-9-1, 4.2.5.3): routing keys and ids. */
const SHORT = 255;
/** Reply codes. */
const NO_ROUTE = 312;
const TOO_LARGE = 311;
/** Our number of a message, by which one that comes back is known. */
const NUMBER = 'x-number';

/** A confirm channel, from the moment it is open. */
class AmqpSession implements Session {
  readonly ended: Promise<string>;
  private end: (reason: string) => void = () => {};
  private over = false;
  private number = 0;
  private readonly flying = new Set<(outcome: Outcome) => void>();
  private readonly returned = new Map<number, Outcome>();
  private reason = 'the broker cut the connection';

  constructor(
    private readonly connection: ChannelModel,
    private readonly channel: ConfirmChannel,
  ) {
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
    const failed = (error: { code?: unknown }) => {
      this.reason = reasonOf(error);
      // A message alone on its way is the one that the broker will not have: RabbitMQ ends the channel over its size.
      if (this.flying.size !== 1) return;
      const tooLarge = error.code === 406 && /size/i.test(this.reason);
      const verdict = verdictOf('amqp', tooLarge ? TOO_LARGE : Number(error.code), this.reason);
      if (verdict.state === 'rejected') for (const settle of [...this.flying]) settle(verdict);
    };
    const closed = () => this.lost();
    connection.on('error', failed);
    channel.on('error', failed);
    connection.on('close', closed);
    channel.on('close', closed);
    // Comes before the confirmation of the same message.
    channel.on('return', ({ fields, properties }) => {
      const { replyCode, replyText } = fields as unknown as { replyCode: number; replyText: string };
      const text = `${replyCode} ${replyText}${replyCode === NO_ROUTE ? ': no queue takes this routing key' : ''}`;
      this.returned.set(properties.headers?.[NUMBER] as number, verdictOf('amqp', replyCode, text));
    });
  }

  /** Publishes; resolves when the broker has confirmed, or says that no queue takes it. */
  publish(exchange: string, key: string, body: Buffer, properties: object): Promise<Outcome> {
    return new Promise((resolve) => {
      if (this.over) return resolve({ state: 'retry', error: 'not connected' });
      const number = this.number++;
      const settle = (outcome: Outcome) => {
        if (this.flying.delete(settle)) resolve(outcome);
      };
      this.flying.add(settle);
      const options = { ...properties, persistent: true, mandatory: true, headers: { [NUMBER]: number } };
      try {
        this.channel.publish(exchange, key, body, options, (error) => {
          const back = this.returned.get(number);
          this.returned.delete(number);
          if (back !== undefined) settle(back);
          else
            settle(error ? { state: 'retry', error: 'the broker refused the message for now' } : DELIVERED);
        });
      } catch (error) {
        settle({ state: 'retry', error: reasonOf(error) });
      }
    });
  }

  async close(): Promise<void> {
    this.over = true;
    await this.connection.close().catch(() => undefined);
    this.end('');
  }

  cut(reason: string): void {
    this.reason = reason || this.reason;
    this.lost('');
    streamOf(this.connection).destroy();
  }

  /** @param end why, for whoever connects again; nothing where we cut it ourselves */
  private lost(end = this.reason): void {
    this.over = true;
    for (const settle of [...this.flying]) settle({ state: 'retry', error: this.reason });
    this.end(end);
  }
}

/** The socket of a connection, which the package does not show. */
function streamOf(connection: ChannelModel): Socket {
  return (connection.connection as unknown as { stream: Socket }).stream;
}

/** AMQP 0-9-1: one persistent message a record, confirmed by the broker. */
export function amqpTarget(
  settings: EndpointSettings,
  { username, password }: Credentials,
  tls: TlsOptions,
  listener: TargetListener,
): Target {
  const { safe, timeout, exchange, queue, captures } = settings;
  const { host: hostname, port } = hostAndPort(settings.url, safe ? 5671 : 5672);
  const { pathname } = new URL(settings.url);
  const address = {
    protocol: safe ? 'amqps' : 'amqp',
    hostname,
    port,
    vhost: pathname.length > 1 ? decodeURIComponent(pathname.slice(1)) : '/',
    heartbeat: HEARTBEAT,
  };
  const login = loginOf(username, password, safe ? tls : {});
  const options = safe ? { ...(isIP(hostname) === 0 && { servername: hostname }), ...tls } : {};
  const open = async (connection: ChannelModel) => {
    const channel = await connection.createConfirmChannel();
    channel.on('error', () => {});
    await channel.checkExchange(exchange);
    if (queue) {
      await channel.assertQueue(queue, { durable: true });
      await channel.bindQueue(queue, exchange, '#');
    }
    return new AmqpSession(connection, channel);
  };
  const dial = async (aborted: AbortSignal) => {
    if (!login) throw new RefusedError('user and password are missing: type them in the endpoint');
    try {
      const socketOptions = {
        ...options,
        credentials: login,
        timeout: CONNECT_TIMEOUT,
        signal: aborted,
      };
      const connection = await connect(address, socketOptions as object);
      // Listened to from the start: an error without a listener would end the process.
      connection.on('error', () => {});
      connection.on('blocked', (reason) => listener.failed(`the broker takes nothing for now: ${reason}`));
      return await open(connection).catch(async (error) => {
        await connection.close().catch(() => undefined);
        throw error;
      });
    } catch (error) {
      throw connectError(error);
    }
  };
  const send = (session: AmqpSession, batch: readonly Envelope[], { topic }: SendSettings) =>
    batch.map((envelope) => {
      const key = dotted(topicOf(topic, envelope.fields));
      if (Buffer.byteLength(key) > SHORT) {
        return Promise.resolve<Outcome>({
          state: 'rejected',
          error: `a routing key of more than ${SHORT} bytes`,
        });
      }
      const { body, type } = envelope.message(captures);
      return session.publish(exchange, key, body, {
        messageId: short(envelope.messageId),
        type: envelope.kind,
        contentType: type,
        timestamp: Math.floor(envelope.time / 1000),
      });
    });
  return overLink({ pipeline: 16, patience: 1000 * timeout, dial, send }, listener);
}

/** By user and password, or by our certificate (EXTERNAL); undefined where there is neither. */
function loginOf(username: string | undefined, password: string | undefined, tls: TlsOptions) {
  if (username) return credentials.plain(username, password ?? '');
  return tls.cert ? credentials.external() : undefined;
}

/** Why a broker did not take us: a reply of it, or what happened to the line. */
function connectError(error: unknown): Error {
  const text = reasonOf(error);
  // The reply code stands in the text only: `403 (ACCESS-REFUSED) ...`.
  const code = Number((error as { code?: unknown }).code ?? /\b([345]\d\d) \(/.exec(text)?.[1]);
  const verdict = verdictOf('amqp', code, text);
  return verdict.state === 'retry' && verdict.refused ? new RefusedError(text) : new Error(text);
}

/** A text that fits a short string: itself, or its hash. */
function short(text: string): string {
  return Buffer.byteLength(text) <= SHORT ? text : createHash('sha256').update(text).digest('hex');
}
