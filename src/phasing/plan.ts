import { FEWEST } from './group/begin';
import type { Member } from './group/prepare';
import type { CorrelatorSettings, CustomerMeter, Phase } from './settings';
import type { Steps } from './steps';
import { type SeriesStore, seriesName } from './store';

/** One piece of a run: the meters of a transformer, with the rows of the store that hold them. */
export interface Task {
  transformer: string;
  members: Member[];
  /** Row of each member; -1 for one never heard of. */
  rows: number[];
  /** Row of each member's power; -1 where it is not known. */
  power?: number[];
}

/** The pieces of a run, in an order that does not depend on that of arrival. */
/**
 * @param only transformers of a delta run; all without
 * @param power series of apparent power, where there are any
 */
export function* planRun(
  settings: CorrelatorSettings,
  store: SeriesStore,
  only?: ReadonlySet<string>,
  power?: SeriesStore,
): Steps<Task[]> {
  const tasks = new Map<string, Task>();
  const taskOf = (transformer: string): Task => {
    let task = tasks.get(transformer);
    if (!task) {
      task = { transformer, members: [], rows: [] };
      tasks.set(transformer, task);
    }
    return task;
  };
  const add = (transformer: string, member: Member, row = store.row(member.meter) ?? -1) => {
    const task = taskOf(transformer);
    task.members.push(member);
    task.rows.push(row);
  };
  for (const { meter, transformer, phase } of settings.references) {
    add(transformer, { meter, reference: phase });
  }
  for (const { meter, transformer, phase } of customersOf(settings, store)) {
    const inputs = INPUTS.filter((input) => store.row(seriesName(meter, input)) !== undefined);
    if (inputs.length < 2) {
      const row = store.row(seriesName(meter, inputs[0] ?? 'a')) ?? -1;
      add(transformer, { meter, ...recordedOn(phase, 0) }, row);
    } else {
      inputs.forEach((input, k) => {
        add(transformer, { meter, input, ...recordedOn(phase, k) }, store.row(seriesName(meter, input)));
      });
    }
    yield;
  }
  for (const task of tasks.values()) {
    borrowReferences(task, settings, store);
    yield;
  }
  if (power) {
    for (const task of tasks.values()) {
      // A meter of several phases has one power for all of them: it says little about a single one.
      task.power = task.members.map(({ meter, input }) => (input ? -1 : (power.row(meter) ?? -1)));
      yield;
    }
  }
  return [...tasks.values()]
    .filter(({ transformer }) => only === undefined || only.has(transformer))
    .filter(({ members }) => members.some(({ reference }) => reference === undefined))
    .sort((a, b) => (a.transformer < b.transformer ? -1 : 1));
}

const INPUTS = ['a', 'b', 'c'];

/** The phase that the records have for an input, where they name one for each. */
function recordedOn(phases: string | undefined, input: number): { recorded?: Phase } {
  const phase = phases?.[input] as Phase | undefined;
  return phase ? { recorded: phase } : {};
}

/** A transformer without references of its own takes those of the whole feeder, where its meters are many enough. */
function borrowReferences(task: Task, settings: CorrelatorSettings, store: SeriesStore): void {
  if (settings.method === 'kmeans' || task.members.some(({ reference }) => reference !== undefined)) return;
  if (task.members.length < FEWEST) return;
  const own = new Set(task.members.map(({ meter }) => meter));
  const others = settings.references.filter(({ meter }) => !own.has(meter));
  for (const { meter, phase } of others.slice(0, MOST_BORROWED)) {
    task.members.push({ meter, reference: phase, borrowed: true });
    task.rows.push(store.row(meter) ?? -1);
  }
}

const MOST_BORROWED = 60;

/** The table's meters; without a table every meter heard that is no reference, at the only transformer. */
function customersOf(settings: CorrelatorSettings, store: SeriesStore): readonly CustomerMeter[] {
  const { meters, references } = settings;
  if (meters.length) return meters;
  const known = new Set(references.map((reference) => reference.meter));
  const transformers = new Set(references.map((reference) => reference.transformer));
  const transformer = transformers.size === 1 ? [...transformers][0] : 'unknown';
  return store.meters
    .filter((meter) => !known.has(meter))
    .map((meter) => ({ meter, transformer }))
    .sort(byName);
}

/** Order that does not depend on that of tables and arrivals. */
export function byName(a: { meter: string }, b: { meter: string }): number {
  return a.meter < b.meter ? -1 : a.meter > b.meter ? 1 : 0;
}
