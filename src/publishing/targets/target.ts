import type { Envelope } from '../outbox';

export type TargetState = 'connecting' | 'connected' | 'disconnected';

/** What became of one record of a batch. */
export type Outcome =
  | { state: 'delivered' }
  /** The target will not have it, now or later. */
  | { state: 'rejected'; error: string }
  /** It may be sent again, not before `after` ms. */
  | { state: 'retry'; error: string; after?: number };

/** How a node wants its records sent. */
export interface SendSettings {
  topic: string;
  qos: 0 | 1 | 2;
  retain: boolean;
}

/** Where records go: one for each endpoint, shared by all nodes that send there. */
export interface Target {
  readonly state: TargetState;
  /** Whether it makes sense to send now. */
  readonly ready: boolean;
  /** Batches that may be on their way at once without their order being lost. */
  readonly pipeline: number;
  /** Sends a batch in its order, and says what became of each record; never rejects. */
  send(batch: readonly Envelope[], how: SendSettings): Promise<Outcome[]>;
  /** Asks the target, with nothing to deliver, whether it would take records; absent where to be connected is enough. */
  probe?(): Promise<Outcome>;
  /** Ends the connection; what was not acknowledged is to be sent again. */
  close(): Promise<void>;
}

export interface TargetListener {
  state(state: TargetState): void;
  /** What keeps it from working, or should be known; holds no secret. Said once for each new reason. */
  failed(reason: string): void;
}

export interface Credentials {
  username?: string;
  password?: string;
  token?: string;
}

/** TLS options as Node-RED's tls-config fills them in. */
export interface TlsOptions {
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  passphrase?: string;
  rejectUnauthorized?: boolean;
  servername?: string;
  ALPNProtocols?: string[];
}

export const DELIVERED: Outcome = { state: 'delivered' };

/** The same outcome for all. */
export function all(batch: readonly Envelope[], outcome: Outcome): Outcome[] {
  return batch.map(() => outcome);
}
