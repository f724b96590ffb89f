import type { Grade } from '../../record';
import type { CorrelatorSettings } from '../settings';
import { fisher } from './blocks';
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
  /** Why it is no match although its score may be one: the next phase is as likely, its group may be permuted, it is unlike the references, or these may be of another feeder. */
  doubt?: 'margin' | 'name' | 'contradicts' | 'feeder';
  /** Part of the intervals that it had, where longer gaps were masked. */
  had?: number;
  /** It was judged with the other meters of its service transformer, as one. */
  together?: boolean;
  /** Why it is excluded; and whether by its gaps alone, so that it would be kept if they were masked. */
  excluded?: string;
  hasGaps?: boolean;
  /** Seconds by which its clock is late, where that is worth telling. */
  clockLate?: number;
  /** Parts by which it reads above its neighbours, where that is worth telling. */
  level?: number;
  /** First interval after a change of phase inside the window, and the phase before. */
  moved?: { from: string; interval: number };
}

/** What is known of one member when it is judged. */
export interface Judged {
  /** Likeness to the mean of the others on its phase, in levels. */
  score: number;
  /** By how much it is more like its phase than the next one, in what was compared; undefined without another. */
  margin: number | undefined;
  /** Likelihood that its phase is right, 0 to 1. */
  confidence: number;
  /** It is no match, however likely. */
  isUnproven?: boolean;
  /** What is in doubt beside the margin. */
  doubt?: Identified['doubt'];
}

/** Likelihood below which nothing is a match, whatever the score. */
export const SURE = 0.95;
/** Margin in Fisher's z below which nothing is a match: less than the drop of a single customer makes. */
const LEAST_MARGIN = 0.05;
/** Highest likelihood of a meter that is like no phase. */
const UNLIKE = 0.98;

/** Grade, margin and confidence of one member. */
export function judge(
  { member, clockLate, missing }: Prepared,
  phase: string,
  { score, margin, confidence, doubt, isUnproven }: Judged,
  { match, suspect, low }: CorrelatorSettings,
): Identified {
  const isApart = margin === undefined || fisher(score) - fisher(score - margin) >= LEAST_MARGIN;
  const isSure = confidence >= SURE && isApart && !isUnproven;
  return {
    meter: member.meter,
    missing,
    phase,
    score,
    margin: margin ?? null,
    confidence: score < low ? Math.min(UNLIKE, confidence) : confidence,
    grade: score >= match && isSure ? 'match' : score >= suspect ? 'suspect' : 'low',
    ...(clockLate === undefined ? {} : { clockLate }),
    ...(isSure ? {} : { doubt: doubt ?? 'margin' }),
  };
}

/** A member that was left out, with the reason. */
export function excludedOne({ member, missing, hasGaps }: Prepared, excluded: string): Identified {
  const nothing = { phase: null, score: null, margin: null, confidence: null };
  return {
    meter: member.meter,
    missing,
    ...nothing,
    grade: 'excluded',
    excluded,
    ...(hasGaps ? { hasGaps } : {}),
  };
}
