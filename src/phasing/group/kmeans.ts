import { strongest } from './eigen';
import { dot } from './rows';

/** Beginnings that are tried, and rounds of each. */
const TRIES = 8;
const ROUNDS = 50;

/**
 * K-means of series by their likeness, begun by k-means++ (D. Arthur, S. Vassilvitskii, SODA 2007) from a fixed seed:
 * the same series give the same clusters. What all of them have in common, the voltage of the network above, is
 * taken out first, or it would be all that they show.
 * @param rows z-scores
 * @param members rows that take part
 * @returns cluster of each row, -1 for those that take no part
 */
export function kMeans(
  { rows, length }: { rows: readonly Float32Array[]; length: number },
  members: readonly number[],
  clusters: number,
  seed = 1,
): Int8Array {
  const common = commonOf(rows, members, length);
  const unique = members.map((k) => withoutCommon(rows[k], common));
  const random = generator(seed);
  let found = best(unique, clusters, random);
  if (unique.length <= MOST_SPECTRAL && silhouette(unique, found, clusters) < OVERLAP) {
    const spectral = best(embedded(unique, clusters), clusters, random);
    if (silhouette(unique, spectral, clusters) > silhouette(unique, found, clusters)) found = spectral;
  }
  const result = new Int8Array(rows.length).fill(-1);
  members.forEach((k, i) => {
    result[k] = found[i];
  });
  return result;
}

/** Silhouette below which clusters overlap, and the spectral way is tried too. */
const OVERLAP = 0.25;
/** Series of which the likeness of each to each is worked out: it grows with the square. */
const MOST_SPECTRAL = 1000;
/** Power of the likeness that makes near ones near and far ones far. */
const SHARPNESS = 4;

function best(series: Float32Array[], clusters: number, random: () => number): Int8Array {
  let chosen: { of: Int8Array; inertia: number } | undefined;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const found = cluster(series, clusters, random);
    if (!chosen || found.inertia < chosen.inertia - 1e-9) chosen = found;
  }
  return chosen?.of ?? new Int8Array(series.length);
}

/**
 * Series as points by the strongest eigenvectors of their likeness, each of length 1 (A. Ng, M. Jordan, Y. Weiss, "On
 * spectral clustering", NIPS 2001): what is alike through others that lie between comes together.
 */
function embedded(series: readonly Float32Array[], clusters: number): Float32Array[] {
  const near = series.map((a) => Float64Array.from(series, (b) => ((1 + dot(a, b)) / 2) ** SHARPNESS));
  const degree = near.map((row) => Math.sqrt(row.reduce((sum, x) => sum + x, 0)));
  const scaled = near.map((row, j) => row.map((x, k) => x / (degree[j] * degree[k])));
  const vectors = strongest(scaled, Math.min(clusters, series.length));
  return series.map((_, k) => {
    const point = Float32Array.from(vectors, ({ vector }) => vector[k]);
    const size = Math.hypot(...point) || 1;
    return point.map((x) => x / size);
  });
}

/**
 * Silhouette of one member: 1 deep in its cluster, 0 between two, -1 deep in the other (P. J. Rousseeuw, 1987).
 * @param own distance to its cluster, @param next to the nearest other one
 */
export function silhouetteOf(own: number, next: number): number {
  return (next - own) / Math.max(own, next, 1e-9);
}

/** Mean silhouette against the clusters' means, with 1 - r for a distance. */
function silhouette(series: readonly Float32Array[], of: Int8Array, clusters: number): number {
  const centres = centresOf(series, of, clusters);
  let sum = 0;
  series.forEach((one, k) => {
    const distances = centres.map((centre) => 1 - dot(one, centre));
    const own = distances[of[k]];
    const next = Math.min(...distances.filter((_, c) => c !== of[k]));
    sum += silhouetteOf(own, next);
  });
  return series.length ? sum / series.length : 0;
}

function centresOf(series: readonly Float32Array[], of: Int8Array, clusters: number): Float32Array[] {
  return Array.from({ length: clusters }, (_, c) => {
    const centre = new Float32Array(series[0]?.length ?? 0);
    series.forEach((one, k) => {
      if (of[k] === c) for (let i = 0; i < one.length; i++) centre[i] += one[i];
    });
    const size = Math.sqrt(dot(centre, centre)) || 1;
    for (let i = 0; i < centre.length; i++) centre[i] /= size;
    return centre;
  });
}

/** A series less what all have in common, of length 1. */
function withoutCommon(row: Float32Array, common: Float64Array): Float32Array {
  const series = row.slice();
  for (let i = 0; i < series.length; i++) series[i] -= common[i];
  const size = Math.sqrt(dot(series, series)) || 1;
  for (let i = 0; i < series.length; i++) series[i] /= size;
  return series;
}

/** Mean of the members by interval. */
function commonOf(rows: readonly Float32Array[], members: readonly number[], length: number): Float64Array {
  const common = new Float64Array(length);
  for (const k of members) for (let i = 0; i < length; i++) common[i] += rows[k][i] / members.length;
  return common;
}

function cluster(
  series: Float32Array[],
  clusters: number,
  random: () => number,
): { of: Int8Array; inertia: number } {
  let centres = plusPlus(series, clusters, random);
  const of = new Int8Array(series.length).fill(-1);
  let inertia = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    let moved = 0;
    inertia = 0;
    series.forEach((one, k) => {
      const { index, distance } = nearest(one, centres);
      if (of[k] !== index) moved++;
      of[k] = index;
      inertia += distance;
    });
    if (moved === 0) break;
    centres = centresOf(series, of, centres.length);
  }
  return { of, inertia };
}

/** Centres far from each other: each next one by chance, the likelier the farther from those before. */
function plusPlus(series: Float32Array[], clusters: number, random: () => number): Float32Array[] {
  const centres = [Float32Array.from(series[Math.floor(random() * series.length)])];
  while (centres.length < Math.min(clusters, series.length)) {
    const distances = series.map((one) => nearest(one, centres).distance ** 2);
    let left = random() * distances.reduce((a, b) => a + b, 0);
    const chosen = distances.findIndex((distance) => {
      left -= distance;
      return left <= 0;
    });
    centres.push(Float32Array.from(series[Math.max(0, chosen)]));
  }
  return centres;
}

function nearest(one: Float32Array, centres: Float32Array[]): { index: number; distance: number } {
  let index = 0;
  let distance = Number.POSITIVE_INFINITY;
  centres.forEach((centre, c) => {
    const d = 1 - dot(one, centre);
    if (d < distance) [index, distance] = [c, d];
  });
  return { index, distance };
}

/** Numbers from 0 to 1, the same ones for the same seed (Mulberry32). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
