import { toZScores } from '../clean';

/**
 * What is compared of a series: its level (0), what is left of it when a part of the value before is taken away
 * (pre-whitening), or its differences (1). What phases have in common is slow, mostly, and goes.
 */
export const WHITENINGS = [0, 0.8, 1] as const;
export type Whitening = (typeof WHITENINGS)[number];

export const WHITENING_NAMES: Record<Whitening, string> = {
  0: 'levels',
  0.8: 'pre-whitened levels',
  1: 'differences',
};

/**
 * x(t) - r x(t-1) as z-scores.
 * @param row z-scores
 * @param present intervals that have a value, 1 for each; all of them without
 * @returns a new series; the same where r is 0
 */
export function whiten(row: Float32Array, r: Whitening, present?: Uint8Array): Float32Array {
  if (r === 0) return row;
  const out = new Float32Array(row.length);
  for (let i = 1; i < row.length; i++) out[i] = row[i] - r * row[i - 1];
  if (present) {
    for (let i = 0; i < row.length; i++) if (i === 0 || !present[i] || !present[i - 1]) out[i] = Number.NaN;
  }
  if (!toZScores(out, 1e-3)) out.fill(0);
  return out;
}
