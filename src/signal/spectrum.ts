import FFT from 'fft.js';
import { Gridding } from './gridding';

/** Lines of one channel's spectrum, from DC on: RMS phasors, cosines against the window's start. */
export interface Lines {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/**
 * Spectra of the channels of one window over a whole number of cycles, at any rate: the lines stand on the
 * harmonics (IEC 61000-4-7, 4.4.1: rectangular window, synchronised). Order h stands at line h * `cycles`.
 *
 * Two channels go through one complex transform, which costs less than two of half the length.
 * Holds its memory between windows and is not to be shared by two windows at once.
 */
export class Spectrum {
  readonly points: number;
  private readonly fft: FFT;
  private readonly grids: Float64Array[];
  private readonly transformed: Float64Array;
  private readonly gain: Float64Array;
  private readonly channels: Lines[];

  /**
   * @param points of the transform, a power of two
   * @param cycles of the fundamental in a window
   * @param count lines wanted, DC included; at most half of the points
   * @param pairs of channels
   */
  constructor(
    points: number,
    readonly cycles: number,
    readonly count: number,
    pairs: number,
  ) {
    this.points = points;
    this.fft = new FFT(points);
    this.grids = Array.from({ length: pairs }, () => new Float64Array(2 * points));
    this.transformed = new Float64Array(2 * points);
    this.gain = new Float64Array(count);
    this.channels = Array.from({ length: 2 * pairs }, () => ({
      re: new Float64Array(count),
      im: new Float64Array(count),
    }));
  }

  /**
   * @param samples an even number of channels
   * @param start position of the window in them
   * @param length samples of the window, which need not be whole
   * @param highest frequency of interest, in parts of the lower one of both rates (see {@link Gridding})
   * @returns the lines of each channel; they stand until the next call
   */
  of(samples: readonly Float64Array[], start: number, length: number, highest: number): readonly Lines[] {
    const { points, grids, fft, transformed } = this;
    const ratio = length / points;
    const gridding = new Gridding(highest);
    if (grids.length === 3) gridding.pairs(samples, start, ratio, grids);
    else
      grids.forEach((grid, i) => {
        gridding.pair(samples[2 * i], samples[2 * i + 1], start, ratio, grid);
      });
    this.prepareGain(gridding, length, ratio);
    for (let i = 0; i < grids.length; i++) {
      fft.transform(transformed as unknown as number[], grids[i] as unknown as number[]);
      this.unpack(this.channels[2 * i], this.channels[2 * i + 1]);
    }
    return this.channels;
  }

  private prepareGain(gridding: Gridding, length: number, ratio: number): void {
    const { gain, points } = this;
    gridding.undo(length, ratio, gain);
    for (let k = 0; k < gain.length; k++) gain[k] *= Math.SQRT1_2 / points;
    gain[0] *= Math.SQRT1_2;
  }

  /** The spectra of the real and of the imaginary part: what is even, and what is odd around the middle. */
  private unpack(a: Lines, b: Lines): void {
    const { transformed: z, gain, points } = this;
    for (let k = 0; k < gain.length; k++) {
      const mirror = k === 0 ? 0 : points - k;
      const g = gain[k];
      const re = z[2 * k];
      const im = z[2 * k + 1];
      const mirrorRe = z[2 * mirror];
      const mirrorIm = z[2 * mirror + 1];
      a.re[k] = g * (re + mirrorRe);
      a.im[k] = g * (im - mirrorIm);
      b.re[k] = g * (im + mirrorIm);
      b.im[k] = g * (mirrorRe - re);
    }
  }
}
