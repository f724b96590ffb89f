import { type GroupResult, identify } from './group/identify';
import type { PhaseMeans } from './means';
import type { Task } from './plan';
import type { CorrelatorSettings } from './settings';
import { readPower, readRow, type StoreView } from './store';

/** One piece of a run; its phase means go to place `index` of the means. */
export function runTask(
  settings: CorrelatorSettings,
  view: StoreView,
  { transformer, members, rows, power }: Task,
  index: number,
  means: PhaseMeans,
): GroupResult {
  return identify(
    transformer,
    members,
    view.length,
    {
      read: (member, into) => {
        const row = rows[member];
        if (row >= 0) readRow(view, row, into);
        else if (row === -1) into.fill(Number.NaN);
        else into.set(means.at(-2 - row));
      },
      power: (member) => readPower(view, power?.[member] ?? -1),
      sums: (sums) => means.set(index, sums),
    },
    settings,
  );
}
