import { type Blocks, blockDots, drawn, fisher } from './blocks';
import { dot, likenessOf, PhaseSums, type Products, type ReferenceRows } from './rows';

/** Rounds after which meters that swing between two phases stay where they are. */
const MAX_ROUNDS = 30;

export interface Refined {
  /** Index of each row's phase. */
  phaseOf: Int8Array;
  /** Likeness of each row to each phase's other members and references; NaN for a phase without any. */
  scores: number[][];
  sums: PhaseSums;
}

/** Rows that are never compared with each other: those of one small transformer among others, or each alone. */
export type Kin = readonly (readonly number[])[];

/**
 * Moves each meter to the phase whose references and other members it is most like, until nothing moves. The mean of
 * many meters shows what they have in common, a single reference has the drop of its own branch in it: so the same
 * meters score 0.95 here that score 0.65 against a reference.
 * @param rows z-scores
 * @param start phase of each row to begin with; -1 for one that takes no part
 * @param references vote in every round
 * @param kin rows that are left out of what a row is compared with, itself among them; itself alone without
 */
export function refine(
  rows: readonly Float32Array[],
  length: number,
  start: ArrayLike<number>,
  references: ReferenceRows,
  weight?: number,
  kin?: Kin,
): Refined {
  const phases = references.length;
  const phaseOf = Int8Array.from(start);
  const withReferences = rows.map((row) => references.map((one) => (one ? dot(row, one) : 0)));
  const withKin = rows.map((row, k) => (kin ? kin[k].map((j) => dot(row, rows[j])) : [dot(row, row)]));
  for (let round = 0; ; round++) {
    const sums = new PhaseSums(rows, length, phaseOf, phases);
    const ofSums = references.map((one, p) => (one ? dot(one, sums.sums[p]) : 0));
    const withSums = rows.map((row) => sums.sums.map((sum, p) => (sums.counts[p] ? dot(row, sum) : 0)));
    const table: Table = { withReferences, withKin, withSums, squares: sums.squares, ofSums };
    const scores = rows.map((_, k) =>
      references.map((one, p) => {
        if (phaseOf[k] < 0) return Number.NaN;
        const { products, left } = productsOf(k, p, phaseOf, kin, table);
        return likenessOf({ ...products, rr: length }, sums.counts[p] - left, one !== undefined, weight);
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

/** Products of rows with references, kin, and sums; of sums with themselves and with references. */
interface Table {
  withReferences: readonly ArrayLike<number>[];
  withKin: readonly ArrayLike<number>[];
  withSums: readonly ArrayLike<number>[];
  squares: ArrayLike<number>;
  ofSums: ArrayLike<number>;
}

/** Products of a row with the members of a phase that are not its kin, and how many of these were left out. */
function productsOf(
  k: number,
  p: number,
  phaseOf: Int8Array,
  kin: Kin | undefined,
  { withReferences, withKin, withSums, squares, ofSums }: Table,
): { products: Omit<Products, 'rr'>; left: number } {
  const xr = withReferences[k][p];
  let xo = withSums[k][p];
  let oo = squares[p];
  let or = ofSums[p];
  let left = 0;
  if (!kin) {
    const xx = withKin[k][0];
    if (phaseOf[k] !== p) return { products: { xx, xo, xr, oo, or }, left };
    return { products: { xx, xo: xo - xx, xr, oo: oo - 2 * xo + xx, or: or - xr }, left: 1 };
  }
  const own = kin[k];
  let xx = 0;
  for (let i = 0; i < own.length; i++) {
    const j = own[i];
    if (j === k) xx = withKin[k][i];
    if (phaseOf[j] !== p) continue;
    left++;
    xo -= withKin[k][i];
    oo -= 2 * withSums[j][p];
    or -= withReferences[j][p];
    for (let m = 0; m < own.length; m++) if (phaseOf[own[m]] === p) oo += withKin[j][m];
  }
  return { products: { xx, xo, xr, oo, or }, left };
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
  kin?: Kin,
): Evidence {
  const { draws } = blocks;
  const parts = new Float64Array(blocks.bounds.length - 1);
  /** Products of two series in each draw. */
  const inDraws = (a: Float32Array, b: Float32Array): Float64Array => {
    blockDots(a, b, blocks, parts);
    return Float64Array.from(draws, (times) => drawn(times, parts));
  };
  const nothing = new Float64Array(draws.length);
  const squares = sums.sums.map((sum) => inDraws(sum, sum));
  const ofSums = references.map((one, p) => (one ? inDraws(one, sums.sums[p]) : nothing));
  const ofReferences = references.map((one) => (one ? inDraws(one, one) : nothing));
  const withReferences = rows.map((row) => references.map((one) => (one ? inDraws(row, one) : nothing)));
  const withSums = rows.map((row) =>
    sums.sums.map((sum, p) => (sums.counts[p] ? inDraws(row, sum) : nothing)),
  );
  const withKin = rows.map((row, k) =>
    kin ? kin[k].map((j) => inDraws(row, rows[j])) : [inDraws(row, row)],
  );
  const all = rows.map(() => references.map(() => new Float64Array(draws.length).fill(Number.NaN)));
  const at = <T extends readonly (readonly Float64Array[])[]>(of: T, d: number) =>
    of.map((one) => one.map((x) => x[d]));
  draws.forEach((_, d) => {
    const table: Table = {
      withReferences: at(withReferences, d),
      withKin: at(withKin, d),
      withSums: at(withSums, d),
      squares: squares.map((x) => x[d]),
      ofSums: ofSums.map((x) => x[d]),
    };
    rows.forEach((_, k) => {
      references.forEach((one, p) => {
        if (Number.isNaN(scores[k][p])) return;
        const { products, left } = productsOf(k, p, phaseOf, kin, table);
        const rr = ofReferences[p][d];
        all[k][p][d] = fisher(
          likenessOf({ ...products, rr }, sums.counts[p] - left, one !== undefined, weight),
        );
      });
    });
  });
  return { whole: scores.map((of) => of.map((r) => (Number.isNaN(r) ? r : fisher(r)))), drawn: all };
}
