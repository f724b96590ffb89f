import type { Grade } from '../../record';
import { fillGaps, isStuck, type Level, longestRun, smooth, toZScores, usualStep } from '../clean';
import type { CorrelatorSettings, Phase } from '../settings';
import { PHASES } from '../settings';
import { clockLag, shift } from './clock';
import { keepComponents } from './components';
import { kMeans } from './kmeans';
import { levelsOf } from './level';
import { findMove } from './moved';
import { bestOf, type Refined, refine } from './refine';
import type { Rows } from './rows';

/** Clocks are told from this offset on, s; levels from this on, in parts of the voltage. */
const CLOCK_LIMIT = 60;
const LEVEL_LIMIT = 0.01;
/** Gain of likeness by a shift that chance does not give, in standard errors of a correlation. */
const CHANCE = 3;
/** Day of a window, s. */
const DAY = 86_400;
/** Part of its intervals that a reference must have. */
const LEAST_OF_REFERENCE = 0.5;
/** Fewer meters than this make no clusters, and borrow no references. */
export const FEWEST = 6;

/** A series that takes part: of a customer's meter, or of a reference whose phase is known. */
export interface Member {
  meter: string;
  /** Phase of a reference; and whether it is that of another transformer. */
  reference?: Phase;
  borrowed?: boolean;
  /** Phase that the records have. */
  recorded?: Phase;
  /** Input of a meter of several phases. */
  input?: string;
}

/** What is found of one member. */
export interface Identified {
  meter: string;
  /** 'a', 'b', 'c', or the number of a cluster that no record names. */
  phase: string | null;
  score: number | null;
  margin: number | null;
  /** Likelihood that no other phase is the right one, by the number of independent intervals. */
  confidence: number | null;
  grade: Grade;
  /** Part of its intervals without a reading. */
  missing: number;
  /** Why it is excluded. */
  excluded?: string;
  /** Seconds by which its clock is late, where that is worth telling. */
  clockLate?: number;
  /** Parts by which it reads above its neighbours, where that is worth telling. */
  level?: number;
  /** First interval after a change of phase inside the window, and the phase before. */
  moved?: { from: string; interval: number };
}

export interface GroupResult {
  method: 'pearson' | 'kmeans';
  /** Why it was done so. */
  because: string;
  /** Names of its phases, by index. */
  names: string[];
  /** In the order of the members, without the references. */
  members: Identified[];
}

interface Prepared {
  /** Number of the member. */
  index: number;
  member: Member;
  row: Float32Array;
  missing: number;
  level?: Level;
  excluded?: string;
  clockLate?: number;
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

function prepareAll(
  members: readonly Member[],
  length: number,
  read: (index: number, into: Float32Array) => void,
  settings: CorrelatorSettings,
): Prepared[] {
  const all = members.map((member, k): Prepared & { run: number } => {
    const row = new Float32Array(length);
    read(k, row);
    const missing = 1 - shareOf(row);
    const run = longestRun(row);
    const step = usualStep(row);
    if (step > 1) {
      const excluded = `Inconsistent Sampling Frequency: a reading every ${step} intervals`;
      return { index: k, member, row, missing, run, excluded };
    }
    const cleaned = fillGaps(row, settings.maxGap);
    // A reference with a longer gap is still the best there is: in the gap it says nothing.
    if (cleaned.ok || (member.reference && 1 - missing >= LEAST_OF_REFERENCE)) {
      return { index: k, member, row, missing, run };
    }
    return { index: k, member, row, missing, run, excluded: cleaned.reason };
  });
  const runs = all.map(({ run }) => run).sort((a, b) => a - b);
  const usual = runs[runs.length >> 1] ?? 0;
  for (const one of all) {
    if (one.excluded !== undefined) continue;
    if (settings.lowPass > 1) smooth(one.row, settings.lowPass);
    one.level = toZScores(one.row);
  }
  const levels = all.flatMap(({ level }) => (level ? [level.mean] : [])).sort((a, b) => a - b);
  const middle = levels[levels.length >> 1] ?? 0;
  for (const one of all) {
    if (one.excluded !== undefined) continue;
    if (!one.level) one.excluded = 'voltage never changes';
    else if (isImplausible(one.level.mean, middle)) {
      one.excluded = `implausible voltage: ${one.level.mean.toPrecision(3)} V where the others have ${middle.toPrecision(3)} V`;
    } else if (isStuck(one.run, usual))
      one.excluded = `stuck value: the same voltage for ${one.run} intervals`;
  }
  return all;
}

/** Whether a mean is none of this network: another unit, a dead input, a line voltage among phase voltages. */
function isImplausible(mean: number, middle: number): boolean {
  return !(mean > 0) || (middle > 0 && (mean < 0.6 * middle || mean > 1.5 * middle));
}

/**
 * The half of the intervals in which a customer draws least: then the drop of its own branch, which hides its phase,
 * is smallest (after the power bands of M. Lave et al. and L. Blakely et al.; arXiv 2210.00155).
 * @returns undefined where its power is not known for half of the time
 */
function quietOf(power: Float32Array | undefined): Uint8Array | undefined {
  if (!power || shareOf(power) < LEAST_OF_POWER) return undefined;
  const known = power.filter((x) => !Number.isNaN(x)).sort();
  const limit = known[Math.floor(QUIET_PART * (known.length - 1))];
  return Uint8Array.from(power, (x) => (x <= limit ? 1 : 0));
}

/** Leaves of a series its quiet intervals, as z-scores of their own; the others say nothing. */
function onlyQuiet({ row, level }: Prepared, quiet: Uint8Array | undefined): Uint8Array | undefined {
  if (!quiet) return undefined;
  for (let i = 0; i < row.length; i++) if (!quiet[i]) row[i] = Number.NaN;
  const ofQuiet = toZScores(row);
  if (!ofQuiet || !level) {
    row.fill(0);
    return quiet;
  }
  level.mean += level.deviation * ofQuiet.mean;
  level.deviation *= ofQuiet.deviation;
  return quiet;
}

const LEAST_OF_POWER = 0.5;
const QUIET_PART = 0.5;

/** Part of the intervals that have a value. */
function shareOf(row: Float32Array): number {
  let count = 0;
  for (let i = 0; i < row.length; i++) if (!Number.isNaN(row[i])) count++;
  return count / row.length;
}

/** Phases without a usable reference, where clusters cannot do instead. */
function lackOf(usable: readonly Prepared[], { method }: CorrelatorSettings): Phase[] | undefined {
  const missing = PHASES.filter((phase) => !usable.some(({ member }) => member.reference === phase));
  const customers = usable.filter(({ member }) => member.reference === undefined).length;
  const canCluster = method !== 'pearson' && customers >= FEWEST;
  return (missing.length && !canCluster) || (method === 'kmeans' && customers < FEWEST)
    ? missing.length
      ? missing
      : [...PHASES]
    : undefined;
}

/** Phases to begin with: by the references where there is one of each phase, else by clusters. */
function begin(
  usable: readonly Prepared[],
  rows: Rows,
  settings: CorrelatorSettings,
): { start: Int8Array; names: string[]; method: GroupResult['method']; because: string } {
  const references = usable.map(({ member }) => (member.reference ? PHASES.indexOf(member.reference) : -1));
  const complete = PHASES.every((_, phase) => references.includes(phase));
  if (complete && settings.method !== 'kmeans') {
    const { scores } = refineOnce(rows, references, PHASES.length);
    const start = Int8Array.from(references, (phase, k) => (phase >= 0 ? phase : bestOf(scores[k], 0)));
    const because = usable.some(({ member }) => member.borrowed)
      ? 'references of other transformers'
      : 'a reference on each phase';
    return { start, names: [...PHASES], method: 'pearson', because };
  }
  const members = usable.map((_, k) => k);
  const start = members.length ? kMeans(rows, members, settings.clusters) : new Int8Array(0);
  const missing = PHASES.filter((_, phase) => !references.includes(phase));
  const because = complete ? 'asked for' : `no usable reference for phase ${missing.join(', ')}`;
  return { start, names: nameClusters(usable, start, settings.clusters), method: 'kmeans', because };
}

/** Scores against the references alone. */
function refineOnce(rows: Rows, references: readonly number[], phases: number): Refined {
  const all = references.map(() => true);
  const likeReferences = refine(rows, references, all, phases);
  const scores = rows.rows.map((row, k) =>
    references[k] >= 0
      ? likeReferences.scores[k]
      : Array.from({ length: phases }, (_, phase) =>
          likeReferences.sums.likeness(row, phase, false, rows.quiet?.[k]),
        ),
  );
  return { ...likeReferences, scores };
}

/** Names of clusters: the assignment of a, b, c that most records agree with; numbers where none do. */
function nameClusters(usable: readonly Prepared[], clusterOf: ArrayLike<number>, clusters: number): string[] {
  const numbers = Array.from({ length: clusters }, (_, k) => String(k + 1));
  if (clusters !== PHASES.length) return numbers;
  const votes = numbers.map(() => PHASES.map(() => 0));
  usable.forEach(({ member }, k) => {
    const known = member.reference ?? member.recorded;
    // What is known for certain outweighs any number of records.
    if (known && clusterOf[k] >= 0) votes[clusterOf[k]][PHASES.indexOf(known)] += member.reference ? 1000 : 1;
  });
  let best = { order: [0, 1, 2], agree: 0 };
  for (const order of [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ]) {
    const agree = order.reduce((sum, phase, cluster) => sum + votes[cluster][phase], 0);
    if (agree > best.agree) best = { order, agree };
  }
  return best.agree > 0 ? best.order.map((phase) => PHASES[phase]) : numbers;
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

function judge(
  one: Prepared,
  scores: readonly number[],
  phase: number,
  names: readonly string[],
  independent: number,
  { match, suspect }: CorrelatorSettings,
): Identified {
  const { member, clockLate, missing } = one;
  const score = scores[phase];
  if (phase < 0 || Number.isNaN(score))
    return excludedOne(one, 'no other meter on any phase to compare with');
  const second = Math.max(-1, ...scores.filter((other, k) => k !== phase && !Number.isNaN(other)));
  return {
    meter: member.meter,
    missing,
    phase: names[phase],
    score,
    margin: score - second,
    confidence: confidenceOf(score, second, independent),
    grade: score >= match ? 'match' : score >= suspect ? 'suspect' : 'low',
    ...(clockLate === undefined ? {} : { clockLate }),
  };
}

function excludedOne({ member, missing }: Prepared, excluded: string): Identified {
  const nothing = { phase: null, score: null, margin: null, confidence: null };
  return { meter: member.meter, missing, ...nothing, grade: 'excluded', excluded };
}

/**
 * Independent intervals in a series whose values hang together: n (1 - r) / (1 + r), by the likeness r of each value
 * to the next (G. V. Bayley, J. M. Hammersley, J. R. Stat. Soc. Suppl. 8, 1946, first order).
 */
function effective(row: Float32Array): number {
  let product = 0;
  for (let i = 1; i < row.length; i++) product += row[i] * row[i - 1];
  const r = Math.min(0.999, Math.max(0, product / (row.length - 1)));
  return (row.length * (1 - r)) / (1 + r);
}

/** Chance that the larger of two correlations is so not by chance: Fisher's z, taken as independent. */
function confidenceOf(first: number, second: number, independent: number): number {
  const z = (r: number) => Math.atanh(Math.min(0.999999, Math.max(-0.999999, r)));
  return normal(((z(first) - z(second)) * Math.sqrt(Math.max(1, independent - 3))) / Math.SQRT2);
}

/** Distribution function of the normal distribution (M. Abramowitz, I. Stegun, 26.2.17; 7.5e-8). */
function normal(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const tail =
    (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return x >= 0 ? 1 - tail : tail;
}
