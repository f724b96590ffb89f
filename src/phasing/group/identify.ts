import { type Level, toZScores } from '../clean';
import { type CorrelatorSettings, PHASES } from '../settings';
import { type Beginning, begin, lackOf } from './begin';
import { clockLag, shift } from './clock';
import { keepComponents } from './components';
import { effective, excludedOne, type Identified, judge } from './judge';
import { levelsOf } from './level';
import { findMove } from './moved';
import { type Member, onlyQuiet, type Prepared, prepareAll, quietOf } from './prepare';
import { type Refined, refine } from './refine';
import type { Rows } from './rows';

/** Clocks are told from this offset on, s; levels from this on, in parts of the voltage. */
const CLOCK_LIMIT = 60;
const LEVEL_LIMIT = 0.01;
/** Gain of likeness by a shift that chance does not give, in standard errors of a correlation. */
const CHANCE = 3;
/** Day of a window, s. */
const DAY = 86_400;

export interface GroupResult {
  method: Beginning['method'];
  /** Why it was done so. */
  because: string;
  /** Names of its phases, by index. */
  names: string[];
  /** In the order of the members, without the references. */
  members: Identified[];
}

/**
 * The phases of the meters of one group, mostly those of one transformer: series are cleaned, compared with the
 * references (or clustered where there are none), and refined against each other; clocks that are off are found and
 * corrected, meters that moved, hang, or read too high are told.
 * @param read copies the series of a member, V by interval with NaN where nothing came
 * @param power apparent power of a member by interval, where it is known: it is compared where it draws little itself
 * @param sums is given the members of each phase added up, phases a, b, c in this order where they have names
 */
export function identify(
  transformer: string,
  members: readonly Member[],
  length: number,
  read: (index: number, into: Float32Array) => void,
  settings: CorrelatorSettings,
  power: (index: number) => Float32Array | undefined = () => undefined,
  sums: (ofPhases: readonly Float32Array[]) => void = () => {},
): GroupResult {
  const all = prepareAll(members, length, read, settings);
  const usable = all.filter(({ excluded }) => excluded === undefined);
  if (settings.components) {
    keepComponents(
      usable.map(({ row }) => row),
      settings.components,
    );
  }
  const rows: Rows = {
    length,
    rows: usable.map(({ row }) => row),
    quiet: usable.map((one) => onlyQuiet(one, quietOf(power(one.index)))),
  };
  const lacking = lackOf(usable, settings);
  if (lacking) {
    const reason = `no usable reference for phase ${lacking.join(', ')} at transformer ${transformer}`;
    const excluded = all
      .filter(({ member }) => member.reference === undefined)
      .map((one) => excludedOne(one, one.excluded ?? reason));
    return { method: 'pearson', because: reason, names: [...PHASES], members: excluded };
  }
  const { start, names, method, because } = begin(usable, rows, settings);
  const fixed = usable.map(({ member }) => member.reference !== undefined);
  let refined = refine(rows, start, fixed, names.length);
  if (correctClocks(usable, refined, settings)) refined = refine(rows, refined.phaseOf, fixed, names.length);
  const moves = findMoves(usable, refined, fixed, settings);
  if (moves.size) {
    // One that moved is like two phases by half: it is no member of either.
    const without = Int8Array.from(refined.phaseOf, (phase, k) => (moves.has(k) ? -1 : phase));
    const rest = refine(rows, without, fixed, names.length);
    for (const [k, move] of moves) {
      rest.phaseOf[k] = move.to;
      rest.scores[k] = scoreAfter(rows.rows[k], rest, move.interval);
    }
    refined = rest;
  }
  const levels = levelsByPhase(usable, refined, names.length);
  const found = new Map<Prepared, Identified>();
  usable.forEach((one, k) => {
    const move = moves.get(k);
    const identified = judge(one, refined.scores[k], refined.phaseOf[k], names, effective(one.row), settings);
    if (Math.abs(levels[k]) > LEVEL_LIMIT) identified.level = levels[k];
    if (move) identified.moved = { from: names[move.from], interval: move.interval };
    found.set(one, identified);
  });
  sums(inOrderOfNames(refined.sums.sums, names));
  return {
    method,
    because,
    names,
    members: all
      .filter(({ member }) => member.reference === undefined)
      .map((one) => found.get(one) ?? excludedOne(one, one.excluded ?? 'no readings')),
  };
}

/** Corrects series whose clock is off, in place. @returns whether there were any */
function correctClocks(usable: readonly Prepared[], refined: Refined, settings: CorrelatorSettings): boolean {
  let corrected = false;
  usable.forEach((one, k) => {
    const phase = refined.phaseOf[k];
    if (phase < 0 || one.member.reference || refined.sums.counts[phase] < 2) return;
    const { lag, likeness, unshifted } = clockLag(one.row, refined.sums.without(one.row, phase, true));
    if (Math.abs(lag * settings.interval) <= CLOCK_LIMIT) return;
    // Between whole intervals only a strong likeness tells; otherwise the gain must be more than chance.
    const isClear =
      likeness >= settings.match || likeness - unshifted > CHANCE / Math.sqrt(effective(one.row));
    if (!isClear) return;
    one.clockLate = Math.round(lag * settings.interval);
    shift(one.row, lag);
    toZScores(one.row);
    corrected = true;
  });
  return corrected;
}

/** Sums of a, b, c in this order; as they are where clusters have no names. */
function inOrderOfNames(sums: readonly Float32Array[], names: readonly string[]): Float32Array[] {
  const order = PHASES.map((phase) => names.indexOf(phase));
  return order.includes(-1) ? [...sums] : order.map((k) => sums[k]);
}

interface Moved {
  from: number;
  to: number;
  interval: number;
}

function findMoves(
  usable: readonly Prepared[],
  { phaseOf, sums }: Refined,
  fixed: readonly boolean[],
  settings: CorrelatorSettings,
): Map<number, Moved> {
  const perDay = Math.round(DAY / settings.interval);
  const moves = new Map<number, Moved>();
  usable.forEach(({ row }, k) => {
    if (fixed[k] || phaseOf[k] < 0) return;
    const move = findMove(row, phaseOf[k], sums, perDay);
    if (move) moves.set(k, { from: move.from, to: move.to, interval: move.day * perDay });
  });
  return moves;
}

/** Likeness of the part of a row behind its move. */
function scoreAfter(row: Float32Array, { sums }: Refined, from: number): number[] {
  return sums.sums.map((sum) => {
    const part = row.slice(from);
    const other = sum.slice(from);
    if (!toZScores(part) || !toZScores(other)) return Number.NaN;
    let product = 0;
    for (let i = 0; i < part.length; i++) product += part[i] * other[i];
    return product / part.length;
  });
}

function levelsByPhase(usable: readonly Prepared[], { phaseOf }: Refined, phases: number): number[] {
  const levels = new Array<number>(usable.length).fill(0);
  for (let phase = 0; phase < phases; phase++) {
    const own = usable.flatMap((_, k) => (phaseOf[k] === phase ? [k] : []));
    const volts = own.map((k) => ({ row: usable[k].row, level: usable[k].level as Level }));
    levelsOf(volts).forEach((value, i) => {
      levels[own[i]] = value;
    });
  }
  return levels;
}
