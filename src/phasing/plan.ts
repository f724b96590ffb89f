import { FEWEST, type GroupResult } from './group/identify';
import type { Member } from './group/prepare';
import {
  type CorrelatorSettings,
  type CustomerMeter,
  feederName,
  linePhase,
  PHASES,
  type Phase,
  type ReferenceMeter,
} from './settings';
import type { Steps } from './steps';
import { INPUTS, LINE_INPUTS, type SeriesStore, seriesName } from './store';

/**
 * One piece of a run: the meters of a transformer, or those of all small transformers of a feeder together, with the
 * rows of the store that hold them.
 */
export interface Task {
  /** Transformer; of small ones together a name for all. */
  transformer: string;
  feeder: string;
  members: Member[];
  /** Row of each member; -1 for one never heard of; from -2 on downwards a mean of another group: -2 - place. */
  rows: number[];
  /** Row of each member's power; -1 where it is not known. */
  power?: number[];
  /** Its meters are of several transformers. */
  isPool?: boolean;
  /** Its meters measure between two phases: `a` stands for ab, `b` for bc, `c` for ca. */
  isLine?: boolean;
}

/** The pieces of a run, in an order that does not depend on that of arrival. */
export interface Plan {
  /** Those that stand for themselves, and those that need what these have shown. */
  tasks: Task[];
  late: Task[];
}

/**
 * @param only transformers of a delta run; all without
 * @param power series of apparent power, where there are any
 */
export function* planRun(
  settings: CorrelatorSettings,
  store: SeriesStore,
  only?: ReadonlySet<string>,
  power?: SeriesStore,
): Steps<Plan> {
  const customers = customersOf(settings, store);
  const feederOf = feedersOf(settings, customers);
  const tasks = new Map<string, Task>();
  const taskOf = (transformer: string, isLine = false): Task => {
    const key = kindOf(transformer, isLine);
    let task = tasks.get(key);
    if (!task) {
      const feeder = feederOf.get(transformer) ?? '';
      task = { transformer, feeder, members: [], rows: [], ...(isLine ? { isLine } : {}) };
      tasks.set(key, task);
    }
    return task;
  };
  const add = (task: Task, member: Member, row = store.row(member.meter) ?? -1) => {
    task.members.push(member);
    task.rows.push(row);
  };
  const ofFeeder = new Map<string, ReferenceMeter[]>();
  for (const reference of settings.references) {
    const { meter, transformer, phase, isLine } = reference;
    const feeder = feederName(reference) ?? feederOf.get(transformer) ?? '';
    if (transformer)
      add(taskOf(transformer, isLine), { meter, reference: phase }, rowOfReference(reference, store));
    const key = kindOf(feeder, isLine);
    const others = ofFeeder.get(key);
    if (others) others.push(reference);
    else ofFeeder.set(key, [reference]);
  }
  for (const { meter, transformer, phase } of customers) {
    const lines = LINE_INPUTS.filter((input) => store.row(seriesName(meter, input)) !== undefined);
    const isLine = lines.length > 0 && store.row(meter) === undefined;
    const inputs = isLine
      ? lines
      : INPUTS.filter((input) => store.row(seriesName(meter, input)) !== undefined);
    const task = taskOf(transformer, isLine);
    if (isLine && inputs.length === 1) {
      const recorded = linePhase(phase);
      add(
        task,
        { meter, transformer, ...(recorded && { recorded }) },
        store.row(seriesName(meter, inputs[0])),
      );
    } else if (inputs.length < 2) {
      const row = store.row(seriesName(meter, inputs[0] ?? 'a')) ?? -1;
      add(task, { meter, transformer, ...recordedOn(phase, 0) }, row);
    } else {
      inputs.forEach((input, k) => {
        const row = store.row(seriesName(meter, input));
        add(task, { meter, transformer, input, ...recordedOn(phase, k) }, row);
      });
    }
    yield;
  }
  const plan: Plan = { tasks: [], late: [] };
  const pools = new Map<string, Task>();
  const inOrder = [...tasks.values()].sort((a, b) => (a.transformer < b.transformer ? -1 : 1));
  for (const task of inOrder) {
    const own = task.members.filter(({ reference }) => reference === undefined);
    const isWanted = only === undefined || only.has(task.transformer);
    if (own.length === 0) continue;
    if (hasAll(task.members) || own.length >= FEWEST) {
      if (!isWanted) continue;
      if (!hasAll(task.members)) borrow(task, ofFeeder.get(kindOf(task.feeder, task.isLine)) ?? [], store);
      plan.tasks.push(task);
    } else {
      const key = kindOf(task.feeder, task.isLine);
      let pool = pools.get(key);
      if (!pool) {
        pool = {
          ...(task.isLine ? { isLine: true } : {}),
          transformer: poolName(task.feeder),
          feeder: task.feeder,
          members: [],
          rows: [],
          isPool: true,
        };
        pools.set(key, pool);
      }
      task.members.forEach((member, k) => {
        if (!member.reference) add(pool, member, task.rows[k]);
      });
    }
    yield;
  }
  for (const pool of pools.values()) {
    // A delta run compares the small transformers of a feeder all together, or none.
    if (only && !pool.members.some(({ transformer }) => only.has(transformer ?? ''))) continue;
    borrow(pool, ofFeeder.get(kindOf(pool.feeder, pool.isLine)) ?? [], store);
    plan.late.push(pool);
  }
  for (const task of [...plan.tasks, ...plan.late]) {
    // A meter of several phases has one power for all of them: it says little about a single one.
    if (power) {
      task.power = task.members.map(({ meter, input }) => (input ? -1 : (power.row(meter) ?? -1)));
    }
    yield;
  }
  return plan;
}

/** Name of the small transformers of a feeder together. */
function poolName(feeder: string): string {
  return feeder ? `small transformers of ${feeder}` : 'small transformers';
}

function hasAll(members: readonly Member[]): boolean {
  return PHASES.every((phase) => members.some(({ reference }) => reference === phase));
}

/** The feeder of each transformer, as any row of the tables has it. */
function feedersOf(
  { references }: CorrelatorSettings,
  customers: readonly CustomerMeter[],
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const row of [...customers, ...references]) {
    const feeder = feederName(row);
    const { transformer } = row;
    if (feeder && !found.has(transformer)) found.set(transformer, feeder);
  }
  return found;
}

/** Feeder of a task: those of meters to the neutral and of meters between phases are apart. */
export function feederKey({ feeder, isLine }: Task): string {
  return kindOf(feeder, isLine);
}

/** Meters to the neutral and between phases are apart: a key for either. */
function kindOf(name: string, isLine = false): string {
  return isLine ? `${name}\u0000line` : name;
}

function rowOfReference({ meter, isLine }: ReferenceMeter, store: SeriesStore): number {
  return store.row(isLine ? seriesName(meter, LINE_INPUTS[0]) : meter) ?? -1;
}

/** The phase that the records have for an input, where they name one for each. */
function recordedOn(phases: string | undefined, input: number): { recorded?: Phase } {
  const phase = phases?.[input] as Phase | undefined;
  return phase ? { recorded: phase } : {};
}

/** A group takes the references of its feeder, an even choice of them, on the phases on which it has none of its own. */
function borrow(task: Task, references: readonly ReferenceMeter[], store: SeriesStore): void {
  const own = new Set(task.members.map(({ meter }) => meter));
  const borrowed = isNamed(task);
  if (borrowed === 'unknown' && isRecorded(task.members)) return;
  for (const phase of PHASES) {
    if (task.members.some(({ reference }) => reference === phase)) continue;
    const there = references.filter((one) => one.phase === phase && !own.has(one.meter));
    const step = Math.max(1, Math.ceil(there.length / MOST_BORROWED));
    there.forEach((one, k) => {
      if (k % step !== 0) return;
      task.members.push({ meter: one.meter, reference: phase, borrowed });
      task.rows.push(rowOfReference(one, store));
    });
  }
}

/** Likelihood of its names from which a group lends the means of its phases. */
const LENDS = 0.95;

/**
 * Gives small transformers the means of what their feeder's other groups have shown, where it has no reference.
 * @param results of `tasks`
 * @param place of a mean among all
 */
export function lendMeans(
  { tasks, late }: Plan,
  results: readonly GroupResult[],
  place: (group: number, phase: number) => number,
): void {
  for (const task of late) {
    for (const [p, phase] of PHASES.entries()) {
      if (task.members.some(({ reference }) => reference === phase)) continue;
      const lenders = tasks.flatMap(({ feeder, isLine }, g) =>
        feeder === task.feeder && isLine === task.isLine && (results[g].sure?.[p] ?? 0) >= LENDS ? [g] : [],
      );
      for (const g of lenders.slice(0, MOST_BORROWED)) {
        task.members.push({ meter: tasks[g].transformer, reference: phase, borrowed: isNamed(task) });
        task.rows.push(-2 - place(g, p));
        task.power?.push(-1);
      }
    }
  }
}

function isNamed({ feeder }: Task): 'feeder' | 'unknown' {
  return feeder ? 'feeder' : 'unknown';
}

/** Whether records can name the phases of a group, which then needs no references that may be of another feeder. */
function isRecorded(members: readonly Member[]): boolean {
  const own = members.filter(({ reference }) => reference === undefined);
  return own.length >= FEWEST && 2 * own.filter(({ recorded }) => recorded).length >= own.length;
}

/** References of a phase that a group borrows. */
const MOST_BORROWED = 20;

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
