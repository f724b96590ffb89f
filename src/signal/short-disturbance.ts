import { changeBetween } from './change-point';
import { type SampleRing, sampleAt, valueAt } from './sample-ring';

/** Part of the peak by which a sample must miss what it would be without a disturbance to show one ... */
const NOTICEABLE = 0.03;
/** ... and times the noise of the cycle before. */
const NOISE_FACTOR = 5;
/** Shortest stretch that is looked at for an angle of its own, parts of a half cycle. */
const SHORTEST = 0.4;
/** Worst fit that is believed: what is left over, in parts of the stretch's own RMS. */
const WORST_FIT = 0.25;
/** A voltage below this part of what it was has no angle. */
const GONE = 0.02;
/** Angles that are tried at first, of a turn. */
const COARSE = 48;
/** Golden section, and how often it is taken: to a thousandth of the first step. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;
const FINE = 14;
/** Samples that a fit looks at. */
const ENOUGH = 400;

/** A stretch of a waveform that is like the cycle before it, but moved and scaled. */
export interface ShortDisturbance {
  /** Positions midway between samples. */
  from: number;
  to: number;
  /** Samples by which it lags behind, -half to half a cycle. */
  lag: number;
}

/**
 * A disturbance shorter than what a filter can follow, found in the samples themselves: from the first one
 * that does not go on like the cycle before `last` to the last one that does not lead up to the cycle after
 * `next`. Between them the waveform is taken for that of before, scaled and moved in time.
 * @param last position of a zero crossing before it @param next of one after it
 * @param undisturbed from where on the cycle after it is taken
 * @param cycle samples of a cycle; two before `last` must be there
 * @returns undefined where there is none, one too short to have an angle, or one of another shape
 */
export function findShortDisturbance(
  ring: SampleRing,
  last: number,
  next: number,
  undisturbed: number,
  cycle: number,
): ShortDisturbance | undefined {
  const before = new Template(ring, last - cycle, cycle);
  const after = new Template(ring, undisturbed, cycle);
  const first = Math.ceil(last);
  const end = Math.floor(next);
  if (before.peak <= GONE * after.peak) return undefined;
  const noise = noiseOf(ring, last, cycle);
  const limit = NOTICEABLE * before.peak + NOISE_FACTOR * noise;
  const misses = (template: Template, n: number) => Math.abs(sampleAt(ring, n) - template.at(n)) > limit;
  let from = first;
  while (from < end && !misses(before, from)) from++;
  let to = end;
  while (to > from && !misses(after, to - 1)) to--;
  if (to - from < (SHORTEST * cycle) / 2) return undefined;
  let lag = 0;
  // Where it begins and ends follows from what it is, and the other way around.
  for (let round = 0; round < 2; round++) {
    const fit = fitLag(ring, before, from + 1, to - 1, noise, round ? lag : undefined);
    if (!fit) return undefined;
    lag = fit.lag;
    const inside = (n: number) => fit.gain * before.at(n - lag) + (1 - fit.gain) * before.mean;
    const margin = Math.floor(cycle / 4);
    from = changeBetween(
      ring,
      (n) => before.at(n),
      inside,
      Math.max(first, from - margin),
      Math.min(to - 2, from + margin),
    );
    to = changeBetween(
      ring,
      inside,
      (n) => after.at(n),
      Math.max(from + 2, to - margin),
      Math.min(end, to + margin),
    );
  }
  return { from: from - 0.5, to: to - 0.5, lag };
}

/** One cycle of a waveform, going on for ever. */
class Template {
  readonly mean: number;
  readonly peak: number;

  constructor(
    private readonly ring: SampleRing,
    private readonly start: number,
    readonly cycle: number,
  ) {
    let sum = 0;
    let peak = 0;
    let count = 0;
    for (let n = Math.ceil(start); n < start + cycle; n++) {
      const x = sampleAt(ring, n);
      sum += x;
      count++;
      if (Math.abs(x) > peak) peak = Math.abs(x);
    }
    this.mean = sum / count;
    this.peak = peak;
  }

  at(position: number): number {
    const turns = Math.floor((position - this.start) / this.cycle);
    return valueAt(this.ring, position - turns * this.cycle);
  }
}

/** RMS difference of the half cycle before `last` from the one a cycle earlier, a root of two less. */
function noiseOf(ring: SampleRing, last: number, cycle: number): number {
  const earlier = new Template(ring, last - 2 * cycle, cycle);
  let sum = 0;
  let count = 0;
  for (let n = Math.ceil(last - cycle); n < last; n++) {
    sum += (sampleAt(ring, n) - earlier.at(n)) ** 2;
    count++;
  }
  return Math.sqrt(sum / count / 2);
}

/** Lag and gain with which the template comes nearest to the samples from `from` to `to`. */
function fitLag(
  ring: SampleRing,
  template: Template,
  from: number,
  to: number,
  noise: number,
  near: number | undefined,
): { lag: number; gain: number } | undefined {
  const stride = Math.max(1, Math.floor((to - from) / ENOUGH));
  let power = 0;
  let count = 0;
  for (let n = from; n < to; n += stride) {
    power += (sampleAt(ring, n) - template.mean) ** 2;
    count++;
  }
  if (power === 0) return undefined;
  const miss = (lag: number) => {
    let product = 0;
    let square = 0;
    for (let n = from; n < to; n += stride) {
      const q = template.at(n - lag) - template.mean;
      product += q * (sampleAt(ring, n) - template.mean);
      square += q * q;
    }
    const gain = Math.max(0, product / square);
    return { left: power - gain * (2 * product - gain * square), gain };
  };
  const step = template.cycle / COARSE;
  let best = near ?? 0;
  if (near === undefined) {
    let least = Number.POSITIVE_INFINITY;
    for (let k = -COARSE / 2; k < COARSE / 2; k++) {
      const { left } = miss(k * step);
      if (left >= least) continue;
      least = left;
      best = k * step;
    }
  }
  let [low, high] = [best - step, best + step];
  for (let i = 0; i < FINE; i++) {
    const [a, b] = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)];
    if (miss(a).left < miss(b).left) high = b;
    else low = a;
  }
  const lag = (low + high) / 2;
  const { left, gain } = miss(lag);
  const allowed = WORST_FIT ** 2 * power + 2 * noise ** 2 * count;
  return gain < GONE || left > allowed ? undefined : { lag, gain };
}
