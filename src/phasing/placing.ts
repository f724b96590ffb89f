import type { Finding } from '../record';
import { fillGaps, toZScores } from './clean';
import { shift } from './group/clock';
import type { PhaseMeans } from './means';
import type { Task } from './plan';
import type { CorrelatorSettings } from './settings';

/** Likeness to another transformer's meters by which it must exceed that to its own. */
const BETTER = 0.1;
/** Products that one run spends on this: half a minute. Beyond it the meters that are least like their own go first. */
const MAX_PRODUCTS = 20_000_000;
/** Fall of a transformer's correlation with the others, on all phases, from which something is wrong with it. */
const FALL = 0.3;

/** A meter that is not like its neighbours. */
export interface Candidate {
  /** Row of the store. */
  row: number;
  /** Group that the table has it in, and its likeness there. */
  group: number;
  score: number;
  clockLag: number;
}

/**
 * The group of the same feeder whose meters each candidate is clearly more like than those of its own.
 * @param places the groups; one whose meters are of several transformers is no place for a meter
 * @param read copies a row of the store
 * @returns index of the group by candidate, -1 for none; and how many were not compared
 */
export function* placeOf(
  candidates: readonly Candidate[],
  places: readonly Pick<Task, 'feeder' | 'isPool' | 'isLine'>[],
  means: PhaseMeans,
  { match, maxGap, gaps }: CorrelatorSettings,
  read: (row: number, into: Float32Array) => void,
): Generator<void, { groups: number[]; notCompared: number }> {
  const ofFeeder = new Map<string, number[]>();
  const keyOf = ({ feeder, isLine }: Pick<Task, 'feeder' | 'isLine'>) => `${feeder}\u0000${isLine ?? ''}`;
  places.forEach((place, group) => {
    if (place.isPool) return;
    const own = ofFeeder.get(keyOf(place));
    if (own) own.push(group);
    else ofFeeder.set(keyOf(place), [group]);
  });
  const order = candidates
    .map((_, k) => k)
    .sort((x, y) => candidates[x].score - candidates[y].score || x - y);
  const groups = candidates.map(() => -1);
  const series = new Float32Array(means.length);
  let left = MAX_PRODUCTS;
  let notCompared = 0;
  for (const k of order) {
    const { row, group, score, clockLag } = candidates[k];
    const others = ofFeeder.get(keyOf(places[group])) ?? [];
    left -= others.length * means.phases;
    if (left < 0) {
      notCompared++;
      continue;
    }
    read(row, series);
    if ((!fillGaps(series, maxGap).ok && gaps !== 'mask') || !toZScores(series)) continue;
    if (clockLag) shift(series, clockLag);
    let best = Math.max(match, score + BETTER);
    for (const other of others) {
      if (other === group) continue;
      for (let phase = 0; phase < means.phases; phase++) {
        const r = means.likeness(series, other, phase);
        if (r > best) [best, groups[k]] = [r, other];
      }
      yield;
    }
  }
  return { groups, notCompared };
}

/**
 * Transformers whose meters, all alike, have less to do with those of the other transformers than is usual: a tap or a
 * winding (their own likeness to each other says nothing about that).
 * @param names of the groups; undefined for one whose meters are of several transformers
 */
export function* strangers(
  names: readonly (string | undefined)[],
  means: PhaseMeans,
): Generator<void, (Finding & { meter: string })[]> {
  const { groups, phases, length } = means;
  if (groups < 4) return [];
  const likeness = names.map(() => [] as number[]);
  for (let phase = 0; phase < phases; phase++) {
    const sum = new Float64Array(length);
    for (let group = 0; group < groups; group++) {
      const row = means.row(group, phase);
      for (let i = 0; i < length; i++) sum[i] += row[i];
      yield;
    }
    for (let group = 0; group < groups; group++) {
      const row = means.row(group, phase);
      if (row[0] === 0 && row[length - 1] === 0 && row.every((x) => x === 0)) continue;
      let [product, squares] = [0, 0];
      for (let i = 0; i < length; i++) {
        const others = sum[i] - row[i];
        product += row[i] * others;
        squares += others * others;
      }
      if (squares > 0) likeness[group].push(product / Math.sqrt(length * squares));
      yield;
    }
  }
  const best = likeness.map((of) => (of.length ? Math.max(...of) : Number.NaN));
  const usual = best.filter((r) => !Number.isNaN(r)).sort((a, b) => a - b);
  const median = usual[usual.length >> 1];
  return names.flatMap((transformer, group) => {
    if (transformer === undefined || !(best[group] < median - FALL)) return [];
    return [
      {
        meter: transformer,
        code: 'TRANSFORMER_CORRELATION',
        severity: 'warning' as const,
        text: `all meters of transformer ${transformer} follow the others less than usual: correlation ${best[group].toFixed(2)}, usual ${median.toFixed(2)}`,
        hint: 'Look for a tap changed inside the window, a winding fault, or a transformer that the table has on the wrong feeder.',
        detail: { transformer, correlation: best[group], usual: median },
      },
    ];
  });
}
