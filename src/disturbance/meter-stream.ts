import {
  type Channel,
  eventId,
  isVoltage,
  type PqEvent,
  phaseOf,
  type QuantityName,
  type Rms,
  type Values,
  type WaveformFrame,
} from '../record';
import { type HalfCycle, PolyphaseHalfCycles } from '../signal';
import { type CycleWindow, StreamWindows } from './aggregates';
import { Captures, type Entry, FIRST_CYCLES } from './captures';
import { characterOf, endAngle, type Place } from './character';
import { eventOf } from './event-of';
import { type Excursion, ExcursionRecorder } from './journal/excursion';
import { traceOf } from './journal/trace';
import type { MeterMemory } from './meter-memory';
import { type Disturbance, PolyphaseDetector } from './polyphase';
import { type RapidChange, RapidChanges } from './rapid-changes';
import type { DetectorSettings } from './settings';
import {
  fromNulls,
  packFrame,
  resumeEvents,
  type SuspendedMeter,
  suspendEvent,
  tailOf,
  toNulls,
} from './suspension';
import { roundTime } from './time';

export interface StreamOutput {
  event(event: PqEvent): void;
  rms(rms: Rms): void;
  excursion?(excursion: Excursion): void;
}

/** Cycles before the first value that is judged, from which a stream that goes on finds its crossings. */
const WARM_UP = 12;
/** Fundamental below this part of the nominal voltage has no crossings to believe in. */
const FLOOR = 0.01;

/**
 * One unbroken stretch of waveform of one meter: its half cycles, its events, its captures. Rate and
 * channels stay the same; whoever feeds it begins a new one where they change or samples are missing.
 */
export class MeterStream {
  /** What all frames share, and the time of the first sample; not the first frame, which would be held for ever. */
  private readonly head: { meter: string; time: number; rate: number; names: Channel[] };
  private readonly channels: Channel[];
  /** Where they lie in each frame. */
  private readonly places: number[];
  private readonly halfCycles: PolyphaseHalfCycles;
  private readonly grid: { minute: number; halfCycles: number };
  private readonly detector: PolyphaseDetector;
  private readonly rapidChanges: RapidChanges;
  private readonly excursions: ExcursionRecorder;
  private readonly windows: StreamWindows;
  private readonly captures: Captures;
  /** What sags and swells are judged against, V: the nominal voltage or the sliding reference. */
  private readonly references: number[];
  /** Where the first Urms(1/2) of each channel begins. */
  private readonly firstStarts: number[] = [];
  private cutFlag: string | undefined;
  /** Values up to here were judged by an earlier stream; and the end of the newest that was judged here. */
  private judged = Number.NEGATIVE_INFINITY;
  private told = 0;

  constructor(
    first: WaveformFrame,
    private settings: DetectorSettings,
    private readonly output: StreamOutput,
    private readonly memory: MeterMemory,
    resumed?: SuspendedMeter,
  ) {
    const { rate, meter, time, names } = first;
    this.head = { meter, time, rate, names };
    this.channels = watchedChannels(names);
    this.places = this.channels.map((name) => names.indexOf(name));
    this.references = this.channels.map((name) => this.referenceOf(name));
    const options = {
      rate,
      frequency: settings.frequency === 'auto' ? 55 : settings.frequency,
      floor: FLOOR * settings.nominal * Math.SQRT2,
    };
    this.halfCycles = new PolyphaseHalfCycles(this.channels.length, options, this.onHalfCycle);
    this.captures = new Captures(
      settings,
      (entry, capture) => this.report(entry, capture),
      (entry) => this.characterise(entry),
    );
    const phases = this.channels.map(phaseOf);
    this.grid = { minute: 60 * rate, halfCycles: 1 };
    this.detector = new PolyphaseDetector(phases, settings, this.grid, {
      started: (disturbance) => this.onStarted(disturbance),
      ended: (disturbance) => this.onEnded(disturbance),
    });
    this.rapidChanges = new RapidChanges(phases, (change) => this.onRapidChange(change));
    const source = {
      meter,
      phases,
      rate,
      frequency: () => this.frequency,
      halfCycles: () => this.grid.halfCycles,
      timeOf: (position: number) => roundTime(this.captures.history.timeOf(position)),
    };
    this.excursions = new ExcursionRecorder(source, settings, (excursion) => this.onExcursion(excursion));
    this.windows = new StreamWindows(
      {
        meter,
        rate,
        channels: this.channels,
        phasor: (...where) => this.halfCycles.phasor(...where),
        timeOf: (position) => this.captures.history.timeOf(position),
        open: () => this.open,
      },
      {
        full: (window) => this.onWindow(window),
        rms: (rms) => output.rms(rms),
        measured: (values, flagged, start, end) => {
          this.memory.aggregates.add({ values, flagged, start, end });
          if (this.settings.sliding && !flagged) this.slide(values);
        },
      },
    );
    if (resumed) this.resume(resumed);
  }

  /** Measured fundamental, Hz. */
  get frequency(): number {
    return this.halfCycles.frequency;
  }

  /** Samples per channel held for captures. */
  get heldSamples(): number {
    return this.captures.held;
  }

  get open(): Disturbance[] {
    return this.detector.openDisturbances;
  }

  configure(settings: DetectorSettings): void {
    this.settings = settings;
    this.detector.settings = settings;
    this.captures.settings = settings;
    this.excursions.settings = settings;
    this.grid.halfCycles = 1;
    this.channels.forEach((name, i) => {
      this.references[i] = this.referenceOf(name);
    });
  }

  /** The next frame, beginning where the last one ended. */
  push(frame: WaveformFrame): void {
    this.captures.history.push(frame);
    const views = this.places.map((place) => frame.view(place));
    this.halfCycles.push(views, 0, frame.length);
    this.forget();
  }

  /**
   * The stream ends here: open events end with it, under a flag that says why.
   * @param flag e.g. `gap` or `end of data`
   */
  finish(flag: string): void {
    this.halfCycles.finish();
    this.cutFlag = flag;
    this.detector.finish(this.captures.history.end);
    this.excursions.finish();
    this.windows.finish();
    this.memory.aggregates.break();
    this.captures.settle(Number.POSITIVE_INFINITY);
  }

  /**
   * Puts the stream aside with its events in progress.
   * @param samples whether captures and the newest samples go along; without them it cannot go on
   * @returns undefined where there is nothing to go on with
   */
  suspend(samples: boolean): SuspendedMeter | undefined {
    const { captures, head } = this;
    if (samples) this.excursions.finish();
    else if (captures.isIdle) return undefined;
    const perSample = 1000 / head.rate;
    const entries = [...captures.open];
    const oldest = Math.min(
      this.told - WARM_UP * this.period,
      ...entries.map(({ early, captureStart }) => (early ? this.told : captureStart)),
      // What tells of its character, the cycle before it first of all.
      ...entries.map(({ character, disturbance, period }) =>
        character ? this.told : disturbance.start - 3 * period,
      ),
    );
    const tail = samples ? tailOf(captures.history, oldest) : undefined;
    const { latest, latestDeclared } = this.detector.values;
    return {
      meter: head.meter,
      judged: captures.history.timeOf(this.told),
      latest: toNulls(latest),
      latestDeclared: toNulls(latestDeclared),
      events: entries.map((entry) => suspendEvent(entry, perSample, samples)),
      tail: tail && packFrame(tail),
    };
  }

  private resume(state: SuspendedMeter): void {
    const { rate, time } = this.head;
    const positionOf = (ms: number) => ((ms - time) * rate) / 1000;
    const entries = resumeEvents(state, positionOf, 1000 / rate);
    this.captures.resume(entries);
    const open = entries.filter(({ endPeriod }) => endPeriod === undefined);
    this.detector.resume(
      open.map(({ disturbance }) => disturbance),
      fromNulls(state.latest),
      fromNulls(state.latestDeclared),
    );
    // Boundaries are half a cycle apart, so a quarter is room enough for how they are placed anew.
    this.judged = positionOf(state.judged) + this.period / 4;
  }

  private get period(): number {
    return this.head.rate / this.frequency;
  }

  private referenceOf(channel: Channel): number {
    const { nominal, sliding } = this.settings;
    return sliding ? this.memory.reference(channel, nominal) : nominal;
  }

  private readonly onHalfCycle = (
    channel: number,
    start: number,
    end: number,
    rms: number,
    half: HalfCycle,
  ): void => {
    const { mode, nominal, rvc, minCycles } = this.settings;
    const u = rms / this.references[channel];
    const declared = rms / nominal;
    const cycles = this.frequency > 55 ? 12 : 10;
    this.firstStarts[channel] ??= start;
    if (end <= this.judged) return;
    if (mode === 'cycle') this.judge(channel, start, end, u, declared);
    if (!this.captures.isIdle) {
      this.noteWorst(channel, start, u);
      this.captures.settle(end);
    }
    this.rapidChanges.push(channel, start, declared, rvc, 10 * cycles);
    this.windows.push(channel, start, end, half, cycles, minCycles * this.period);
    this.told = end;
  };

  private onWindow({ start, end, cycles, rms }: CycleWindow): void {
    const { mode, nominal } = this.settings;
    if (mode !== '10-cycle') return;
    this.grid.halfCycles = 2 * cycles;
    rms.forEach((u, i) => {
      if (Number.isFinite(u)) this.judge(i, start, end, u / this.references[i], u / nominal);
    });
  }

  private judge(channel: number, start: number, end: number, u: number, declared: number): void {
    this.detector.push(channel, start, end, u, declared);
    this.excursions.push(channel, start, end, u, declared);
  }

  private onExcursion(excursion: Excursion): void {
    const trace = traceOf(excursion);
    if (trace) this.output.rms(trace);
    this.output.excursion?.(excursion);
  }

  private slide(values: Values): void {
    this.channels.forEach((name, i) => {
      const value = values[name as QuantityName];
      if (value !== undefined) this.references[i] = this.memory.slide(name, this.settings.nominal, value);
    });
  }

  private noteWorst(channel: number, start: number, u: number): void {
    for (const entry of this.captures.open) {
      const { disturbance, worst, period, endPeriod } = entry;
      const { type, start: from } = disturbance;
      if (endPeriod || start < from || start > from + FIRST_CYCLES * period) continue;
      const high = type === 'swell' || type === 'overvoltage';
      if (!worst || (high ? u > worst.u : u < worst.u)) entry.worst = { channel, start, u };
    }
  }

  private onStarted(disturbance: Disturbance): void {
    this.windows.disturb();
    this.rapidChanges.discard();
    const entry = this.begin(disturbance);
    // Beyond its threshold from the first value on: it may have begun any time before.
    if (this.firstStarts.includes(disturbance.start)) entry.flags.push('start unknown');
    this.tell(entry, 'start');
  }

  private begin(disturbance: Disturbance): Entry {
    const { type, start, parts } = disturbance;
    const time = roundTime(this.captures.history.timeOf(start));
    const channel = this.channels.findIndex((name) => phaseOf(name) === parts[0].channel);
    const declared = type === 'interruption' || type === 'rvc';
    return this.captures.begin(
      {
        disturbance,
        time,
        id: eventId(this.head.meter, type, time),
        reference: declared ? this.settings.nominal : this.references[channel],
        period: this.period,
        flags: [],
      },
      this.head.rate,
    );
  }

  private onEnded(disturbance: Disturbance): void {
    const entry = this.captures.of(disturbance) as Entry;
    this.rapidChanges.discard();
    this.windows.note(disturbance.start, disturbance.end);
    entry.endPeriod = this.period;
    if (this.cutFlag) entry.flags.push(this.cutFlag);
    this.captures.end(entry);
  }

  private onRapidChange(change: RapidChange): void {
    const entry = this.begin(change);
    const { deltaMax, deltaSteady } = change;
    entry.deltas = { deltaMax, deltaSteady };
    this.tell(entry, 'start');
    this.captures.end(entry);
  }

  private report(entry: Entry, capture: WaveformFrame | undefined): void {
    const { disturbance, worst } = entry;
    if (!this.cutFlag && worst && disturbance.type !== 'rvc') {
      entry.endAngle = endAngle(this.placeOf(entry), this.channels[worst.channel], disturbance.end);
    }
    this.tell(entry, 'end', capture);
  }

  private tell(entry: Entry, state: 'start' | 'end', capture?: WaveformFrame): void {
    this.output.event(eventOf(entry, state, this.head, capture));
  }

  private characterise(entry: Entry): void {
    const { disturbance, worst, flags } = entry;
    entry.character = {};
    if (!worst || flags.includes('start unknown')) return;
    const at = { channel: this.channels[worst.channel], start: worst.start };
    entry.character = characterOf(this.placeOf(entry), disturbance.start, at, disturbance.type === 'sag');
  }

  /** Samples of an event, to the end of its capture and no further: the same however the stream was cut. */
  private placeOf(entry: Entry): Place {
    const { period } = entry;
    const { history } = this.captures;
    const limit = entry.endPeriod ? Math.min(history.end, this.captures.captureEnd(entry)) : history.end;
    const currents = this.head.names.filter((name) => /^i[abc]$/.test(name));
    return {
      channels: [...this.channels, ...currents],
      period,
      read: (channel, from, length) => {
        if (from < history.start || from + length > limit) return undefined;
        const samples = new Float32Array(length);
        history.read(channel, from, samples);
        return samples;
      },
    };
  }

  /** Lets go of the samples that nothing can need any more. */
  private forget(): void {
    const { preCycles, minCycles, swellWindow, mode, maxCapture } = this.settings;
    const { captures, period } = this;
    // A start is told late: by the detection's reach, and by the cycles it takes to be an event.
    const least = Math.max(minCycles, swellWindow / 2);
    const told = mode === 'cycle' ? least + 2 : 12 * (Math.ceil(least / 10) + 1);
    const { end } = captures.history;
    let keep = end - this.halfCycles.reach - (preCycles + told) * period;
    // Whether a rapid change is one is known a second after it; of one that goes on nothing is kept.
    const { since } = this.rapidChanges;
    if (end - since < maxCapture * this.head.rate) keep = Math.min(keep, since - preCycles * period);
    captures.forget(keep);
  }
}

/** The voltages judged: those to neutral; where there are none, those between lines. */
export function watchedChannels(names: Channel[]): Channel[] {
  const voltages = names.filter((name) => isVoltage(name) && name !== 'vn');
  const toNeutral = voltages.filter((name) => name.length === 2);
  return (toNeutral.length ? toNeutral : voltages).sort();
}
