import { parentPort } from 'node:worker_threads';
import type { GroupResult } from './group/identify';
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
}

export interface Done {
  first: number;
  results: GroupResult[];
}

parentPort?.on('message', ({ settings, view, tasks, first }: Work) => {
  const results = tasks.map((task) => runTask(settings, view, task));
  parentPort?.postMessage({ first, results } satisfies Done);
});
