import {
  type Channel,
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
import type { Captures } from './captures';
import { type Excursion, ExcursionRecorder } from './journal/excursion';
import { traceOf } from './journal/trace';
import type { MeterMemory } from './meter-memory';
import { endEvents, FirstValues, latestOf, partEvents } from './pause';
import { type Disturbance, PolyphaseDetector } from './polyphase';
import { RapidChanges } from './rapid-changes';
import type { DetectorSettings } from './settings';
import { StreamEvents } from './stream-events';
import { packFrame, resumeEvents, type SuspendedMeter, suspendEvent, tailOf, toNulls } from './suspension';
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

/** What a stream goes on from. */
export interface Before {
  /** Put aside by an earlier detector in the middle of events. */
  resumed?: SuspendedMeter;
  /** Events in progress when the recorder paused. */
  paused?: SuspendedMeter;
}

/**
 * One unbroken stretch of waveform of one meter: its half cycles, its events, its captures. Rate and
 * channels stay the same; whoever feeds it begins a new one where they change or samples are missing.
 */
export class MeterStream {
  /** What all frames share, and the time of the first sample; not the first frame, which would be held for ever. */
  private readonly head: { meter: string; time: number; rate: number; names: Channel[]; nominal?: number };
  private readonly channels: Channel[];
  /** Where they lie in each frame. */
  private readonly places: number[];
  private readonly halfCycles: PolyphaseHalfCycles;
  private readonly grid: { minute: number; halfCycles: number };
  private readonly detector: PolyphaseDetector;
  private readonly rapidChanges: RapidChanges;
  private readonly excursions: ExcursionRecorder;
  private readonly windows: StreamWindows;
  private readonly events: StreamEvents;
  private readonly captures: Captures;
  /** What sags and swells are judged against, V: the nominal voltage or the sliding reference. */
  private readonly references: number[];
  /** Where the first Urms(1/2) of each channel begins. */
  private readonly firstStarts: number[] = [];
  /** Values up to here were judged by an earlier stream. */
  private judgedBefore = Number.NEGATIVE_INFINITY;
  /** End of the newest value that was judged here. */
  private judged = 0;
  /** After a pause of the recorder, until it is known which events go on. */
  private firstValues: FirstValues | undefined;
  private settings: DetectorSettings;

  constructor(
    first: WaveformFrame,
    given: DetectorSettings,
    private readonly output: StreamOutput,
    private readonly memory: MeterMemory,
    { resumed, paused }: Before = {},
  ) {
    const { rate, meter, time, names, nominal } = first;
    this.head = { meter, time, rate, names, nominal };
    this.settings = this.own(given);
    const { settings } = this;
    this.channels = watchedChannels(names);
    this.places = this.channels.map((name) => names.indexOf(name));
    this.references = this.channels.map((name) => this.referenceOf(name));
    const options = {
      rate,
      frequency: settings.frequency,
      earlier: memory.frequency,
      floor: FLOOR * settings.nominal * Math.SQRT2,
    };
    this.halfCycles = new PolyphaseHalfCycles(this.channels.length, options, this.onHalfCycle);
    this.events = new StreamEvents(
      {
        meter,
        rate,
        names,
        channels: this.channels,
        references: this.references,
        period: () => this.period,
      },
      settings,
      (event) => output.event(event),
    );
    this.captures = this.events.captures;
    const phases = this.channels.map(phaseOf);
    this.grid = { minute: 60 * rate, halfCycles: 1 };
    this.detector = new PolyphaseDetector(phases, settings, this.grid, {
      started: (disturbance) => this.onStarted(disturbance),
      ended: (disturbance) => this.onEnded(disturbance),
    });
    this.rapidChanges = new RapidChanges(phases, (change) => this.events.change(change));
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
    if (paused) this.firstValues = new FirstValues(this.channels.length, paused);
  }

  /** The settings in force, against the declared voltage of this meter where its frames say it. */
  private own(settings: DetectorSettings): DetectorSettings {
    const { nominal } = this.head;
    return nominal === undefined ? settings : { ...settings, nominal };
  }

  /** Measured fundamental, Hz. */
  get frequency(): number {
    return this.halfCycles.frequency;
  }

  /** Samples per channel held for captures. */
  get heldSamples(): number {
    return this.captures.held;
  }

  /** Events that have begun and are not reported yet, as they stand. */
  get standing(): PqEvent[] {
    return this.events.standing;
  }

  get open(): Disturbance[] {
    return this.detector.openDisturbances;
  }

  configure(given: DetectorSettings): void {
    const settings = this.own(given);
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
    this.endHalfCycles();
    this.events.cutFlag = flag;
    this.detector.finish(this.captures.history.end);
    this.excursions.finish();
    this.windows.finish();
    this.memory.aggregates.break();
    this.captures.settle(Number.POSITIVE_INFINITY);
  }

  /** The recorder pauses here: what is in progress may go on after it. Nothing can be pushed any more. */
  pause(): SuspendedMeter {
    const { captures, head } = this;
    this.endHalfCycles();
    this.excursions.finish(!captures.isIdle);
    this.windows.finish();
    this.memory.aggregates.break();
    captures.settle(Number.POSITIVE_INFINITY);
    captures.cut();
    return {
      meter: head.meter,
      judged: captures.history.timeOf(this.judged),
      ...this.latestValues(),
      events: [...captures.open].map((entry) => suspendEvent(entry, 1000 / head.rate, true)),
    };
  }

  /** What the samples hold to their end is judged; their frequency is kept for the next stretch. */
  private endHalfCycles(): void {
    this.halfCycles.finish();
    this.judgeFirst();
    if (this.halfCycles.isMeasured) this.memory.frequency = this.frequency;
  }

  private latestValues(): Pick<SuspendedMeter, 'latest' | 'latestDeclared'> {
    const { latest, latestDeclared } = this.detector.values;
    return { latest: toNulls(latest), latestDeclared: toNulls(latestDeclared) };
  }

  /**
   * Puts the stream aside with its events in progress.
   * @param samples whether captures and the newest samples go along; without them it cannot go on
   * @returns undefined where there is nothing to go on with
   */
  suspend(samples: boolean): SuspendedMeter | undefined {
    const { captures, head } = this;
    if (samples) this.excursions.finish(!captures.isIdle);
    else if (captures.isIdle) return undefined;
    const perSample = 1000 / head.rate;
    const entries = [...captures.open];
    const oldest = Math.min(
      this.judged - WARM_UP * this.period,
      ...entries.map(({ early, captureStart }) => (early ? this.judged : captureStart)),
      // What tells of its character, the cycle before it first of all.
      ...entries.map(({ character, disturbance, period }) =>
        character ? this.judged : disturbance.start - 3 * period,
      ),
    );
    const tail = samples ? tailOf(captures.history, oldest) : undefined;
    return {
      meter: head.meter,
      judged: captures.history.timeOf(this.judged),
      ...this.latestValues(),
      events: entries.map((entry) => suspendEvent(entry, perSample, samples)),
      tail: tail && packFrame(tail),
    };
  }

  private resume(state: SuspendedMeter): void {
    this.takeUp(state);
    // Boundaries are half a cycle apart, so a quarter is room enough for where they come to lie now.
    this.judgedBefore = this.positionOf(state.judged) + this.period / 4;
  }

  /** Events of an earlier stream go on in this one. */
  private takeUp(state: SuspendedMeter): void {
    const entries = resumeEvents(state, (ms) => this.positionOf(ms), 1000 / this.head.rate);
    this.captures.resume(entries);
    const open = entries.filter(({ endPeriod }) => endPeriod === undefined);
    const { latest, latestDeclared } = latestOf(state);
    this.detector.resume(
      open.map(({ disturbance }) => disturbance),
      latest,
      latestDeclared,
    );
  }

  private positionOf(ms: number): number {
    return ((ms - this.head.time) * this.head.rate) / 1000;
  }

  /** After a pause, with a value of every channel (or at the end of all): events go on or are over. */
  private judgeFirst(): void {
    const { firstValues: first, references, settings } = this;
    if (!first) return;
    this.firstValues = undefined;
    const declared = first.relativeTo(references.map(() => settings.nominal));
    const values = { relative: first.relativeTo(references), declared };
    const { goesOn, over } = partEvents(first.paused, values, settings);
    for (const event of endEvents(over, 'gap')) this.output.event(event);
    for (const { flags } of goesOn.events) if (!flags.includes('gap bridged')) flags.push('gap bridged');
    if (goesOn.events.length) this.takeUp(goesOn);
    for (const { channel, start, end, rms, half } of first.all)
      this.onHalfCycle(channel, start, end, rms, half);
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
    if (this.firstValues) {
      if (this.firstValues.add({ channel, start, end, rms, half })) this.judgeFirst();
      return;
    }
    const { mode, nominal, rvc, minCycles } = this.settings;
    const u = rms / this.references[channel];
    const declared = rms / nominal;
    const cycles = this.frequency > 55 ? 12 : 10;
    this.firstStarts[channel] ??= start;
    if (end <= this.judgedBefore) return;
    if (mode === 'cycle') this.judge(channel, start, end, u, declared);
    this.events.push(channel, start, end, u);
    this.rapidChanges.push(channel, start, declared, rvc, 10 * cycles);
    this.windows.push(channel, start, end, half, cycles, minCycles * this.period);
    this.judged = end;
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

  private onStarted(disturbance: Disturbance): void {
    this.windows.disturb();
    this.rapidChanges.discard();
    // Beyond its threshold from the first value on: it may have begun any time before.
    this.events.start(disturbance, this.firstStarts.includes(disturbance.start));
  }

  private onEnded(disturbance: Disturbance): void {
    this.rapidChanges.discard();
    this.windows.note(disturbance.start, disturbance.end);
    this.events.end(disturbance);
  }

  /** Lets go of the samples that nothing can need any more. */
  private forget(): void {
    const { preCycles, minCycles, swellWindow, mode, maxCapture } = this.settings;
    const { captures, period } = this;
    // A start is told late: by the detection's reach, and by the cycles it takes to be an event.
    const least = Math.max(minCycles, swellWindow / 2);
    const delay = mode === 'cycle' ? least + 2 : 12 * (Math.ceil(least / 10) + 1);
    const { end } = captures.history;
    let keep = end - this.halfCycles.reach - (preCycles + delay) * period;
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
