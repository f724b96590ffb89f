import type { Grade } from '../../record';
import type { CorrelatorSettings } from '../settings';
import type { Prepared } from './prepare';

/** What is found of one member. */
export interface Identified {
  meter: string;
  /** 'a', 'b', 'c', or the number of a cluster that no record names. */
  phase: string | null;
  score: number | null;
  margin: number | null;
  /** Likelihood that no other phase is the right one, by the number of independent intervals. */
  confidence: number | null;
  grade: Grade;
  /** Part of its intervals without a reading. */
  missing: number;
  /** Why it is excluded. */
  excluded?: string;
  /** Seconds by which its clock is late, where that is worth telling. */
  clockLate?: number;
  /** Parts by which it reads above its neighbours, where that is worth telling. */
  level?: number;
  /** First interval after a change of phase inside the window, and the phase before. */
  moved?: { from: string; interval: number };
}

/** Grade, margin and confidence of one member by its likeness to each phase. */
export function judge(
  one: Prepared,
  scores: readonly number[],
  phase: number,
  names: readonly string[],
  independent: number,
  { match, suspect }: CorrelatorSettings,
): Identified {
  const { member, clockLate, missing } = one;
  const score = scores[phase];
  if (phase < 0 || Number.isNaN(score))
    return excludedOne(one, 'no other meter on any phase to compare with');
  const second = Math.max(-1, ...scores.filter((other, k) => k !== phase && !Number.isNaN(other)));
  return {
    meter: member.meter,
    missing,
    phase: names[phase],
    score,
    margin: score - second,
    confidence: confidenceOf(score, second, independent),
    grade: score >= match ? 'match' : score >= suspect ? 'suspect' : 'low',
    ...(clockLate === undefined ? {} : { clockLate }),
  };
}

/** A member that was left out, with the reason. */
export function excludedOne({ member, missing }: Prepared, excluded: string): Identified {
  const nothing = { phase: null, score: null, margin: null, confidence: null };
  return { meter: member.meter, missing, ...nothing, grade: 'excluded', excluded };
}

/**
 * Independent intervals in a series whose values hang together: n (1 - r) / (1 + r), by the likeness r of each value
 * to the next (G. V. Bayley, J. M. Hammersley, J. R. Stat. Soc. Suppl. 8, 1946, first order).
 */
export function effective(row: Float32Array): number {
  let product = 0;
  for (let i = 1; i < row.length; i++) product += row[i] * row[i - 1];
  const r = Math.min(0.999, Math.max(0, product / (row.length - 1)));
  return (row.length * (1 - r)) / (1 + r);
}

/** Chance that the larger of two correlations is so not by chance: Fisher's z, taken as independent. */
function confidenceOf(first: number, second: number, independent: number): number {
  const z = (r: number) => Math.atanh(Math.min(0.999999, Math.max(-0.999999, r)));
  return normal(((z(first) - z(second)) * Math.sqrt(Math.max(1, independent - 3))) / Math.SQRT2);
}

/** Distribution function of the normal distribution (M. Abramowitz, I. Stegun, 26.2.17; 7.5e-8). */
function normal(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const tail =
    (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return x >= 0 ? 1 - tail : tail;
}
