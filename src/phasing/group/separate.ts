import { PHASES } from '../settings';
import { type Blocks, sureOf } from './blocks';
import { kMeans } from './kmeans';
import { likenessOfClusters } from './merge';
import { type Naming, nameClusters } from './naming';
import { bestOf, type Evidence, evidenceOf, type Kin, type Refined, refine } from './refine';
import { dot, PhaseSums, REFERENCE_WEIGHT, type ReferenceRows } from './rows';
import { WHITENINGS, type Whitening, whiten } from './whiten';

/** Mean likelihood of being right from which a way of telling phases apart is taken, and none is tried after it. */
const CLEAR = 0.995;
/** What a later way must gain in likelihood of being wrong: the first ones are the plainer ones. */
const GAIN = 0.7;
/** Likelihood that a meter is where the only phase of its group is, if nothing tells of another one. */
const ONLY = 0.99;
/** What references count where they alone are asked. */
const ALONE = 1;

/** A group whose meters are separated by phase, in what separates them best. */
export interface Separated {
  method: 'pearson' | 'kmeans';
  whitening: Whitening;
  /** The mean of the neighbours counts, not the references alone. */
  withNeighbours: boolean;
  /** Series and references in it. */
  rows: Float32Array[];
  references: ReferenceRows;
  refined: Refined;
  evidence: Evidence;
  /** Likelihood by row that it is most like the phase that it is on, without that of the phase's name. */
  sure: number[];
  /** How the phases have their names; undefined for clusters that are only numbered. */
  naming: Naming | undefined;
}

/** What is to be separated. */
export interface ToSeparate {
  /** z-scores, and the intervals that are there. */
  rows: readonly Float32Array[];
  present: readonly (Uint8Array | undefined)[];
  /** Mean of the references of each phase, z-scores. */
  references: ReferenceRows;
  /** Index of the phase that the records have of each, or -1. */
  recorded: ArrayLike<number>;
  length: number;
  clusters: number;
  /** By clusters, although there are references. */
  onlyClusters: boolean;
  /** Of meters of several transformers, those of the same one: what they have in common need not be a phase. */
  kin: Kin | undefined;
  blocks: Blocks;
}

/** Series of a group in one of the ways in which they are compared. */
interface View {
  whitening: Whitening;
  rows: Float32Array[];
  references: ReferenceRows;
}

/**
 * Tells the phases of a group apart: by references and neighbours, by references alone, by clusters that references and
 * records name; in levels, or in what is left of them. The way counts by which the meters are right most likely.
 */
export function separate(group: ToSeparate): Separated {
  const isComplete = PHASES.every((_, p) => group.references[p] !== undefined) && !group.onlyClusters;
  const views = new Map<Whitening, View>();
  const viewOf = (whitening: Whitening): View => {
    const view = views.get(whitening) ?? {
      whitening,
      rows: group.rows.map((row, k) => whiten(row, whitening, group.present[k])),
      references: group.references.map((one) => one && whiten(one, whitening)),
    };
    views.set(whitening, view);
    return view;
  };
  const ways = isComplete
    ? group.kin
      ? [alone, withNeighbours]
      : [withNeighbours, alone, byClusters]
    : [byRecords, byClusters];
  let best: { separated: Separated; wrong: number } | undefined;
  for (const way of ways) {
    for (const whitening of WHITENINGS) {
      const separated = way(group, viewOf(whitening), viewOf);
      if (!separated) continue;
      const wrong = 1 - qualityOf(separated);
      if (!best || wrong < GAIN * best.wrong) best = { separated, wrong };
      if (best.wrong <= 1 - CLEAR) return best.separated;
    }
  }
  return (best as { separated: Separated }).separated;
}

type ViewOf = (whitening: Whitening) => View;

function withNeighbours(group: ToSeparate, view: View, viewOf: ViewOf): Separated {
  return byReferences(group, view, viewOf, REFERENCE_WEIGHT);
}

function alone(group: ToSeparate, view: View, viewOf: ViewOf): Separated {
  return byReferences(group, view, viewOf, ALONE);
}

function byReferences(group: ToSeparate, view: View, viewOf: ViewOf, weight: number): Separated {
  const { rows, references } = view;
  const start = rows.map((row) =>
    bestOf(
      references.map((one) => dot(row, one as Float32Array)),
      0,
    ),
  );
  const refined = refine(rows, group.length, start, references, weight, group.kin);
  if (weight === ALONE) return judged(group, view, refined, 'pearson', weight, SURE_NAMES);
  const naming = nameOf(group, refined, view.whitening, viewOf, true);
  // The phases have the names of their references, unless they are like these in another way.
  const confidence = PHASES.map((_, p) =>
    naming.phaseOf?.[p] === p ? naming.confidence[p] : Math.min(0.5, 1 - naming.confidence[p]),
  );
  return judged(group, view, refined, 'pearson', weight, { ...naming, phaseOf: [0, 1, 2], confidence });
}

/** Of meters that references alone are asked for, each for itself. */
const SURE_NAMES: Naming = {
  phaseOf: [0, 1, 2],
  grouping: [0, 1, 2],
  confidence: [1, 1, 1],
  by: 'references',
};

/** Part of the meters that must have a record for these to be begun with. */
const RECORDED = 0.5;

/** Begun with the phases that the records have, which may be wrong one by one. */
function byRecords(group: ToSeparate, view: View, viewOf: ViewOf): Separated | undefined {
  const { recorded, clusters } = group;
  const known = view.rows.filter((_, k) => recorded[k] >= 0).length;
  if (group.onlyClusters || clusters !== PHASES.length || known < RECORDED * view.rows.length)
    return undefined;
  const begun = refine(view.rows, group.length, recorded, NO_REFERENCES, 0, group.kin);
  // Those without a record go where they are most like.
  const { sums } = begun.sums;
  const start = view.rows.map((row, k) =>
    begun.phaseOf[k] >= 0
      ? begun.phaseOf[k]
      : bestOf(
          sums.map((sum, p) =>
            begun.sums.counts[p] ? dot(row, sum) / Math.sqrt(begun.sums.squares[p]) : Number.NaN,
          ),
          -1,
        ),
  );
  return fromClusters(
    group,
    view,
    viewOf,
    refine(view.rows, group.length, start, NO_REFERENCES, 0, group.kin),
  );
}

const NO_REFERENCES: ReferenceRows = PHASES.map(() => undefined);

function byClusters(group: ToSeparate, view: View, viewOf: ViewOf): Separated | undefined {
  const { rows } = view;
  const { length, clusters } = group;
  if (rows.length < 2 * PHASES.length) return undefined;
  const members = rows.map((_, k) => k);
  const found = kMeans({ rows, length }, members, clusters);
  const none: ReferenceRows = Array.from({ length: Math.max(clusters, PHASES.length) }, () => undefined);
  const apart = refine(rows, length, found, none, 0, group.kin);
  if (clusters !== PHASES.length)
    return judged(group, { ...view, references: none }, apart, 'kmeans', 0, undefined);
  return fromClusters(group, view, viewOf, apart);
}

/** Names clusters, puts those together that are one phase, and lets the references vote with their members. */
function fromClusters(group: ToSeparate, view: View, viewOf: ViewOf, apart: Refined): Separated {
  const { rows, whitening } = view;
  const naming = nameOf(group, apart, whitening, viewOf, false);
  const place = naming.phaseOf ?? naming.grouping;
  const start = Int8Array.from(apart.phaseOf, (c) => place[c] ?? -1);
  if (!naming.phaseOf) {
    const together = refine(rows, group.length, start, NO_REFERENCES, 0, group.kin);
    return judged(group, { ...view, references: NO_REFERENCES }, together, 'kmeans', 0, naming);
  }
  const isComplete = view.references.every((one) => one !== undefined);
  const voting = isComplete ? NO_REFERENCES : view.references;
  const refined = refine(rows, group.length, start, voting, REFERENCE_WEIGHT, group.kin);
  const confidence = PHASES.map((_, p) => {
    const own = place.flatMap((phase, c) => (phase === p ? [naming.confidence[c]] : []));
    return own.length ? Math.min(...own) : 0;
  });
  const named = { ...naming, phaseOf: [0, 1, 2], confidence };
  return judged(group, { ...view, references: voting }, refined, 'kmeans', REFERENCE_WEIGHT, named);
}

function judged(
  { blocks, kin }: ToSeparate,
  { whitening, rows, references }: View,
  refined: Refined,
  method: Separated['method'],
  weight: number,
  naming: Naming | undefined,
): Separated {
  const evidence = evidenceOf(rows, refined, references, blocks, weight, kin);
  const sure = rows.map((_, k) => sureOfMember(evidence, k, refined.phaseOf[k], blocks));
  return {
    method,
    whitening,
    withNeighbours: weight !== ALONE,
    rows,
    references,
    refined,
    evidence,
    sure,
    naming,
  };
}

/** Likelihood that a member is more like its phase than each other one, over the draws. */
export function sureOfMember(evidence: Evidence, k: number, phase: number, blocks: Blocks): number {
  const { whole, drawn, alone, hasOthers } = evidence;
  if (phase < 0 || Number.isNaN(whole[k][phase])) return 0;
  let least = ONLY;
  let isCompared = false;
  whole[k].forEach((z, p) => {
    if (p === phase || Number.isNaN(z)) return;
    // Where the other phase has references only, these alone are compared.
    const areAlone = !hasOthers[k][p] && !Number.isNaN(alone[k][phase][0]);
    const [own, other] = areAlone ? [alone[k][phase], alone[k][p]] : [drawn[k][phase], drawn[k][p]];
    const lead = own.map((x, d) => x - other[d]);
    const sure = sureOf(lead, blocks);
    least = isCompared ? Math.min(least, sure) : sure;
    isCompared = true;
  });
  return least;
}

/**
 * Names of the clusters of a group, in the whitening that tells most of them: what tells meters apart need not be what
 * their phases have in common with references elsewhere.
 * @param areApart the clusters are those of references, and as many phases
 * @returns by number of the cluster, with holes for those that are empty
 */
function nameOf(
  group: ToSeparate,
  { phaseOf: clusterOf, sums: apart }: { phaseOf: ArrayLike<number>; sums?: PhaseSums },
  own: Whitening,
  viewOf: ViewOf,
  areApart: boolean,
): Naming {
  const count = Math.max(PHASES.length, ...Array.from(clusterOf, (c) => c + 1));
  const { sums, counts } =
    own === 0 && apart ? apart : new PhaseSums(group.rows, group.length, clusterOf, count);
  const there = counts.flatMap((n, c) => (n > 0 ? [c] : []));
  const isTold = areApart || there.length < 2;
  const rows = isTold ? [] : viewOf(1).rows;
  const alike = isTold
    ? there.map(() => there.map(() => 0))
    : likenessOfClusters(rows, clusterOf, new PhaseSums(rows, group.length, clusterOf, count), there);
  let best: { naming: Naming; sure: number } | undefined;
  for (const whitening of [own, ...WHITENINGS.filter((one) => one !== own)]) {
    const clusters = there.map((c) => ({
      mean: whiten(sums[c], whitening),
      records: recordsOf(group, clusterOf, c),
    }));
    const naming = nameClusters(clusters, viewOf(whitening).references, alike, group.blocks);
    const sure = there.reduce((sum, c, i) => sum + counts[c] * naming.confidence[i], 0) / clusterOf.length;
    if (!best || sure > best.sure) best = { naming, sure };
    if (best.sure > CLEAR || naming.by !== 'references') break;
  }
  const { naming } = best as { naming: Naming };
  const grouping = new Array<number>(count).fill(-1);
  const confidence = new Array<number>(count).fill(0);
  there.forEach((c, i) => {
    grouping[c] = naming.grouping[i];
    confidence[c] = naming.confidence[i];
  });
  return { ...naming, grouping, phaseOf: naming.phaseOf && grouping, confidence };
}

function recordsOf({ recorded }: ToSeparate, clusterOf: ArrayLike<number>, cluster: number): number[] {
  return PHASES.map((_, p) => {
    let n = 0;
    for (let k = 0; k < clusterOf.length; k++) if (clusterOf[k] === cluster && recorded[k] === p) n++;
    return n;
  });
}

/** Mean likelihood that a meter's phase is right. */
function qualityOf({ sure, naming, refined: { phaseOf } }: Separated): number {
  let sum = 0;
  sure.forEach((x, k) => {
    sum += x * (naming?.phaseOf ? (naming.confidence[phaseOf[k]] ?? 0) : 1);
  });
  return sure.length ? sum / sure.length : 1;
}

/**
 * Independent intervals in a series whose values hang together: n (1 - r) / (1 + r), by the likeness r of each value
 * to the next (G. V. Bayley, J. M. Hammersley, J. R. Stat. Soc. Suppl. 8, 1946, first order).
 */
export function effective(row: Float32Array): number {
  let product = 0;
  for (let i = 1; i < row.length; i++) product += row[i] * row[i - 1];
  const r = Math.min(0.999, Math.max(0, product / (row.length - 1)));
  return (row.length * (1 - r)) / (1 + r);
}
