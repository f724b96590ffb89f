import { type GroupResult, identify } from './group/identify';
import type { PhaseMeans } from './means';
import type { Task } from './plan';
import type { CorrelatorSettings } from './settings';
import { readRow, type StoreView } from './store';

/** One piece of a run; its phase means go to place `index` of the means. */
export function runTask(
  settings: CorrelatorSettings,
  view: StoreView,
  task: Task,
  index: number,
  means: PhaseMeans,
): GroupResult {
  const read = (member: number, into: Float32Array) => {
    const row = task.rows[member];
    if (row < 0) into.fill(Number.NaN);
    else readRow(view, row, into);
  };
  return identify(task.transformer, task.members, view.length, read, settings, (sums) =>
    means.set(index, sums),
  );
}
