import { type CorrelatorSettings, PHASES, type Phase } from '../settings';
import { kMeans } from './kmeans';
import type { Prepared } from './prepare';
import { bestOf, type Refined, refine } from './refine';
import type { Rows } from './rows';

/** Fewer meters than this make no clusters, and borrow no references. */
export const FEWEST = 6;

/** Phases that a comparison begins with. */
export interface Beginning {
  /** Index of each row's phase. */
  start: Int8Array;
  names: string[];
  method: 'pearson' | 'kmeans';
  /** Why this method. */
  because: string;
}

/** Phases without a usable reference, where clusters cannot do instead. */
export function lackOf(usable: readonly Prepared[], { method }: CorrelatorSettings): Phase[] | undefined {
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
export function begin(usable: readonly Prepared[], rows: Rows, settings: CorrelatorSettings): Beginning {
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
