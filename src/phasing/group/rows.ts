/** Series of one length side by side: row k of z-scores. */
export interface Rows {
  readonly length: number;
  readonly rows: readonly Float32Array[];
  /** Intervals of a row that are compared, 1 for each; all of them without. */
  readonly quiet?: readonly (Uint8Array | undefined)[];
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
  /** Members that speak in each interval, where some are compared in their quiet ones only. */
  private readonly speaking: Float32Array[] | undefined;

  /** @param phaseOf index of each row's phase; -1 for one that belongs to none */
  constructor({ rows, length, quiet }: Rows, phaseOf: ArrayLike<number>, phases: number) {
    const exact = Array.from({ length: phases }, () => new Float64Array(length));
    this.speaking = quiet?.some((one) => one) ? exact.map(() => new Float32Array(length)) : undefined;
    this.counts = new Array(phases).fill(0);
    rows.forEach((row, k) => {
      const phase = phaseOf[k];
      if (phase < 0) return;
      this.counts[phase]++;
      const sum = exact[phase];
      for (let i = 0; i < length; i++) sum[i] += row[i];
      const speaking = this.speaking?.[phase];
      if (speaking) for (let i = 0; i < length; i++) speaking[i] += quiet?.[k]?.[i] ?? 1;
    });
    this.sums = exact.map((sum) => Float32Array.from(sum));
    this.squares = this.sums.map((sum) => dot(sum, sum));
  }

  /**
   * Pearson's correlation of a row of z-scores with the mean of a phase's members.
   * @param own whether the row is one of them: it is left out then
   * @param quiet intervals of the row that count
   * @returns NaN for a phase without (other) members
   */
  likeness(row: Float32Array, phase: number, own: boolean, quiet?: Uint8Array): number {
    if (this.counts[phase] - (own ? 1 : 0) <= 0) return Number.NaN;
    if (this.speaking) return this.quietLikeness(row, phase, own ? 1 : 0, quiet);
    const n = row.length;
    const product = dot(row, this.sums[phase]);
    if (!own) return product / Math.sqrt(n * this.squares[phase]);
    const rest = this.squares[phase] - 2 * product + n;
    return (product - n) / Math.sqrt(n * Math.max(1e-9, rest));
  }

  /** The same over the quiet intervals of the row, with the mean of those that are quiet in each. */
  private quietLikeness(row: Float32Array, phase: number, take: number, quiet?: Uint8Array): number {
    const sum = this.sums[phase];
    const speaking = (this.speaking as Float32Array[])[phase];
    let [n, x, y, xx, yy, xy] = [0, 0, 0, 0, 0, 0];
    for (let i = 0; i < row.length; i++) {
      const others = speaking[i] - take;
      if ((quiet && !quiet[i]) || others <= 0) continue;
      const a = row[i];
      const b = (sum[i] - take * a) / others;
      n++;
      x += a;
      y += b;
      xx += a * a;
      yy += b * b;
      xy += a * b;
    }
    const square = (xx - (x * x) / n) * (yy - (y * y) / n);
    return square > 0 ? (xy - (x * y) / n) / Math.sqrt(square) : Number.NaN;
  }

  /** The mean of a phase's members without one row (where it is one of them), not normalised. */
  without(row: Float32Array, phase: number, own: boolean): Float32Array {
    const sum = Float32Array.from(this.sums[phase]);
    if (own) for (let i = 0; i < sum.length; i++) sum[i] -= row[i];
    return sum;
  }
}
