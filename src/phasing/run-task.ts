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
  const read = (member: number, into: Float32Array) => {
    if (rows[member] < 0) into.fill(Number.NaN);
    else readRow(view, rows[member], into);
  };
  const powerOf = (member: number) => readPower(view, power?.[member] ?? -1);
  const keepMeans = (sums: readonly Float32Array[]) => means.set(index, sums);
  return identify(transformer, members, view.length, read, settings, powerOf, keepMeans);
}
