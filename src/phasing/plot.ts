import type { Assignment } from '../record';
import { fillGaps, toZScores } from './clean';
import { strongest } from './group/eigen';
import { dot } from './group/rows';

/** A meter in the plane of the two strongest principal components. */
export interface PlotPoint {
  meter: string;
  x: number;
  y: number;
  phase: string | null;
  recorded: string | null;
}

/** Points of a plot; the first ones of more meters: nobody sees more, and the work grows with the square. */
const MOST_POINTS = 500;

export interface ClusterPlot {
  transformer: string;
  points: PlotPoint[];
  /** Parts of the variance that x and y show. */
  shown: [number, number];
}

/**
 * Points for a plot of one transformer's meters: the first two principal components of their z-scores, less what all
 * have in common. Tight clusters are phases well told apart; what lies between them is doubtful.
 * @param series of each meter, V by interval; those that cannot be compared are left out
 */
export function clusterPlot(
  transformer: string,
  assignments: readonly Assignment[],
  series: (meter: string) => Float32Array | undefined,
  maxGap: number,
): ClusterPlot {
  const members: { assignment: Assignment; row: Float32Array }[] = [];
  for (const assignment of assignments) {
    if (members.length >= MOST_POINTS) break;
    const row = series(assignment.meter);
    if (!row || assignment.grade === 'excluded') continue;
    if (toMaskedScores(row, maxGap)) members.push({ assignment, row });
  }
  const rows = members.map(({ row }) => row);
  removeCommon(rows);
  const gram = rows.map((a) => Float64Array.from(rows, (b) => dot(a, b)));
  const total = gram.reduce((sum, row, k) => sum + row[k], 0) || 1;
  const [first, second] = strongest(gram, 2);
  const points = members.map(({ assignment: { meter, phase, recorded } }, k) => ({
    meter,
    x: first.vector[k] * Math.sqrt(first.value),
    y: second.vector[k] * Math.sqrt(second.value),
    phase,
    recorded,
  }));
  return { transformer, points, shown: [first.value / total, second.value / total] };
}

/**
 * Turns a series into z-scores, with NaN in its longer gaps: what takes part in spite of these was masked.
 * @returns false where it says nothing
 */
function toMaskedScores(row: Float32Array, maxGap: number): boolean {
  fillGaps(row, maxGap);
  const isAbsent = Array.from(row, Number.isNaN);
  const had = isAbsent.filter((absent) => !absent).length / row.length;
  if (!toZScores(row)) return false;
  // There what is missing counts as the mean, and makes the deviation smaller.
  for (let i = 0; i < row.length; i++) row[i] = isAbsent[i] ? Number.NaN : row[i] * Math.sqrt(had);
  return true;
}

/** Takes out what all have in common at each interval. What is missing becomes 0, and what is there stands for it. */
function removeCommon(rows: readonly Float32Array[]): void {
  const length = rows[0]?.length ?? 0;
  const counts = new Float64Array(rows.length);
  for (let i = 0; i < length; i++) {
    const present = rows.filter((row) => !Number.isNaN(row[i]));
    const mean = present.reduce((sum, row) => sum + row[i], 0) / present.length;
    rows.forEach((row, k) => {
      if (Number.isNaN(row[i])) row[i] = 0;
      else {
        row[i] -= mean;
        counts[k]++;
      }
    });
  }
  rows.forEach((row, k) => {
    for (let i = 0; i < length; i++) row[i] *= length / counts[k];
  });
}
