import { type HalfPeriodOptions, HalfPeriods } from './half-periods';

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
 * The squares are summed once, as they come; a boundary between two samples takes its share of the
 * sample's cell, by the parabola through the neighbours' squares.
 */
export class HalfCycleRms {
  readonly halfPeriods: HalfPeriods;
  /** Sum of the squares of all samples before n, and the square of n, for the newest samples. */
  private readonly sums: Float64Array;
  private readonly squares: Float64Array;
  private readonly mask: number;
  private total = 0;
  private count = 0;
  private readonly half: HalfCycle = { energy: 0, length: 0 };
  private boundary = Number.NaN;
  private integral = 0;
  private halfStart = Number.NaN;
  private halfEnergy = 0;

  constructor(
    options: HalfPeriodOptions,
    private readonly listener: HalfCycleListener,
  ) {
    this.halfPeriods = new HalfPeriods(options);
    const size = 2 ** Math.ceil(Math.log2(this.halfPeriods.reach + 4));
    this.mask = size - 1;
    this.sums = new Float64Array(size);
    this.squares = new Float64Array(size);
  }

  /** Samples `[from, to)` of an array, the next ones of the stream. */
  push(samples: Float32Array, from: number, to: number): void {
    const { sums, squares, mask } = this;
    for (let i = from; i < to; i++) {
      const square = samples[i] * samples[i];
      const slot = this.count & mask;
      sums[slot] = this.total;
      squares[slot] = square;
      this.total += square;
      this.count++;
      this.halfPeriods.push(samples[i], this.onBoundary);
    }
  }

  /** The stream ends here: what can still be measured of it is. */
  finish(): void {
    this.halfPeriods.finish(this.count - 1, this.onBoundary);
  }

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
    const { squares, mask } = this;
    const n = Math.min(this.count - 1, Math.max(0, Math.floor(position + 0.5)));
    const e = position - n;
    const f = squares[n & mask];
    const before = n > 0 ? squares[(n - 1) & mask] : f;
    const after = n < this.count - 1 ? squares[(n + 1) & mask] : f;
    const slope = (after - before) / 2;
    const curve = (after + before) / 2 - f;
    const share = f * (e + 0.5) + (slope * (e * e - 0.25)) / 2 + (curve * (e ** 3 + 0.125)) / 3;
    // The whole cell must hold exactly f, or neighbouring halves would not add up.
    return this.sums[n & mask] + share - (curve / 12) * (e + 0.5);
  }
}
