import { PHASES, type Phase } from '../settings';
import { type Blocks, blockDots, drawn, fisher, sureOf } from './blocks';
import type { ReferenceRows } from './rows';

/** Records that are taken to be wrong before any is looked at, of how many; and that those of a whole group are permuted. */
const WRONG_BEFORE = 2;
const BEFORE = 6;
const PERMUTED = 0.03;
/** Likelihood that one phase stands in all records because nobody looked. */
const FILLED_IN = 0.02;
/** Likelihood that a cluster is a mixture of phases. */
const MIXED = 0.1;
/** Records of a cluster that must agree, in number and share, for its name to be sure by them alone; else it is at most so likely. */
const AGREEING = 4;
const SHARE_AGREEING = 0.75;
const FEW = 0.94;
/** Smallest likelihood that counts against a name. */
const LEAST = 1e-6;
/** Likeness of two clusters in differences, freed of noise, from which they are rather one phase; how sharply; how much that says at most. */
const ONE_PHASE = 0.62;
const SHARPNESS = 0.06;
const LEAST_OF_ONE = 0.1;

/** What is known of a cluster before it has a name. */
export interface Cluster {
  /** Its mean, in what is compared. */
  mean: Float32Array;
  /** How many of its meters the records have on a, b, c. */
  records: readonly number[];
}

/** Names of the clusters of a group. */
export interface Naming {
  /** Index of a, b, c for each, the same one for clusters that are one phase; undefined where nothing tells. */
  phaseOf: number[] | undefined;
  /** Clusters that are one phase have the same number, also where nothing tells which. */
  grouping: number[];
  /** Likelihood that the name of each is right. */
  confidence: number[];
  /** Where the names come from. */
  by: 'references' | 'records' | 'nothing';
  /** Phases by the references and by the records, where these contradict them as a whole. */
  permuted?: [Phase, Phase][];
}

/** All ways to give clusters phases. */
export function waysOf(clusters: number): number[][] {
  let all: number[][] = [[]];
  for (let c = 0; c < clusters; c++) all = all.flatMap((one) => [0, 1, 2].map((p) => [...one, p]));
  return all;
}

/**
 * Names clusters by the references that they are like, over draws of the window's stretches, and by the records; these
 * count as evidence that may be wrong as a whole. Clusters have different phases, unless they are as good as the same.
 * @param references of each phase, in what is compared; undefined for a phase without any
 * @param alike likeness of each two clusters in differences, freed of the noise of their members
 */
export function nameClusters(
  clusters: readonly Cluster[],
  references: ReferenceRows,
  alike: readonly (readonly number[])[],
  blocks: Blocks,
): Naming {
  const ways = waysOf(clusters.length);
  const prior = ways.map((way) => likelihoodOfOne(way, alike));
  const byReferences = likelihoodOfReferences(clusters, references, blocks, ways);
  const wrong = wrongOf(clusters, ways);
  const byRecords = likelihoodOfRecords(clusters, ways, wrong);
  const posterior = normalised(ways.map((_, w) => prior[w] * (byReferences?.[w] ?? 1) * byRecords[w]));
  const best = bestIndex(posterior);
  const grouping = ways[best];
  const hasRecords = clusters.some(({ records }) => records.some((n) => n > 0));
  if (!byReferences && !hasRecords) {
    return { phaseOf: undefined, grouping, confidence: clusters.map(() => 0), by: 'nothing' };
  }
  const confidence = clusters.map((_, c) =>
    ways.reduce((sum, way, w) => sum + (way[c] === grouping[c] ? posterior[w] : 0), 0),
  );
  if (!byReferences) {
    // Where the records of a cluster are as mixed as by chance, it is no phase.
    clusters.forEach(({ records }, c) => {
      const all = records.reduce((a, b) => a + b, 0);
      const agree = records[grouping[c]];
      const pure = agree * Math.log(1 - wrong) + (all - agree) * Math.log(wrong / 2);
      if (agree < AGREEING || agree < SHARE_AGREEING * all) confidence[c] = Math.min(FEW, confidence[c]);
      confidence[c] /= 1 + MIXED * Math.exp(all * Math.log(1 / 3) - pure);
    });
  }
  const by = byReferences ? 'references' : 'records';
  const naming: Naming = { phaseOf: grouping, grouping, confidence, by };
  const recorded = ways[bestIndex(byRecords)];
  if (byReferences && hasRecords && isClear(clusters, recorded) && isOneWay(recorded, grouping)) {
    naming.permuted = recorded.map((p, c) => [PHASES[grouping[c]], PHASES[p]]);
  }
  return naming;
}

/** Whether clusters are grouped alike in both, and all have another name. */
function isOneWay(a: readonly number[], b: readonly number[]): boolean {
  return a.join() !== b.join() && a.every((p, c) => a.every((q, d) => (p === q) === (b[c] === b[d])));
}

/** Likelihood that clusters are one phase, or are not, by how alike they are. */
function likelihoodOfOne(way: readonly number[], alike: readonly (readonly number[])[]): number {
  let likelihood = 1;
  for (let c = 0; c < way.length; c++) {
    for (let d = 0; d < c; d++) {
      const one = 1 / (1 + Math.exp((ONE_PHASE - alike[c][d]) / SHARPNESS));
      likelihood *= Math.max(LEAST_OF_ONE, way[c] === way[d] ? one : 1 - one);
    }
  }
  return likelihood;
}

/** Whether the records of every cluster agree, mostly, on what they say. */
function isClear(clusters: readonly Cluster[], recorded: readonly number[]): boolean {
  return clusters.every(({ records }, c) => {
    const all = records.reduce((a, b) => a + b, 0);
    return all >= 2 && records[recorded[c]] >= 0.7 * all;
  });
}

/**
 * Likelihood of each way by the references: how surely it is better than the best one, over the draws.
 * @returns undefined where no reference tells
 */
function likelihoodOfReferences(
  clusters: readonly Cluster[],
  references: ReferenceRows,
  blocks: Blocks,
  ways: readonly number[][],
): number[] | undefined {
  const known = references.flatMap((one, p) => (one ? [p] : []));
  if (known.length === 0) return undefined;
  const draws = blocks.draws.length;
  const like = clusters.map(({ mean }) => references.map((one) => one && drawnZ(mean, one, blocks)));
  // A cluster on a phase without a reference is as like those that there are as clusters are by the mean.
  const usual = Float64Array.from({ length: draws }, (_, d) =>
    mean(like.flatMap((of) => known.map((p) => (of[p] as Float64Array)[d]))),
  );
  const totals = ways.map((way) =>
    Float64Array.from({ length: draws }, (_, d) =>
      way.reduce((sum, p, c) => sum + (like[c][p] ?? usual)[d], 0),
    ),
  );
  const means = totals.map((total) => mean([...total]));
  const best = bestIndex(means);
  return totals.map((total, w) => {
    if (w === best) return 1;
    const behind = total.map((x, d) => totals[best][d] - x);
    const sure = sureOf(behind, blocks);
    return Math.max(LEAST, (1 - sure) / Math.max(LEAST, sure));
  });
}

/** Fisher's z of the likeness of two series in each draw. */
export function drawnZ(a: Float32Array, b: Float32Array, blocks: Blocks): Float64Array {
  const count = blocks.bounds.length - 1;
  const [aa, ab, bb] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  blockDots(a, a, blocks, aa);
  blockDots(a, b, blocks, ab);
  blockDots(b, b, blocks, bb);
  return Float64Array.from(blocks.draws, (times) =>
    fisher(drawn(times, ab) / Math.sqrt(Math.max(1e-9, drawn(times, aa) * drawn(times, bb)))),
  );
}

/** Part of the records that is wrong: as many as contradict the way that most agree with, and some before any is known. */
function wrongOf(clusters: readonly Cluster[], ways: readonly number[][]): number {
  const all = clusters.reduce((sum, { records }) => sum + records.reduce((a, b) => a + b, 0), 0);
  const agree = ways.map((way) => clusters.reduce((sum, { records }, c) => sum + records[way[c]], 0));
  return Math.min(0.6, (all - Math.max(...agree) + WRONG_BEFORE) / (all + BEFORE));
}

/**
 * Likelihood of each way by the records: each is wrong with some chance; with another all of a group are permuted, or
 * hold the same phase because nobody looked.
 */
function likelihoodOfRecords(
  clusters: readonly Cluster[],
  ways: readonly number[][],
  wrong: number,
): number[] {
  const each = ways.map((way) =>
    clusters.reduce((sum, { records }, c) => {
      const all = records.reduce((a, b) => a + b, 0);
      const agree = records[way[c]];
      return sum + agree * Math.log(1 - wrong) + (all - agree) * Math.log(wrong / 2);
    }, 0),
  );
  const most = Math.max(...each);
  const own = each.map((x) => Math.exp(x - most));
  const perPhase = [0, 1, 2].map((p) => clusters.reduce((sum, { records }) => sum + records[p], 0));
  const isOne = Math.max(...perPhase) >= 0.9 * perPhase.reduce((a, b) => a + b, 0);
  return ways.map((way, w) => {
    // What is permuted is grouped alike.
    const others = ways.flatMap((one, v) => (isOneWay(one, way) ? [own[v]] : []));
    const permuted = others.length ? mean(others) : own[w];
    return (1 - PERMUTED) * own[w] + PERMUTED * permuted + (isOne ? FILLED_IN : 0);
  });
}

function normalised(of: readonly number[]): number[] {
  const sum = of.reduce((a, b) => a + b, 0);
  return of.map((x) => x / sum);
}

function bestIndex(of: readonly number[]): number {
  return of.reduce((best, x, k) => (x > of[best] ? k : best), 0);
}

function mean(of: readonly number[]): number {
  return of.reduce((a, b) => a + b, 0) / of.length;
}
