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
 * How late a meter's clock is: the lag at which its series is most like that of its phase.
 * @param row z-scores of the meter
 * @param others of its phase, added up, without it
 */
export function clockLag(row: Float32Array, others: Float32Array): ClockLag {
  const likeness: number[] = [];
  for (let lag = -MAX_LAG; lag <= MAX_LAG; lag++) likeness.push(lagged(row, others, lag));
  let best = 0;
  for (let i = 1; i < likeness.length; i++) if (likeness[i] > likeness[best]) best = i;
  const found = { lag: best - MAX_LAG, likeness: likeness[best], unshifted: likeness[MAX_LAG] };
  if (best === 0 || best === likeness.length - 1) return found;
  const [before, at, after] = likeness.slice(best - 1, best + 2);
  const bend = before - 2 * at + after;
  if (bend < 0) found.lag += (before - after) / (2 * bend);
  return found;
}

function lagged(row: Float32Array, others: Float32Array, lag: number): number {
  const n = row.length - Math.abs(lag);
  const own = row.subarray(Math.max(0, lag), Math.max(0, lag) + n);
  const theirs = others.subarray(Math.max(0, -lag), Math.max(0, -lag) + n);
  return dot(own, theirs) / Math.sqrt(Math.max(1e-12, dot(own, own) * dot(theirs, theirs)));
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
