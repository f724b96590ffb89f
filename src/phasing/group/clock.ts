import { dot } from './rows';

/** Intervals by which a clock may be off and still be found. */
export const MAX_LAG = 3;

export interface ClockLag {
  /** Intervals by which the clock is late; between whole ones by the parabola through the highest likeness. */
  lag: number;
  /** Pearson's correlation at that lag, to the nearest interval, and without a shift. */
  likeness: number;
  unshifted: number;
}

/**
 * How late a meter's clock is: the lag at which its series is most like that of its phase. The search goes on from lag
 * to lag only as long as the likeness rises.
 * @param row z-scores of the meter
 * @param sum of its phase, the meter among it
 * @param square of the sum with itself
 */
export function clockLag(row: Float32Array, sum: Float32Array, square: number): ClockLag {
  const own = dot(row, row);
  const product = dot(row, sum);
  const others = square - 2 * product + own;
  const size = Math.sqrt(Math.max(1e-12, own * others));
  const known = new Map([[0, (product - own) / size]]);
  const likeness = (lag: number): number => {
    let r = known.get(lag);
    if (r === undefined) {
      r =
        ((lagged(row, sum, lag) - lagged(row, row, lag)) / size) *
        (row.length / (row.length - Math.abs(lag)));
      known.set(lag, r);
    }
    return r;
  };
  let best = 0;
  for (const step of [1, -1]) {
    while (Math.abs(best + step) <= MAX_LAG && likeness(best + step) > likeness(best)) best += step;
  }
  const found = { lag: best, likeness: likeness(best), unshifted: likeness(0) };
  if (Math.abs(best) === MAX_LAG) return found;
  const [before, at, after] = [likeness(best - 1), likeness(best), likeness(best + 1)];
  const bend = before - 2 * at + after;
  if (bend < 0) found.lag += (before - after) / (2 * bend);
  return found;
}

/** Sum of the products of a series with another one that is `lag` intervals ahead of it. */
function lagged(row: Float32Array, other: Float32Array, lag: number): number {
  const n = row.length - Math.abs(lag);
  const from = Math.max(0, lag);
  const to = Math.max(0, -lag);
  return dot(row.subarray(from, from + n), other.subarray(to, to + n));
}

/** A series as it would be with the clock right: each value taken `lag` intervals later, in place. */
export function shift(series: Float32Array, lag: number): void {
  const before = Float32Array.from(series);
  const last = series.length - 1;
  for (let i = 0; i <= last; i++) {
    const at = Math.min(last, Math.max(0, i + lag));
    const floor = Math.min(last - 1, Math.floor(at));
    series[i] = before[floor] + (at - floor) * (before[floor + 1] - before[floor]);
  }
}
