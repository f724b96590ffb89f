import { type GroupResult, identify } from './group/identify';
import type { Task } from './plan';
import type { CorrelatorSettings } from './settings';
import { readRow, type StoreView } from './store';

/** One piece of a run. */
export function runTask(settings: CorrelatorSettings, view: StoreView, task: Task): GroupResult {
  const read = (index: number, into: Float32Array) => {
    const row = task.rows[index];
    if (row < 0) into.fill(Number.NaN);
    else readRow(view, row, into);
  };
  return identify(task.transformer, task.members, view.length, read, settings);
}
