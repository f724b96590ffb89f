import { dot, type PhaseSums } from './rows';

/** Least that a cluster's mean is taken to show of its phase. */
const LEAST = 0.05;

/**
 * Likeness of each two clusters, freed of the noise of their members: the correlation of their means over what these
 * show of their phase (attenuation: C. Spearman, 1904).
 * @param clusters numbers of those that are looked at
 */
export function likenessOfClusters(
  rows: readonly Float32Array[],
  clusterOf: ArrayLike<number>,
  { sums, squares }: PhaseSums,
  clusters: readonly number[],
): number[][] {
  const known = clusters.map((c) => reliabilityOf(rows, clusterOf, c));
  const usual = Math.min(1, ...known.filter((x): x is number => x !== undefined));
  const reliability = known.map((x) => Math.max(LEAST, x ?? usual));
  return clusters.map((c, i) =>
    clusters.map((d, j) => {
      const r = dot(sums[c], sums[d]) / Math.sqrt(Math.max(1e-9, squares[c] * squares[d]));
      return r / Math.sqrt(reliability[i] * reliability[j]);
    }),
  );
}

/** What a cluster's mean shows of its phase, by its halves (Spearman-Brown); undefined for one of a single member. */
function reliabilityOf(
  rows: readonly Float32Array[],
  clusterOf: ArrayLike<number>,
  cluster: number,
): number | undefined {
  const { length } = rows[0];
  const halves = [new Float32Array(length), new Float32Array(length)];
  let n = 0;
  rows.forEach((row, k) => {
    if (clusterOf[k] !== cluster) return;
    const half = halves[n++ % 2];
    for (let i = 0; i < length; i++) half[i] += row[i];
  });
  if (n < 2) return undefined;
  const [a, b] = halves;
  const r = Math.max(0.02, dot(a, b) / Math.sqrt(Math.max(1e-9, dot(a, a) * dot(b, b))));
  return (2 * r) / (1 + r);
}
