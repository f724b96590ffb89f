import { add, type Complex, multiply, polar, scale } from './complex';

/**
 * Phasor of the component with a period of `to - from` samples: RMS value, and the angle of its sine at `from`.
 * A sample stands for the stretch half a sample to each side of it; those at the edges for their part in the window.
 * @param samples of one channel
 * @param from position, 0 for the first sample; need not be whole
 */
export function fundamentalPhasor(samples: Float32Array, from: number, to: number): Complex {
  const length = to - from;
  const step = (2 * Math.PI) / length;
  const first = Math.max(0, Math.round(from));
  const last = Math.min(samples.length - 1, Math.round(to));
  let re = 0;
  let im = 0;
  for (let n = first; n <= last; n++) {
    const weight = Math.min(to, n + 0.5) - Math.max(from, n - 0.5);
    if (weight <= 0) continue;
    const angle = step * (n - from);
    re += weight * samples[n] * Math.sin(angle);
    im += weight * samples[n] * Math.cos(angle);
  }
  return { re: (re * Math.SQRT2) / length, im: (im * Math.SQRT2) / length };
}

/** Zero, positive and negative sequence of three phasors. */
export interface Sequence {
  zero: Complex;
  positive: Complex;
  negative: Complex;
}

const TURN = polar(1, (2 * Math.PI) / 3);
const BACK = polar(1, (-2 * Math.PI) / 3);

/** Symmetrical components (Fortescue) of phases a, b, c; positive: b lags a by 120 degrees. */
export function symmetricalComponents(a: Complex, b: Complex, c: Complex): Sequence {
  return {
    zero: scale(add(a, b, c), 1 / 3),
    positive: scale(add(a, multiply(TURN, b), multiply(BACK, c)), 1 / 3),
    negative: scale(add(a, multiply(BACK, b), multiply(TURN, c)), 1 / 3),
  };
}
