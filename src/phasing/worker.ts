import { parentPort } from 'node:worker_threads';
import type { GroupResult } from './group/identify';
import { PhaseMeans } from './means';
import type { Task } from './plan';
import { runTask } from './run-task';
import type { CorrelatorSettings } from './settings';
import type { StoreView } from './store';

/** What a worker is asked to do: pieces of a run, by their number. */
export interface Work {
  settings: CorrelatorSettings;
  view: StoreView;
  tasks: Task[];
  first: number;
  /** Place of the first one among the means. */
  place: number;
  /** Means of the phases of all groups, shared. */
  means: Pick<PhaseMeans, 'groups' | 'phases' | 'length' | 'buffer'>;
}

export interface Done {
  first: number;
  results: GroupResult[];
}

parentPort?.on(
  'message',
  ({ settings, view, tasks, first, place, means: { groups, phases, length, buffer } }: Work) => {
    const means = new PhaseMeans(groups, phases, length, buffer);
    const results = tasks.map((task, k) => runTask(settings, view, task, place + k, means));
    parentPort?.postMessage({ first, results } satisfies Done);
  },
);
