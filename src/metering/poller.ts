import { type Diagnostic, FieldError, type Reading, type WaveformFrame } from '../record';
import { decode, PROFILES, type Profile, TYPE_LENGTH } from '../registers';
import { clearBuffer, readWrites, writeRegisters } from './commands';
import { faultOf, isLinkDown, isRefusal } from './diagnosis';
import type { FleetMeter } from './fleet';
import type { ModbusLink } from './link';
import type { PollerSettings } from './poller-settings';
import { ReadingReader } from './readings';
import { Semaphore } from './semaphore';
import { WaveformReader } from './waveform-reader';

export interface PollerOutput {
  reading(reading: Reading): void;
  waveform(frame: WaveformFrame): void;
  diagnostic(diagnostic: Diagnostic): void;
}

/** A meter that does not answer is tried ever less often, up to this, s. */
const LONGEST_PAUSE = 60;

type Task = 'reading' | 'events' | 'waveform';
const TASKS: readonly Task[] = ['reading', 'events', 'waveform'];

/** What a fault concerns: one task that the meter refuses, or the whole meter, which does not answer. */
type Scope = Task | 'meter';

/**
 * Polls the meters of a fleet, each at its own pace; one that does not answer is left alone for longer
 * and longer, and its neighbours keep their interval.
 */
export class Poller {
  private readonly meters: PolledMeter[];

  /**
   * @param links the link of each meter, shared by those behind one gateway
   */
  constructor(
    fleet: readonly FleetMeter[],
    links: (meter: FleetMeter) => ModbusLink,
    settings: PollerSettings,
    output: PollerOutput,
  ) {
    const slots = new Semaphore(settings.concurrency);
    this.meters = fleet.map((meter, i) => {
      const profile = PROFILES[meter.profile];
      // Spread over the interval, so that thousands of meters are not asked in the same moment.
      const delay = (Math.min(1, settings.interval) * 1000 * i) / fleet.length;
      return new PolledMeter(meter, profile, links(meter), settings, slots, output, delay);
    });
  }

  get status(): { meters: number; answering: number } {
    return { meters: this.meters.length, answering: this.meters.filter((meter) => meter.answering).length };
  }

  /**
   * Reads a meter (all of them, without a name) now.
   * @throws FieldError for a meter that is not in the fleet
   */
  async poll(name?: string): Promise<void> {
    const chosen = name === undefined ? this.meters : [this.find(name)];
    await Promise.all(chosen.map((meter) => meter.pollNow()));
  }

  /**
   * Writes registers of a meter, idempotently, and tells each on the diagnostics.
   * @param values by register name of the profile
   * @throws FieldError for an unknown meter or register; the fault of the link
   */
  async write(name: string, values: unknown): Promise<void> {
    await this.find(name).write(values);
  }

  /** Clears the buffer overflow of a meter. Errors as in {@link write}. */
  async clearBuffer(name: string): Promise<void> {
    await this.find(name).clearBuffer();
  }

  private find(name: string): PolledMeter {
    const found = this.meters.find(({ meter }) => meter.id === name);
    if (found) return found;
    const some = this.meters.slice(0, 5).map(({ meter }) => meter.id);
    const more = this.meters.length > some.length ? ' …' : '';
    throw new FieldError('msg.meter', `a meter of the fleet (${some.join(', ')}${more})`, name);
  }

  /** Stops at once; what is under way ends with its link. */
  stop(): void {
    for (const meter of this.meters) meter.stop();
  }
}

class PolledMeter {
  answering = false;
  private readonly due: Record<Task, number>;
  private readonly reader: ReadingReader;
  private readonly waveforms: WaveformReader | undefined;
  private refused = 0;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private working = false;
  private readonly faults = new Map<Scope, { code: string; failures: number; linkDown: boolean }>();
  private readonly unsubscribe: () => void;
  private eventCount: number | undefined;

  constructor(
    readonly meter: FleetMeter,
    private readonly profile: Profile,
    private readonly link: ModbusLink,
    private readonly settings: PollerSettings,
    private readonly slots: Semaphore,
    private readonly output: PollerOutput,
    delay: number,
  ) {
    const start = performance.now() + delay;
    const wanted = profile.waveformFifo && settings.waveformInterval > 0;
    this.reader = new ReadingReader(profile, meter);
    if (wanted) this.waveforms = new WaveformReader(profile, meter);
    this.due = {
      reading: start,
      events: profile.registers.EVENT_COUNT ? start : Number.POSITIVE_INFINITY,
      waveform: wanted ? start : Number.POSITIVE_INFINITY,
    };
    this.unsubscribe = link.onConnected(() => this.wake());
    this.schedule();
  }

  stop(): void {
    this.stopped = true;
    this.unsubscribe();
    clearTimeout(this.timer);
  }

  async pollNow(): Promise<void> {
    await this.perform('reading');
  }

  async write(values: unknown): Promise<void> {
    const writes = readWrites(this.profile, values);
    const results = await this.slots.run(() =>
      writeRegisters(this.link, this.meter.unit, this.profile, writes),
    );
    for (const { register, before, value, changed } of results) {
      const text = changed ? `${register}: ${before} is now ${value}` : `${register}: is ${value} already`;
      const code = changed ? 'REGISTER_WRITTEN' : 'REGISTER_UNCHANGED';
      this.tell(code, 'info', text, 'Read back from the meter: nothing to do.', { register, before, value });
    }
  }

  async clearBuffer(): Promise<void> {
    await this.slots.run(() => clearBuffer(this.link, this.meter.unit, this.profile));
    this.tell('BUFFER_CLEARED', 'info', 'the buffer overflow is cleared', 'Nothing to do.', {});
  }

  /** The link is there again: whoever only waited for it need not wait any longer. */
  private wake(): void {
    if (this.stopped || !this.faults.get('meter')?.linkDown) return;
    const now = performance.now();
    for (const task of TASKS) if (Number.isFinite(this.due[task])) this.due[task] = now;
    if (!this.working) this.schedule();
  }

  private schedule(): void {
    clearTimeout(this.timer);
    if (this.stopped) return;
    const task = this.nextTask();
    const wait = Math.max(0, this.due[task] - performance.now());
    this.timer = setTimeout(() => {
      this.working = true;
      void this.perform(task).then(() => {
        this.working = false;
        this.schedule();
      });
    }, wait);
  }

  private nextTask(): Task {
    return TASKS.reduce((a, b) => (this.due[b] < this.due[a] ? b : a));
  }

  private async perform(task: Task): Promise<void> {
    const began = performance.now();
    try {
      const again = await this.slots.run(() => this.work(task));
      if (this.stopped) return;
      this.recovered(task);
      this.plan(task, again ? performance.now() : Math.max(began, this.due[task]) + this.pause(task));
    } catch (error) {
      if (this.stopped) return;
      this.failed(task, error);
    }
  }

  private pause(task: Task): number {
    const { interval, eventInterval, waveformInterval } = this.settings;
    return 1000 * { reading: interval, events: eventInterval, waveform: waveformInterval }[task];
  }

  /** A turn that took longer than its interval is not made up for: the next begins at once. */
  private plan(task: Task, at: number): void {
    this.due[task] = Math.max(at, performance.now());
  }

  /** @returns true where more waits to be read at once */
  private async work(task: Task): Promise<boolean> {
    if (this.stopped) return false;
    switch (task) {
      case 'reading': {
        const reading = await this.reader.read(this.link);
        if (this.stopped) return false;
        this.tellRefused(this.reader.refused);
        this.output.reading(reading);
        return false;
      }
      case 'waveform': {
        const batch = await (this.waveforms as WaveformReader).read(this.link);
        if (this.stopped) return false;
        if (batch.lost) this.tellOverflow(batch.lost);
        for (const frame of batch.frames) this.output.waveform(frame);
        if (batch.frames.some((frame) => frame.last)) this.tellEnd();
        return batch.more;
      }
      case 'events':
        await this.readEventCount();
        return false;
    }
  }

  private async readEventCount(): Promise<void> {
    const line = this.profile.registers.EVENT_COUNT;
    const words = await this.link.read(this.meter.unit, line.address, TYPE_LENGTH[line.type]);
    const count = decode(words, 0, line.type, this.profile.wordOrder);
    const before = this.eventCount;
    this.eventCount = count;
    if (this.stopped || before === undefined || count === before) return;
    const text =
      count > before
        ? `${count - before} new in the meter's own event log, ${count} in all`
        : `the meter's event count went back from ${before} to ${count}`;
    const hint =
      count > before
        ? "Compare with the events found in the waveform; V_SAG_VAL and V_SWELL_VAL are the meter's own limits."
        : 'The meter was restarted or its log cleared: events in between may be lost.';
    this.tell('EVENT_COUNT', count > before ? 'info' : 'warning', text, hint, { count, before });
  }

  private tellRefused(names: string[]): void {
    if (names.length === this.refused) return;
    this.refused = names.length;
    this.tell(
      'MODBUS_EXCEPTION_2',
      'warning',
      `the meter does not have ${names.join(', ')} where the profile ${this.profile.name} says`,
      'The register map differs: check the profile, and whether a firmware update changed the map.',
      { quantities: names },
    );
  }

  private tellOverflow(lost: number): void {
    this.tell(
      'BUFFER_OVERFLOW',
      'warning',
      `${lost} waveform blocks were overwritten before they were read`,
      'Read the waveform more often, or put fewer meters on this link: the waveform has a gap here.',
      { lost },
    );
  }

  private tellEnd(): void {
    this.tell(
      'END_OF_WAVEFORM',
      'info',
      'the meter has stopped sampling',
      'Check LOG_CTRL if this is not a recording that was played to its end.',
      {},
    );
  }

  private failed(task: Task, error: unknown): void {
    const { code, text, hint } = faultOf(error);
    const scope: Scope = isRefusal(error) ? task : 'meter';
    if (scope === 'meter') this.answering = false;
    const before = this.faults.get(scope);
    // Told when it begins and when it ends, not at every try.
    if (before?.code !== code) this.tell(code, 'error', text, hint, { unit: this.meter.unit, task });
    const failures = (before?.failures ?? 0) + 1;
    this.faults.set(scope, { code, failures, linkDown: isLinkDown(error) });
    const pause = Math.min(LONGEST_PAUSE, 2 ** Math.min(10, failures - 1)) * 1000;
    const at = performance.now() + pause;
    for (const one of scope === 'meter' ? TASKS : [scope]) this.due[one] = Math.max(this.due[one], at);
  }

  private recovered(task: Task): void {
    this.answering = true;
    for (const scope of [task, 'meter'] as const) {
      const fault = this.faults.get(scope);
      if (fault) this.tell(fault.code, 'info', 'over: the meter answers again', 'Nothing to do.', { task });
      this.faults.delete(scope);
    }
  }

  private tell(
    code: string,
    severity: Diagnostic['severity'],
    text: string,
    hint: string,
    detail: Record<string, unknown>,
  ): void {
    const { id: meter } = this.meter;
    this.output.diagnostic({
      kind: 'diagnostic',
      meter,
      time: Date.now(),
      code,
      severity,
      text,
      hint,
      detail,
    });
  }
}
