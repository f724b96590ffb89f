export type Cleaned = { ok: true } | { ok: false; reason: string };

/** Equal values on end, beside those that a coarse resolution gives everybody, from which a series is stuck. */
const STUCK_RUN = 24;
const STUCK_TIMES = 8;

/**
 * Fills gaps shorter than `maxGap` intervals by straight lines, in place; a gap at an end takes the
 * nearest value. A series with a longer gap cannot be compared.
 * @param series volts by interval, NaN where nothing came
 */
export function fillGaps(series: Float32Array, maxGap: number): Cleaned {
  const { length } = series;
  let known = -1;
  let longest = 0;
  for (let i = 0; i <= length; i++) {
    if (i < length && Number.isNaN(series[i])) continue;
    const gap = i - known - 1;
    if (gap === length) return { ok: false, reason: 'no readings' };
    if (gap > longest) longest = gap;
    if (gap > 0 && gap < maxGap) {
      for (let k = known + 1; k < i; k++) {
        if (known < 0) series[k] = series[i];
        else if (i === length) series[k] = series[known];
        else series[k] = series[known] + ((series[i] - series[known]) * (k - known)) / (i - known);
      }
    }
    known = i;
  }
  if (longest < maxGap) return { ok: true };
  return { ok: false, reason: `gap of ${longest} intervals, at most ${maxGap - 1} can be interpolated` };
}

/** Steps that are counted: a meter that reads more seldom has gaps, not a step. */
const MAX_STEP = 64;

/** Intervals from one reading to the next that most readings keep; 1 for a meter on the grid, 0 for none. */
export function usualStep(series: Float32Array): number {
  const counts = new Int32Array(MAX_STEP + 1);
  let last = -1;
  for (let i = 0; i < series.length; i++) {
    if (Number.isNaN(series[i])) continue;
    if (last >= 0 && i - last <= MAX_STEP) counts[i - last]++;
    last = i;
  }
  let best = 0;
  for (let step = 1; step <= MAX_STEP; step++) if (counts[step] > counts[best]) best = step;
  return best;
}

/** Longest run of one value, passing over what is missing. */
export function longestRun(series: Float32Array): number {
  let run = 0;
  let longest = 0;
  let last = Number.NaN;
  for (let i = 0; i < series.length; i++) {
    const x = series[i];
    if (Number.isNaN(x)) continue;
    run = x === last ? run + 1 : 1;
    last = x;
    if (run > longest) longest = run;
  }
  return longest;
}

/** Whether a run of one value is a meter that hangs, against what is usual among its neighbours. */
export function isStuck(run: number, usual: number): boolean {
  return run >= STUCK_RUN && run > STUCK_TIMES * usual;
}

/** Moving mean over `width` intervals of what is there, in place; shorter at the ends. What is missing stays so. */
export function smooth(series: Float32Array, width: number): void {
  const half = width >> 1;
  const sums = new Float64Array(series.length + 1);
  const counts = new Int32Array(series.length + 1);
  for (let i = 0; i < series.length; i++) {
    const isThere = !Number.isNaN(series[i]);
    sums[i + 1] = sums[i] + (isThere ? series[i] : 0);
    counts[i + 1] = counts[i] + (isThere ? 1 : 0);
  }
  for (let i = 0; i < series.length; i++) {
    if (Number.isNaN(series[i])) continue;
    const from = Math.max(0, i - half);
    const to = Math.min(series.length, i + half + 1);
    series[i] = (sums[to] - sums[from]) / (counts[to] - counts[from]);
  }
}

/** Mean and standard deviation of a series, V. */
export interface Level {
  mean: number;
  deviation: number;
}

/**
 * Puts a series to mean 0 and deviation 1, in place; what is missing becomes 0. Undefined where it never changes.
 * @param least deviation, where it is not in parts of the mean
 */
export function toZScores(series: Float32Array, least?: number): Level | undefined {
  const { length } = series;
  let sum = 0;
  let count = 0;
  for (let i = 0; i < length; i++) {
    const x = series[i];
    if (Number.isNaN(x)) continue;
    sum += x;
    count++;
  }
  const mean = sum / count;
  let squares = 0;
  for (let i = 0; i < length; i++) {
    if (Number.isNaN(series[i])) series[i] = mean;
    squares += (series[i] - mean) ** 2;
  }
  const deviation = Math.sqrt(squares / length);
  // A voltage that never changes still shows rounding: 1e-6 of its value is less than any meter resolves.
  if (!(deviation > (least ?? 1e-6 * Math.abs(mean)))) return undefined;
  const factor = 1 / deviation;
  for (let i = 0; i < length; i++) series[i] = (series[i] - mean) * factor;
  return { mean, deviation };
}

/** Part of the intervals that have a value. */
export function shareOf(row: Float32Array): number {
  let count = 0;
  for (let i = 0; i < row.length; i++) if (!Number.isNaN(row[i])) count++;
  return count / row.length;
}
