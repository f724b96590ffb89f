import type { Envelope } from '../outbox';

export type TargetState = 'connecting' | 'connected' | 'disconnected';

/** What became of one record of a batch. */
export type Outcome =
  | { state: 'delivered' }
  /** This record is bad: the target will not have it, now or later. */
  | { state: 'rejected'; error: string }
  /** It may be sent again, not before `after` ms. `refused`: we are not let in, whatever is sent. */
  | { state: 'retry'; error: string; after?: number; refused?: true };

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
  /** Values that could not go along with a record that was taken; absent where that cannot happen. */
  readonly leftOut?: number;
  /** ms without an answer after which what is on its way is given up. */
  readonly patience: number;
  /**
   * Sends a batch in its order, and says what became of each record; never rejects.
   * @param heard called at each sign that the other side takes part of it
   */
  send(batch: readonly Envelope[], how: SendSettings, heard: () => void): Promise<Outcome[]>;
  /** Ends the session as it stands: what is on its way is to be sent again. A new one is made. */
  cut(reason: string): void;
  /** Asks the target, with nothing to deliver, whether it would take records; absent where to be connected is enough. */
  probe?(): Promise<Outcome>;
  /** Ends the connection; what was not acknowledged is to be sent again. */
  close(): Promise<void>;
}

export interface TargetListener {
  state(state: TargetState): void;
  /**
   * What keeps it from working, or should be known; holds no secret. Said once for each new reason.
   * @param refused we are not let in
   */
  failed(reason: string, refused?: boolean): void;
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

export const DELIVERED = { state: 'delivered' } as const satisfies Outcome;

/** The same outcome for all. */
export function all(batch: readonly Envelope[], outcome: Outcome): Outcome[] {
  return batch.map(() => outcome);
}
