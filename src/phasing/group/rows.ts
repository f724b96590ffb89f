/** Sum of the products of two series. */
export function dot(a: Float32Array, b: Float32Array): number {
  // Four sums, so that none waits for the one before.
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  const whole = a.length - (a.length % 4);
  for (let i = 0; i < whole; i += 4) {
    s0 += a[i] * b[i];
    s1 += a[i + 1] * b[i + 1];
    s2 += a[i + 2] * b[i + 2];
    s3 += a[i + 3] * b[i + 3];
  }
  for (let i = whole; i < a.length; i++) s0 += a[i] * b[i];
  return s0 + s1 + (s2 + s3);
}

/** References of each phase added up, of the length of a row of z-scores; undefined for a phase without any. */
export type ReferenceRows = readonly (Float32Array | undefined)[];

/** How much the references count in what a meter is compared with, against the mean of its neighbours. */
export const REFERENCE_WEIGHT = 0.8;

/** The members of each phase added up, from which each meter's likeness to the others follows. */
export class PhaseSums {
  readonly sums: Float32Array[];
  readonly counts: number[];
  readonly squares: number[];

  /** @param phaseOf index of each row's phase; -1 for one that belongs to none */
  constructor(rows: readonly Float32Array[], length: number, phaseOf: ArrayLike<number>, phases: number) {
    const exact = Array.from({ length: phases }, () => new Float64Array(length));
    this.counts = new Array(phases).fill(0);
    rows.forEach((row, k) => {
      const phase = phaseOf[k];
      if (phase < 0) return;
      this.counts[phase]++;
      const sum = exact[phase];
      for (let i = 0; i < length; i++) sum[i] += row[i];
    });
    this.sums = exact.map((sum) => Float32Array.from(sum));
    this.squares = this.sums.map((sum) => dot(sum, sum));
  }
}

/** Products from which a likeness follows, over a window or a draw of its stretches. */
export interface Products {
  /** Row with itself, with the sum of the other members of the phase, and with its references. */
  xx: number;
  xo: number;
  xr: number;
  /** The sum with itself and with the references; these with themselves. */
  oo: number;
  or: number;
  rr: number;
}

/**
 * Pearson's correlation of a row with its neighbours on a phase: the mean of the references, of the other members, or
 * of both by their weight.
 * @param others how many other members there are
 * @returns NaN where there is neither
 */
export function likenessOf(
  { xx, xo, xr, oo, or, rr }: Products,
  others: number,
  hasReferences: boolean,
  weight = REFERENCE_WEIGHT,
): number {
  if (others <= 0) return hasReferences ? xr / Math.sqrt(Math.max(1e-9, xx * rr)) : Number.NaN;
  if (!hasReferences) return xo / Math.sqrt(Math.max(1e-9, xx * oo));
  const a = weight / Math.sqrt(Math.max(1e-9, rr));
  const b = (1 - weight) / Math.sqrt(Math.max(1e-9, oo));
  const square = weight * weight + (1 - weight) * (1 - weight) + 2 * a * b * or;
  return (a * xr + b * xo) / Math.sqrt(Math.max(1e-9, xx * square));
}
