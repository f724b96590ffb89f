/** Frequencies that are looked for, Hz: the band of IEC 61000-4-30 (42.5 to 69), and islands that ran away. */
const LOWEST = 35;
const HIGHEST = 95;
const COARSE_STEP = 1;
/** Cycles of 50 Hz in the window that is moved over the samples: short enough to lie beside a fault. */
const WINDOW_CYCLES = 3;
/** Fewer samples than so many cycles of 50 Hz tell no frequency. */
const LEAST_CYCLES = 1.5;
/** Samples per cycle of 50 Hz that are looked at: more are averaged, which also weakens high harmonics. */
const POINTS_PER_CYCLE = 24;
/** A window that is worse than this (part of the energy that no sine explains) tells no frequency. */
const WORST = 0.2;
/** A channel weaker than this part of the strongest is left out: its noise would speak as loud as a voltage. */
const WEAK = 0.02;
/** Windows as steady as the best one but for this factor and floor speak for the frequency, too. */
const AS_GOOD = 3;
const AS_GOOD_FLOOR = 1e-5;

/** The frequency of the steadiest stretch of some samples. */
export interface SteadyFrequency {
  /** Hz. */
  frequency: number;
  /** Part of the energy in that stretch that is no sine of this frequency: harmonics, noise, a fault. */
  residual: number;
  /** Samples `[from, to)` of the steadiest stretch. */
  from: number;
  to: number;
}

/**
 * Fundamental frequency of voltages of which nothing is known yet, from a few cycles that may hold a fault: a sine
 * and a constant are fitted to all channels at once (least squares), over a short window that is moved along; the
 * windows that fit best tell, so a fault before or after them does not matter.
 * @param channels samples of voltages of one meter, equally long, in any unit
 * @param rate samples per second
 * @param from, to which of them
 * @returns undefined where no stretch of three cycles (or of all there is, from one and a half cycles on) holds a
 *   sine of 35 to 95 Hz
 */
export function steadyFrequency(
  channels: readonly Float32Array[],
  rate: number,
  from = 0,
  to = channels[0]?.length ?? 0,
): SteadyFrequency | undefined {
  const decimation = Math.max(1, Math.floor(rate / 50 / POINTS_PER_CYCLE));
  const slow = channels.map((samples) => averaged(samples, from, to, decimation));
  const count = slow[0]?.length ?? 0;
  const perCycle = rate / decimation / 50;
  if (count < LEAST_CYCLES * perCycle) return undefined;
  const strongest = Math.max(...slow.map(deviation));
  const used = slow.filter((samples) => strongest > 0 && deviation(samples) >= WEAK * strongest);
  if (used.length === 0) return undefined;
  const width = Math.min(count, Math.round(WINDOW_CYCLES * perCycle));
  const windows: { frequency: number; residual: number; at: number }[] = [];
  for (let at = 0; at + width <= count; at += Math.max(1, Math.round(perCycle / 2))) {
    // A stretch that is nearly dead may be a clean sine of nothing: the strong ones tell.
    if (Math.max(...used.map((x) => deviation(x.subarray(at, at + width)))) < 0.1 * strongest) continue;
    windows.push({ ...bestFit(used, at, width, rate / decimation), at });
  }
  const best = windows.reduce((a, b) => (b.residual < a.residual ? b : a), {
    frequency: 0,
    residual: 1,
    at: 0,
  });
  if (best.residual > WORST) return undefined;
  const good = windows.filter(({ residual }) => residual <= AS_GOOD * best.residual + AS_GOOD_FLOOR);
  const sorted = good.map(({ frequency }) => frequency).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return {
    frequency: sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2,
    residual: best.residual,
    from: from + best.at * decimation,
    to: from + (best.at + width) * decimation,
  };
}

function averaged(samples: Float32Array, from: number, to: number, by: number): Float32Array {
  if (by === 1) return samples.subarray(from, to);
  const slow = new Float32Array(Math.floor((to - from) / by));
  for (let k = 0; k < slow.length; k++) {
    let sum = 0;
    for (let n = from + k * by; n < from + (k + 1) * by; n++) sum += samples[n];
    slow[k] = sum / by;
  }
  return slow;
}

/** RMS around the mean. */
function deviation(samples: Float32Array): number {
  let sum = 0;
  let squares = 0;
  for (let n = 0; n < samples.length; n++) {
    sum += samples[n];
    squares += samples[n] * samples[n];
  }
  const mean = sum / samples.length;
  return Math.sqrt(Math.max(0, squares / samples.length - mean * mean));
}

const GOLDEN = (Math.sqrt(5) - 1) / 2;
/** Golden section from two coarse steps to less than 1 mHz. */
const FINE = 16;

function bestFit(channels: readonly Float32Array[], at: number, width: number, rate: number) {
  // Windows are short: what a coarse step misses is a small part of a lobe.
  const highest = Math.min(HIGHEST, 0.45 * rate);
  let frequency = LOWEST;
  let residual = Number.POSITIVE_INFINITY;
  for (let f = LOWEST; f <= highest; f += COARSE_STEP) {
    const left = residualAt(channels, at, width, (2 * Math.PI * f) / rate);
    if (left >= residual) continue;
    residual = left;
    frequency = f;
  }
  let [low, high] = [frequency - COARSE_STEP, frequency + COARSE_STEP];
  for (let i = 0; i < FINE; i++) {
    const [a, b] = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)];
    const [ra, rb] = [a, b].map((f) => residualAt(channels, at, width, (2 * Math.PI * f) / rate));
    if (ra < rb) high = b;
    else low = a;
  }
  frequency = (low + high) / 2;
  // At an end of the band there is no sine of the grid but the skirt of something else.
  const isInside = frequency > LOWEST + COARSE_STEP / 2 && frequency < highest - COARSE_STEP / 2;
  return {
    frequency,
    residual: isInside ? residualAt(channels, at, width, (2 * Math.PI * frequency) / rate) : 1,
  };
}

/** Part of the energy around the means that sines of one frequency do not explain, all channels together. */
function residualAt(channels: readonly Float32Array[], at: number, width: number, step: number): number {
  const [turnRe, turnIm] = [Math.cos(step), Math.sin(step)];
  // Sums of the base functions 1, cos and sin over the window: the same for all channels.
  let [re, im] = [1, 0];
  let c = 0;
  let s = 0;
  let cc = 0;
  let ss = 0;
  let cs = 0;
  const sums = channels.map(() => ({ x: 0, xx: 0, xc: 0, xs: 0 }));
  for (let n = 0; n < width; n++) {
    c += re;
    s += im;
    cc += re * re;
    ss += im * im;
    cs += re * im;
    for (let k = 0; k < channels.length; k++) {
      const x = channels[k][at + n];
      const sum = sums[k];
      sum.x += x;
      sum.xx += x * x;
      sum.xc += x * re;
      sum.xs += x * im;
    }
    const next = re * turnRe - im * turnIm;
    im = re * turnIm + im * turnRe;
    re = next;
  }
  // The constant is taken out of everything first: two unknowns are left.
  cc -= (c * c) / width;
  ss -= (s * s) / width;
  cs -= (c * s) / width;
  const det = cc * ss - cs * cs;
  let energy = 0;
  let explained = 0;
  for (const sum of sums) {
    const xc = sum.xc - (sum.x * c) / width;
    const xs = sum.xs - (sum.x * s) / width;
    energy += Math.max(0, sum.xx - (sum.x * sum.x) / width);
    explained += det > 0 ? (xc * xc * ss - 2 * xc * xs * cs + xs * xs * cc) / det : 0;
  }
  return energy > 0 ? Math.max(0, 1 - explained / energy) : 1;
}
