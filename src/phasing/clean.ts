export type Cleaned = { ok: true } | { ok: false; reason: string };

/**
 * Fills gaps shorter than `maxGap` intervals by straight lines, in place; a gap at an end takes the
 * nearest value. A series with a longer gap, or one that never changes, cannot be compared.
 */
export function fillGaps(series: Float64Array, maxGap: number): Cleaned {
  const { length } = series;
  let known = -1;
  for (let i = 0; i <= length; i++) {
    if (i < length && Number.isNaN(series[i])) continue;
    const gap = i - known - 1;
    if (gap === length) return { ok: false, reason: 'no readings' };
    if (gap >= maxGap) {
      return { ok: false, reason: `gap of ${gap} intervals, at most ${maxGap - 1} can be interpolated` };
    }
    for (let k = known + 1; k < i; k++) {
      if (known < 0) series[k] = series[i];
      else if (i === length) series[k] = series[known];
      else series[k] = series[known] + ((series[i] - series[known]) * (k - known)) / (i - known);
    }
    known = i;
  }
  return { ok: true };
}

/** The series less its mean, over its standard deviation, in place; false where it never changes. */
export function toZScores(series: Float64Array): boolean {
  const mean = series.reduce((a, b) => a + b, 0) / series.length;
  const variance = series.reduce((sum, x) => sum + (x - mean) ** 2, 0) / series.length;
  const deviation = Math.sqrt(variance);
  // A voltage that never changes still shows rounding: 1e-6 of its value is less than any meter resolves.
  if (!(deviation > 1e-6 * Math.abs(mean))) return false;
  for (let i = 0; i < series.length; i++) series[i] = (series[i] - mean) / deviation;
  return true;
}

/** Pearson's correlation of two series of z-scores of one length: the mean of their products. */
export function correlation(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum / a.length;
}
