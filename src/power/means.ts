import { bessel0, type Complex } from '../signal';

/** Samples over which each end of a window fades. */
const FADE = 24;
/** Samples that must be there on each side of a window. */
export const MEAN_MARGIN = FADE / 2 + 1;

/**
 * Means of products over a window that begins and ends between two samples, whole cycles long: P and RMS of the
 * samples themselves, by their definition, with all that the sampling shows.
 *
 * Each end fades over {@link FADE} samples, as the integral of a Hann kernel: so the products of components near
 * half the rate do not fold down, which a sum that ends between two samples would let through (7e-4 of S for
 * harmonics of 10 % up to 45 % of 2.5 kHz). What fades out of one window fades into the next: over windows side
 * by side each sample counts once, so energies add up.
 */
export class WindowMeans {
  private readonly left = new Float64Array(FADE + 1);
  private readonly right = new Float64Array(FADE + 1);
  private first = 0;
  private last = 0;
  private length = 1;
  /** The fundamental's wave at each sample in the window: cosine, and minus sine, from its start. */
  private waveRe = new Float64Array(0);
  private waveIm = new Float64Array(0);

  /**
   * @param from, to positions of the window's ends; {@link MEAN_MARGIN} samples beside them must be there
   * @param cycles of the fundamental between them
   */
  set(from: number, to: number, cycles: number): void {
    this.first = Math.ceil(from - FADE / 2);
    this.last = Math.floor(to + FADE / 2);
    this.length = to - from;
    for (let k = 0; k <= FADE; k++) {
      this.left[k] = faded(this.first + k - from);
      this.right[k] = faded(to - this.last + k);
    }
    this.setWave(from, to, (2 * Math.PI * cycles) / (to - from));
  }

  private setWave(from: number, to: number, step: number): void {
    const { first, last } = this;
    const count = last - first + 1;
    if (this.waveRe.length < count) {
      this.waveRe = new Float64Array(count + 64);
      this.waveIm = new Float64Array(count + 64);
    }
    const { waveRe, waveIm } = this;
    const [turnRe, turnIm] = [Math.cos(step), -Math.sin(step)];
    let re = Math.cos(step * (first - from));
    let im = -Math.sin(step * (first - from));
    for (let k = 0; k < count; k++) {
      waveRe[k] = re;
      waveIm[k] = im;
      const next = re * turnRe - im * turnIm;
      im = re * turnIm + im * turnRe;
      re = next;
    }
    for (let k = 0; k <= FADE; k++) {
      const begun = stepped(first + k - from);
      const over = stepped(to - last + k);
      waveRe[k] *= begun;
      waveIm[k] *= begun;
      waveRe[count - 1 - k] *= over;
      waveIm[count - 1 - k] *= over;
    }
  }

  /**
   * RMS phasor of the fundamental over the window: the line of the plain, rectangular window (IEC 61000-4-7, 4.4.1).
   * Its ends lie between samples, so they are those of the signal through the samples: a kernel that passes what the
   * rate shows, where the means have one that keeps products of what it shows from folding down. Cosine angle at the
   * window's start.
   */
  line(x: Float64Array): Complex {
    const { first, last, length, waveRe, waveIm } = this;
    const count = last - first + 1;
    let re = 0;
    let im = 0;
    for (let k = 0; k < count; k++) {
      const sample = x[first + k];
      re += sample * waveRe[k];
      im += sample * waveIm[k];
    }
    return { re: (Math.SQRT2 * re) / length, im: (Math.SQRT2 * im) / length };
  }

  /** Mean of v², of i² and of v i, and the largest magnitudes of v and i. */
  ofPhase(v: Float64Array, i: Float64Array, out: PhaseMeans): PhaseMeans {
    const { left, right, first, last, length } = this;
    let vv = 0;
    let ii = 0;
    let vi = 0;
    for (let k = 0; k <= FADE; k++) {
      const [a, b] = [first + k, last - k];
      vv += left[k] * v[a] * v[a] + right[k] * v[b] * v[b];
      ii += left[k] * i[a] * i[a] + right[k] * i[b] * i[b];
      vi += left[k] * v[a] * i[a] + right[k] * v[b] * i[b];
    }
    let vPeak = 0;
    let iPeak = 0;
    for (let n = first + FADE + 1; n < last - FADE; n++) {
      const x = v[n];
      const y = i[n];
      vv += x * x;
      ii += y * y;
      vi += x * y;
      const vMagnitude = Math.abs(x);
      const iMagnitude = Math.abs(y);
      if (vMagnitude > vPeak) vPeak = vMagnitude;
      if (iMagnitude > iPeak) iPeak = iMagnitude;
    }
    out.vv = vv / length;
    out.ii = ii / length;
    out.vi = vi / length;
    out.vPeak = vPeak;
    out.iPeak = iPeak;
    return out;
  }

  /** Mean of the square of the sum of three channels: of the neutral current, or of three times V0. */
  ofSum(a: Float64Array, b: Float64Array, c: Float64Array): number {
    const { left, right, first, last } = this;
    let sum = 0;
    for (let k = 0; k <= FADE; k++) {
      const [l, r] = [first + k, last - k];
      sum += left[k] * (a[l] + b[l] + c[l]) ** 2 + right[k] * (a[r] + b[r] + c[r]) ** 2;
    }
    for (let n = first + FADE + 1; n < last - FADE; n++) {
      const x = a[n] + b[n] + c[n];
      sum += x * x;
    }
    return sum / this.length;
  }

  /** Mean of the square of one channel. */
  ofSquare(a: Float64Array): number {
    const { left, right, first, last } = this;
    let sum = 0;
    for (let k = 0; k <= FADE; k++) sum += left[k] * a[first + k] ** 2 + right[k] * a[last - k] ** 2;
    for (let n = first + FADE + 1; n < last - FADE; n++) sum += a[n] * a[n];
    return sum / this.length;
  }
}

export interface PhaseMeans {
  vv: number;
  ii: number;
  vi: number;
  vPeak: number;
  iPeak: number;
}

/** Weight of a sample that lies so far inside the window's end. */
function faded(inside: number): number {
  const x = inside / FADE;
  if (x <= -0.5) return 0;
  if (x >= 0.5) return 1;
  return x + 0.5 + Math.sin(2 * Math.PI * x) / (2 * Math.PI);
}

/** Steps of the table per sample. */
const FINENESS = 128;
const HALF = FADE / 2;
/** Shape of the window on the sinc kernel: 60 dB. */
const KAISER = 6;

/** Integral of the interpolation kernel (a sinc under a Kaiser window) from its beginning, in steps of the table. */
const STEP = integrateKernel();

/** Part of a sample that counts which lies so far inside the end of a rectangular window of the signal itself. */
function stepped(inside: number): number {
  if (inside <= -HALF) return 0;
  if (inside >= HALF) return 1;
  const at = (inside + HALF) * FINENESS;
  const n = Math.floor(at);
  return STEP[n] + (at - n) * (STEP[n + 1] - STEP[n]);
}

function integrateKernel(): Float64Array {
  const table = new Float64Array(2 * HALF * FINENESS + 2);
  const kernel = (s: number) => {
    const x = s / HALF;
    const sinc = Math.abs(s) < 1e-12 ? 1 : Math.sin(Math.PI * s) / (Math.PI * s);
    return sinc * bessel0(KAISER * Math.sqrt(Math.max(0, 1 - x * x)));
  };
  for (let n = 1; n < table.length; n++) {
    const s = (n - 0.5) / FINENESS - HALF;
    table[n] = table[n - 1] + kernel(s);
  }
  const whole = table[2 * HALF * FINENESS];
  return table.map((value) => value / whole);
}
