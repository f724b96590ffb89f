import { check, FieldError, type Finding, type PqEvent, type Reading } from '../record';
import { type Bound, type Budget, budgetOf, Refusals } from '../shared';
import type { SeriesDisk } from './disk/series-disk';
import type { RunFrame } from './frame';
import type { GroupResult } from './group/identify';
import { PhaseHistory } from './history';
import type { ImportThread } from './import/import-thread';
import { type Imported, importSeries } from './import/series';
import { ASSUMED_PF } from './loading';
import { PhaseMeans } from './means';
import { type Placed, type PlaceJob, placeJobs } from './placing/jobs';
import { placeMeters } from './placing/place';
import { byName, lendMeans, type Plan, planRun, type Task } from './plan';
import { type ClusterPlot, clusterPlot } from './plot';
import { assignmentsOf, notePlaces, type RunResult, resultOf } from './result';
import { runTask } from './run-task';
import {
  type CorrelatorSettings,
  type CustomerMeter,
  MAX_METERS,
  PHASES,
  readMeter,
  refuseTwoFeeders,
  sharedMrid,
} from './settings';
import { atOnce, inSlices } from './steps';
import {
  INPUTS,
  LINE_INPUTS,
  meterOfSeries,
  onlySeriesName,
  readPower,
  readRow,
  SeriesStore,
  type StoreView,
  seriesName,
  VALUE_BYTES,
} from './store';
import type { Common } from './worker';

/** A clock further ahead than this is wrong, and must not push everybody else out of the window. */
const MAX_AHEAD_MS = 86_400_000;

/** What a transformer's meters must have shown after a restoration before they are compared anew: a day. */
const RIPE_MS = 86_400_000;

/** Readings that wait for the end of a run. */
const MAX_HELD = 1_000_000;

/** Does the pieces of a run elsewhere; results in the order of what they are given. */
export interface Workers {
  /** @param place of the first task among the means */
  groups(common: Common, tasks: readonly Task[], means: PhaseMeans, place: number): Promise<GroupResult[]>;
  places(common: Common, jobs: readonly PlaceJob[]): Promise<Placed[]>;
}

/** Which phase each meter is on, by the likeness of its voltage to that of others at the same transformer. */
export class PhaseCorrelator {
  private readonly store: SeriesStore;

  private readonly settings: CorrelatorSettings;
  private transformerOf: Map<string, string>;
  /** What earlier runs have found, and crews have said. */
  readonly history = new PhaseHistory();
  /** By transformer, the time of its last restoration, ms: no more than there are transformers in the tables. */
  private readonly restored = new Map<string, number>();

  /** Meters that are not taken, beyond {@link limit}. */
  private readonly refusals: Refusals;
  private readonly limit: Budget;

  /** @param say is given what must be said, as that there are too many meters */
  constructor(given: CorrelatorSettings, say: (finding: Finding) => void = () => {}) {
    // Sorted once: a run must not wait for it.
    const settings = {
      ...given,
      references: [...given.references].sort(byName),
      meters: [...given.meters].sort(byName),
    };
    this.settings = settings;
    const rows = [...settings.references, ...settings.meters];
    this.transformerOf = new Map(rows.map(({ meter, transformer }) => [meter, transformer]));
    this.limit = budgetOf(settings.maxMeters);
    this.store = this.newStore();
    this.refusals = new Refusals(() => this.bound(), say);
  }

  /** What may be held, and what is: meters, bytes of their series. */
  get budget(): { limit: Budget; held: Budget } {
    const bytes = this.store.bytes + (this.power?.bytes ?? 0);
    return { limit: this.limit, held: { meters: this.store.size, bytes } };
  }

  get status(): { meters: number } {
    return { meters: this.store.size };
  }

  /** The table of meters, with what {@link takeRecords} has put into it; sorted by name. */
  get meters(): readonly CustomerMeter[] {
    return this.settings.meters;
  }

  private kept: SeriesDisk | undefined;
  /** Readings that came during a run; undefined outside of one. */
  private held: { reading: Reading; now: number }[] | undefined;
  private power: SeriesStore | undefined;

  /** Readings and meters that were not taken, by reason. */
  private readonly losses = { ahead: 0, tooOld: 0, heldDropped: 0, powersRefused: 0, bad: 0 };

  get counters() {
    return { ...this.losses, ...this.refusals.counters };
  }

  /**
   * Takes a reading: its phase voltage, or all of a meter of several phases.
   * @param now ms; readings from more than a day ahead of it are counted and left out
   * @returns false where the reading holds no voltage, and was passed over
   */
  push(reading: Reading, now: number): boolean {
    if (this.held) {
      // A run in other threads reads the series as they are: what comes meanwhile waits.
      if (this.held.length < MAX_HELD) this.held.push({ reading, now });
      else this.losses.heldDropped++;
      return true;
    }
    const { meter, values } = reading;
    const toNeutral = INPUTS.filter((input) => values[`v${input}`] !== undefined);
    // Voltages between phases count only where there are none to the neutral.
    const inputs = toNeutral.length
      ? toNeutral
      : LINE_INPUTS.filter((input) => values[`v${input}`] !== undefined);
    if (inputs.length === 0) return false;
    if (reading.quality === 'bad') {
      this.losses.bad++;
      return true;
    }
    if (reading.time > now + MAX_AHEAD_MS) {
      this.losses.ahead++;
      return true;
    }
    const slot = this.store.slotOf(reading.time);
    for (const input of inputs) {
      // A meter of one phase is one series, whatever it calls its voltage.
      const name = inputs.length === 1 ? onlySeriesName(meter, input) : seriesName(meter, input);
      const volts = values[`v${input}`] as number;
      if (this.take(name, slot, volts)) this.kept?.add({ meter: name, slot, volts });
    }
    this.pushPower(reading, slot);
    return true;
  }

  /** @returns whether there is room for the meter, and the slot is in the window; else it is counted */
  private take(name: string, slot: number, volts: number): boolean {
    const { store, limit } = this;
    const isFull = store.size >= limit.meters && !store.knows(meterOfSeries(name));
    const refused = isFull ? 'full' : store.putSlot(name, slot, volts);
    if (refused === 'full') this.refusals.add(meterOfSeries(name));
    else if (refused) this.losses[refused]++;
    return refused === undefined;
  }

  /** Apparent power, where a meter gives any: kept in memory only, for the loading of transformers. */
  private pushPower({ meter, values: { s, p } }: Reading, slot: number): void {
    // The windows of voltage and power go along together.
    this.power?.advanceTo(slot);
    const power = s ?? (p === undefined ? undefined : Math.abs(p) / ASSUMED_PF);
    if (power === undefined) return;
    this.power ??= this.newStore();
    if (this.power.putSlot(meter, slot, power)) this.losses.powersRefused++;
  }

  private newStore(): SeriesStore {
    const { interval, days } = this.settings;
    const slots = Math.round((days * 86_400) / interval);
    return new SeriesStore(interval, days, Math.floor(this.limit.bytes / (slots * VALUE_BYTES)));
  }

  private bound(): Bound {
    const { limit: budget, store } = this;
    const full = store.size >= budget.meters;
    return {
      text: full
        ? `${budget.meters} meters are compared, which is the limit`
        : `the series of ${store.size} meters take all of ${Math.round(budget.bytes / 1e6)} MB`,
      hint: full
        ? 'Allow more meters in the settings, or part them among several nodes, whole transformers to each.'
        : 'Compare fewer days, or longer intervals; or part the meters among several machines, whole transformers to each.',
      detail: { limit: budget.meters, served: store.size },
    };
  }

  /** Says what is still to be said. */
  close(): void {
    this.refusals.close();
  }

  /**
   * The meters of one transformer in a plane, as they are compared now.
   * @throws FieldError for a transformer without meters
   */
  plot(transformer: string): ClusterPlot {
    const { store, settings } = this;
    const plan = atOnce(planRun(settings, store, new Set([transformer]), this.power));
    if (plan.tasks.length + plan.late.length === 0)
      throw new FieldError('payload.transformer', 'a transformer with meters', transformer);
    const { map } = this.compare(plan, 0);
    const series = (meter: string) => {
      const row = store.row(meter) ?? store.row(seriesName(meter, LINE_INPUTS[0]));
      if (row === undefined) return undefined;
      const into = new Float32Array(store.length);
      readRow(store.view, row, into);
      return into;
    };
    return clusterPlot(transformer, map.assignments, series, settings.maxGap);
  }

  /**
   * Takes the voltages of a table on disk. Errors as in {@link importSeries}.
   * @param now ms, as in {@link push}
   */
  async import(path: string, now: number, progress?: (part: number) => void): Promise<Imported> {
    const take = (meter: string, time: number, va: number) => {
      this.push({ kind: 'reading', meter, time, values: { va }, quality: 'good' }, now);
    };
    return await importSeries(path, take, progress);
  }

  /** As {@link import}, read by a thread. */
  async importBy(thread: ImportThread, now: number, progress: (part: number) => void): Promise<Imported> {
    const take = (meter: string, time: number, va: number) => {
      this.push({ kind: 'reading', meter, time, values: { va }, quality: 'good' }, now);
    };
    return await thread.run(take, progress);
  }

  /**
   * Keeps the window on disk from now on, and takes what is there.
   * @throws what the file system says; the window in memory stays as it is
   */
  async keepOn(disk: SeriesDisk): Promise<true> {
    await disk.load(({ meter, slot, volts }) => this.take(meter, slot, volts));
    this.kept = disk;
    return true;
  }

  /**
   * Takes an event: after an outage and its restoration the transformer of the meter may be connected differently.
   * @returns false for one that says nothing about that
   */
  pushEvent(event: PqEvent): boolean {
    const transformer = this.transformerOf.get(event.meter);
    if (event.type !== 'interruption' || transformer === undefined) return false;
    if (event.state === 'end') this.restored.set(transformer, event.time + event.duration * 1000);
    return true;
  }

  /** Transformers restored so long ago that their meters show how they are connected now; each is named once. */
  takeRestored(): Set<string> {
    const ripe = [...this.restored].filter(([, time]) => this.store.endTime - time >= RIPE_MS);
    for (const [transformer] of ripe) this.restored.delete(transformer);
    return new Set(ripe.map(([transformer]) => transformer));
  }

  /** Forgets all readings, on disk too. */
  async reset(): Promise<void> {
    this.store.clear();
    this.power?.clear();
    this.history.clear();
    await this.kept?.clear();
  }

  /**
   * Takes records of a GIS in place of those of the table: all that a row holds replaces what was there.
   * @param given rows `{meter, transformer, feeder, phase, ...}`; `transformer` may be left out for known meters
   * @returns how many were added and changed
   * @throws FieldError that names the row, and takes none; Error while a run is under way
   */
  takeRecords(given: unknown, at = 'payload'): { added: number; changed: number; meters: number } {
    if (this.held) throw new Error('a run is under way');
    const { settings } = this;
    const rows = new Map(settings.meters.map((row) => [row.meter, row]));
    const taken: CustomerMeter[] = [];
    let added = 0;
    let changed = 0;
    check.array(given, at, MAX_METERS).forEach((row, i) => {
      const name = check.text(check.object(row, `${at}[${i}]`).meter, `${at}[${i}].meter`);
      const before = rows.get(name);
      const merged = readMeter({ ...before, ...(row as object) }, `${at}[${i}]`);
      if (!before) added++;
      else if (JSON.stringify(before) !== JSON.stringify(merged)) changed++;
      rows.set(name, merged);
      taken.push(merged);
    });
    if (rows.size > MAX_METERS) throw new FieldError(at, `at most ${MAX_METERS} meters in all`, rows.size);
    const shared = sharedMrid([...rows.values()]);
    if (shared) throw new FieldError(at, 'an mrid for each meter that no other has', shared.mrid);
    const names = new Set(taken.map(({ meter }) => meter));
    const meters = settings.meters.filter(({ meter }) => !names.has(meter));
    refuseTwoFeeders({ references: settings.references, meters, [at]: taken });
    settings.meters = [...rows.values()].sort(byName);
    const all = [...settings.references, ...settings.meters];
    this.transformerOf = new Map(all.map(({ meter, transformer }) => [meter, transformer]));
    return { added, changed, meters: rows.size };
  }

  /** Compares everything that is there. The same readings give the same map, whatever order they came in. */
  run(now: number): RunResult {
    const { store, settings } = this;
    const result = this.compare(atOnce(planRun(settings, store, undefined, this.power)), now);
    this.history.note(result.map);
    return result;
  }

  private compare(plan: Plan, now: number): RunResult {
    const { settings, view } = this;
    const { tasks, late } = plan;
    const means = this.meansFor(plan);
    const results = tasks.map((task, k) => runTask(settings, view, task, k, means));
    lendMeans(plan, results, (group, phase) => means.place(group, phase));
    results.push(...late.map((task, k) => runTask(settings, view, task, tasks.length + k, means)));
    const frame = this.frame(now, means);
    const all = [...tasks, ...late];
    const assigned = atOnce(assignmentsOf(settings, all, results, frame));
    const jobs = atOnce(placeJobs(assigned.meters));
    const placed = jobs.map(({ job }) => placeMeters(settings, view, job));
    return atOnce(resultOf(settings, all, results, assigned, notePlaces(jobs, placed), frame));
  }

  /**
   * The same with the pieces done by workers, and the rest in slices: the same result, byte for byte.
   * Readings that come meanwhile wait for its end.
   * @param only transformers of a delta run; all without
   * @throws Error while a run is under way, and what the workers say
   */
  async runWith(workers: Workers, now: number, only?: ReadonlySet<string>): Promise<RunResult> {
    const { store, settings } = this;
    if (this.held) throw new Error('a run is under way');
    this.held = [];
    try {
      const plan = await inSlices(planRun(settings, store, only, this.power));
      const { tasks, late } = plan;
      const means = this.meansFor(plan);
      const frame = this.frame(now, means);
      const common = { settings, view: this.view };
      const results = await workers.groups(common, tasks, means, 0);
      lendMeans(plan, results, (group, phase) => means.place(group, phase));
      if (late.length) results.push(...(await workers.groups(common, late, means, tasks.length)));
      const all = [...tasks, ...late];
      const assigned = await inSlices(assignmentsOf(settings, all, results, frame));
      const jobs = await inSlices(placeJobs(assigned.meters));
      const placed = await workers.places(
        common,
        jobs.map(({ job }) => job),
      );
      const notCompared = notePlaces(jobs, placed);
      const result = await inSlices(resultOf(settings, all, results, assigned, notCompared, frame));
      this.history.note(result.map);
      return result;
    } finally {
      const held = this.held ?? [];
      this.held = undefined;
      for (const { reading, now: then } of held) this.push(reading, then);
    }
  }

  private get view(): StoreView {
    return this.power ? { ...this.store.view, power: this.power.view } : this.store.view;
  }

  private meansFor({ tasks, late }: Plan): PhaseMeans {
    const groups = tasks.length + late.length;
    return new PhaseMeans(groups, Math.max(PHASES.length, this.settings.clusters), this.store.length);
  }

  private frame(now: number, means: PhaseMeans): RunFrame {
    const { store } = this;
    const { endTime, length } = store;
    const first = store.timeOf(0);
    const view = store.view;
    return {
      time: endTime > 0 ? endTime : now,
      timeOf: (interval) => first + interval * this.settings.interval * 1000,
      intervals: length,
      means,
      read: (row, into) => readRow(view, row, into),
      power: (meter) => readPower(this.view, this.power?.row(meter) ?? -1),
    };
  }
}
