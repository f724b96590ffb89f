/**
 * Puts the samples of a window on a grid of as many points as a transform takes, by a short kernel whose spectrum
 * is known: the lines of the transform are divided by it afterwards ({@link Gridding.undo}). So the kernel
 * need not be flat where the signal is, only small where its images would fall back (J. I. Jackson et al.,
 * "Selection of a convolution function for Fourier inversion using gridding", IEEE Trans. Med. Imaging 10, 1991).
 *
 * Kernel: Kaiser-Bessel over {@link width} samples. What lies below `highest` shows with less than 1e-4 of its
 * amplitude elsewhere, and is right to 2e-4 itself, at order 63 as at the first. Where content reaches up to 45 %
 * of the rate, the most that is taken, that above 40 % shows with up to 3e-3 of itself one or two lines beside.
 */
export class Gridding {
  /** Samples under the kernel: 6, or 8 where the content reaches up to 45 % of the rate. */
  readonly width: number;
  /** Rows of `width` values, one for each fraction of a sample; between them, straight lines. */
  private readonly table: Float64Array;
  /** One over the kernel's spectrum, by frequency; between its values, straight lines. */
  private readonly inverse: Float64Array;

  /** @param highest frequency of interest in parts of the lower one of both rates, 0.45 at most */
  constructor(highest: number) {
    this.width = highest <= NARROW ? 6 : 8;
    const { table, inverse } = designOf(this.width);
    this.table = table;
    this.inverse = inverse;
  }

  /**
   * Grids two channels into one array of complex points: the first as the real, the second as the imaginary part.
   * @param start position of the first point in the samples
   * @param ratio samples from point to point
   */
  pair(a: Float64Array, b: Float64Array, start: number, ratio: number, out: Float64Array): void {
    if (ratio > 1) {
      this.stretched([a, b], start, ratio, [out]);
      return;
    }
    const { table, width } = this;
    const points = out.length / 2;
    for (let k = 0; k < points; k++) {
      const at = start + k * ratio;
      const floor = at | 0;
      const fraction = (at - floor) * FINENESS;
      const row = fraction | 0;
      const part = fraction - row;
      let t = row * width;
      let sumA = 0;
      let sumB = 0;
      const first = floor - width / 2 + 1;
      for (let n = first; n < first + width; n++, t++) {
        const h = table[t] + part * (table[t + width] - table[t]);
        sumA += h * a[n];
        sumB += h * b[n];
      }
      out[2 * k] = sumA;
      out[2 * k + 1] = sumB;
    }
  }

  /** Three pairs at once, which share the work for the kernel. As {@link pair}. */
  pairs(channels: readonly Float64Array[], start: number, ratio: number, out: readonly Float64Array[]): void {
    if (ratio > 1) {
      this.stretched(channels, start, ratio, out);
      return;
    }
    const { table, width } = this;
    const [a, b, c, d, e, f] = channels;
    const [ab, cd, ef] = out;
    const points = ab.length / 2;
    for (let k = 0; k < points; k++) {
      const at = start + k * ratio;
      const floor = at | 0;
      const fraction = (at - floor) * FINENESS;
      const row = fraction | 0;
      const part = fraction - row;
      let t = row * width;
      let sumA = 0;
      let sumB = 0;
      let sumC = 0;
      let sumD = 0;
      let sumE = 0;
      let sumF = 0;
      const first = floor - width / 2 + 1;
      for (let n = first; n < first + width; n++, t++) {
        const h = table[t] + part * (table[t + width] - table[t]);
        sumA += h * a[n];
        sumB += h * b[n];
        sumC += h * c[n];
        sumD += h * d[n];
        sumE += h * e[n];
        sumF += h * f[n];
      }
      ab[2 * k] = sumA;
      ab[2 * k + 1] = sumB;
      cd[2 * k] = sumC;
      cd[2 * k + 1] = sumD;
      ef[2 * k] = sumE;
      ef[2 * k + 1] = sumF;
    }
  }

  /**
   * What undoes the kernel, by line: factors for the lines of a window, DC first.
   * @param length samples of the window: line k stands at k / length cycles per sample
   */
  undo(length: number, ratio: number, out: Float64Array): void {
    const stretch = Math.max(1, ratio);
    const { inverse } = this;
    const step = (stretch * INVERSE_FINENESS) / length;
    for (let k = 0; k < out.length; k++) {
      const x = Math.min(k * step, inverse.length - 2);
      const i = x | 0;
      out[k] = (inverse[i] + (x - i) * (inverse[i + 1] - inverse[i])) / stretch;
    }
  }

  /** Fewer points than samples: a kernel as much longer, that also stops what the points could not tell. */
  private stretched(
    channels: readonly Float64Array[],
    start: number,
    ratio: number,
    out: readonly Float64Array[],
  ): void {
    const { table, width } = this;
    const half = (width / 2) * ratio;
    const sums = new Float64Array(channels.length);
    for (let k = 0; k < out[0].length / 2; k++) {
      const at = start + k * ratio;
      sums.fill(0);
      const last = Math.floor(at + half);
      for (let n = Math.ceil(at - half); n <= last; n++) {
        // Rows run backwards along a sample: the distance from the kernel's left end.
        const x = (n - at) / ratio + width / 2;
        const column = Math.ceil(x) - 1;
        if (column < 0 || column >= width) continue;
        const fraction = (column + 1 - x) * FINENESS;
        const row = fraction | 0;
        const t = row * width + column;
        const h = table[t] + (fraction - row) * (table[t + width] - table[t]);
        for (let c = 0; c < channels.length; c++) sums[c] += h * channels[c][n];
      }
      for (let c = 0; c < channels.length; c++) out[c >> 1][2 * k + (c & 1)] = sums[c];
    }
  }
}

/** Highest content in parts of the rate for which the short kernel does, and the long one. */
const NARROW = 0.32;
const HIGHEST = 0.45;
/** Rows of the table per sample: straight lines between them are right to 2e-6. */
const FINENESS = 256;

/** Values of the inverse spectrum per unit of frequency: straight lines are right to 1e-6. */
const INVERSE_FINENESS = 8192;

interface Design {
  table: Float64Array;
  inverse: Float64Array;
}
const designs = new Map<number, Design>();

function designOf(width: number): Design {
  const made = designs.get(width) ?? design(width, width === 6 ? NARROW : HIGHEST);
  designs.set(width, made);
  return made;
}

function design(width: number, highest: number): Design {
  const beta = Math.PI * width * (1 - highest);
  // One row more, for the straight line out of the last one.
  const table = new Float64Array(width * (FINENESS + 2));
  for (let i = 0; i < table.length; i++) {
    const x = (i % width) - width / 2 + 1 - Math.floor(i / width) / FINENESS;
    const edge = (2 * x) / width;
    table[i] = Math.abs(edge) <= 1 ? bessel0(beta * Math.sqrt(1 - edge * edge)) : 0;
  }
  const inverse = Float64Array.from({ length: Math.ceil(0.5 * INVERSE_FINENESS) + 2 }, (_, i) => {
    const x = (Math.PI * width * i) / INVERSE_FINENESS;
    const root = Math.sqrt(Math.max(1e-12, beta * beta - x * x));
    return root / Math.sinh(root) / width;
  });
  return { table, inverse };
}

/** Modified Bessel function of the first kind, order 0, by its series. */
export function bessel0(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > 1e-15 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
