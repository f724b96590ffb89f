import type { Envelope } from '../outbox';
import { type Session, SteadyLink } from './steady-link';
import { all, type Outcome, type SendSettings, type Target, type TargetListener } from './target';

export interface LinkedTarget<S extends Session> {
  /** Batches that may be on their way at once. */
  pipeline: number;
  /** Makes a connection, and resolves when it is usable; rejects with an error that holds no secret. */
  dial(aborted: AbortSignal): Promise<S>;
  /** Sends a batch over it. */
  send(session: S, batch: readonly Envelope[], how: SendSettings): Promise<Outcome[]>;
}

/** A target over one connection that is made again after it was lost. */
export function overLink<S extends Session>(
  { pipeline, dial, send }: LinkedTarget<S>,
  listener: TargetListener,
): Target {
  const link = new SteadyLink(dial, listener);
  return {
    pipeline,
    get state() {
      return link.state;
    },
    get ready() {
      return link.session !== undefined;
    },
    send: async (batch, how) => {
      const { session } = link;
      if (!session) return all(batch, { state: 'retry', error: 'not connected' });
      return await send(session, batch, how);
    },
    close: () => link.close(),
  };
}
