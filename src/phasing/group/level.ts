/** Part of the intervals in which the meters of a phase are nearest to each other: when little current flows. */
const QUIET = 0.05;
/** Fewer neighbours than this say nothing about a level. */
const LEAST = 4;

/**
 * How much each meter of a phase reads above the others, in parts of the voltage: at the intervals of least spread,
 * when there is next to no drop between them, so what is left is the error of the meter or its transformer.
 * @param volts of each meter, all of one length
 * @returns by meter; all 0 where there are too few of them
 */
export function levelsOf(volts: readonly Float32Array[]): number[] {
  if (volts.length < LEAST) return volts.map(() => 0);
  const { length } = volts[0];
  const spread = new Float32Array(length);
  const origin = volts[0][0];
  for (let i = 0; i < length; i++) {
    let sum = 0;
    let squares = 0;
    for (const series of volts) {
      const x = series[i] - origin;
      sum += x;
      squares += x * x;
    }
    spread[i] = squares / volts.length - (sum / volts.length) ** 2;
  }
  const limit = Float32Array.from(spread).sort()[Math.floor(QUIET * (length - 1))];
  const quiet: number[] = [];
  for (let i = 0; i < length; i++) if (spread[i] <= limit) quiet.push(i);
  const middle = quiet.map((i) => median(Float32Array.from(volts, (series) => series[i])));
  return volts.map((series) => median(Float32Array.from(quiet, (i, k) => series[i] / middle[k] - 1)));
}

function median(values: Float32Array): number {
  values.sort();
  return values[values.length >> 1];
}
