/** Series of one length side by side: row k of z-scores. */
export interface Rows {
  readonly length: number;
  readonly rows: readonly Float32Array[];
}

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

/** The members of each phase added up, from which each meter's likeness to the others follows. */
export class PhaseSums {
  readonly sums: Float32Array[];
  readonly counts: number[];
  private readonly squares: number[];

  /** @param phaseOf index of each row's phase; -1 for one that belongs to none */
  constructor({ rows, length }: Rows, phaseOf: ArrayLike<number>, phases: number) {
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

  /**
   * Pearson's correlation of a row of z-scores with the mean of a phase's members.
   * @param own whether the row is one of them: it is left out then
   * @returns NaN for a phase without (other) members
   */
  likeness(row: Float32Array, phase: number, own: boolean): number {
    if (this.counts[phase] - (own ? 1 : 0) <= 0) return Number.NaN;
    const n = row.length;
    const product = dot(row, this.sums[phase]);
    if (!own) return product / Math.sqrt(n * this.squares[phase]);
    const rest = this.squares[phase] - 2 * product + n;
    return (product - n) / Math.sqrt(n * Math.max(1e-9, rest));
  }

  /** The mean of a phase's members without one row (where it is one of them), not normalised. */
  without(row: Float32Array, phase: number, own: boolean): Float32Array {
    const sum = Float32Array.from(this.sums[phase]);
    if (own) for (let i = 0; i < sum.length; i++) sum[i] -= row[i];
    return sum;
  }
}
