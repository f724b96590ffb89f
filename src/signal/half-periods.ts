import { FundamentalFilter } from './fundamental-filter';
import type { ShortDisturbance } from './short-disturbance';

export interface HalfPeriodOptions {
  /** Samples per second. */
  rate: number;
  /** Expected fundamental, Hz; the band followed is about 0.75 to 1.4 times it. */
  frequency: number;
  /** Amplitude of the fundamental below which its crossings mean nothing, in the channel's unit. */
  floor: number;
}

/** Looks into the samples of a transition, where the filter does not follow them. */
export interface TransitionReader {
  /** Where between `from` and `to` a waveform of so many samples a cycle changed, as a sample position. */
  step(from: number, to: number, cycle: number): number;
  /** The disturbance that begins and ends between two crossings, if there is one. */
  short(last: number, next: number, cycle: number): ShortDisturbance | undefined;
  /** Sign of the waveform over a half cycle between two positions. */
  sign(from: number, to: number): number;
}

/** Parts of the present half period inside which a crossing is believed. */
const EARLIEST = 0.6;
const LATEST = 1.6;
/** A signal too weak for crossings is given this long before the last good period carries on. */
const PATIENCE = 1.25;
/** Band that is followed, in parts of the expected frequency. */
const LOWEST = 0.7;
const HIGHEST = 1.45;
/** A fundamental whose amplitude changes by more than this from crossing to crossing is in transition ... */
const TRANSITION = 0.005;
/** ... and so is one whose half period differs by more than this from the one before, ... */
const SHIFT = 0.0025;
/** ... until three crossings on end are like the one before, or for so many half cycles (the filter spans four). */
const SETTLED = 3;
const LONGEST_TRANSITION = 12;
/** A jump of phase below this part of a half period is none. */
const SMALLEST_JUMP = 0.002;
/** Outputs that the first angle between two of them is taken from. */
const ENOUGH = 4;
/** Weight of a new half period in the mean that carries on through an interruption. */
const SMOOTHING = 0.1;

/**
 * Boundaries of the half cycles of one channel: the zero crossings of its fundamental, placed between
 * samples, found through harmonics, DC and noise; where no crossing is left (an interruption), the last
 * good period carries on (IEC 61000-4-30, 5.4.1: Urms(1/2) goes on through the event).
 *
 * Boundaries are sample positions from the start of the stream; they come in rising order, late by the
 * filter's half width plus at most 3.2 half periods, or 16 where the signal changes.
 */
export class HalfPeriods {
  private readonly filter: FundamentalFilter;
  /** Mean half period, samples. */
  private period: number;
  private last = Number.NaN;
  /** A boundary that was found and not yet passed on. */
  private pending = Number.NaN;
  /** Up to here the next crossing may come: nothing has to carry on before. */
  private calmUntil = Number.NEGATIVE_INFINITY;
  /** Boundaries wait for the end of a step. */
  private waiting = false;
  private lastCrossing = Number.NaN;
  /** The half period that ended with the newest crossing, and the one before, steady or not. */
  private half = Number.NaN;
  private halfBefore = Number.NaN;
  private previous = Number.NaN;
  private previousAt = 0;
  private beforePrevious = Number.NaN;
  /** Products of neighbouring outputs, and squares, from which the first angle between outputs comes. */
  private products = 0;
  private squares = 0;
  private compared = 0;
  /** Angle between two outputs, rad; NaN until there is an estimate. */
  private angle = Number.NaN;
  private peak = 0;
  private lastAmplitude = Number.NaN;
  private transition = 0;
  /** Half cycles since the amplitude last changed. */
  private steady = SETTLED;
  private measured = 0;
  /** Of the step that is being filled. */
  private sum = 0;
  private ramp = 0;
  private filled = 0;

  /** @param reader of the samples; without it, changes are taken for one step in the middle */
  constructor(
    private readonly options: HalfPeriodOptions,
    private readonly reader?: TransitionReader,
  ) {
    this.filter = new FundamentalFilter(options.rate, options.frequency);
    this.period = options.rate / options.frequency / 2;
  }

  /** Samples per step of detection: boundaries are only found at multiples of it. */
  get step(): number {
    return this.filter.decimation;
  }

  /** The signal, low-passed, half a sample before the newest step: `step`² times it. */
  get lowPassed(): number {
    return this.filter.weighed;
  }

  /** Samples that must be kept behind the newest one, for whoever integrates between boundaries. */
  get reach(): number {
    return Math.ceil(this.filter.halfWidth + 20 * this.period + 4 * this.filter.decimation);
  }

  /** Whether a half period has been seen. */
  get isMeasured(): boolean {
    return this.measured > 0;
  }

  /** Measured fundamental, Hz: of the smoothed half period; the expected one until there is a measurement. */
  get frequency(): number {
    return this.options.rate / (2 * this.period);
  }

  /** Takes samples `[from, to)`, the next ones of the stream; calls `found` for every boundary that is certain. */
  push(samples: Float32Array, from: number, to: number, found: (position: number) => void): void {
    const { step } = this;
    for (let i = from; i < to; i++) {
      this.ramp += this.filled * samples[i];
      this.sum += samples[i];
      if (++this.filled < step) continue;
      this.pushStep(this.sum, this.ramp, found);
      this.sum = 0;
      this.ramp = 0;
      this.filled = 0;
    }
  }

  /**
   * The same for whoever goes over the samples anyway.
   * @param sum of the next `step` samples
   * @param ramp sum of each of them times its number, 0 for the first
   */
  pushStep(sum: number, ramp: number, found: (position: number) => void): void {
    const filtered = this.filter.push(sum, ramp);
    if (Number.isNaN(filtered)) return;
    const at = this.filter.position;
    const previous = this.previous;
    this.previous = filtered;
    if (Math.abs(filtered) > this.peak) this.peak = Math.abs(filtered);
    if (this.measured === 0) this.compare(filtered, previous);
    if (previous < 0 !== filtered < 0 && this.angle > 0) {
      const { angle } = this;
      const position = this.previousAt + (at - this.previousAt) * crossing(previous, filtered, angle);
      const amplitude = amplitudeOf(previous, filtered, angle);
      const strong = amplitude >= this.options.floor;
      this.halfBefore = this.half;
      this.half = position - this.lastCrossing;
      const changed =
        Math.abs(amplitude / this.lastAmplitude - 1) > TRANSITION ||
        Math.abs(this.half / this.halfBefore - 1) > SHIFT;
      this.steady = changed ? 0 : this.steady + 1;
      // In the middle of a short dip all stands still for once: that is no end of the transition.
      this.transition = this.steady < SETTLED ? this.transition + 1 : 0;
      this.lastAmplitude = amplitude;
      this.peak = 0;
      if (strong) this.accept(position, found);
    }
    this.previousAt = at;
    if (at > this.calmUntil) this.carryOn(at, found);
  }

  /**
   * Before a period is measured, the angle between two outputs comes from the outputs themselves: the two
   * neighbours of one of a sine sum up to twice the cosine of the angle times it.
   */
  private compare(output: number, previous: number): void {
    if (!Number.isNaN(this.beforePrevious)) {
      this.products += (this.beforePrevious + output) * previous;
      this.squares += 2 * previous * previous;
      if (++this.compared >= ENOUGH) this.angle = Math.acos(this.products / this.squares);
    }
    this.beforePrevious = previous;
  }

  /** The stream ends at `end`: boundaries up to there, at the last good period. */
  finish(end: number, found: (position: number) => void): void {
    this.settle(found);
    if (Number.isNaN(this.last)) this.begin(0, end, found);
    while (this.last + this.period <= end) this.mark(this.last + this.period, found);
  }

  private accept(position: number, found: (position: number) => void): void {
    this.lastCrossing = position;
    // A step shifts the filtered crossings by some degrees, though not those of the signal: for as long as
    // the filter sees it, boundaries wait.
    const unsettled = this.transition > 0 && this.transition <= LONGEST_TRANSITION;
    if (!unsettled || this.measured === 0) this.learn();
    if (Number.isNaN(this.last)) {
      if (this.measured === 0) return;
      // The filter sees its first crossing a cycle into the stream: the halves before it are as long.
      const before = Math.floor((position + 0.5) / this.period);
      this.begin(position - before * this.period, position - this.period / 2, found);
      this.expect(position);
    } else if (unsettled) {
      // The crossing before the one at which a step shows in the amplitude is already shifted by it.
      this.pending = Number.NaN;
      this.calmUntil = Number.NEGATIVE_INFINITY;
      this.waiting = true;
    } else {
      this.settle(found);
      if (this.waiting) this.changeOver(position, found);
      if (position - this.last >= EARLIEST * this.period) this.expect(position);
    }
  }

  /** A crossing that is passed on when the next one has come. */
  private expect(position: number): void {
    this.pending = position;
    this.calmUntil = position + PATIENCE * this.period;
  }

  /** A crossing is passed on when the next one has come and it was not in a step. */
  private settle(found: (position: number) => void): void {
    const { pending } = this;
    this.pending = Number.NaN;
    this.calmUntil = Number.NEGATIVE_INFINITY;
    if (!Number.isNaN(pending)) this.mark(pending, found);
  }

  /**
   * The boundaries that waited for the end of a step: up to the step they go on from those before it, after
   * the step they lead up to `position`, the first crossing that the filter sees clear of it.
   */
  private changeOver(position: number, found: (position: number) => void): void {
    this.waiting = false;
    const { last, period, reader } = this;
    const short = reader?.short(last, position, 2 * period);
    if (reader && short && Math.abs(short.lag) > SMALLEST_JUMP * period) {
      for (const zero of zerosThrough(short, last, position, period, reader)) this.mark(zero, found);
      return;
    }
    const halves = Math.round((position - last) / period);
    const jump = position - last - halves * period;
    const step =
      Math.abs(jump) < SMALLEST_JUMP * period
        ? position
        : (reader?.step(last, position, 2 * period) ?? (last + position) / 2);
    for (let k = 1; k < halves; k++) {
      const before = last + k * period;
      const after = before + jump;
      this.mark(before <= step && after <= step ? before : Math.max(after, step), found);
    }
  }

  /** A half period between two crossings that were seen, if it is like the mean or like the one before. */
  private learn(): void {
    const { half, halfBefore } = this;
    const nominal = this.options.rate / this.options.frequency / 2;
    const inBand = half > nominal / HIGHEST && half < nominal / LOWEST;
    const steady = Math.abs(half / halfBefore - 1) < 0.03;
    if (!inBand) return;
    if (this.measured === 0 || (steady && Math.abs(half / this.period - 1) > 0.05)) {
      this.period = half;
    } else if (Math.abs(half / this.period - 1) < 0.25) {
      this.period += Math.max(SMOOTHING, 1 / (this.measured + 1)) * (half - this.period);
    }
    this.measured++;
    this.angle = (Math.PI * this.filter.decimation) / this.period;
  }

  private carryOn(at: number, found: (position: number) => void): void {
    const strong = this.peak >= this.options.floor;
    if (Number.isNaN(this.last)) {
      const heard = Number.isNaN(this.lastCrossing) ? this.filter.halfWidth : this.lastCrossing;
      if (!strong && at > heard + 2 * this.period) this.begin(0, at - this.period, found);
      return;
    }
    const patience = (strong ? LATEST : PATIENCE) * this.period;
    if (this.waiting && at <= this.lastCrossing + patience) return;
    this.waiting = false;
    if (at > this.pending + patience) this.settle(found);
    if (!Number.isNaN(this.pending)) return;
    while (at > this.last + patience) this.mark(this.last + this.period, found);
  }

  private begin(first: number, until: number, found: (position: number) => void): void {
    this.mark(Math.max(0, first), found);
    while (this.last + this.period <= until) this.mark(this.last + this.period, found);
  }

  private mark(position: number, found: (position: number) => void): void {
    this.last = position;
    found(position);
  }
}

/**
 * Zero crossings through a short disturbance with an angle of its own: those of before up to its start, its
 * own, those that lead up to `next`; and where a step turns the sign around, the step itself. Of two that
 * are too near to each other the later one counts.
 */
function zerosThrough(
  { from, to, lag }: ShortDisturbance,
  last: number,
  next: number,
  period: number,
  reader: TransitionReader,
): number[] {
  // Half cycles of each stretch, counted from a crossing where the sign turns to plus.
  const before = reader.sign(last - period, last) > 0 ? last + period : last;
  const after = reader.sign(next, next + period) > 0 ? next : next + period;
  const inside = before + lag;
  const isPlus = (position: number, zero: number) => Math.floor((position - zero) / period) % 2 === 0;
  const stretch = (zero: number, start: number, end: number) => {
    const zeros: number[] = [];
    for (let k = Math.ceil((start - zero) / period); zero + k * period < end; k++)
      zeros.push(zero + k * period);
    return zeros;
  };
  const all = [
    ...stretch(before, last + period / 2, from),
    ...(isPlus(from, before) !== isPlus(from, inside) ? [from] : []),
    ...stretch(inside, from, to),
    ...(isPlus(to, inside) !== isPlus(to, after) ? [to] : []),
    ...stretch(after, to, next + period / 2),
  ];
  const zeros: number[] = [];
  for (const zero of all) {
    while (zeros.length && zero - zeros[zeros.length - 1] < EARLIEST * period) zeros.pop();
    zeros.push(zero);
  }
  // The last one is `next` itself, which is not certain yet.
  return zeros.slice(0, -1).filter((zero) => zero > last + 1e-6 * period);
}

/** Where between two outputs the sine through them crosses zero, in parts of the way. */
function crossing(before: number, after: number, angle: number): number {
  const sign = before < 0 ? 1 : -1;
  return Math.atan2(-sign * before * Math.sin(angle), sign * (after - before * Math.cos(angle))) / angle;
}

/** Amplitude of the sine through two outputs. */
function amplitudeOf(before: number, after: number, angle: number): number {
  const square = before * before + after * after - 2 * before * after * Math.cos(angle);
  return Math.sqrt(Math.max(0, square)) / Math.sin(angle);
}
