import type { Conditions, Diagnostic, Finding, PqEvent, Reading, WaveformFrame } from '../record';
import type { Profile } from '../registers';
import { ClockCheck } from './clock-check';
import type { Written } from './commands';
import { discoverSunspec } from './discovery';
import { createEventLogReader, type EventLogReader } from './event-log';
import type { FleetMeter } from './fleet';
import { readIdentity } from './identity';
import type { ModbusLink } from './link';
import type { PollerSettings } from './poller-settings';
import { ReadingReader } from './readings';
import { VALUE_HINTS, ValueWatch } from './value-watch';
import { WaveformTask } from './waveform-task';

export interface PollerOutput {
  reading(reading: Reading): void;
  waveform(frame: WaveformFrame): void;
  event(event: PqEvent): void;
  diagnostic(diagnostic: Diagnostic): void;
  /** A register was written that a setting asked for, not a command. */
  written?(meter: string, written: Written): void;
}

/** What outlives a poller: by meter, plain data. */
export interface PollerMemory {
  get(meter: string): unknown;
  set(meter: string, position: unknown): void;
}

/** What a task knows of the meter it works for. */
export interface MeterContext {
  /** With the profile as it was found out, where it is found out at the meter. */
  meter: FleetMeter;
  readonly link: ModbusLink;
  readonly output: PollerOutput;
  readonly memory: PollerMemory;
  readonly conditions: Conditions;
  readonly stopped: boolean;
  tell(finding: Finding): void;
}

export const TASK_NAMES = ['reading', 'events', 'waveform', 'clock'] as const;
export type TaskName = (typeof TASK_NAMES)[number];

/** One kind of work that comes again for a meter. */
export interface Task {
  readonly name: TaskName;
  /** Between two turns, s. */
  readonly interval: number;
  /** @returns true where more waits to be read at once. @throws the fault of the link */
  work(): Promise<boolean>;
  /** The last of what it has to tell. */
  stop?(): void;
}

/** Measured quantities, judged and sent as a reading. */
export class ReadingTask implements Task {
  readonly name = 'reading';
  private reader: ReadingReader | undefined;
  private readonly values: ValueWatch;
  private refused = 0;
  private identity: string | undefined;

  constructor(
    readonly interval: number,
    private readonly context: MeterContext,
  ) {
    this.values = new ValueWatch(context.meter.nominal);
  }

  async work(): Promise<boolean> {
    const { context } = this;
    this.reader ??= await this.createReader();
    const { values, notNumbers, time } = await this.reader.read(context.link);
    if (context.stopped) return false;
    this.tellRefused(this.reader.refused);
    const { quality, problems } = this.values.judge(values, notNumbers, time);
    for (const [code, { text, hint }] of Object.entries(VALUE_HINTS)) {
      const names = problems[code as keyof typeof problems];
      const finding = names && {
        code,
        severity: 'warning' as const,
        text: text(names.join(', ')),
        hint,
        detail: { quantities: names },
      };
      context.conditions.set(code, finding);
    }
    context.output.reading({ kind: 'reading', meter: context.meter.id, time, values, quality });
    return false;
  }

  private async createReader(): Promise<ReadingReader> {
    const { context } = this;
    if (context.meter.profile.discover === 'sunspec') {
      const profile = await discoverSunspec(context.link, context.meter.unit);
      context.meter = { ...context.meter, profile };
    }
    await this.identify();
    return new ReadingReader(context.meter.profile, context.meter);
  }

  /** Who the device says it is: told once; a meter that was exchanged shows by it. */
  private async identify(): Promise<void> {
    const { context } = this;
    const identity = await readIdentity(context.link, context.meter);
    const text = Object.entries(identity)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ');
    if (!text || text === this.identity) return;
    const changed = this.identity !== undefined;
    this.identity = text;
    context.tell({
      code: changed ? 'METER_CHANGED' : 'METER_IDENTIFIED',
      severity: changed ? 'warning' : 'info',
      text: changed ? `another device answers here: ${text}` : text,
      hint: changed ? 'Check whether the meter was exchanged, and its transformer ratios.' : 'Nothing to do.',
      detail: identity,
    });
  }

  /** The meter was away: who comes back may be another. */
  forget(): void {
    this.reader = undefined;
  }

  private tellRefused(names: string[]): void {
    if (names.length === this.refused) return;
    this.refused = names.length;
    this.context.tell({
      code: 'MODBUS_EXCEPTION_2',
      severity: 'warning',
      text: `the meter does not have ${names.join(', ')} where the profile ${this.context.meter.profile.name} says`,
      hint: 'The register map differs: check the profile, and whether a firmware update changed the map.',
      detail: { quantities: names },
    });
  }
}

/** The meter's own event log. */
export class EventTask implements Task {
  readonly name = 'events';

  private constructor(
    readonly interval: number,
    private readonly context: MeterContext,
    readonly reader: EventLogReader,
  ) {}

  /** @returns undefined for a meter without an event log */
  static of(interval: number, context: MeterContext): EventTask | undefined {
    const { meter, memory } = context;
    const reader = createEventLogReader(meter, memory.get(meter.id));
    return reader && new EventTask(interval, context, reader);
  }

  async work(): Promise<boolean> {
    const { context, reader } = this;
    const { events, findings, standing, more } = await reader.read(context.link);
    if (context.stopped) return false;
    context.conditions.set('event log', standing);
    for (const finding of findings) context.tell(finding);
    for (const event of events) context.output.event(event);
    // After they were handed over: what was not comes again.
    context.memory.set(context.meter.id, reader.position);
    return more;
  }
}

/** The meter's clock against the gateway's. */
export class ClockTask implements Task {
  readonly name = 'clock';
  private readonly clock: ClockCheck;

  constructor(
    readonly interval: number,
    private readonly context: MeterContext,
  ) {
    this.clock = new ClockCheck(context.meter);
  }

  async work(): Promise<boolean> {
    const { finding } = await this.clock.look(this.context.link);
    if (!this.context.stopped) this.context.conditions.set('clock', finding);
    return false;
  }
}

/** The work that a meter of this profile gives. */
export function tasksOf(
  context: MeterContext,
  settings: PollerSettings,
): Partial<Record<TaskName, Task>> & { reading: ReadingTask; events?: EventTask } {
  const { profile }: { profile: Profile } = context.meter;
  const hasWaveform = profile.waveformFifo && settings.waveformInterval > 0;
  return {
    reading: new ReadingTask(settings.interval, context),
    events: EventTask.of(settings.eventInterval, context),
    waveform: hasWaveform ? new WaveformTask(context, settings) : undefined,
    clock: profile.registers.CLOCK ? new ClockTask(settings.eventInterval, context) : undefined,
  };
}
