/** How a channel's slow values become RMS values. */
export interface TrendScale {
  factor: number;
  /** How that is known; for people. */
  why: string;
}

const NEAR = 0.07;
/** Parts of slow values that must not be negative: amplitudes never are. */
const POSITIVE = 0.99;

/**
 * Whether slow values (fewer than eight a cycle) are amplitudes, by the waveform beside them: RMS values, or peaks.
 * @param values of each channel of a set, in V or A
 * @param beside RMS of the same channels in the waveforms next to them, where there are any
 * @returns undefined where they do not look like amplitudes
 */
export function trendScale(
  values: readonly Float64Array[],
  beside: readonly (readonly number[])[],
): TrendScale | undefined {
  const levels = values.map(medianOf);
  if (values.some((own) => positiveShare(own) < POSITIVE) || levels.some((level) => !(level >= 0)))
    return undefined;
  for (const rms of beside) {
    const ratios = levels
      .map((level, i) => level / rms[i])
      .filter((ratio, i) => rms[i] > 0.05 * Math.max(...rms) && Number.isFinite(ratio));
    if (ratios.length === 0) continue;
    const all = (wanted: number) => ratios.every((ratio) => Math.abs(ratio / wanted - 1) <= NEAR);
    if (all(1)) return { factor: 1, why: 'RMS values, as in the waveform beside them' };
    if (all(Math.SQRT2)) return { factor: Math.SQRT1_2, why: 'peak values, as in the waveform beside them' };
  }
  if (beside.length) return undefined;
  const largest = Math.max(...levels);
  const isLevel = largest > 0 && levels.every((level) => level > 0.8 * largest);
  return isLevel ? { factor: 1, why: 'taken for RMS values: nothing beside them tells' } : undefined;
}

function medianOf(values: Float64Array): number {
  const sorted = Float64Array.from(values)
    .filter((value) => !Number.isNaN(value))
    .sort();
  return sorted.length ? sorted[sorted.length >> 1] : Number.NaN;
}

function positiveShare(values: Float64Array): number {
  let positive = 0;
  let there = 0;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    there++;
    if (value >= 0) positive++;
  }
  return there ? positive / there : 0;
}
