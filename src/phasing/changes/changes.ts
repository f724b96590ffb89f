import type { Assignment, PhaseMap } from '../../record';
import type { CustomerMeter } from '../settings';
import { type Steps, sortInSteps } from '../steps';

/** A correction of a record: what was found of a meter, and its row of the table, where it has one. */
export interface Change {
  found: Assignment;
  row?: CustomerMeter;
}

/** Corrections as text, and how many of them the format cannot say. */
export interface ChangesText {
  text: string;
  leftOut: number;
}

/**
 * Corrections of the records: meters whose recorded phase differs, the surest first; not those of a transformer whose
 * records are permuted as a whole, nor what a crew has rejected.
 * @param rows table of meters, in any order
 */
export function* changesOf({ assignments }: PhaseMap, rows: readonly CustomerMeter[]): Steps<Change[]> {
  const changes = new Map<string, Change>();
  for (const found of assignments) {
    if (found.agrees === false && !found.permuted && !isRejected(found)) changes.set(found.meter, { found });
    yield;
  }
  for (const row of rows) {
    const change = changes.get(row.meter);
    if (change) change.row = row;
    yield;
  }
  return yield* sortInSteps(
    [...changes.values()],
    ({ found: a }, { found: b }) => (b.confidence ?? 0) - (a.confidence ?? 0) || (a.meter < b.meter ? -1 : 1),
  );
}

/** Whether a crew has looked, and rejected the phase that was found. */
function isRejected({ decided, phase }: Assignment): boolean {
  return decided?.verdict === 'reject' && decided.phase === phase;
}
