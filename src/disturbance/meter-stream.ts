import {
  type Channel,
  eventId,
  isVoltage,
  type PqEvent,
  phaseOf,
  type QuantityName,
  type Rms,
  voltageEvent,
  type WaveformFrame,
} from '../record';
import { FrameHistory, PolyphaseHalfCycles } from '../signal';
import { type Disturbance, PolyphaseDetector } from './polyphase';
import type { DetectorSettings } from './settings';
import { TenCycleRms } from './ten-cycle';

export interface StreamOutput {
  event(event: PqEvent): void;
  rms(rms: Rms): void;
}

/** Fundamental below this part of the nominal voltage has no crossings to believe in. */
const FLOOR = 0.02;
/** Ended events that may wait for the cycles after them; more, and the oldest goes without. */
const MAX_WAITING = 64;

/** What is kept about a disturbance from its start to its report: fixed in its own time, not the frame's. */
interface Entry {
  disturbance: Disturbance;
  captureStart: number;
  /** Where a capture is cut off if the event goes on. */
  captureLimit: number;
  /** Samples per cycle, at the start and then at the end. */
  period: number;
  flags: string[];
  /** A capture cut off at the limit while the event went on. */
  early?: WaveformFrame;
}

/**
 * One unbroken stretch of waveform of one meter: its half cycles, its events, its captures. Rate and
 * channels stay the same; whoever feeds it begins a new one where they change or samples are missing.
 */
export class MeterStream {
  private readonly channels: Channel[];
  private readonly halfCycles: PolyphaseHalfCycles;
  private readonly detector: PolyphaseDetector;
  private readonly tenCycle: TenCycleRms;
  private readonly history = new FrameHistory();
  private readonly entries = new Map<Disturbance, Entry>();
  /** Ended events that wait for the cycles after them. */
  private readonly waiting: Entry[] = [];
  private flagged = false;
  /** Where the first Urms(1/2) of each channel begins. */
  private readonly firstStarts: number[] = [];

  constructor(
    private readonly first: WaveformFrame,
    private settings: DetectorSettings,
    private readonly output: StreamOutput,
  ) {
    this.channels = watchedChannels(first.names);
    const options = {
      rate: first.rate,
      frequency: settings.frequency === 'auto' ? 55 : settings.frequency,
      floor: FLOOR * settings.nominal * Math.SQRT2,
    };
    this.halfCycles = new PolyphaseHalfCycles(this.channels.length, options, (i, start, end, rms, half) => {
      this.firstStarts[i] ??= start;
      const cycles = this.frequency > 55 ? 12 : 10;
      this.detector.push(i, start, end, rms / this.settings.nominal);
      const window = this.tenCycle.push(i, half, cycles);
      if (window) this.emitTenCycle(window, end);
    });
    this.tenCycle = new TenCycleRms(this.channels.length);
    this.detector = new PolyphaseDetector(this.channels.map(phaseOf), settings, {
      started: (disturbance) => this.onStarted(disturbance),
      ended: (disturbance) => this.onEnded(disturbance),
    });
  }

  /** Measured fundamental, Hz. */
  get frequency(): number {
    return this.halfCycles.frequency;
  }

  /** Samples per channel held for captures. */
  get heldSamples(): number {
    const early = [...this.entries.values()].reduce((sum, entry) => sum + (entry.early?.length ?? 0), 0);
    return this.history.end - this.history.start + early;
  }

  get open(): Disturbance[] {
    return this.detector.openDisturbances;
  }

  configure(settings: DetectorSettings): void {
    this.settings = settings;
    this.detector.settings = settings;
  }

  /** The next frame, beginning where the last one ended. */
  push(frame: WaveformFrame): void {
    this.history.push(frame);
    const views = this.channels.map((name) => frame.channel(name) as Float32Array);
    this.halfCycles.push(views, 0, frame.length);
    this.settle(false);
    this.forget();
  }

  /**
   * The stream ends here: open events end with it, under a flag that says why.
   * @param flag e.g. `gap` or `end of data`
   */
  finish(flag: string): void {
    this.halfCycles.finish();
    this.cutFlag = flag;
    this.detector.finish(this.history.end);
    this.settle(true);
  }

  private cutFlag: string | undefined;

  private get period(): number {
    return this.first.rate / this.frequency;
  }

  private onStarted(disturbance: Disturbance): void {
    this.flagged = true;
    const { start } = disturbance;
    const { preCycles, maxCapture } = this.settings;
    const entry: Entry = {
      disturbance,
      captureStart: start - preCycles * this.period,
      captureLimit: start + maxCapture * this.first.rate,
      period: this.period,
      // Beyond its threshold from the first value on: it may have begun any time before.
      flags: this.firstStarts.includes(start) ? ['start unknown'] : [],
    };
    this.entries.set(disturbance, entry);
    this.output.event(this.toEvent(entry, 'start'));
  }

  private onEnded(disturbance: Disturbance): void {
    const entry = this.entries.get(disturbance) as Entry;
    entry.period = this.period;
    if (this.cutFlag) entry.flags.push(this.cutFlag);
    this.waiting.push(entry);
    if (this.waiting.length > MAX_WAITING) this.report(this.waiting.shift() as Entry);
  }

  /** Reports ended events whose last cycles have come, and cuts captures that grow too long. */
  private settle(all: boolean): void {
    while (this.waiting.length && (all || this.history.end >= this.captureEnd(this.waiting[0]))) {
      this.report(this.waiting.shift() as Entry);
    }
    for (const entry of this.entries.values()) {
      const { captureStart, captureLimit } = entry;
      if (!entry.early && this.history.end >= captureLimit) {
        entry.early = this.history.slice(captureStart, captureLimit);
      }
    }
  }

  /** Where the capture of an ended event would end, were there no limit. */
  private captureEnd({ disturbance, period }: Entry): number {
    return disturbance.end + this.settings.postCycles * period;
  }

  private report(entry: Entry): void {
    const { captureStart, captureLimit, early } = entry;
    this.entries.delete(entry.disturbance);
    const end = this.captureEnd(entry);
    if (end > captureLimit) entry.flags.push('capture truncated');
    const capture = early ?? this.history.slice(captureStart, Math.min(end, captureLimit));
    this.output.event(this.toEvent(entry, 'end', this.settings.maxCapture > 0 ? capture : undefined));
  }

  /** Lets go of the samples that no capture can need any more. */
  private forget(): void {
    const { preCycles, minCycles } = this.settings;
    // A start is told late: by the detection's reach, and by the cycles it takes to be an event.
    const reach = this.halfCycles.reach + (preCycles + minCycles + 2) * this.period;
    let keep = this.history.end - reach;
    for (const { early, captureStart } of this.entries.values()) {
      if (!early) keep = Math.min(keep, captureStart);
    }
    this.history.trim(keep);
  }

  private timeOf(position: number): number {
    return roundTime(this.history.timeOf(position));
  }

  private emitTenCycle(rms: number[], end: number): void {
    const values: Partial<Record<QuantityName, number>> = {};
    rms.forEach((value, i) => {
      if (Number.isFinite(value)) values[this.channels[i] as QuantityName] = value;
    });
    const flagged = this.flagged || this.open.length > 0;
    this.output.rms({
      kind: 'rms',
      meter: this.first.meter,
      time: this.timeOf(end),
      window: '10-cycle',
      values,
      flagged,
    });
    this.flagged = this.open.length > 0;
  }

  private toEvent(
    { disturbance, period, flags }: Entry,
    state: 'start' | 'end',
    capture?: WaveformFrame,
  ): PqEvent {
    const { type, start, end, extreme, parts } = disturbance;
    const { rate, meter } = this.first;
    return voltageEvent({
      meter,
      time: this.timeOf(start),
      type,
      state,
      duration: (end - start) / rate,
      cycles: (end - start) / period,
      reference: this.settings.nominal,
      extreme,
      perPhase: Object.fromEntries(
        parts.map(({ channel, start: from, end: to, extreme: x }) => [
          channel,
          { extreme: x, time: this.timeOf(from), duration: (to - from) / rate },
        ]),
      ),
      flags,
      within: disturbance.within && this.idOf(disturbance.within),
      capture,
    });
  }

  private idOf({ type, start }: Disturbance): string {
    return eventId(this.first.meter, type, this.timeOf(start));
  }
}

/** The voltages judged: those to neutral; where there are none, those between lines. */
export function watchedChannels(names: Channel[]): Channel[] {
  const voltages = names.filter((name) => isVoltage(name) && name !== 'vn');
  const toNeutral = voltages.filter((name) => name.length === 2);
  return (toNeutral.length ? toNeutral : voltages).sort();
}

/** Whole microseconds: finer than any meter's clock, and the same however the stream was cut. */
function roundTime(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
