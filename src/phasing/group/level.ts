import type { Level } from '../clean';

/** Part of the intervals in which the meters of a phase are nearest to each other: when little current flows. */
const QUIET = 0.05;
/** Fewer neighbours than this say nothing about a level. */
const LEAST = 4;

/** A series as z-scores, and the level that makes volts of them. */
export interface Levelled {
  row: Float32Array;
  level: Level;
}

/**
 * How much each meter of a phase reads above the others, in parts of the voltage: at the intervals of least spread,
 * when there is next to no drop between them, so what is left is the error of the meter or its transformer.
 * @param series of each meter, all of one length
 * @returns by meter; all 0 where there are too few of them
 */
export function levelsOf(series: readonly Levelled[]): number[] {
  if (series.length < LEAST) return series.map(() => 0);
  const { length } = series[0].row;
  const origin = series[0].level.mean;
  const sums = new Float64Array(length);
  const squares = new Float64Array(length);
  for (const { row, level } of series) {
    const offset = level.mean - origin;
    const { deviation } = level;
    for (let i = 0; i < length; i++) {
      const x = offset + deviation * row[i];
      sums[i] += x;
      squares[i] += x * x;
    }
  }
  const spread = new Float32Array(length);
  for (let i = 0; i < length; i++) spread[i] = squares[i] - (sums[i] * sums[i]) / series.length;
  const limit = spread.slice().sort()[Math.floor(QUIET * (length - 1))];
  const quiet: number[] = [];
  for (let i = 0; i < length; i++) if (spread[i] <= limit) quiet.push(i);
  const column = new Float32Array(series.length);
  const middle = quiet.map((i) => {
    for (let k = 0; k < series.length; k++) column[k] = volts(series[k], i);
    return median(column);
  });
  const above = new Float32Array(quiet.length);
  return series.map((one) => {
    for (let k = 0; k < quiet.length; k++) above[k] = volts(one, quiet[k]) / middle[k] - 1;
    return median(above);
  });
}

function volts({ row, level }: Levelled, i: number): number {
  return level.mean + level.deviation * row[i];
}

function median(values: Float32Array): number {
  values.sort();
  return values[values.length >> 1];
}
