import { type Blocks, sureOf } from './blocks';
import type { Prepared } from './prepare';
import type { Evidence, Refined } from './refine';
import { dot } from './rows';

/** Meters of a transformer up to which it may have one phase alone, and be judged as a whole. */
const MOST = 5;
/** Likelihood from which a meter's own phase stands against that of the others. */
const OBJECTS = 0.97;
/** Standard errors by which the meters of a transformer are more like each other than meters elsewhere. */
const ALIKE = 5;
/** Likelihood that the meters of a transformer give each other at most: what is wrong with it is wrong in all. */
const MOST_SURE = 0.94;
/** Pairs that show what is usual between meters of different transformers and phases. */
const PAIRS = 1000;

/** What is looked at. */
export interface ServiceTransformers {
  customers: readonly Prepared[];
  rows: readonly Float32Array[];
  refined: Refined;
  evidence: Evidence;
  blocks: Blocks;
}

/**
 * Takes the meters of small transformers together: those of a service transformer of one phase are on the same one, and
 * are more like each other, in what is not common to all, than meters of different transformers. Where one of them
 * surely is on another phase, or they are not alike, each stands for itself.
 * @param phaseOf is changed, as is `sure`
 * @returns the rows that were taken together
 */
export function tieUp(
  { customers, rows, refined, evidence: { drawn, whole }, blocks }: ServiceTransformers,
  phaseOf: Int8Array,
  sure: number[],
): Set<number> {
  const together = new Set<number>();
  const byTransformer = new Map<string, number[]>();
  customers.forEach(({ member }, k) => {
    if (member.transformer === undefined || member.input || phaseOf[k] < 0) return;
    const own = byTransformer.get(member.transformer);
    if (own) own.push(k);
    else byTransformer.set(member.transformer, [k]);
  });
  if (byTransformer.size < 2) return together;
  const groups = [...byTransformer.values()].filter(({ length }) => length >= 2 && length <= MOST);
  if (groups.length === 0) return together;
  const likeness = likenessIn(rows, refined);
  const usual = usualOf(customers, phaseOf, likeness);
  for (const own of groups) {
    const phases = drawn[own[0]].flatMap((_, p) => (own.every((k) => !Number.isNaN(whole[k][p])) ? [p] : []));
    if (phases.length < 2) continue;
    const joint = phases.map((p) => own.reduce((sum, k) => sum + whole[k][p], 0));
    const order = phases.map((_, i) => i).sort((i, j) => joint[j] - joint[i]);
    const [first, second] = [phases[order[0]], phases[order[1]]];
    const ahead = (k: number, p: number, q: number) => drawn[k][p].map((z, d) => z - drawn[k][q][d]);
    const objects = own.some(
      (k) => phaseOf[k] !== first && sureOf(ahead(k, phaseOf[k], first), blocks) > OBJECTS,
    );
    if (objects || !areAlike(own, likeness, usual)) continue;
    const all = own.map((k) => ahead(k, first, second));
    const sum = all[0].map((_, d) => all.reduce((total, one) => total + one[d], 0));
    const confidence = sureOf(sum, blocks);
    own.forEach((k, i) => {
      const agrees = sureOf(all[i], blocks);
      phaseOf[k] = first;
      // One that would rather be elsewhere makes it less sure for itself.
      sure[k] =
        agrees >= 0.5
          ? Math.max(Math.min(MOST_SURE, confidence), sure[k])
          : Math.min(MOST_SURE, confidence * agrees * 2);
      together.add(k);
    });
  }
  return together;
}

type Likeness = (j: number, k: number) => number;

/** Likeness of two meters in what is left of them without what all phases have in common. */
function likenessIn(rows: readonly Float32Array[], { sums }: Refined): Likeness {
  const { length } = rows[0];
  const common = new Float32Array(length);
  sums.sums.forEach((sum, p) => {
    const size = Math.sqrt(sums.squares[p]);
    if (size > 0) for (let i = 0; i < length; i++) common[i] += sum[i] / size;
  });
  const square = Math.max(1e-9, dot(common, common));
  const part = rows.map((row) => dot(row, common) / square);
  const left = rows.map((row, k) => Math.max(1e-9, dot(row, row) - part[k] * part[k] * square));
  return (j, k) => (dot(rows[j], rows[k]) - part[j] * part[k] * square) / Math.sqrt(left[j] * left[k]);
}

/** Mean and spread of the likeness of meters of different transformers that are on different phases. */
function usualOf(
  customers: readonly Prepared[],
  phaseOf: Int8Array,
  likeness: Likeness,
): { mean: number; spread: number } {
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * customers.length);
  };
  const found: number[] = [];
  for (let tries = 0; tries < 10 * PAIRS && found.length < PAIRS; tries++) {
    const [j, k] = [next(), next()];
    const isOther = customers[j].member.transformer !== customers[k].member.transformer;
    if (isOther && phaseOf[j] >= 0 && phaseOf[k] >= 0 && phaseOf[j] !== phaseOf[k])
      found.push(likeness(j, k));
  }
  if (found.length < 10) return { mean: 0, spread: 1 };
  const mean = found.reduce((a, b) => a + b, 0) / found.length;
  return { mean, spread: Math.sqrt(found.reduce((sum, x) => sum + (x - mean) ** 2, 0) / found.length) };
}

function areAlike(
  own: readonly number[],
  likeness: Likeness,
  { mean, spread }: { mean: number; spread: number },
): boolean {
  let pairs = 0;
  let sum = 0;
  own.forEach((k, i) => {
    for (const other of own.slice(i + 1)) {
      pairs++;
      sum += likeness(k, other);
    }
  });
  return sum / pairs - mean > (ALIKE * spread) / Math.sqrt(own.length - 1);
}
