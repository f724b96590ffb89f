import type { Assignment } from '../record';
import type { CustomerMeter } from './settings';

/** Missing readings of some meters. */
interface Share {
  meters: number;
  /** Mean part of the intervals without a reading. */
  missing: number;
}

/** Where readings are missing. */
export interface Missingness extends Share {
  /** Quarters of the meters by distance, the nearest first, and Pearson's correlation of distance and missing part. */
  byDistance?: (Share & { upTo: number })[];
  withDistance?: number;
  byCollector?: Record<string, Share>;
}

/** Distances that say something: fewer meters make no quarters. */
const LEAST = 8;

/** Missing readings of a run, against distance and collector where the table has them. */
export function missingnessOf(
  assignments: readonly Assignment[],
  table: readonly CustomerMeter[],
): Missingness {
  const result: Missingness = shareOf(assignments);
  const rows = new Map(table.map((row) => [row.meter, row]));
  const placed = assignments
    .flatMap((assignment) => {
      const { distance } = rows.get(assignment.meter) ?? {};
      return distance === undefined ? [] : [{ assignment, distance }];
    })
    .sort((a, b) => a.distance - b.distance || (a.assignment.meter < b.assignment.meter ? -1 : 1));
  if (placed.length >= LEAST) {
    result.byDistance = [0, 1, 2, 3].map((quarter) => {
      const part = placed.slice((quarter * placed.length) / 4, ((quarter + 1) * placed.length) / 4);
      return { upTo: part[part.length - 1].distance, ...shareOf(part.map(({ assignment }) => assignment)) };
    });
    const r = correlationOf(placed.map(({ distance, assignment }) => [distance, assignment.missing ?? 0]));
    if (!Number.isNaN(r)) result.withDistance = r;
  }
  const byCollector = new Map<string, Assignment[]>();
  for (const assignment of assignments) {
    const { collector } = rows.get(assignment.meter) ?? {};
    if (!collector) continue;
    const own = byCollector.get(collector);
    if (own) own.push(assignment);
    else byCollector.set(collector, [assignment]);
  }
  if (byCollector.size) {
    const names = [...byCollector.keys()].sort();
    result.byCollector = Object.fromEntries(
      names.map((name) => [name, shareOf(byCollector.get(name) ?? [])]),
    );
  }
  return result;
}

function shareOf(assignments: readonly Assignment[]): Share {
  const sum = assignments.reduce((acc, { missing = 0 }) => acc + missing, 0);
  return { meters: assignments.length, missing: assignments.length ? sum / assignments.length : 0 };
}

function correlationOf(pairs: readonly (readonly number[])[]): number {
  const mean = (k: number) => pairs.reduce((sum, pair) => sum + pair[k], 0) / pairs.length;
  const [x, y] = [mean(0), mean(1)];
  let [xy, xx, yy] = [0, 0, 0];
  for (const [a, b] of pairs) {
    xy += (a - x) * (b - y);
    xx += (a - x) ** 2;
    yy += (b - y) ** 2;
  }
  return xy / Math.sqrt(xx * yy);
}
