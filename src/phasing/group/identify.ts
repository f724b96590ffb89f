import { type Level, toZScores } from '../clean';
import { type CorrelatorSettings, PHASES } from '../settings';
import { blocksOf, fisher } from './blocks';
import { clockLag, shift } from './clock';
import { keepComponents } from './components';
import { excludedOne, type Identified, judge, SURE } from './judge';
import { levelsOf } from './level';
import { findMoves, scoreAfter } from './moved';
import type { Naming } from './naming';
import { type Member, onlyQuiet, type Prepared, prepareAll, quietOf } from './prepare';
import { evidenceOf, refine } from './refine';
import { dot, likenessOf, PhaseSums, type ReferenceRows } from './rows';
import { effective, type Separated, separate, sureOfMember, type ToSeparate } from './separate';
import { tieUp } from './service';
import { WHITENING_NAMES, whiten } from './whiten';

/** Fewer meters than this make no clusters. */
export const FEWEST = 6;
/** Clocks are told from this offset on, s; levels from this on, in parts of the voltage. */
const CLOCK_LIMIT = 60;
const LEVEL_LIMIT = 0.01;
/** Gain of likeness by a shift that chance does not give, in standard errors of a correlation. */
const CHANCE = 3;
/** Day of a window, s. */
const DAY = 86_400;
/** Highest likelihood that is given at all: the days of a window show no more. */
const MOST = 0.99999;
/** Highest likelihood that is given without references of the transformer and without a record that agrees. */
const UNPROVEN = 0.98;
/** The same with a record that agrees, which may be wrong in the same way. */
const AGREED = 0.985;
/** The same where the references may be of another feeder, and where a meter contradicts its references: no match. */
const DOUBTFUL = 0.89;
/** The same of clusters of components: no match. */
const OF_COMPONENTS = 0.94;
/** Likelihood that a meter is on the phase to which it moved. */
const MOVED = 0.97;
/** Standard errors by which a meter is more like the references of another phase before that is reported. */
const CONTRADICTS = 4;

export interface GroupResult {
  method: Separated['method'];
  /** Why it was done so. */
  because: string;
  /** Names of its phases, by index. */
  names: string[];
  /** In the order of the members, without the references. */
  members: Identified[];
  /** Likelihood that the name of each phase is right; none where they are only numbered, or nobody is compared. */
  sure?: number[];
  /** Names by the records, where all of them together are another way round than the references. */
  permuted?: { records: string[]; phases: string[] };
}

/** What comes from outside of the group. */
export interface Sources {
  /** Copies the series of a member, V by interval with NaN where nothing came. */
  read(index: number, into: Float32Array): void;
  /** Apparent power of a member by interval, where it is known: it is compared where it draws little itself. */
  power?(index: number): Float32Array | undefined;
  /** Is given the members of each phase added up, phases a, b, c in this order where they have names. */
  sums?(ofPhases: readonly Float32Array[]): void;
}

/**
 * The phases of the meters of one group, mostly those of one transformer: series are cleaned, compared with the
 * references and with each other, in levels or in what shows more; clocks that are off are found and corrected, meters
 * that moved, hang, or read too high are reported.
 */
export function identify(
  transformer: string,
  members: readonly Member[],
  length: number,
  sources: Sources,
  settings: CorrelatorSettings,
): GroupResult {
  const all = prepareAll(members, length, sources.read, settings);
  const usable = all.filter(({ excluded }) => excluded === undefined);
  const before = settings.components ? usable.map((one) => ({ ...one, row: one.row.slice() })) : undefined;
  if (settings.components) {
    keepComponents(
      usable.map(({ row }) => row),
      settings.components,
    );
  }
  for (const one of usable) onlyQuiet(one, quietOf(sources.power?.(one.index)));
  const customers = usable.filter(({ member }) => member.reference === undefined);
  const references = meansOf(
    usable.filter(({ member }) => member.reference !== undefined),
    length,
  );
  const missing = PHASES.filter((_, p) => references[p] === undefined);
  const known = `no usable reference for phase ${(missing.length ? missing : PHASES).join(', ')}`;
  const cannot = settings.method === 'pearson' || customers.length < FEWEST;
  if ((missing.length && cannot) || (settings.method === 'kmeans' && customers.length < FEWEST)) {
    const reason = `${known} at ${transformer}`;
    const excluded = all
      .filter(({ member }) => member.reference === undefined)
      .map((one) => excludedOne(one, one.excluded ?? reason));
    return { method: 'pearson', because: reason, names: [...PHASES], members: excluded };
  }
  const group: ToSeparate = {
    rows: customers.map(({ row }) => row),
    present: customers.map(({ present }) => present),
    references,
    recorded: customers.map(({ member }) => (member.recorded ? PHASES.indexOf(member.recorded) : -1)),
    length,
    clusters: settings.clusters,
    onlyClusters: settings.method === 'kmeans',
    kin: kinOf(customers),
    blocks: blocksOf(length, Math.round(DAY / settings.interval)),
  };
  let separated = separate(group);
  if (correctClocks(customers, group, separated, settings)) separated = separate(group);
  const names = separated.naming?.phaseOf
    ? [...PHASES]
    : separated.refined.sums.sums.map((_, k) => String(k + 1));
  if (before) doubtComponents(group, before, separated);
  const found = assign(group, customers, separated, names, settings, usable);
  sources.sums?.(found.levelSums.sums);
  const { naming, method, whitening } = separated;
  const permuted =
    naming?.permuted && !group.kin
      ? { records: naming.permuted.map(([, name]) => name), phases: naming.permuted.map(([name]) => name) }
      : undefined;
  return {
    method,
    because: [becauseOf(usable, missing, separated), whitening ? WHITENING_NAMES[whitening] : '']
      .filter(Boolean)
      .join(', '),
    names,
    members: all
      .filter(({ member }) => member.reference === undefined)
      .map(
        (one) =>
          found.of.get(one) ??
          excludedOne(one, one.excluded ?? 'no other meter on its phase to compare with'),
      ),
    ...(naming?.phaseOf ? { sure: naming.confidence } : {}),
    ...(permuted ? { permuted } : {}),
  };
}

function becauseOf(
  usable: readonly Prepared[],
  missing: readonly string[],
  { method, naming }: Separated,
): string {
  if (method === 'pearson') {
    const borrowed = usable.find(({ member }) => member.borrowed)?.member.borrowed;
    if (!borrowed) return 'a reference on each phase';
    return borrowed === 'feeder' ? 'references of the feeder' : 'references of other transformers';
  }
  const names = { references: 'named by references', records: 'named by records', nothing: 'without names' };
  const why = missing.length ? `no usable reference for phase ${missing.join(', ')}` : 'asked for';
  return naming ? `${why}, ${names[naming.by]}` : why;
}

/**
 * Components make each series of all the others: what they show is looked at again in the series as they were, which
 * alone say how sure it is.
 * @param before series of customers and references without components
 */
function doubtComponents(
  { length, blocks, kin }: ToSeparate,
  before: readonly Prepared[],
  separated: Separated,
): void {
  const { whitening, refined, sure, withNeighbours } = separated;
  const rows = before
    .filter(({ member }) => member.reference === undefined)
    .map(({ row, present }) => whiten(row, whitening, present));
  const known = meansOf(
    before.filter(({ member }) => member.reference !== undefined),
    length,
  );
  const references = separated.references.map((one, p) => one && known[p] && whiten(known[p], whitening));
  const sums = new PhaseSums(rows, length, refined.phaseOf, references.length);
  const weight = withNeighbours ? undefined : 1;
  const evidence = evidenceOf(rows, { ...refined, sums }, references, blocks, weight, kin);
  rows.forEach((_, k) => {
    sure[k] = Math.min(sure[k], sureOfMember(evidence, k, refined.phaseOf[k], blocks));
  });
}

/** Of meters of several transformers, those of the same one; undefined where all are of one. */
function kinOf(customers: readonly Prepared[]): number[][] | undefined {
  const byTransformer = new Map<string, number[]>();
  customers.forEach(({ member: { transformer = '' } }, k) => {
    const own = byTransformer.get(transformer);
    if (own) own.push(k);
    else byTransformer.set(transformer, [k]);
  });
  if (byTransformer.size < 2) return undefined;
  return customers.map(({ member: { transformer = '' } }) => byTransformer.get(transformer) as number[]);
}

/** Mean of the references of each phase, as z-scores. */
function meansOf(references: readonly Prepared[], length: number): ReferenceRows {
  return PHASES.map((phase) => {
    const own = references.filter(({ member }) => member.reference === phase);
    if (own.length === 0) return undefined;
    const sum = new Float32Array(length);
    for (const { row } of own) for (let i = 0; i < length; i++) sum[i] += row[i];
    return toZScores(sum, 1e-6) ? sum : undefined;
  });
}

/** Judges each customer where it stands, moves included. */
function assign(
  group: ToSeparate,
  customers: readonly Prepared[],
  separated: Separated,
  names: readonly string[],
  settings: CorrelatorSettings,
  usable: readonly Prepared[],
): { of: Map<Prepared, Identified>; levelSums: PhaseSums } {
  const { length, blocks } = group;
  const { rows, references, naming } = separated;
  let { refined } = separated;
  const moves = findMoves(
    customers,
    refined.phaseOf,
    levelSumsOf(group, separated, refined.phaseOf, names.length),
    settings,
  );
  if (moves.size) {
    // One that moved is like two phases by half: it is no member of either.
    const without = Int8Array.from(refined.phaseOf, (phase, k) => (moves.has(k) ? -1 : phase));
    refined = refine(rows, length, without, references, undefined, group.kin);
  }
  const phaseOf = Int8Array.from(refined.phaseOf);
  const sure = [...separated.sure];
  const tied = tieUp({ customers, rows, refined, evidence: separated.evidence, blocks }, phaseOf, sure);
  const levels = levelsByPhase(customers, phaseOf, usable, names);
  const levelSums = levelSumsOf(group, separated, phaseOf, names.length);
  const scores = levelScores(group, phaseOf, levelSums);
  const hasOwn = usable.some(({ member }) => member.reference && !member.borrowed);
  const isUnknown = usable.some(({ member }) => member.borrowed === 'unknown');
  const inLevels = separated.whitening === 0;
  // Nothing but records names the phases of small transformers together: that is no match.
  const isByRecords = group.kin !== undefined && naming?.by === 'records';
  const of = new Map<Prepared, Identified>();
  customers.forEach((one, k) => {
    const move = moves.get(k);
    const p = move ? move.to : phaseOf[k];
    if (p < 0 || (!move && Number.isNaN(refined.scores[k][p]))) return;
    const share = 1 - (one.present ? absentOf(one.present) : 0);
    const own = move
      ? scoreAfter(one.row, scores.sums, move)
      : scores.of(k, p) / Math.sqrt(Math.max(0.1, share));
    const name = nameOf(naming, p);
    const isAgreed = one.member.recorded === names[p];
    const contradicts = !move && contradictsAll(rows[k], references, p);
    const identified = judge(
      one,
      names[p],
      {
        score: Math.max(-1, Math.min(1, Number.isNaN(own) ? 0 : own)),
        margin: move
          ? undefined
          : marginOf(inLevels ? names.map((_, q) => scores.of(k, q)) : refined.scores[k], p),
        confidence: Math.min(
          hasOwn ? MOST : isAgreed ? AGREED : UNPROVEN,
          isUnknown || contradicts ? DOUBTFUL : 1,
          settings.components && separated.method === 'kmeans' ? OF_COMPONENTS : 1,
          (move ? MOVED : sure[k]) * name,
        ),
        ...(contradicts
          ? { doubt: 'contradicts' }
          : isUnknown
            ? { doubt: 'feeder' }
            : name < SURE || isByRecords
              ? { doubt: 'name' }
              : {}),
        isUnproven: isByRecords,
      },
      settings,
    );
    if (Math.abs(levels[k]) > LEVEL_LIMIT) identified.level = levels[k];
    if (move) identified.moved = { from: names[move.from], interval: move.interval };
    if (tied.has(k)) identified.together = true;
    if (one.masked) identified.had = 1 - one.missing;
    of.set(one, identified);
  });
  return { of, levelSums };
}

function nameOf(naming: Naming | undefined, phase: number): number {
  if (!naming) return 1;
  return naming.phaseOf ? (naming.confidence[phase] ?? 0) : 1;
}

function absentOf(present: Uint8Array): number {
  let n = 0;
  for (const x of present) n += x ? 0 : 1;
  return n / present.length;
}

function marginOf(scores: readonly number[], phase: number): number | undefined {
  const others = scores.filter((r, p) => p !== phase && !Number.isNaN(r));
  return others.length ? scores[phase] - Math.max(...others) : undefined;
}

/** Whether a meter is surely more like the references of another phase than like those of its own. */
function contradictsAll(row: Float32Array, references: ReferenceRows, phase: number): boolean {
  const own = references[phase];
  if (!own || references.some((one) => !one)) return false;
  const z = references.map((one) => fisher(dot(row, one as Float32Array) / row.length));
  const ahead = Math.max(...z.filter((_, p) => p !== phase)) - z[phase];
  return ahead > 0 && ahead * Math.sqrt(Math.max(1, effective(row) - 3) / 2) > CONTRADICTS;
}

/** The members of each phase added up in levels; those that are known already, where levels were compared. */
function levelSumsOf(
  { rows, length }: ToSeparate,
  separated: Separated,
  phaseOf: Int8Array,
  phases: number,
): PhaseSums {
  const { whitening, refined } = separated;
  const isKnown = whitening === 0 && phaseOf.every((p, k) => p === refined.phaseOf[k]);
  return isKnown ? refined.sums : new PhaseSums(rows, length, phaseOf, phases);
}

/** Likeness in levels to the mean of the other members of each phase, references among them. */
function levelScores({ rows, references, length }: ToSeparate, phaseOf: Int8Array, members: PhaseSums) {
  const parts = [...members.sums, ...references].map((row, p) => ({ row, p: p % members.sums.length }));
  const there = parts.flatMap(({ row, p }) => (row ? [{ row, p }] : []));
  const all = new PhaseSums(
    there.map(({ row }) => row),
    length,
    there.map(({ p }) => p),
    members.sums.length,
  );
  const squares = rows.map((row) => dot(row, row));
  const of = (k: number, p: number) => {
    const take = phaseOf[k] === p ? 1 : 0;
    const others = members.counts[p] + (references[p] ? 1 : 0) - take;
    const [xx, xs] = [squares[k], dot(rows[k], all.sums[p])];
    const products = {
      xx,
      xo: xs - take * xx,
      xr: 0,
      oo: all.squares[p] - take * (2 * xs - xx),
      or: 0,
      rr: 0,
    };
    return likenessOf(products, others, false);
  };
  return { of, sums: all.sums };
}

/** Corrects series whose clock is off, in place. @returns whether there were any */
function correctClocks(
  customers: readonly Prepared[],
  group: ToSeparate,
  separated: Separated,
  settings: CorrelatorSettings,
): boolean {
  const { phaseOf } = separated.refined;
  const sums = levelSumsOf(group, separated, phaseOf, separated.refined.sums.sums.length);
  let corrected = false;
  customers.forEach((one, k) => {
    const phase = phaseOf[k];
    if (phase < 0 || one.present || sums.counts[phase] < 2) return;
    const { lag, likeness, unshifted } = clockLag(one.row, sums.sums[phase], sums.squares[phase]);
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

function levelsByPhase(
  customers: readonly Prepared[],
  phaseOf: Int8Array,
  usable: readonly Prepared[],
  names: readonly string[],
): number[] {
  const levels = new Array<number>(customers.length).fill(0);
  names.forEach((name, phase) => {
    const own = customers.flatMap((_, k) => (phaseOf[k] === phase ? [k] : []));
    const references = usable.filter(({ member }) => member.reference === name && !member.borrowed);
    const all = [...own.map((k) => customers[k]), ...references];
    levelsOf(all.map(({ row, level }) => ({ row, level: level as Level }))).forEach((value, i) => {
      if (i < own.length) levels[own[i]] = value;
    });
  });
  return levels;
}
