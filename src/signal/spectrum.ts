import FFT from 'fft.js';

/**
 * Spectrum of windows of one length: RMS and phase of the lines, harmonic subgroups and THD
 * (IEC 61000-4-7, rectangular window over a whole number of cycles).
 */
export class Spectrum {
  private readonly fft: FFT;
  private readonly lines: number[];
  /** Number of lines, 0 to Nyquist. */
  readonly size: number;

  /**
   * @param length points of the window, a power of two
   * @param cycles cycles of the fundamental in it: order h stands at line h * cycles
   */
  constructor(
    readonly length: number,
    readonly cycles: number,
  ) {
    this.fft = new FFT(length);
    this.lines = this.fft.createComplexArray();
    this.size = length / 2;
  }

  /** Transforms a window; the results stand until the next call. */
  transform(points: Float64Array): void {
    this.fft.realTransform(this.lines, points as unknown as number[]);
  }

  /** RMS of a line, in the unit of the points. */
  line(k: number): number {
    const scale = k === 0 ? 1 / this.length : Math.SQRT2 / this.length;
    return scale * Math.hypot(this.lines[2 * k], this.lines[2 * k + 1]);
  }

  /** Angle of the order's line, radians, of a cosine against the window's start. */
  angle(order: number): number {
    const k = order * this.cycles;
    return Math.atan2(this.lines[2 * k + 1], this.lines[2 * k]);
  }

  /** Harmonic subgroup Gsg,h (IEC 61000-4-7, 5.6): the line of the order with its two neighbours, RMS. */
  subgroup(order: number): number {
    const k = order * this.cycles;
    return order === 0 ? this.line(0) : Math.hypot(this.line(k - 1), this.line(k), this.line(k + 1));
  }

  /** THDS in percent: subgroups of orders 2 to `highest` against that of order 1 (IEC 61000-4-7, 3.3.3). */
  thd(highest: number): number {
    let sum = 0;
    for (let order = 2; order <= highest; order++) sum += this.subgroup(order) ** 2;
    return (100 * Math.sqrt(sum)) / this.subgroup(1);
  }
}
