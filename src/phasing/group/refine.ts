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
  const table = new Table(rows.length, phases, 1, kin);
  const inWhole = (a: Float32Array, b: Float32Array, into: Float64Array, at: number) => {
    into[at] = dot(a, b);
  };
  table.takeFixed(rows, references, inWhole);
  for (let round = 0; ; round++) {
    const sums = new PhaseSums(rows, length, phaseOf, phases);
    table.takeSums(rows, sums, references, inWhole);
    const scores = rows.map((_, k) =>
      references.map((one, p) => {
        if (phaseOf[k] < 0) return Number.NaN;
        const others = sums.counts[p] - table.products(k, p, 0, phaseOf);
        return likenessOf(table.found, others, one !== undefined, weight);
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

/** Puts the product of two series into an array, for each draw. */
type Product = (a: Float32Array, b: Float32Array, into: Float64Array, at: number) => void;

/** Products of rows with references, kin and sums; of sums with themselves and with references: for each draw. */
class Table {
  /** Those that {@link products} has found. */
  readonly found: Products = { xx: 0, xo: 0, xr: 0, oo: 0, or: 0, rr: 0 };
  private readonly withReferences: Float64Array;
  private readonly withSums: Float64Array;
  private readonly withKin: Float64Array;
  /** Place of the first of a row's kin. */
  private readonly kinAt: Int32Array;
  private readonly squares: Float64Array;
  private readonly ofSums: Float64Array;
  private readonly ofReferences: Float64Array;

  constructor(
    rows: number,
    private readonly phases: number,
    private readonly draws: number,
    private readonly kin: Kin | undefined,
  ) {
    this.withReferences = new Float64Array(rows * phases * draws);
    this.withSums = new Float64Array(rows * phases * draws);
    this.kinAt = new Int32Array(rows + 1);
    for (let k = 0; k < rows; k++) this.kinAt[k + 1] = this.kinAt[k] + (kin ? kin[k].length : 1);
    this.withKin = new Float64Array(this.kinAt[rows] * draws);
    this.squares = new Float64Array(phases * draws);
    this.ofSums = new Float64Array(phases * draws);
    this.ofReferences = new Float64Array(phases * draws);
  }

  /** What stays the same in all rounds. */
  takeFixed(rows: readonly Float32Array[], references: ReferenceRows, product: Product): void {
    const { phases, draws, kin, kinAt } = this;
    rows.forEach((row, k) => {
      for (let p = 0; p < phases; p++) {
        const one = references[p];
        if (one) product(row, one, this.withReferences, (k * phases + p) * draws);
      }
      if (!kin) product(row, row, this.withKin, kinAt[k] * draws);
      else kin[k].forEach((j, i) => void product(row, rows[j], this.withKin, (kinAt[k] + i) * draws));
    });
    references.forEach((one, p) => {
      if (one) product(one, one, this.ofReferences, p * draws);
    });
  }

  takeSums(
    rows: readonly Float32Array[],
    { sums, counts }: PhaseSums,
    references: ReferenceRows,
    product: Product,
  ): void {
    const { phases, draws } = this;
    for (let p = 0; p < phases; p++) {
      const one = references[p];
      product(sums[p], sums[p], this.squares, p * draws);
      if (one) product(sums[p], one, this.ofSums, p * draws);
      if (counts[p] === 0) continue;
      for (let k = 0; k < rows.length; k++)
        product(rows[k], sums[p], this.withSums, (k * phases + p) * draws);
    }
  }

  /**
   * Finds the products of a row with the members of a phase that are not its kin.
   * @returns how many of the members were left out
   */
  products(k: number, p: number, d: number, phaseOf: Int8Array): number {
    const { phases, draws, kin, kinAt, withReferences, withSums, withKin, found } = this;
    const at = (k * phases + p) * draws + d;
    found.xr = withReferences[at];
    found.rr = this.ofReferences[p * draws + d];
    found.xo = withSums[at];
    found.oo = this.squares[p * draws + d];
    found.or = this.ofSums[p * draws + d];
    if (!kin) {
      found.xx = withKin[k * draws + d];
      if (phaseOf[k] !== p) return 0;
      found.oo += found.xx - 2 * found.xo;
      found.xo -= found.xx;
      found.or -= found.xr;
      return 1;
    }
    const own = kin[k];
    let left = 0;
    for (let i = 0; i < own.length; i++) {
      const j = own[i];
      const withJ = withKin[(kinAt[k] + i) * draws + d];
      if (j === k) found.xx = withJ;
      if (phaseOf[j] !== p) continue;
      left++;
      const ofJ = (j * phases + p) * draws + d;
      found.xo -= withJ;
      found.oo -= 2 * withSums[ofJ];
      found.or -= withReferences[ofJ];
      for (let m = 0; m < own.length; m++) {
        if (phaseOf[own[m]] === p) found.oo += withKin[(kinAt[j] + m) * draws + d];
      }
    }
    return left;
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
  /** The same to the references alone, for a phase that has nobody else: neighbours must not count on one side only. */
  alone: Float64Array[][];
  /** Phases on which a row has others to compare with. */
  hasOthers: boolean[][];
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
  const draws = blocks.draws.length;
  const phases = references.length;
  const parts = new Float64Array(blocks.bounds.length - 1);
  const inDraws: Product = (a, b, into, at) => {
    blockDots(a, b, blocks, parts);
    for (let d = 0; d < draws; d++) into[at + d] = drawn(blocks.draws[d], parts);
  };
  const table = new Table(rows.length, phases, draws, kin);
  table.takeFixed(rows, references, inDraws);
  table.takeSums(rows, sums, references, inDraws);
  const all = new Float64Array(rows.length * phases * draws);
  const alone = new Float64Array(rows.length * phases * draws);
  const hasOthers = rows.map(() => new Array<boolean>(phases).fill(false));
  for (let k = 0; k < rows.length; k++) {
    for (let p = 0; p < phases; p++) {
      const at = (k * phases + p) * draws;
      const isKnown = !Number.isNaN(scores[k][p]);
      for (let d = 0; d < draws; d++) {
        const others = sums.counts[p] - (isKnown ? table.products(k, p, d, phaseOf) : 0);
        const hasReferences = references[p] !== undefined;
        all[at + d] = isKnown ? fisher(likenessOf(table.found, others, hasReferences, weight)) : Number.NaN;
        alone[at + d] = isKnown && hasReferences ? fisher(likenessOf(table.found, 0, true)) : Number.NaN;
        if (others > 0) hasOthers[k][p] = true;
      }
    }
  }
  const byRow = (of: Float64Array) =>
    rows.map((_, k) =>
      references.map((_, p) => of.subarray((k * phases + p) * draws, (k * phases + p + 1) * draws)),
    );
  return {
    whole: scores.map((of) => of.map((r) => (Number.isNaN(r) ? r : fisher(r)))),
    drawn: byRow(all),
    alone: byRow(alone),
    hasOthers,
  };
}
