/** Signals in closed form for the tests, in double precision: no code of the package in them. */

export interface Wave {
  rate: number;
  seconds: number;
  frequency: number;
  /** RMS of the fundamental. */
  rms: number;
  /** Degrees at t = 0. */
  phase?: number;
  /** Order, part of the fundamental, degrees. */
  harmonics?: [number, number, number][];
  dc?: number;
  /** Factor on the whole signal at time t. */
  gain?: (t: number) => number;
  /** Degrees added to the angle at time t. */
  jump?: (t: number) => number;
}

const RAD = Math.PI / 180;

export function wave(w: Wave): Float32Array {
  const { rate, seconds, frequency, rms, phase = 0, harmonics = [], dc = 0 } = w;
  return Float32Array.from({ length: Math.round(rate * seconds) }, (_, n) => {
    const t = n / rate;
    const angle = 2 * Math.PI * frequency * t + (phase + (w.jump?.(t) ?? 0)) * RAD;
    const sum = harmonics.reduce(
      (s, [order, part, at]) => s + part * Math.sin(order * angle + at * RAD),
      Math.sin(angle),
    );
    return (w.gain?.(t) ?? 1) * rms * Math.SQRT2 * sum + dc;
  });
}

/** A generator of whole numbers below n that gives the same ones every time. */
export function seeded(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}
