import { FundamentalFilter } from './fundamental-filter';

export interface HalfPeriodOptions {
  /** Samples per second. */
  rate: number;
  /** Expected fundamental, Hz; the band followed is about 0.75 to 1.4 times it. */
  frequency: number;
  /** Amplitude of the fundamental below which its crossings mean nothing, in the channel's unit. */
  floor: number;
}

/** Parts of the present half period inside which a crossing is believed. */
const EARLIEST = 0.6;
const LATEST = 1.6;
/** A signal too weak for crossings is given this long before the last good period carries on. */
const PATIENCE = 1.25;
/** Band that is followed, in parts of the expected frequency. */
const LOWEST = 0.7;
const HIGHEST = 1.45;
/** A fundamental whose half-cycle peak changes by more than this is in transition ... */
const TRANSITION = 0.01;
/** ... for at most so many half cycles on end (the filter spans four, two show that it is over), ... */
const LONGEST_TRANSITION = 6;
/** ... and a crossing that differs by more than this part of a half period is a jump of phase. */
const PHASE_JUMP = 0.1;
/** Weight of a new half period in the mean that carries on through an interruption. */
const SMOOTHING = 0.1;

/**
 * Boundaries of the half cycles of one channel: the zero crossings of its fundamental, placed between
 * samples, found through harmonics, DC and noise; where no crossing is left (an interruption), the last
 * good period carries on (IEC 61000-4-30, 5.4.1: Urms(1/2) goes on through the event).
 *
 * Boundaries are sample positions from the start of the stream; they come in rising order, late by the
 * filter's half width plus at most 3.2 half periods.
 */
export class HalfPeriods {
  private readonly filter: FundamentalFilter;
  /** Mean half period, samples. */
  private period: number;
  private last = Number.NaN;
  /** A boundary that was found and not yet passed on. */
  private pending = Number.NaN;
  private lastCrossing = Number.NaN;
  private lastHalf = Number.NaN;
  private previous = Number.NaN;
  private previousAt = 0;
  private peak = 0;
  private lastPeak = Number.NaN;
  private transition = 0;
  /** Half cycles since the filtered peak last changed. */
  private steady = 2;
  private measured = 0;

  constructor(private readonly options: HalfPeriodOptions) {
    this.filter = new FundamentalFilter(options.rate, options.frequency);
    this.period = options.rate / options.frequency / 2;
  }

  /** Samples per step of detection: boundaries are only found at multiples of it. */
  get step(): number {
    return this.filter.decimation;
  }

  /** Samples that must be kept behind the newest one, for whoever integrates between boundaries. */
  get reach(): number {
    return Math.ceil(this.filter.halfWidth + 8 * this.period + 4 * this.filter.decimation);
  }

  /** Measured fundamental, Hz: of the smoothed half period; the expected one until there is a measurement. */
  get frequency(): number {
    return this.options.rate / (2 * this.period);
  }

  /** Takes one sample; calls `found` for every boundary that has become certain. */
  push(sample: number, found: (position: number) => void): void {
    const filtered = this.filter.push(sample);
    if (Number.isNaN(filtered)) return;
    const at = this.filter.position;
    const previous = this.previous;
    this.previous = filtered;
    if (Math.abs(filtered) > this.peak) this.peak = Math.abs(filtered);
    const crossed = previous < 0 !== filtered < 0 && !Number.isNaN(previous);
    if (crossed) {
      const position = this.previousAt + ((at - this.previousAt) * previous) / (previous - filtered);
      const strong = this.peak >= this.options.floor;
      const changed = Math.abs(this.peak / this.lastPeak - 1) > TRANSITION;
      this.steady = changed ? 0 : this.steady + 1;
      // In the middle of a short dip the filtered peak stands still for once: two make it steady.
      this.transition = this.steady < 2 ? this.transition + 1 : 0;
      this.lastPeak = this.peak;
      this.peak = 0;
      if (strong) this.accept(position, found);
    }
    this.previousAt = at;
    this.carryOn(at, found);
  }

  /** The stream ends at `end`: boundaries up to there, at the last good period. */
  finish(end: number, found: (position: number) => void): void {
    this.settle(false, found);
    if (Number.isNaN(this.last)) this.begin(0, end, found);
    while (this.last + this.period <= end) this.mark(this.last + this.period, found);
  }

  private accept(position: number, found: (position: number) => void): void {
    // The crossing before the one at which a step shows in the peak is already shifted by it.
    this.settle(this.transition === 1, found);
    const half = position - this.lastCrossing;
    this.lastCrossing = position;
    // A step of amplitude shifts the filtered crossings by a few degrees, though not those of the signal:
    // for as long as the filter sees the step, the last good period is nearer to the truth.
    const unsettled = this.transition > 0 && this.transition <= LONGEST_TRANSITION;
    if (!unsettled || this.measured === 0) this.learn(half);
    if (Number.isNaN(this.last)) {
      if (this.measured === 0) return;
      // The filter sees its first crossing a cycle into the stream: the halves before it are as long.
      const before = Math.floor((position + 0.5) / this.period);
      this.begin(position - before * this.period, position - this.period / 2, found);
      this.pending = position;
    } else if (unsettled && this.isExpected(position)) {
      this.pending = this.last + this.period;
    } else if (position - this.last >= EARLIEST * this.period) {
      this.pending = position;
    }
  }

  /** A crossing is passed on when the next one has come: moved to where it was expected if `shifted`. */
  private settle(shifted: boolean, found: (position: number) => void): void {
    const { pending } = this;
    this.pending = Number.NaN;
    if (Number.isNaN(pending)) return;
    this.mark(shifted && this.isExpected(pending) ? this.last + this.period : pending, found);
  }

  private isExpected(position: number): boolean {
    return Math.abs(position - this.last - this.period) < PHASE_JUMP * this.period;
  }

  /** A half period between two crossings that were seen, if it is like the mean or like the one before. */
  private learn(half: number): void {
    const nominal = this.options.rate / this.options.frequency / 2;
    const inBand = half > nominal / HIGHEST && half < nominal / LOWEST;
    const steady = Math.abs(half / this.lastHalf - 1) < 0.03;
    this.lastHalf = half;
    if (!inBand) return;
    if (this.measured === 0 || (steady && Math.abs(half / this.period - 1) > 0.05)) {
      this.period = half;
    } else if (Math.abs(half / this.period - 1) < 0.25) {
      this.period += Math.max(SMOOTHING, 1 / (this.measured + 1)) * (half - this.period);
    }
    this.measured++;
  }

  private carryOn(at: number, found: (position: number) => void): void {
    const strong = this.peak >= this.options.floor;
    if (Number.isNaN(this.last)) {
      if (!strong && at > this.filter.halfWidth + 2 * this.period) this.begin(0, at - this.period, found);
      return;
    }
    const patience = (strong ? LATEST : PATIENCE) * this.period;
    if (at > this.pending + patience) this.settle(false, found);
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
