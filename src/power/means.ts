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

  /** @param from, to positions of the window's ends; {@link MEAN_MARGIN} samples beside them must be there */
  set(from: number, to: number): void {
    this.first = Math.ceil(from - FADE / 2);
    this.last = Math.floor(to + FADE / 2);
    this.length = to - from;
    for (let k = 0; k <= FADE; k++) {
      this.left[k] = faded(this.first + k - from);
      this.right[k] = faded(to - this.last + k);
    }
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
