/** Stretches of a window that are drawn together: days, or so many parts of a shorter window. */
const FEWEST_BLOCKS = 8;
/** Intervals of a stretch at least: neighbours are alike, and a stretch must stand for itself. */
const SHORTEST = 6;
/** What of a lead counts: of several ways the best one was taken, and what is common to all days is in no draw. */
const CAUTION = 0.75;
/** Likelihood that a window without draws gives at most: its intervals hang together. */
const SHORT = 0.94;
/** Draws, the same ones for all meters of all runs: what they have in common goes wrong in all of them at once. */
const DRAWS = 48;

/** A window in stretches, and draws of them with replacement (bootstrap by blocks: B. Efron 1979, H. Kuensch 1989). */
export interface Blocks {
  /** First interval of each, and the end of the last. */
  bounds: number[];
  /** How often each draw takes each stretch; a single one takes all of a window that is too short for draws. */
  draws: Uint8Array[];
  /** Intervals of the window. */
  length: number;
}

/** @param perDay intervals of a day */
export function blocksOf(length: number, perDay: number): Blocks {
  if (length < FEWEST_BLOCKS * SHORTEST) return { bounds: [0, length], draws: [Uint8Array.of(1)], length };
  const days = Math.round(length / perDay);
  const count = Math.max(2, Math.min(days >= 5 ? days : FEWEST_BLOCKS, Math.floor(length / SHORTEST)));
  const bounds = Array.from({ length: count + 1 }, (_, k) => Math.round((k * length) / count));
  let state = 1;
  const draws = Array.from({ length: DRAWS }, () => {
    const times = new Uint8Array(count);
    for (let k = 0; k < count; k++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      times[Math.floor((state / 2 ** 32) * count)]++;
    }
    return times;
  });
  return { bounds, draws, length };
}

/** Sum of the products of two series in each stretch. */
export function blockDots(a: Float32Array, b: Float32Array, { bounds }: Blocks, into: Float64Array): void {
  for (let k = 0; k + 1 < bounds.length; k++) {
    // Four sums, so that none waits for the one before.
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    const end = bounds[k + 1];
    let i = bounds[k];
    for (; i + 3 < end; i += 4) {
      s0 += a[i] * b[i];
      s1 += a[i + 1] * b[i + 1];
      s2 += a[i + 2] * b[i + 2];
      s3 += a[i + 3] * b[i + 3];
    }
    for (; i < end; i++) s0 += a[i] * b[i];
    into[k] = s0 + s1 + (s2 + s3);
  }
}

/** Sum of a draw. */
export function drawn(times: Uint8Array, of: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < times.length; k++) sum += times[k] * of[k];
  return sum;
}

/** Fisher's z of a correlation, held where the logarithm ends. */
export function fisher(r: number): number {
  return Math.atanh(Math.min(0.99999, Math.max(-0.99999, r)));
}

/** Distribution function of the normal distribution (M. Abramowitz, I. Stegun, 26.2.17; 7.5e-8). */
export function normal(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const tail =
    (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return x >= 0 ? 1 - tail : tail;
}

/**
 * Likelihood that what is ahead, in Fisher's z, by a mean over the draws is ahead. Of a window that is too short for
 * draws by the spread of z itself, its intervals taken as independent (R. A. Fisher, 1921).
 * @param ahead by draw
 */
export function sureOf(ahead: ArrayLike<number>, { bounds, draws, length }: Blocks): number {
  let sum = 0;
  for (let d = 0; d < ahead.length; d++) sum += ahead[d];
  const m = sum / ahead.length;
  if (draws.length === 1) return Math.min(SHORT, normal(m * Math.sqrt(Math.max(0, length - 3) / 2)));
  let squares = 0;
  for (let d = 0; d < ahead.length; d++) squares += (ahead[d] - m) ** 2;
  const spread = Math.sqrt(squares / ahead.length);
  if (!(spread > 0)) return m > 0 ? normal(6) : 0.5;
  return student((CAUTION * m) / spread, bounds.length - 2);
}

/**
 * Distribution function of Student's t, by the normal one (D. L. Wallace 1959): within 0.001 from 4 degrees of
 * freedom on.
 */
function student(t: number, freedom: number): number {
  const x = Math.sqrt(freedom * Math.log1p((t * t) / freedom)) * ((8 * freedom + 1) / (8 * freedom + 3));
  return normal(Math.sign(t) * x);
}
