import { type Channel, eventId, type PqEvent, phaseOf, type QuantityName, type Values } from '../record';
import { unbalanceOfMagnitudes } from './aggregates';
import type { Entry } from './captures';
import { eventOf } from './event-of';
import { type Excursion, ExcursionRecorder, READING } from './journal/excursion';
import type { MeterMemory } from './meter-memory';
import { resolutionFlag } from './pause';
import { type Disturbance, PolyphaseDetector } from './polyphase';
import type { DetectorSettings } from './settings';
import { fromNulls, resumeEvents, type SuspendedMeter, suspendEvent, toNulls } from './suspension';

/** A reading so many times later than they usually come has others missing before it. */
const GAP = 3.5;
/** Positions are ms here. */
const PER_SECOND = 1000;

const TO_NEUTRAL = ['va', 'vb', 'vc'] as const satisfies Channel[];
const BETWEEN_LINES = ['vab', 'vbc', 'vca'] as const satisfies Channel[];

/**
 * Voltage events of a meter that gives RMS readings and no waveform, at the resolution of its readings:
 * each stands for the time since the one before. Events say which resolution that was.
 */
export class ReadingStream {
  private readonly channels: readonly QuantityName[];
  private readonly detector: PolyphaseDetector;
  private readonly excursions: ExcursionRecorder;
  private readonly entries = new Map<Disturbance, Entry>();
  private last = Number.NaN;
  /** The first reading: it stands for no time, and is judged with the second. */
  private first: Values | undefined;
  /** ms from reading to reading. */
  private interval = Number.NaN;
  private cutFlag: string | undefined;
  private frequency: number;

  constructor(
    private readonly meter: string,
    first: Values,
    private settings: DetectorSettings,
    private readonly output: { event(event: PqEvent): void; excursion?(excursion: Excursion): void },
    private readonly memory: MeterMemory,
    resumed?: SuspendedMeter,
  ) {
    this.channels = channelsOf(first);
    this.frequency = settings.frequency === 60 ? 60 : 50;
    const phases = this.channels.map(phaseOf);
    const grid = { minute: 60 * PER_SECOND, halfCycles: READING };
    this.detector = new PolyphaseDetector(phases, settings, grid, {
      started: (disturbance) => this.onStarted(disturbance),
      ended: (disturbance) => this.onEnded(disturbance),
    });
    this.excursions = new ExcursionRecorder(
      {
        meter,
        phases,
        rate: PER_SECOND,
        frequency: () => this.frequency,
        halfCycles: () => grid.halfCycles,
        timeOf: (position) => position,
      },
      settings,
      (excursion) => output.excursion?.(excursion),
    );
    if (resumed) this.resume(resumed);
  }

  get open(): Disturbance[] {
    return this.detector.openDisturbances;
  }

  /** Events that have begun and are not reported yet, as they stand. */
  get standing(): PqEvent[] {
    return [...this.entries.values()].map((entry) => this.recordOf(entry, 'start'));
  }

  configure(settings: DetectorSettings): void {
    this.settings = settings;
    this.detector.settings = settings;
    this.excursions.settings = settings;
  }

  /**
   * Whether a reading goes on from the one before.
   * @returns `past` for one that is no later, `gap` where others are missing or it has other voltages
   */
  jointOf(values: Values, time: number): 'follows' | 'past' | 'gap' {
    if (time <= this.last) return 'past';
    if (this.channels.some((name) => values[name] === undefined)) return 'gap';
    return time - this.last > GAP * this.interval ? 'gap' : 'follows';
  }

  /** The next reading; time in ms. */
  push(values: Values, time: number): void {
    if (values.f !== undefined && values.f > 0) this.frequency = values.f;
    const { last } = this;
    this.last = time;
    if (Number.isNaN(last)) {
      this.first = values;
      return;
    }
    this.interval = time - last;
    if (this.first) this.judge(this.first, last, last);
    this.first = undefined;
    this.judge(values, last, time);
    const method = this.channels[0] === 'vab' ? 'line voltages' : 'largest difference from the mean';
    this.memory.judgeUnbalance(unbalanceOfMagnitudes(values), time, `${method}, one reading`);
  }

  private judge(values: Values, start: number, end: number): void {
    for (const [i, name] of this.channels.entries()) {
      const u = (values[name] as number) / this.settings.nominal;
      this.detector.push(i, start, end, u);
      this.excursions.push(i, start, end, u, u);
    }
  }

  /** No further reading goes on from the last one: open events end there, under a flag that says why. */
  finish(flag: string): void {
    this.cutFlag = flag;
    this.detector.finish(this.last);
    this.excursions.finish();
  }

  /** Puts the meter aside with its events in progress; undefined where there are none. */
  suspend(): SuspendedMeter | undefined {
    this.excursions.finish(this.entries.size > 0);
    if (this.entries.size === 0) return undefined;
    const { latest, latestDeclared } = this.detector.values;
    return {
      meter: this.meter,
      judged: this.last,
      latest: toNulls(latest),
      latestDeclared: toNulls(latestDeclared),
      events: [...this.entries.values()].map((entry) => suspendEvent(entry, 1, false)),
      interval: Number.isNaN(this.interval) ? undefined : this.interval,
    };
  }

  private resume(state: SuspendedMeter): void {
    const entries = resumeEvents(state, (time) => time, 1);
    for (const entry of entries) this.entries.set(entry.disturbance, entry);
    const open = entries.map(({ disturbance }) => disturbance);
    this.detector.resume(open, fromNulls(state.latest), fromNulls(state.latestDeclared));
    this.last = state.judged;
    this.interval = state.interval ?? Number.NaN;
  }

  private onStarted(disturbance: Disturbance): void {
    const { type, start: time, within } = disturbance;
    const entry: Entry = {
      disturbance,
      time,
      id: eventId(this.meter, type, time),
      within: within && this.entries.get(within)?.id,
      reference: this.settings.nominal,
      captureStart: time,
      captureLimit: time,
      period: PER_SECOND / this.frequency,
      // Beyond its threshold from the first reading on.
      flags: this.first ? ['start unknown'] : [],
    };
    this.entries.set(disturbance, entry);
    this.tell(entry, 'start');
  }

  private onEnded(disturbance: Disturbance): void {
    const entry = this.entries.get(disturbance) as Entry;
    this.entries.delete(disturbance);
    if (this.cutFlag) entry.flags.push(this.cutFlag);
    this.tell(entry, 'end');
  }

  private tell(entry: Entry, state: 'start' | 'end'): void {
    this.output.event(this.recordOf(entry, state));
  }

  private recordOf(entry: Entry, state: 'start' | 'end'): PqEvent {
    const flags = [...entry.flags, resolutionFlag(this.interval)];
    return eventOf({ ...entry, flags }, state, { meter: this.meter, rate: PER_SECOND });
  }
}

/** Voltages of a reading: those to neutral, else those between lines; none where it has none. */
export function channelsOf(values: Values): QuantityName[] {
  const present = (names: readonly QuantityName[]) => names.filter((name) => values[name] !== undefined);
  const toNeutral = present(TO_NEUTRAL);
  return toNeutral.length ? toNeutral : present(BETWEEN_LINES);
}
