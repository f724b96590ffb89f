import { connect, type IClientOptions, type IClientPublishOptions, type MqttClient } from 'mqtt';
import { reasonOf } from './reasons';
import type { Session } from './steady-link';
import type { Outcome } from './target';
import { DELIVERED } from './target';

/** Messages on their way at once, where the broker does not ask for fewer. */
const WINDOW = 2000;
/** Reason codes of MQTT 5 after which the same message may pass later: unspecified, implementation, quota. */
const PASSING = new Set([0x80, 0x83, 0x97]);
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

  private constructor(
    readonly client: MqttClient,
    private readonly secrets: (string | undefined)[],
  ) {
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
    let reason = 'the broker cut the connection';
    client.on('error', (error) => {
      reason = reasonOf(error, secrets);
    });
    client.on('disconnect', ({ reasonCode, properties }) => {
      reason = `the broker ended the connection: ${properties?.reasonString ?? `reason code ${reasonCode}`}`;
    });
    client.on('close', () => {
      this.over = true;
      const lost: Outcome = { state: 'retry', error: reason };
      for (const settle of [...this.flying]) settle(lost);
      for (const { settle } of this.waiting.splice(0)) settle(lost);
      this.end(reason);
    });
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
    const secrets = [options.password?.toString()];
    const client = connect(url, {
      ...options,
      reconnectPeriod: 0,
      connectTimeout: CONNECT_TIMEOUT,
      // What is unacknowledged lies in the outbox, and is sent again from there.
      clean: true,
    });
    const session = new MqttSession(client, secrets);
    prepare(client);
    return new Promise((resolve, reject) => {
      let failure: unknown;
      const giveUp = () => {
        client.end(true);
        reject(new Error(failure ? reasonOf(failure, secrets) : 'the broker does not answer'));
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
    const text = reasonOf(error, this.secrets);
    const refused = typeof code === 'number' && code >= 0x80 && !PASSING.has(code);
    return { state: refused && !this.over ? 'rejected' : 'retry', error: text };
  }
}
