import type { Node } from 'node-red';
import type { Diagnostic } from '../src/record';
import { type Losses, lossRegistry, totalOf } from '../src/shared';

/** What a node has dropped, refused or ignored: in its status, in its statistics, and on the page for Prometheus. */
export interface LossView {
  /** All together. */
  readonly total: number;
  /** Answer to the command `stats`. */
  statistics(detail?: object): Diagnostic;
  close(): void;
}

/** @param losses by reason, as they stand */
export function viewLosses(node: Node, losses: () => Losses): LossView {
  const name = node.name || node.type;
  lossRegistry.add(node.id, { stage: node.type, name, losses });
  return {
    get total() {
      return totalOf(losses());
    },
    statistics: (detail = {}) => {
      const counts = losses();
      const lost = Object.entries(counts).filter(([, count]) => count > 0);
      const words = lost.map(([reason, count]) => `${reason} ${count}`).join(', ');
      return {
        kind: 'diagnostic',
        meter: name,
        time: Date.now(),
        code: 'STAGE_STATISTICS',
        severity: 'info',
        text: `${name}: ${words || 'nothing dropped, refused or ignored'}`,
        hint: 'Nothing to do.',
        detail: { ...detail, ...counts },
      };
    },
    close: () => lossRegistry.remove(node.id),
  };
}

/** The status is looked after this often, ms: faster nobody reads. */
const SHOW_EVERY = 1000;
const AT_ONCE = 100;

/**
 * A status that is shown at once for the first messages, then by the clock: so the work for a message does not grow
 * with what the status counts.
 */
export function showRegularly(show: () => void): { soon(): void; stop(): void } {
  let messages = 0;
  show();
  const timer = setInterval(show, SHOW_EVERY);
  return {
    soon: () => {
      if (messages++ < AT_ONCE) show();
    },
    stop: () => clearInterval(timer),
  };
}
