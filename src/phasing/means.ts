import { toZScores } from './clean';
import { dot } from './group/rows';

/** Phases a group has at most: what is shared between workers is laid out for so many. */
export const MAX_PHASES = 9;

/**
 * Means of the phases of all groups as z-scores, in memory that workers share: where each meter's place among all
 * transformers, and each transformer's among the others, is read.
 */
export class PhaseMeans {
  /** @param buffer of an earlier one, of the same size */
  constructor(
    readonly groups: number,
    readonly phases: number,
    readonly length: number,
    readonly buffer = new SharedArrayBuffer(groups * phases * length * 4),
  ) {}

  /** The mean of a phase: all zeros for one without members. */
  row(group: number, phase: number): Float32Array {
    return new Float32Array(this.buffer, (group * this.phases + phase) * this.length * 4, this.length);
  }

  /** The row of a place that {@link place} gives. */
  at(place: number): Float32Array {
    return this.row(Math.floor(place / this.phases), place % this.phases);
  }

  place(group: number, phase: number): number {
    return group * this.phases + phase;
  }

  /** @param sums of the z-scores of each phase's members */
  set(group: number, sums: readonly Float32Array[]): void {
    sums.slice(0, this.phases).forEach((sum, phase) => {
      const row = this.row(group, phase);
      row.set(sum);
      if (!toZScores(row)) row.fill(0);
    });
  }

  /** Pearson's correlation of z-scores with a phase's mean; NaN for one without members. */
  likeness(row: Float32Array, group: number, phase: number): number {
    const mean = this.row(group, phase);
    const r = dot(row, mean) / this.length;
    return r === 0 ? Number.NaN : r;
  }
}
