import { parentPort } from 'node:worker_threads';
import type { GroupResult } from './group/identify';
import { PhaseMeans } from './means';
import type { Placed, PlaceJob } from './placing/jobs';
import { placeMeters } from './placing/place';
import type { Task } from './plan';
import { runTask } from './run-task';
import type { CorrelatorSettings } from './settings';
import type { StoreView } from './store';

/** What all pieces of a run have in common. */
export interface Common {
  settings: CorrelatorSettings;
  view: StoreView;
}

/** Groups of a run, whose means of phases go to shared memory. */
export interface GroupWork extends Common {
  kind: 'groups';
  items: Task[];
  /** Place of the first one among the means. */
  place: number;
  means: Pick<PhaseMeans, 'groups' | 'phases' | 'length' | 'buffer'>;
}

/** Meters to be placed at transformers. */
export interface PlaceWork extends Common {
  kind: 'places';
  items: PlaceJob[];
}

/** What a worker is asked to do; it answers with a result for each item. */
export type Work = GroupWork | PlaceWork;

function work(asked: Work): GroupResult[] | Placed[] {
  const { settings, view } = asked;
  if (asked.kind === 'places') return asked.items.map((job) => placeMeters(settings, view, job));
  const { groups, phases, length, buffer } = asked.means;
  const means = new PhaseMeans(groups, phases, length, buffer);
  return asked.items.map((task, k) => runTask(settings, view, task, asked.place + k, means));
}

parentPort?.on('message', (asked: Work) => parentPort?.postMessage(work(asked)));
