/** ms. */
export const TEN_SECONDS = 10_000;

/**
 * Frequency over 10 s of the clock (IEC 61000-4-30, 5.1): the whole cycles that lie in them, divided by
 * what they last.
 */
export class TenSecondFrequency {
  private first = Number.NaN;
  private last = Number.NaN;
  private beforeLast = Number.NaN;
  private halves = 0;

  /** @param position of the next end of a half cycle, in samples */
  push(position: number): void {
    if (Number.isNaN(this.first)) {
      this.first = position;
    } else {
      this.halves++;
      this.beforeLast = this.last;
    }
    this.last = position;
  }

  /**
   * The 10 s are over.
   * @returns cycles per sample, and the samples they were counted over; undefined without one whole cycle
   */
  end(): { frequency: number; samples: number } | undefined {
    const cycles = Math.floor(this.halves / 2);
    const samples = (this.halves % 2 === 0 ? this.last : this.beforeLast) - this.first;
    this.first = this.last = this.beforeLast = Number.NaN;
    this.halves = 0;
    return cycles > 0 ? { frequency: cycles / samples, samples } : undefined;
  }
}
