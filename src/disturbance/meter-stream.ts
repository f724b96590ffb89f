import {
  type Channel,
  isVoltage,
  type PqEvent,
  phaseOf,
  type QuantityName,
  type Rms,
  type WaveformFrame,
} from '../record';
import { FrameHistory, HalfCycleRms } from '../signal';
import { ieee1159 } from './ieee1159';
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

interface Waiting {
  disturbance: Disturbance;
  flags: string[];
}

/**
 * One unbroken stretch of waveform of one meter: its half cycles, its events, its captures. Rate and
 * channels stay the same; whoever feeds it begins a new one where they change or samples are missing.
 */
export class MeterStream {
  private readonly channels: Channel[];
  private readonly meters: HalfCycleRms[];
  private readonly detector: PolyphaseDetector;
  private readonly tenCycle: TenCycleRms;
  private readonly history = new FrameHistory();
  /** Captures cut off at `maxCapture` while their event went on. */
  private readonly early = new Map<Disturbance, WaveformFrame | undefined>();
  private readonly waiting: Waiting[] = [];
  private flagged = false;
  private readonly step: number;

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
    this.meters = this.channels.map(
      (_, i) =>
        new HalfCycleRms(options, (start, end, rms, half) => {
          const cycles = this.frequency > 55 ? 12 : 10;
          this.detector.push(i, start, end, rms / this.settings.nominal);
          const window = this.tenCycle.push(i, half, cycles);
          if (window) this.emitTenCycle(window, end);
        }),
    );
    this.step = this.meters[0]?.halfPeriods.step ?? 1;
    this.tenCycle = new TenCycleRms(this.channels.length);
    this.detector = new PolyphaseDetector(this.channels.map(phaseOf), settings, {
      started: (disturbance) => this.onStarted(disturbance),
      ended: (disturbance) => this.onEnded(disturbance),
    });
  }

  /** Measured fundamental, Hz. */
  get frequency(): number {
    return this.meters[0].halfPeriods.frequency;
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
    let position = this.history.end;
    this.history.push(frame);
    const views = this.channels.map((name) => frame.channel(name) as Float32Array);
    // All channels step by step together: what is found is found in the same order, however frames are cut.
    for (let from = 0; from < frame.length; ) {
      const to = Math.min(frame.length, from + this.step - (position % this.step));
      for (let i = 0; i < views.length; i++) this.meters[i].push(views[i], from, to);
      position += to - from;
      from = to;
    }
    this.settle(false);
    this.forget();
  }

  /**
   * The stream ends here: open events end with it, under a flag that says why.
   * @param flag e.g. `gap` or `end of data`
   */
  finish(flag: string): void {
    for (const meter of this.meters) meter.finish();
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
    this.output.event(this.toEvent(disturbance, 'start', []));
  }

  private onEnded(disturbance: Disturbance): void {
    const flags = this.cutFlag ? [this.cutFlag] : [];
    this.waiting.push({ disturbance, flags });
    if (this.waiting.length > MAX_WAITING) this.report(this.waiting.shift() as Waiting);
  }

  /** Reports ended events whose last cycles have come, and cuts captures that grow too long. */
  private settle(all: boolean): void {
    const post = this.settings.postCycles * this.period;
    while (this.waiting.length && (all || this.history.end >= this.waiting[0].disturbance.end + post)) {
      this.report(this.waiting.shift() as Waiting);
    }
    for (const disturbance of this.open) {
      const limit = this.captureLimit(disturbance);
      if (!this.early.has(disturbance) && this.history.end >= limit) {
        this.early.set(disturbance, this.history.slice(this.captureStart(disturbance), limit));
      }
    }
  }

  private report({ disturbance, flags }: Waiting): void {
    const limit = this.captureLimit(disturbance);
    const end = disturbance.end + this.settings.postCycles * this.period;
    let capture = this.early.get(disturbance);
    this.early.delete(disturbance);
    if (this.settings.maxCapture > 0 && !capture) {
      capture = this.history.slice(this.captureStart(disturbance), Math.min(end, limit));
    }
    if (end > limit) flags.push('capture truncated');
    this.output.event(this.toEvent(disturbance, 'end', flags, capture));
  }

  private captureStart(disturbance: Disturbance): number {
    return disturbance.start - this.settings.preCycles * this.period;
  }

  private captureLimit(disturbance: Disturbance): number {
    return disturbance.start + this.settings.maxCapture * this.first.rate;
  }

  /** Lets go of the samples that no capture can need any more. */
  private forget(): void {
    const { preCycles, minCycles } = this.settings;
    // A start is told late: by the detection's reach, and by the cycles it takes to be an event.
    const reach = (this.meters[0]?.halfPeriods.reach ?? 0) + (preCycles + minCycles + 2) * this.period;
    let keep = this.history.end - reach;
    for (const disturbance of [...this.open, ...this.waiting.map((w) => w.disturbance)]) {
      if (!this.early.has(disturbance)) keep = Math.min(keep, this.captureStart(disturbance));
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
    disturbance: Disturbance,
    state: 'start' | 'end',
    extraFlags: string[],
    capture?: WaveformFrame,
  ): PqEvent {
    const { type, start, end, extreme, parts } = disturbance;
    const duration = (end - start) / this.first.rate;
    const cycles = duration * this.frequency;
    const { category, inTable } = ieee1159(type, extreme, duration, cycles);
    const flags = inTable ? extraFlags : [...extraFlags, 'outside table'];
    const time = this.timeOf(start);
    const event: PqEvent = {
      kind: 'event',
      meter: this.first.meter,
      time,
      id: this.idOf(disturbance),
      type,
      state,
      phases: parts.map((part) => part.channel).sort(),
      duration,
      cycles,
      reference: this.settings.nominal,
      extreme,
      depth: Math.abs(1 - extreme),
      perPhase: Object.fromEntries(
        parts.map((part) => [
          part.channel,
          {
            extreme: part.extreme,
            time: this.timeOf(part.start),
            duration: (part.end - part.start) / this.first.rate,
          },
        ]),
      ),
      category: { ieee1159: category },
      flags,
    };
    if (disturbance.within) event.within = this.idOf(disturbance.within);
    if (capture) event.capture = capture;
    return event;
  }

  private idOf({ type, start }: Disturbance): string {
    return `${this.first.meter}:${type}:${new Date(this.timeOf(start)).toISOString()}`;
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
