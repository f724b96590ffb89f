/**
 * RMS over one cycle of a fixed length, renewed every half cycle: for pictures. Events are judged by Urms(1/2), which
 * stands on the zero crossings of each channel ({@link HalfCycleRms}).
 * @param samples of one channel
 * @param cycle samples of a cycle; a fraction is taken by its share
 * @returns sample positions of the ends of the cycles, and the values in the unit of the samples
 */
export function cycleRms(
  samples: ArrayLike<number>,
  cycle: number,
): { ends: Float64Array; values: Float64Array } {
  const count = cycle >= 2 ? Math.max(0, Math.floor((samples.length - cycle) / (cycle / 2)) + 1) : 0;
  const ends = new Float64Array(count);
  const values = new Float64Array(count);
  if (count === 0) return { ends, values };
  const sums = new Float64Array(samples.length + 1);
  for (let k = 0; k < samples.length; k++) sums[k + 1] = sums[k] + samples[k] * samples[k];
  const upTo = (position: number) => {
    const whole = Math.min(Math.floor(position), samples.length);
    const rest = position - whole;
    return rest > 0 && whole < samples.length ? sums[whole] + rest * samples[whole] ** 2 : sums[whole];
  };
  for (let k = 0; k < count; k++) {
    const start = (k * cycle) / 2;
    ends[k] = start + cycle;
    values[k] = Math.sqrt(Math.max(0, upTo(start + cycle) - upTo(start)) / cycle);
  }
  return { ends, values };
}
