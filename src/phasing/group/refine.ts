import { PhaseSums, type Rows } from './rows';

/** Rounds after which meters that swing between two phases stay where they are. */
const MAX_ROUNDS = 30;

export interface Refined {
  /** Index of each row's phase. */
  phaseOf: Int8Array;
  /** Likeness of each row to each phase's other members; NaN for a phase without any. */
  scores: number[][];
  sums: PhaseSums;
}

/**
 * Moves each meter to the phase whose other members it is most like, until nothing moves. The mean of many meters
 * shows what they have in common, a single reference has the drop of its own branch in it: so the same meters score
 * 0.95 here that score 0.65 against a reference.
 * @param start phase of each row to begin with; -1 for one that takes no part
 * @param fixed rows that do not move: references
 */
export function refine(
  rows: Rows,
  start: ArrayLike<number>,
  fixed: readonly boolean[],
  phases: number,
): Refined {
  const phaseOf = Int8Array.from(start);
  for (let round = 0; ; round++) {
    const sums = new PhaseSums(rows, phaseOf, phases);
    const scores = rows.rows.map((row, k) =>
      Array.from({ length: phases }, (_, phase) =>
        phaseOf[k] < 0 ? Number.NaN : sums.likeness(row, phase, phaseOf[k] === phase, rows.quiet?.[k]),
      ),
    );
    let moved = 0;
    // All at once, so that the order of the meters does not matter.
    const next = scores.map((score, k) =>
      phaseOf[k] < 0 || fixed[k] ? phaseOf[k] : bestOf(score, phaseOf[k]),
    );
    for (let k = 0; k < next.length; k++) if (next[k] !== phaseOf[k]) moved++;
    if (moved === 0 || round === MAX_ROUNDS) return { phaseOf, scores, sums };
    phaseOf.set(next);
  }
}

/** Index of the largest score; where all are unknown, what it was. */
export function bestOf(scores: readonly number[], otherwise: number): number {
  let best = -1;
  for (let i = 0; i < scores.length; i++) {
    if (!Number.isNaN(scores[i]) && (best < 0 || scores[i] > scores[best])) best = i;
  }
  return best < 0 ? otherwise : best;
}
