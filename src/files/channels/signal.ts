import {
  add,
  argument,
  type Complex,
  divide,
  magnitude,
  scale,
  steadyFrequency,
  symmetricalComponents,
} from '../../signal';

/** A stretch of all analogue channels that is looked at. */
export interface Probe {
  /** Hz. */
  rate: number;
  /** Samples by channel. */
  samples: Float64Array[];
}

/** What the probes say of one channel, in its own unit. */
export interface ChannelSignal {
  /** RMS around the mean, and mean, over all probes. */
  rms: number;
  mean: number;
  /** Phasor of the fundamental in each probe, RMS. */
  phasors: Complex[];
  /** Part of all it holds that is its fundamental, in the probe where that is largest. */
  share: number;
}

/** Channels whose frequency is asked at once. */
const ASKED = 6;
/** A channel with a mean beyond this part of its RMS does not alternate. */
const STEADY_MEAN = 0.5;
/** Share of the fundamental from which a channel is a waveform of the grid. */
export const ALTERNATING = 0.5;

/**
 * Frequency of what alternates in the probes, by the channels that are most likely voltages (or currents, where none
 * is): those of the probe that fits best tell.
 * @returns Hz; undefined where nothing alternates
 */
export function probedFrequency(probes: readonly Probe[], likely: readonly number[]): number | undefined {
  const all: { frequency: number; residual: number }[] = [];
  for (const { rate, samples } of probes) {
    const chosen: Float32Array[] = [];
    for (const place of likely) {
      const x = samples[place];
      const { rms, mean } = levelOf(x);
      if (!(rms > 0) || Math.abs(mean) > STEADY_MEAN * Math.hypot(rms, mean)) continue;
      // Volts and kilovolts weigh alike.
      chosen.push(Float32Array.from(x, (value) => (Number.isNaN(value) ? 0 : (value - mean) / rms)));
      if (chosen.length === ASKED) break;
    }
    if (chosen.length === 0) continue;
    const found = jointFrequency(chosen, rate);
    if (found) all.push(found);
  }
  if (all.length === 0) return undefined;
  // The middle of those probes that fit about as well as the best one.
  const least = Math.min(...all.map(({ residual }) => residual));
  const good = all.filter(({ residual }) => residual <= 5 * least + 1e-4).map(({ frequency }) => frequency);
  good.sort((a, b) => a - b);
  const middle = good.length >> 1;
  return good.length % 2 ? good[middle] : (good[middle - 1] + good[middle]) / 2;
}

/** Of all together; where one of them is no voltage of the grid, of those that agree. */
function jointFrequency(chosen: readonly Float32Array[], rate: number) {
  const together = steadyFrequency(chosen, rate);
  if (together || chosen.length === 1) return together;
  const alone = chosen.map((x) => steadyFrequency([x], rate)).filter((found) => found !== undefined);
  return alone.sort((a, b) => a.residual - b.residual)[0];
}

/** What the probes say of each channel at this frequency, Hz. */
export function signalsOf(probes: readonly Probe[], frequency: number | undefined): ChannelSignal[] {
  const count = probes[0]?.samples.length ?? 0;
  return Array.from({ length: count }, (_, place) => {
    let squares = 0;
    let sum = 0;
    let n = 0;
    let share = 0;
    const phasors: Complex[] = [];
    for (const { rate, samples } of probes) {
      const x = samples[place];
      for (const value of x) {
        if (Number.isNaN(value)) continue;
        squares += value * value;
        sum += value;
        n++;
      }
      const fit = frequency === undefined ? undefined : fitSine(x, (2 * Math.PI * frequency) / rate);
      phasors.push(fit?.phasor ?? { re: 0, im: 0 });
      if (fit && fit.share > share) share = fit.share;
    }
    const mean = n ? sum / n : 0;
    return { rms: n ? Math.sqrt(Math.max(0, squares / n - mean * mean)) : 0, mean, phasors, share };
  });
}

function levelOf(x: Float64Array): { rms: number; mean: number } {
  let sum = 0;
  let squares = 0;
  let n = 0;
  for (const value of x) {
    if (Number.isNaN(value)) continue;
    sum += value;
    squares += value * value;
    n++;
  }
  const mean = n ? sum / n : 0;
  return { mean, rms: n ? Math.sqrt(Math.max(0, squares / n - mean * mean)) : 0 };
}

/**
 * RMS of the sine in each cycle of some samples, a half cycle from one to the next.
 * @param perCycle samples of a cycle, which need not be whole
 */
export function sineLevels(x: Float64Array, perCycle: number): number[] {
  const levels: number[] = [];
  const length = Math.ceil(perCycle);
  for (let at = 0; Math.round(at) + length <= x.length; at += perCycle / 2) {
    const from = Math.round(at);
    const fit = fitSine(x.subarray(from, from + length), (2 * Math.PI) / perCycle);
    levels.push(fit ? magnitude(fit.phasor) : 0);
  }
  return levels;
}

/** Constant and sine by least squares over a stretch that need not hold whole cycles. */
function fitSine(x: Float64Array, step: number): { phasor: Complex; share: number } | undefined {
  // Normal equations of 1, cos, sin, by Gauss: missing samples are left out.
  const m = [
    [0, 0, 0, 0],
    [0, 0, 0, 0],
    [0, 0, 0, 0],
  ];
  let squares = 0;
  for (let n = 0; n < x.length; n++) {
    const value = x[n];
    if (Number.isNaN(value)) continue;
    const base = [1, Math.cos(step * n), Math.sin(step * n)];
    for (let r = 0; r < 3; r++) {
      for (let c = 0; c < 3; c++) m[r][c] += base[r] * base[c];
      m[r][3] += base[r] * value;
    }
    squares += value * value;
  }
  for (let k = 0; k < 3; k++) {
    if (!(Math.abs(m[k][k]) > 1e-9)) return undefined;
    for (let r = 0; r < 3; r++) {
      if (r === k) continue;
      const factor = m[r][k] / m[k][k];
      for (let c = k; c < 4; c++) m[r][c] -= factor * m[k][c];
    }
  }
  const [re, im] = [m[1][3] / m[1][1], -m[2][3] / m[2][2]];
  const energy = ((re * re + im * im) / 2) * x.length;
  return {
    phasor: { re: re * Math.SQRT1_2, im: im * Math.SQRT1_2 },
    share: squares > 0 ? Math.min(1, energy / squares) : 0,
  };
}

/** How three channels lie to each other where they lie best. */
export interface Symmetry {
  /** Share of the positive (or, with phases a c b, negative) sequence in all three; 0 where nothing is there. */
  share: number;
  rotation: 1 | -1;
  /** Part of the zero sequence: 0 of voltages between lines. */
  zero: number;
  /** RMS of the positive sequence, in the unit of the channels. */
  level: number;
}

/** Levels below this part of the highest are noise. */
const FAINT = 0.02;

/** @param signals of phases a, b, c @param floor RMS below which nothing is there */
export function symmetryOf(signals: readonly ChannelSignal[], floor: number): Symmetry {
  let best: Symmetry = { share: 0, rotation: 1, zero: 0, level: 0 };
  const highest = Math.max(...signals.flatMap(({ phasors }) => phasors.map(magnitude)));
  const limit = Math.max(floor, FAINT * highest);
  signals[0].phasors.forEach((a, k) => {
    const [b, c] = [signals[1].phasors[k], signals[2].phasors[k]];
    if (Math.max(magnitude(a), magnitude(b), magnitude(c)) <= limit) return;
    const { zero, positive, negative } = symmetricalComponents(a, b, c);
    const [z, p, n] = [zero, positive, negative].map(magnitude);
    const share = Math.max(p, n) / (z + p + n);
    if (share > best.share)
      best = { share, rotation: p >= n ? 1 : -1, zero: z / (z + p + n), level: Math.max(p, n) };
  });
  return best;
}

/** Angle of a channel against another one, degrees, in the first probe where both are there. */
export function angleAgainst(one: ChannelSignal, other: ChannelSignal): number | undefined {
  const strongest = Math.max(...other.phasors.map(magnitude));
  for (let k = 0; k < one.phasors.length; k++) {
    if (!(magnitude(other.phasors[k]) > 0.3 * strongest) || !(magnitude(one.phasors[k]) > 0)) continue;
    return (argument(divide(one.phasors[k], other.phasors[k])) * 180) / Math.PI;
  }
  return undefined;
}

/** Whether one channel is the sum of three others: a residual value, whatever its name. */
export function isSumOf(one: ChannelSignal, three: readonly ChannelSignal[]): boolean {
  return one.phasors.some((value, k) => {
    const sum = add(...three.map(({ phasors }) => phasors[k]));
    const size = magnitude(sum);
    const largest = Math.max(...three.map(({ phasors }) => magnitude(phasors[k])));
    if (!(size > 0.05 * largest)) return false;
    return magnitude(add(value, scale(sum, -1))) < 0.05 * size;
  });
}
