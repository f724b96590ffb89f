import { Conditions, FieldError, type Finding } from '../record';
import { growingPause } from '../shared';
import { absencePause, leastPause } from './absence';
import { CLEAR, clearBuffer, readWrites, type Written, writeRegisters } from './commands';
import { faultOf, isGivenUpEarly, isLinkDown, isRefusal, isSilence } from './diagnosis';
import type { FleetMeter } from './fleet';
import type { ModbusLink } from './link';
import type { PollerSettings } from './poller-settings';
import type { Semaphore } from './semaphore';
import {
  type MeterContext,
  type PollerMemory,
  type PollerOutput,
  TASK_NAMES,
  type TaskName,
  tasksOf,
} from './tasks';

/** What a meter refuses is tried ever less often, up to this, ms. */
const LONGEST_PAUSE = 60_000;

/** A reading that takes longer than this, ms, and than so many usual answers, waits beside the others. */
const LEAST_EXPECTED = 250;
/** The same of a meter that did not answer the last time. */
const SILENT_EXPECTED = 20;
const USUAL_TIMES = 8;

/** Commands for one meter that may wait; more, and somebody sends them faster than any meter can follow. */
const MAX_COMMANDS = 100;

/** What a fault concerns: one task that the meter refuses, or the whole meter, which does not answer. */
type Scope = TaskName | 'meter';

interface Standing {
  /** undefined where it is not reported yet. */
  code: string | undefined;
  /** Consecutive ones. */
  failures: number;
  /** Of the first, on the clock of `performance.now`. */
  since: number;
  linkDown: boolean;
}

/** What the meters of a poller know of one another. */
export interface Neighbours {
  /** Meters that do not answer. */
  away: number;
}

/** One meter with its tasks: does each at its own pace, one at a time, and tells what keeps it from that. */
export class PolledMeter {
  answering = false;
  private readonly context: MeterContext;
  private readonly tasks: ReturnType<typeof tasksOf>;
  /** When each task is due, on the clock of `performance.now`. */
  private readonly due = new Map<TaskName, number>();
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private working = false;
  private polling: Promise<void> | undefined;
  private commands = 0;
  private lastCommand: Promise<unknown> = Promise.resolve();
  private readonly faults = new Map<Scope, Standing>();
  /** It has answered, or was asked in vain. */
  private isKnown = false;
  private readonly stopping = new AbortController();
  private readonly unsubscribe: () => void;

  /** @param first when the first turn is due, on the clock of `performance.now` */
  constructor(
    readonly meter: FleetMeter,
    private readonly link: ModbusLink,
    settings: PollerSettings,
    private readonly slots: Semaphore,
    private readonly output: PollerOutput,
    memory: PollerMemory,
    private readonly neighbours: Neighbours,
    first: number,
  ) {
    const isStopped = () => this.stopped;
    const tell = (finding: Finding) => this.tell(finding);
    this.context = {
      meter,
      link,
      output,
      memory,
      conditions: new Conditions(tell),
      tell,
      get stopped() {
        return isStopped();
      },
    };
    this.tasks = tasksOf(this.context, settings);
    for (const name of TASK_NAMES) if (this.tasks[name]) this.due.set(name, first);
    this.unsubscribe = link.onConnected(() => this.wake());
    this.schedule();
  }

  stop(): void {
    for (const name of TASK_NAMES) this.tasks[name]?.stop?.();
    this.stopped = true;
    this.stopping.abort(new Error('the poller was stopped'));
    this.unsubscribe();
    clearTimeout(this.timer);
  }

  /** Reads now; who asks while that is under way gets the same reading. */
  async pollNow(): Promise<void> {
    this.polling ??= this.perform('reading', true).finally(() => {
      this.polling = undefined;
    });
    await this.polling;
  }

  /**
   * Writes registers idempotently, and says what became of each.
   * @param done hears of each, also where a later one fails
   */
  async write(values: unknown, done: (written: Written) => void): Promise<void> {
    const { profile, unit } = this.meter;
    const writes = readWrites(profile, values);
    const each = (written: Written) => {
      const { register, before, value, changed } = written;
      done(written);
      this.tell({
        code: changed ? 'REGISTER_WRITTEN' : 'REGISTER_UNCHANGED',
        severity: 'info',
        text: changed ? `${register}: ${before} is now ${value}` : `${register}: is ${value} already`,
        hint: 'Read back from the meter: nothing to do.',
        detail: { register, before, value },
      });
    };
    await this.command(() => writeRegisters(this.link, unit, profile, writes, each));
  }

  /** @param done hears of what was written */
  async clearBuffer(done: (written: Written) => void): Promise<void> {
    await this.command(() => clearBuffer(this.link, this.meter.unit, this.meter.profile));
    done({ register: 'CLEAR_OVERFLOW', value: CLEAR, changed: true });
    this.tell({
      code: 'BUFFER_CLEARED',
      severity: 'info',
      text: 'the buffer overflow is cleared',
      hint: 'Nothing to do.',
      detail: {},
    });
  }

  /**
   * Sends the newest entries of the meter's event log again, with their captures; of a meter that has
   * waveforms but no log, what its memory holds.
   */
  async capture(count: number): Promise<void> {
    const { events, waveform } = this.tasks;
    if (events) {
      const found = await this.command(() => events.reader.latest(this.link, count));
      if (!this.stopped) for (const event of found) this.output.event(event);
    } else if (waveform) {
      await this.perform('waveform');
    } else {
      throw new FieldError('msg.meter', 'a meter with an event log or a waveform', this.meter.profile.name);
    }
  }

  /** Tells what became of the requests to this meter so far. */
  tellStatistics(): void {
    const statistics = this.link.statistics(this.meter.unit).snapshot();
    this.tell({
      code: 'METER_STATISTICS',
      severity: 'info',
      text: `${statistics.answers} of ${statistics.requests} requests answered`,
      hint: 'Faults that come again and again point to wire or gateway.',
      detail: {
        ...statistics,
        ...(this.link.line && { line: { ...this.link.line } }),
        inFlight: this.link.requestsInFlight,
        answering: this.answering,
        standing: this.context.conditions.keys,
      },
    });
  }

  /**
   * Work that somebody asked for: one after the other, since each reads back what it wrote, and in its turn
   * among the tasks of all meters.
   */
  private async command<T>(work: () => Promise<T>): Promise<T> {
    if (this.commands >= MAX_COMMANDS) {
      throw new Error(`${MAX_COMMANDS} commands for ${this.meter.id} wait already`);
    }
    this.commands++;
    const mine = this.lastCommand.then(() => this.slots.run(work));
    this.lastCommand = mine.catch(() => {});
    try {
      return await mine;
    } finally {
      this.commands--;
    }
  }

  /** The link is there again: whoever only waited for it need not wait any longer. */
  private wake(): void {
    if (this.stopped || !this.faults.get('meter')?.linkDown) return;
    const now = performance.now();
    for (const name of this.due.keys()) this.due.set(name, now);
    if (!this.working) this.schedule();
  }

  private schedule(): void {
    clearTimeout(this.timer);
    if (this.stopped) return;
    const [name, at] = [...this.due].reduce((a, b) => (b[1] < a[1] ? b : a));
    this.timer = setTimeout(
      () => {
        this.working = true;
        void this.perform(name).then(() => {
          this.working = false;
          this.schedule();
        });
      },
      Math.max(0, at - performance.now()),
    );
  }

  /** @param isUrgent somebody waits for it: not in the turn of those that do not answer */
  private async perform(name: TaskName, isUrgent = false): Promise<void> {
    const task = this.tasks[name];
    if (!task) return;
    let endTurn: (() => void) | undefined;
    try {
      if (!isUrgent && this.isProbe)
        endTurn = await this.link.probes.take(!this.isKnown, this.stopping.signal);
      const began = performance.now();
      const work = async () => !this.stopped && (await task.work());
      const again = await this.slots.run(work, name === 'reading' ? this.expected : undefined);
      if (this.stopped) return;
      const notice = this.link.takeNotice();
      if (notice) this.tell(notice);
      this.recovered(name);
      const due = Math.max(began, this.due.get(name) ?? began) + task.interval * 1000;
      // A turn that took longer than its interval is not made up for: the next begins at once.
      this.due.set(name, again ? performance.now() : Math.max(due, performance.now()));
    } catch (error) {
      if (!this.stopped) this.failed(name, error);
    } finally {
      endTurn?.();
      this.isKnown = true;
    }
  }

  /** Nobody knows whether it answers. Where there is no connection, trying costs the others nothing. */
  private get isProbe(): boolean {
    return !this.answering && !this.faults.get('meter')?.linkDown;
  }

  /** ms that a reading may take before its meter keeps others from theirs. */
  private get expected(): number {
    if (this.faults.has('meter')) return SILENT_EXPECTED;
    const usual = this.answering ? this.link.statistics(this.meter.unit).meanResponse : 0;
    return Math.max(LEAST_EXPECTED, USUAL_TIMES * usual);
  }

  private failed(name: TaskName, error: unknown): void {
    const { code, text, hint } = faultOf(error);
    const scope: Scope = isRefusal(error) ? name : 'meter';
    if (scope === 'meter') {
      this.answering = false;
      this.tasks.reading.forget();
    }
    const before = this.faults.get(scope);
    // The first look at a meter behind a line that many share is short: a slow one has not had its time.
    const isHasty = !this.isKnown && isGivenUpEarly(error);
    // Told when it begins and when it ends, not at every try.
    if (before?.code !== code && !isHasty) {
      const detail = {
        unit: this.meter.unit,
        task: name,
        ...this.link.statistics(this.meter.unit).snapshot(),
      };
      this.tell({ code, severity: 'error', text, hint, detail });
    }
    if (scope === 'meter' && !before) this.neighbours.away++;
    const now = performance.now();
    // An answer that is no good is asked for again at the usual pace; silence is left alone for longer.
    const isAbsent = isSilence(error);
    const failures = isAbsent || scope !== 'meter' ? (before?.failures ?? 0) + 1 : 1;
    const since = before?.since ?? now;
    const linkDown = isLinkDown(error);
    this.faults.set(scope, { code: isHasty ? undefined : code, failures, since, linkDown });
    const first = Math.min(1, this.tasks.reading.interval) * 1000;
    const pause = isAbsent
      ? absencePause(first, failures, now - since, this.neighbours.away)
      : growingPause({ first, growth: 2, longest: LONGEST_PAUSE }, failures);
    // Whoever waits for the connection is there when it is tried.
    const wait = Math.max(this.link.retryIn + 1, leastPause(this.neighbours.away));
    const at = now + (linkDown ? wait : pause);
    for (const [one, due] of this.due) {
      if (scope === 'meter' || one === name) this.due.set(one, Math.max(due, at));
    }
  }

  private recovered(name: TaskName): void {
    this.answering = true;
    for (const scope of [name, 'meter'] as const) {
      const fault = this.faults.get(scope);
      if (!fault) continue;
      this.faults.delete(scope);
      if (scope === 'meter') this.neighbours.away--;
      if (fault.code === undefined) continue;
      const detail = { task: name, ...this.link.statistics(this.meter.unit).snapshot() };
      const text = 'over: the meter answers again';
      this.tell({ code: fault.code, severity: 'info', text, hint: 'Nothing to do.', detail });
    }
  }

  private tell(finding: Finding): void {
    this.output.diagnostic({ kind: 'diagnostic', meter: this.meter.id, time: Date.now(), ...finding });
  }
}
