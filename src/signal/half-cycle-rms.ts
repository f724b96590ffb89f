import { changePoint } from './change-point';
import type { Complex } from './complex';
import { type HalfPeriodOptions, HalfPeriods } from './half-periods';

/** Cycles beyond the reach of the detection that {@link HalfCycleRms.phasor} can look back. */
const PHASOR_REACH = 24;

/** Receives one Urms(1/2): sample positions of the start and end of its cycle, its value, and its later half. */
export type HalfCycleListener = (start: number, end: number, rms: number, half: HalfCycle) => void;

/** The later half of a Urms(1/2): what aggregates over whole cycles are made of. */
export interface HalfCycle {
  /** Sum of squares over the half, in unit² times samples. */
  energy: number;
  /** Length of the half, samples. */
  length: number;
}

/**
 * Urms(1/2) of one channel (IEC 61000-4-30, 3.22 and 5.4.1): RMS over one cycle that begins at a zero
 * crossing of the fundamental, renewed every half cycle, each channel on its own crossings.
 *
 * The squares are summed once, as they come, step by step of the detection; a boundary between two samples
 * takes its share of the sample's cell, by the parabola through the neighbours' squares.
 */
export class HalfCycleRms {
  readonly halfPeriods: HalfPeriods;
  /** The newest samples. */
  private readonly samples: Float32Array;
  private readonly mask: number;
  /** Sum of the squares of all samples before each step, for the newest steps. */
  private readonly sums: Float64Array;
  /** The signal, low-passed, where each of the newest steps begins: enough to tell the fundamental by. */
  private readonly lowPassed: Float32Array;
  private readonly lowPassedMask: number;
  private readonly stepMask: number;
  private readonly step: number;
  private count = 0;
  /** Of the step that is being filled: samples, their sum, plain and times their number in the step. */
  private filled = 0;
  private sum = 0;
  private ramp = 0;
  /** Squares of all samples so far. */
  private total = 0;
  private readonly half: HalfCycle = { energy: 0, length: 0 };
  private boundary = Number.NaN;
  private integral = 0;
  private halfStart = Number.NaN;
  private halfEnergy = 0;

  constructor(
    options: HalfPeriodOptions,
    private readonly listener: HalfCycleListener,
  ) {
    this.halfPeriods = new HalfPeriods(options, this.locateStep);
    this.step = this.halfPeriods.step;
    const size = 2 ** Math.ceil(Math.log2(this.halfPeriods.reach + this.step + 4));
    this.mask = size - 1;
    this.samples = new Float32Array(size);
    const steps = 2 ** Math.ceil(Math.log2(size / this.step + 2));
    this.stepMask = steps - 1;
    this.sums = new Float64Array(steps);
    const cycle = options.rate / options.frequency;
    const kept = 2 ** Math.ceil(Math.log2((this.halfPeriods.reach + PHASOR_REACH * cycle) / this.step));
    this.lowPassedMask = kept - 1;
    this.lowPassed = new Float32Array(kept);
  }

  /** Samples `[from, to)` of an array, the next ones of the stream. */
  push(samples: Float32Array, from: number, to: number): void {
    const { mask, step } = this;
    const kept = this.samples;
    let { count, filled, sum, ramp, total } = this;
    for (let i = from; i < to; ) {
      const end = Math.min(to, i + step - filled);
      for (; i < end; i++) {
        const x = samples[i];
        kept[count++ & mask] = x;
        sum += x;
        ramp += filled++ * x;
        total += x * x;
      }
      if (filled < step) break;
      this.count = count;
      this.total = total;
      this.sums[(count / step) & this.stepMask] = total;
      this.halfPeriods.pushStep(sum, ramp, this.onBoundary);
      this.lowPassed[(count / step - 1) & this.lowPassedMask] = this.halfPeriods.lowPassed;
      filled = 0;
      sum = 0;
      ramp = 0;
    }
    this.count = count;
    this.filled = filled;
    this.sum = sum;
    this.ramp = ramp;
    this.total = total;
  }

  /**
   * Phasor of the fundamental over a stretch of the newest cycles, Hann-weighted so that neither harmonics
   * nor the ends leak into it.
   * @param from position @param to position
   * @param cycles of the fundamental between them
   * @returns sine angle at `from`; magnitude on a scale of its own, the same for channels of one rate
   */
  phasor(from: number, to: number, cycles: number): Complex {
    const { step, lowPassed, lowPassedMask } = this;
    const turn = (2 * Math.PI) / (to - from);
    let re = 0;
    let im = 0;
    let weights = 0;
    for (let k = Math.ceil((from + 0.5) / step); k * step - 0.5 < to; k++) {
      const angle = turn * (k * step - 0.5 - from);
      const weight = 1 - Math.cos(angle);
      const value = weight * lowPassed[k & lowPassedMask];
      re += value * Math.sin(cycles * angle);
      im += value * Math.cos(cycles * angle);
      weights += weight;
    }
    const scale = Math.SQRT2 / weights / step ** 2;
    return { re: re * scale, im: im * scale };
  }

  /** The stream ends here: what can still be measured of it is. */
  finish(): void {
    this.halfPeriods.finish(this.count - 1, this.onBoundary);
  }

  private readonly locateStep = (from: number, to: number, cycle: number): number => {
    const first = Math.max(Math.ceil(from), Math.ceil(cycle) + 1, this.count - this.mask);
    const last = Math.min(Math.floor(to), this.count - Math.ceil(cycle) - 2);
    return changePoint(this.samples, this.mask, first, last, cycle);
  };

  private readonly onBoundary = (position: number): void => {
    const integral = this.integralTo(position);
    if (Number.isNaN(this.boundary)) {
      this.boundary = position;
      this.integral = integral;
      return;
    }
    const energy = Math.max(0, integral - this.integral);
    const length = position - this.boundary;
    if (!Number.isNaN(this.halfStart)) {
      this.half.energy = energy;
      this.half.length = length;
      const rms = Math.sqrt((this.halfEnergy + energy) / (position - this.halfStart));
      this.listener(this.halfStart, position, rms, this.half);
    }
    this.halfStart = this.boundary;
    this.halfEnergy = energy;
    this.boundary = position;
    this.integral = integral;
  };

  /** Sum of squares from the start of the stream to a position between samples; sample n fills n-1/2 to n+1/2. */
  private integralTo(position: number): number {
    const n = Math.min(this.count - 1, Math.max(0, Math.floor(position + 0.5)));
    const e = position - n;
    const f = this.square(n);
    const before = n > 0 ? this.square(n - 1) : f;
    const after = n < this.count - 1 ? this.square(n + 1) : f;
    const slope = (after - before) / 2;
    const curve = (after + before) / 2 - f;
    const share = f * (e + 0.5) + (slope * (e * e - 0.25)) / 2 + (curve * (e * e * e + 0.125)) / 3;
    // The whole cell must hold exactly f, or neighbouring halves would not add up.
    return this.sumBefore(n) + share - (curve / 12) * (e + 0.5);
  }

  private square(n: number): number {
    const x = this.samples[n & this.mask];
    return x * x;
  }

  /** Sum of the squares of all samples before n. */
  private sumBefore(n: number): number {
    const step = Math.floor(n / this.step);
    let sum = this.sums[step & this.stepMask];
    for (let i = step * this.step; i < n; i++) sum += this.square(i);
    return sum;
  }
}
