import type { Diagnostic, PhaseMap, Reading } from '../record';
import type { GroupResult } from './group/identify';
import { planRun, type Task } from './plan';
import { type RunResult, resultOf } from './result';
import { runTask } from './run-task';
import type { CorrelatorSettings } from './settings';
import { SeriesStore, type StoreView } from './store';

/** Readings that may wait in one window, whatever the settings say: 2 GB of float32. */
const MAX_VALUES = 500_000_000;
/** A clock further ahead than this is wrong, and must not push everybody else out of the window. */
const MAX_AHEAD_MS = 86_400_000;

/** Does the pieces of a run elsewhere, in the order of the tasks. */
export type Workers = (
  settings: CorrelatorSettings,
  view: StoreView,
  tasks: Task[],
) => Promise<GroupResult[]>;

/** Which phase each meter is on, by the likeness of its voltage to that of others at the same transformer. */
export class PhaseCorrelator {
  private readonly store: SeriesStore;

  constructor(private readonly settings: CorrelatorSettings) {
    const slots = Math.round((settings.days * 86_400) / settings.interval);
    this.store = new SeriesStore(
      settings.interval,
      settings.days,
      Math.min(200_000, Math.floor(MAX_VALUES / slots)),
    );
  }

  get status(): { meters: number } {
    return { meters: this.store.size };
  }

  /** Readings and meters that were not taken, by reason. */
  readonly counters = { ahead: 0, tooOld: 0, metersRefused: 0 };

  /**
   * Takes a reading: its voltage is `va`, or the one phase voltage it has.
   * @param now ms; readings from more than a day ahead of it are counted and left out
   * @returns false where the reading holds no voltage, and was passed over
   */
  push(reading: Reading, now: number): boolean {
    const volts = reading.values.va ?? reading.values.vb ?? reading.values.vc;
    if (volts === undefined || reading.quality === 'bad') return false;
    if (reading.time > now + MAX_AHEAD_MS) {
      this.counters.ahead++;
      return true;
    }
    const refused = this.store.put(reading.meter, reading.time, volts);
    if (refused) this.counters[refused]++;
    return true;
  }

  reset(): void {
    this.store.clear();
  }

  /** Compares everything that is there. The same readings give the same map, whatever order they came in. */
  run(now: number): RunResult {
    const tasks = planRun(this.settings, this.store);
    const results = tasks.map((task) => runTask(this.settings, this.store.view, task));
    return this.finish(tasks, results, now);
  }

  /** The same, with the pieces done by workers: the same result, byte for byte. */
  async runWith(workers: Workers, now: number): Promise<{ map: PhaseMap; diagnostics: Diagnostic[] }> {
    const tasks = planRun(this.settings, this.store);
    const results = await workers(this.settings, this.store.view, tasks);
    return this.finish(tasks, results, now);
  }

  private finish(tasks: readonly Task[], results: readonly GroupResult[], now: number): RunResult {
    const { store, settings } = this;
    return resultOf(settings, tasks, results, {
      time: store.endTime > 0 ? store.endTime : now,
      timeOf: (interval) => store.timeOf(interval),
      intervals: store.length,
    });
  }
}
