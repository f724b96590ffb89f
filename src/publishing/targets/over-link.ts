import type { Envelope } from '../outbox';
import { type Session, SteadyLink } from './steady-link';
import { all, type Outcome, type SendSettings, type Target, type TargetListener } from './target';

export interface LinkedTarget<S extends Session> {
  /** Batches that may be on their way at once. */
  pipeline: number;
  /** ms without an acknowledgement after which the session is cut. */
  patience: number;
  /** Values that could not go along with a record that was taken. */
  leftOut?(): number;
  /** Makes a connection, and resolves when it is usable; rejects with the reason. */
  dial(aborted: AbortSignal): Promise<S>;
  /** Sends a batch over it; gives what becomes of each record. */
  send(session: S, batch: readonly Envelope[], how: SendSettings): Promise<Outcome>[];
}

/** A target over one connection that is made again after it was lost. */
export function overLink<S extends Session>(
  { pipeline, patience, leftOut = () => 0, dial, send }: LinkedTarget<S>,
  listener: TargetListener,
): Target {
  const link = new SteadyLink(dial, listener);
  return {
    pipeline,
    patience,
    get state() {
      return link.state;
    },
    get ready() {
      return link.session !== undefined;
    },
    get leftOut() {
      return leftOut();
    },
    send: async (batch, how, heard) => {
      const { session } = link;
      if (!session) return all(batch, { state: 'retry', error: 'not connected' });
      const each = send(session, batch, how).map(async (published) => {
        const outcome = await published;
        if (outcome.state === 'delivered') link.good();
        if (outcome.state !== 'retry') heard();
        return outcome;
      });
      return await Promise.all(each);
    },
    cut: (reason) => link.session?.cut(reason),
    close: () => link.close(),
  };
}
