import { toZScores } from '../clean';
import type { CorrelatorSettings } from '../settings';
import type { Prepared } from './prepare';
import { dot, type PhaseSums } from './rows';

/** Day of a window, s. */
const DAY = 86_400;

/** Likeness that both stretches must have, and what the change must gain a day over one phase throughout. */
const LIKE = 0.5;
const GAIN = 0.3;

export interface Move {
  from: number;
  to: number;
  /** Index of the first day on the new phase. */
  day: number;
}

/**
 * A meter that changed its phase inside the window: the day and the two phases that explain its days better than any
 * one phase does.
 * @param row z-scores
 * @param phase where it stands now, and is counted in the sums
 * @param perDay intervals of a day
 */
export function findMove(
  row: Float32Array,
  phase: number,
  sums: PhaseSums,
  perDay: number,
): Move | undefined {
  const days = Math.floor(row.length / perDay);
  if (days < 2) return undefined;
  const phases = sums.sums.length;
  // A day that is like its phase cannot gain enough on another one: most meters are done here.
  let isSteady = true;
  for (let day = 0; day < days && isSteady; day++) {
    isSteady = dayLikeness(row, sums.sums[phase], true, day * perDay, perDay) >= 1 - GAIN;
  }
  if (isSteady) return undefined;
  const likeness = Array.from({ length: days }, (_, day) =>
    Array.from({ length: phases }, (_, p) =>
      dayLikeness(row, sums.sums[p], p === phase, day * perDay, perDay),
    ),
  );
  // Sums over the days before, for each phase.
  const before = [new Array<number>(phases).fill(0)];
  for (const day of likeness) {
    const last = before[before.length - 1];
    before.push(last.map((sum, p) => sum + day[p]));
  }
  const all = before[days];
  const steady = Math.max(...all);
  let best: (Move & { gain: number }) | undefined;
  for (let day = 1; day < days; day++) {
    for (let from = 0; from < phases; from++) {
      for (let to = 0; to < phases; to++) {
        if (from === to) continue;
        const [first, second] = [before[day][from], all[to] - before[day][to]];
        const gain = (first + second - steady) / Math.min(day, days - day);
        const isLike = first / day >= LIKE && second / (days - day) >= LIKE;
        if (isLike && gain > GAIN && (!best || first + second > best.gain))
          best = { from, to, day, gain: first + second };
      }
    }
  }
  return best && { from: best.from, to: best.to, day: best.day };
}

/** Pearson's correlation of a day of a row with a day of a phase's sum, without the row where it is in it. */
function dayLikeness(
  row: Float32Array,
  sum: Float32Array,
  own: boolean,
  from: number,
  length: number,
): number {
  const take = own ? 1 : 0;
  let [x, y, xx, yy, xy] = [0, 0, 0, 0, 0];
  for (let i = from; i < from + length; i++) {
    const a = row[i];
    const b = sum[i] - take * a;
    x += a;
    y += b;
    xx += a * a;
    yy += b * b;
    xy += a * b;
  }
  const square = (xx - (x * x) / length) * (yy - (y * y) / length);
  return square > 0 ? (xy - (x * y) / length) / Math.sqrt(square) : 0;
}

/** A move as it is reported: by interval. */
export interface Moved {
  from: number;
  to: number;
  interval: number;
}

/** Members that changed their phase inside the window, by number. */
export function findMoves(
  customers: readonly Prepared[],
  phaseOf: Int8Array,
  sums: PhaseSums,
  settings: CorrelatorSettings,
): Map<number, Moved> {
  const perDay = Math.round(DAY / settings.interval);
  const found = new Map<number, Moved>();
  if (sums.counts.filter((n) => n > 0).length < 2) return found;
  customers.forEach(({ row }, k) => {
    if (phaseOf[k] < 0) return;
    const move = findMove(row, phaseOf[k], sums, perDay);
    if (move) found.set(k, { from: move.from, to: move.to, interval: move.day * perDay });
  });
  return found;
}

/** Likeness of the part of a row behind its move. */
export function scoreAfter(
  row: Float32Array,
  sums: readonly Float32Array[],
  { to, interval }: Moved,
): number {
  const part = row.slice(interval);
  const other = sums[to].slice(interval);
  if (!toZScores(part) || !toZScores(other)) return Number.NaN;
  return dot(part, other) / part.length;
}
