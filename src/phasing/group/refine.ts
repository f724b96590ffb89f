import { type Blocks, blockDots, drawn, fisher } from './blocks';
import { dot, likenessOf, PhaseSums, type ReferenceRows } from './rows';

/** Rounds after which meters that swing between two phases stay where they are. */
const MAX_ROUNDS = 30;

export interface Refined {
  /** Index of each row's phase. */
  phaseOf: Int8Array;
  /** Likeness of each row to each phase's other members and references; NaN for a phase without any. */
  scores: number[][];
  sums: PhaseSums;
}

/**
 * Moves each meter to the phase whose references and other members it is most like, until nothing moves. The mean of
 * many meters shows what they have in common, a single reference has the drop of its own branch in it: so the same
 * meters score 0.95 here that score 0.65 against a reference.
 * @param rows z-scores
 * @param start phase of each row to begin with; -1 for one that takes no part
 * @param references vote in every round
 */
export function refine(
  rows: readonly Float32Array[],
  length: number,
  start: ArrayLike<number>,
  references: ReferenceRows,
  weight?: number,
): Refined {
  const phases = references.length;
  const phaseOf = Int8Array.from(start);
  const withReferences = rows.map((row) => references.map((one) => (one ? dot(row, one) : 0)));
  const squares = rows.map((row) => dot(row, row));
  for (let round = 0; ; round++) {
    const sums = new PhaseSums(rows, length, phaseOf, phases);
    const ofSums = references.map((one, p) => (one ? dot(one, sums.sums[p]) : 0));
    const scores = rows.map((row, k) =>
      references.map((one, p) => {
        if (phaseOf[k] < 0) return Number.NaN;
        const products = {
          xx: squares[k],
          xs: sums.counts[p] ? dot(row, sums.sums[p]) : 0,
          xr: withReferences[k][p],
          ss: sums.squares[p],
          sr: ofSums[p],
          rr: length,
        };
        return likenessOf(products, sums.counts[p], phaseOf[k] === p, one !== undefined, weight);
      }),
    );
    let moved = 0;
    // All at once, so that the order of the meters does not matter.
    const next = scores.map((score, k) => (phaseOf[k] < 0 ? -1 : bestOf(score, phaseOf[k])));
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

/** Fisher's z of each row to each phase, over the window and in each draw of its stretches. */
export interface Evidence {
  /** By row and phase: NaN for a phase with nobody to compare with. */
  whole: number[][];
  /** By row, phase and draw. */
  drawn: Float64Array[][];
}

/** How like each row is to each phase in draws of the window's stretches. */
export function evidenceOf(
  rows: readonly Float32Array[],
  { phaseOf, sums, scores }: Refined,
  references: ReferenceRows,
  blocks: Blocks,
  weight?: number,
): Evidence {
  const count = blocks.bounds.length - 1;
  const table = () => references.map(() => new Float64Array(count));
  const [ss, sr, rr] = [table(), table(), table()];
  references.forEach((one, p) => {
    blockDots(sums.sums[p], sums.sums[p], blocks, ss[p]);
    if (one) blockDots(one, sums.sums[p], blocks, sr[p]);
    if (one) blockDots(one, one, blocks, rr[p]);
  });
  const ofDraws = (of: Float64Array[]) => of.map((one) => blocks.draws.map((times) => drawn(times, one)));
  const [ssDrawn, srDrawn, rrDrawn] = [ofDraws(ss), ofDraws(sr), ofDraws(rr)];
  const [xx, xs, xr] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  const all = rows.map((row, k) => {
    blockDots(row, row, blocks, xx);
    const xxDrawn = blocks.draws.map((times) => drawn(times, xx));
    return references.map((one, p) => {
      if (Number.isNaN(scores[k][p])) return new Float64Array(blocks.draws.length).fill(Number.NaN);
      blockDots(row, sums.sums[p], blocks, xs);
      if (one) blockDots(row, one, blocks, xr);
      return Float64Array.from(blocks.draws, (times, d) =>
        fisher(
          likenessOf(
            {
              xx: xxDrawn[d],
              xs: drawn(times, xs),
              xr: one ? drawn(times, xr) : 0,
              ss: ssDrawn[p][d],
              sr: srDrawn[p][d],
              rr: rrDrawn[p][d],
            },
            sums.counts[p],
            phaseOf[k] === p,
            one !== undefined,
            weight,
          ),
        ),
      );
    });
  });
  return { whole: scores.map((of) => of.map((r) => (Number.isNaN(r) ? r : fisher(r)))), drawn: all };
}
