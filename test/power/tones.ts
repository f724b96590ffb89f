/** Signals as sums of tones, and what is true of them in closed form: no code of the package in them. */

export interface Tone {
  hertz: number;
  rms: number;
  /** Degrees of a cosine at t = 0. */
  at: number;
}

const RAD = Math.PI / 180;

/** Samples from t = 0 on. */
export function sampled(tones: readonly Tone[], rate: number, length: number, dc = 0): Float32Array {
  const samples = new Float64Array(length).fill(dc);
  for (const { hertz, rms, at } of tones) {
    const step = (2 * Math.PI * hertz) / rate;
    for (let n = 0; n < length; n++) samples[n] += rms * Math.SQRT2 * Math.cos(step * n + at * RAD);
  }
  return Float32Array.from(samples);
}

/** Mean of the product of two signals from `from` to `to`, s. */
export function meanProduct(a: readonly Tone[], b: readonly Tone[], from: number, to: number): number {
  let sum = 0;
  for (const x of a) {
    for (const y of b) {
      sum += x.rms * y.rms * meanCosine(x.hertz - y.hertz, x.at - y.at, from, to);
      sum += x.rms * y.rms * meanCosine(x.hertz + y.hertz, x.at + y.at, from, to);
    }
  }
  return sum;
}

function meanCosine(hertz: number, at: number, from: number, to: number): number {
  const half = Math.PI * hertz * (to - from);
  const middle = Math.PI * hertz * (to + from) + at * RAD;
  return Math.cos(middle) * (Math.abs(half) < 1e-12 ? 1 : Math.sin(half) / half);
}

/** Random numbers from 0 to 1, the same ones every time. */
export function randoms(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * RMS phasor of the plain (rectangular) window's line, as IEC 61000-4-7 (4.4.1) defines the fundamental: the integral
 * of the tones against that line, in closed form. Angle of the cosine at time 0.
 * @param cycles of the line between `from` and `to`, s
 */
export function plainLine(
  tones: Tone[],
  from: number,
  to: number,
  cycles: number,
): { re: number; im: number } {
  const length = to - from;
  const w0 = (2 * Math.PI * cycles) / length;
  let re = 0;
  let im = 0;
  for (const { hertz, rms, at } of tones) {
    const w = 2 * Math.PI * hertz;
    const phase = (at * Math.PI) / 180;
    // cos(w t + phase) is half of each of two phasors that turn against the line's own.
    for (const sign of [1, -1]) {
      const difference = sign * w - w0;
      const turned = (t: number) => difference * t + sign * phase;
      const [c, s] =
        Math.abs(difference * length) < 1e-9
          ? [length * Math.cos(sign * phase), length * Math.sin(sign * phase)]
          : [
              (Math.sin(turned(to)) - Math.sin(turned(from))) / difference,
              -(Math.cos(turned(to)) - Math.cos(turned(from))) / difference,
            ];
      re += (rms * c) / length;
      im += (rms * s) / length;
    }
  }
  return { re, im };
}
