import { connect, type IClientOptions, type MqttClient } from 'mqtt';

export interface MqttTargetOptions {
  /** mqtt://, mqtts://, ws:// or wss://, without credentials in it. */
  url: string;
  username?: string;
  password?: string;
  clientId?: string;
  /** TLS options as Node-RED's tls-config fills them in. */
  tls?: object;
}

export interface MqttTargetListener {
  state(state: 'connecting' | 'connected' | 'disconnected'): void;
  /** A connection that failed; the text holds no secret. Said once for each new reason. */
  failed(reason: string): void;
}

export type Qos = 0 | 1 | 2;

/** Messages given to the broker and not yet acknowledged: beyond this, new ones are refused. */
export const MAX_PENDING = 10_000;

/** One connection to a broker, shared by all who publish there; reconnects for ever. */
export class MqttTarget {
  private readonly client: MqttClient;
  private lastReason = '';
  private closing = false;
  private unacknowledged = new Set<(error?: Error) => void>();
  readonly counters = { delivered: 0, refused: 0 };

  constructor(options: MqttTargetOptions, listener: MqttTargetListener) {
    const { url, username, password, clientId, tls } = options;
    const settings: IClientOptions = {
      ...tls,
      username,
      password,
      reconnectPeriod: 2000,
      connectTimeout: 10_000,
    };
    if (clientId) settings.clientId = clientId;
    listener.state('connecting');
    this.client = connect(url, settings);
    this.client.on('connect', () => {
      this.lastReason = '';
      listener.state('connected');
    });
    this.client.on('close', () => {
      if (!this.closing) listener.state('disconnected');
    });
    this.client.on('error', (error: Error & { code?: string | number }) => {
      const reason = hideSecrets(error.message || String(error.code ?? 'unknown error'), [password]);
      if (reason !== this.lastReason) listener.failed(reason);
      this.lastReason = reason;
    });
  }

  get connected(): boolean {
    return this.client.connected;
  }

  /** Messages not yet acknowledged. */
  get pending(): number {
    return this.unacknowledged.size;
  }

  /**
   * Publishes, and resolves when the broker has acknowledged (PUBACK at QoS 1, PUBCOMP at 2, written at 0).
   * While the broker is away the message waits in memory.
   * @throws Error when {@link MAX_PENDING} messages wait already, or the connection is closed before
   */
  publish(topic: string, payload: string | Buffer, qos: Qos): Promise<void> {
    if (this.closing) return Promise.reject(new Error('the connection is closed'));
    if (this.unacknowledged.size >= MAX_PENDING) {
      this.counters.refused++;
      return Promise.reject(new Error(`${MAX_PENDING} messages wait for the broker already`));
    }
    return new Promise((resolve, reject) => {
      const settle = (error?: Error) => {
        // Closing settles what waits; an acknowledgement that still comes then changes nothing.
        if (!this.unacknowledged.delete(settle)) return;
        if (error) return reject(error);
        this.counters.delivered++;
        resolve();
      };
      this.unacknowledged.add(settle);
      this.client.publish(topic, payload, { qos }, (error) => settle(error ?? undefined));
    });
  }

  /** Ends the connection. What waits for an acknowledgement is given up with an error. */
  async close(): Promise<void> {
    this.closing = true;
    for (const settle of [...this.unacknowledged]) settle(new Error('closed before the broker acknowledged'));
    // Its listeners stay: the client itself needs them to clear its timers.
    await this.client.endAsync(true);
  }
}

/** The text with user info of addresses and the given secrets taken out. */
export function hideSecrets(text: string, secrets: (string | undefined)[] = []): string {
  let safe = text.replace(/\/\/[^/@\s]*@/g, '//***@');
  for (const secret of secrets) if (secret) safe = safe.replaceAll(secret, '***');
  return safe;
}
