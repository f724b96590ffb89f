import { connect, type IClientOptions, type IClientPublishOptions, type MqttClient } from 'mqtt';
import { reasonOf } from './reasons';
import type { Session } from './steady-link';
import { DELIVERED, type Outcome } from './target';
import { RefusedError, verdictOf } from './verdict';

/** Messages on their way at once, where the broker does not ask for fewer. */
const WINDOW = 2000;
const CONNECT_TIMEOUT = 10_000;
/** Time for what is on its way when we say goodbye, ms. */
const FAREWELL = 500;

export interface MqttMessage {
  topic: string;
  payload: Buffer;
  options: IClientPublishOptions;
}

/** A session with a broker: connects once, and is over when the connection is. */
export class MqttSession implements Session {
  readonly ended: Promise<string>;
  private end: (reason: string) => void = () => {};
  private readonly waiting: { message: MqttMessage; settle(outcome: Outcome): void }[] = [];
  private readonly flying = new Set<(outcome: Outcome) => void>();
  private window = WINDOW;
  private largest = Number.POSITIVE_INFINITY;
  private over = false;

  private reason = 'the broker cut the connection';

  private constructor(readonly client: MqttClient) {
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
    client.on('error', (error) => {
      this.reason = reasonOf(error);
    });
    client.on('disconnect', ({ reasonCode = 0, properties }) => {
      this.reason = `the broker ended the connection: ${properties?.reasonString ?? `reason code ${reasonCode}`}`;
      // Where one message alone was on its way, it is the one that the broker will not have.
      if (this.flying.size !== 1 || this.waiting.length > 0) return;
      const verdict = verdictOf('mqtt', reasonCode, this.reason);
      if (verdict.state === 'rejected') for (const settle of [...this.flying]) settle(verdict);
    });
    client.on('close', () => this.lost());
  }

  /**
   * Connects.
   * @throws Error that says why that failed
   */
  static dial(
    url: string,
    options: IClientOptions,
    aborted: AbortSignal,
    prepare: (client: MqttClient) => void = () => {},
  ): Promise<MqttSession> {
    const client = connect(url, {
      ...options,
      reconnectPeriod: 0,
      connectTimeout: CONNECT_TIMEOUT,
      // What is unacknowledged lies in the outbox, and is sent again from there.
      clean: true,
    });
    const session = new MqttSession(client);
    prepare(client);
    return new Promise((resolve, reject) => {
      let failure: unknown;
      const giveUp = () => {
        client.end(true);
        reject(failure ? connectError(failure) : new Error('the broker does not answer'));
      };
      client.once('connect', ({ properties }) => {
        aborted.removeEventListener('abort', giveUp);
        session.window = Math.min(WINDOW, properties?.receiveMaximum ?? WINDOW);
        session.largest = properties?.maximumPacketSize ?? session.largest;
        resolve(session);
      });
      client.once('error', (error) => {
        failure = error;
      });
      client.once('close', giveUp);
      aborted.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** Publishes; resolves when the broker has acknowledged (PUBACK, PUBCOMP; written at QoS 0), never rejects. */
  publish(message: MqttMessage): Promise<Outcome> {
    return new Promise((resolve) => {
      if (this.over) return resolve({ state: 'retry', error: 'not connected' });
      const { payload, topic } = message;
      if (payload.length + topic.length + 64 > this.largest) {
        const error = `${payload.length} bytes are more than the broker takes (${this.largest})`;
        return resolve({ state: 'rejected', error });
      }
      if (this.flying.size < this.window) this.launch(message, resolve);
      else this.waiting.push({ message, settle: resolve });
    });
  }

  /** Says goodbye, so that the broker does not send the will, and ends the connection. */
  async close(): Promise<void> {
    this.over = true;
    const { client } = this;
    if (client.connected) {
      const late = new Promise((resolve) => setTimeout(resolve, FAREWELL).unref());
      await Promise.race([client.endAsync().catch(() => undefined), late]);
    }
    await this.abandon();
  }

  /** Ends the connection without a word: the broker sends the will. */
  async abandon(): Promise<void> {
    this.over = true;
    await this.client.endAsync(true).catch(() => undefined);
    this.end('');
  }

  cut(reason: string): void {
    this.reason = reason || this.reason;
    this.lost('');
    this.client.end(true);
  }

  /** @param end why, for whoever connects again; nothing where we cut it ourselves */
  private lost(end = this.reason): void {
    this.over = true;
    const lost: Outcome = { state: 'retry', error: this.reason };
    for (const settle of [...this.flying]) settle(lost);
    for (const { settle } of this.waiting.splice(0)) settle(lost);
    this.end(end);
  }

  private launch({ topic, payload, options }: MqttMessage, resolve: (outcome: Outcome) => void): void {
    const settle = (outcome: Outcome) => {
      if (!this.flying.delete(settle)) return;
      resolve(outcome);
      const next = this.over ? undefined : this.waiting.shift();
      if (next) this.launch(next.message, next.settle);
    };
    this.flying.add(settle);
    this.client.publish(topic, payload, options, (error) =>
      settle(error ? this.outcomeOf(error) : DELIVERED),
    );
  }

  private outcomeOf(error: Error & { code?: number | string }): Outcome {
    const { code } = error;
    const text = reasonOf(error);
    const isAnswer = typeof code === 'number' && code >= 0x80 && !this.over;
    return isAnswer ? verdictOf('mqtt', code, text) : { state: 'retry', error: text };
  }
}

/** Why a broker did not take us: an answer of it (CONNACK), or what happened to the line. */
function connectError(failure: unknown): Error {
  const { code } = failure as { code?: number | string };
  const text = reasonOf(failure);
  const verdict = typeof code === 'number' ? verdictOf('mqtt', code, text) : undefined;
  return verdict?.state === 'retry' && verdict.refused ? new RefusedError(text) : new Error(text);
}
