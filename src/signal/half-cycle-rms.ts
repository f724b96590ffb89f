import { changePoint } from './change-point';
import type { Complex } from './complex';
import { type HalfPeriodOptions, HalfPeriods } from './half-periods';
import { findShortDisturbance, type ShortDisturbance } from './short-disturbance';

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
  readonly samples: Float32Array;
  /** The newest `mask + 1` samples are in a ring: number n lies at `n & mask`. */
  readonly mask: number;
  /** Sum of the squares of all samples before each step, for the newest steps. */
  private readonly sums: Float64Array;
  /** The signal, low-passed, where each of the newest steps begins: enough to tell the fundamental by. */
  private readonly lowPassed: Float32Array;
  private readonly lowPassedMask: number;
  private readonly stepMask: number;
  private readonly step: number;
  private count = 0;
  /** Samples of a step that is cut; of every other of them: their sum, plain, times their number, squared. */
  private filled = 0;
  private readonly partial = new Float64Array(6);
  /** Squares of all samples of the steps before. */
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
    this.halfPeriods = new HalfPeriods(options, {
      step: this.locateStep,
      short: this.findShort,
      sign: this.signOf,
    });
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
    const { step } = this;
    for (let i = from; i < to; ) {
      if (this.filled === 0 && i + step <= to) {
        this.takeStep(samples, i);
        i += step;
      } else {
        this.take(samples[i++]);
      }
    }
  }

  /** A whole step from `at` on. Two samples at a time, each with sums of its own: half as long to wait for. */
  private takeStep(samples: Float32Array, at: number): void {
    const { step, mask, count } = this;
    const kept = this.samples;
    let sum = 0;
    let ramp = 0;
    let squares = 0;
    let sum1 = 0;
    let ramp1 = 0;
    let squares1 = 0;
    let k = 0;
    for (; k + 1 < step; k += 2) {
      const x = samples[at + k];
      const y = samples[at + k + 1];
      kept[(count + k) & mask] = x;
      kept[(count + k + 1) & mask] = y;
      sum += x;
      sum1 += y;
      ramp += k * x;
      ramp1 += (k + 1) * y;
      squares += x * x;
      squares1 += y * y;
    }
    if (k < step) {
      const x = samples[at + k];
      kept[(count + k) & mask] = x;
      sum += x;
      ramp += k * x;
      squares += x * x;
    }
    this.count = count + step;
    this.endStep(sum + sum1, ramp + ramp1, squares + squares1);
  }

  /** One sample of a step that is cut: into the same sums in the same order, so that nothing depends on the cut. */
  private take(x: number): void {
    const { partial } = this;
    const at = 3 * (this.filled & 1);
    this.samples[this.count++ & this.mask] = x;
    partial[at] += x;
    partial[at + 1] += this.filled * x;
    partial[at + 2] += x * x;
    if (++this.filled < this.step) return;
    this.filled = 0;
    const [sum, ramp, squares, sum1, ramp1, squares1] = partial;
    partial.fill(0);
    this.endStep(sum + sum1, ramp + ramp1, squares + squares1);
  }

  private endStep(sum: number, ramp: number, squares: number): void {
    const k = this.count / this.step;
    this.total += squares;
    this.sums[k & this.stepMask] = this.total;
    this.halfPeriods.pushStep(sum, ramp, this.onBoundary);
    this.lowPassed[(k - 1) & this.lowPassedMask] = this.halfPeriods.lowPassed;
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
    const first = Math.ceil((from + 0.5) / step);
    const last = Math.ceil((to + 0.5) / step) - 1;
    // Window and wave as phasors that turn on from step to step: no sine is looked up per step.
    const begin = turn * (first * step - 0.5 - from);
    const [windowStepRe, windowStepIm] = [Math.cos(turn * step), Math.sin(turn * step)];
    const [waveStepRe, waveStepIm] = [Math.cos(cycles * turn * step), Math.sin(cycles * turn * step)];
    let [windowRe, windowIm] = [Math.cos(begin), Math.sin(begin)];
    let [waveRe, waveIm] = [Math.cos(cycles * begin), Math.sin(cycles * begin)];
    let re = 0;
    let im = 0;
    let weights = 0;
    for (let k = first; k <= last; k++) {
      const weight = 1 - windowRe;
      const value = weight * lowPassed[k & lowPassedMask];
      re += value * waveIm;
      im += value * waveRe;
      weights += weight;
      const nextWindow = windowRe * windowStepRe - windowIm * windowStepIm;
      windowIm = windowRe * windowStepIm + windowIm * windowStepRe;
      windowRe = nextWindow;
      const nextWave = waveRe * waveStepRe - waveIm * waveStepIm;
      waveIm = waveRe * waveStepIm + waveIm * waveStepRe;
      waveRe = nextWave;
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
    return changePoint(this, first, last, cycle);
  };

  private readonly findShort = (last: number, next: number, cycle: number): ShortDisturbance | undefined => {
    // The cycle after it may begin a little before `next`, which is the third crossing that is like another.
    const after = Math.min(next, this.count - cycle - 2);
    const held = Math.max(0, this.count - this.mask);
    if (last - 2 * cycle - 2 < held || after < next - cycle / 2) return undefined;
    return findShortDisturbance(this, last, next, after, cycle);
  };

  private readonly signOf = (from: number, to: number): number => {
    let sum = 0;
    for (let n = Math.ceil(from); n < to; n++) sum += this.samples[n & this.mask];
    return Math.sign(sum);
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
