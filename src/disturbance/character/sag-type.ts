import {
  add,
  argument,
  type Complex,
  conjugate,
  magnitude,
  multiply,
  polar,
  scale,
  subtract,
} from '../../signal';

/** A sag of three voltages by its type and characteristic voltage. */
export interface SagType {
  /** `A`, or the letter with the phase that is unlike the two others, e.g. `Da`. */
  type: string;
  /** Characteristic voltage V, pu of the voltage before, angle in degrees against it. */
  voltage: { mag: number; angle: number };
}

const ROOT3 = Math.sqrt(3);

/** A constant part, and one that goes with V. */
type Part = [constant: number, slope: number];

/**
 * Voltages of each type for phases x, y, z, of which x is the one unlike the others: x, real and imaginary
 * part of y, and z is y mirrored at the real axis. Source: Bollen, Understanding Power Quality Problems (IEEE
 * Press, 2000), tables 4.1 and 4.4.
 */
const TYPES: Record<string, { x: Part; re: Part; im: Part }> = {
  A: { x: [0, 1], re: [0, -1 / 2], im: [0, -ROOT3 / 2] },
  B: { x: [0, 1], re: [-1 / 2, 0], im: [-ROOT3 / 2, 0] },
  C: { x: [1, 0], re: [-1 / 2, 0], im: [0, -ROOT3 / 2] },
  D: { x: [0, 1], re: [0, -1 / 2], im: [-ROOT3 / 2, 0] },
  E: { x: [1, 0], re: [0, -1 / 2], im: [0, -ROOT3 / 2] },
  F: { x: [0, 1], re: [0, -1 / 2], im: [-ROOT3 / 3, -ROOT3 / 6] },
  G: { x: [2 / 3, 1 / 3], re: [-1 / 3, -1 / 6], im: [0, -ROOT3 / 2] },
};

/** Each type by each phase it may lie on, as vectors over the phases a, b, c. */
const CANDIDATES = Object.entries(TYPES).flatMap(([letter, { x, re, im }]) => {
  const vector = (i: 0 | 1): Complex[] => [
    { re: x[i], im: 0 },
    { re: re[i], im: im[i] },
    { re: re[i], im: -im[i] },
  ];
  // Of type A all phases are alike.
  return (letter === 'A' ? [''] : ['a', 'b', 'c']).map((phase, k) => ({
    type: letter + phase,
    constant: onPhase(vector(0), k),
    slope: onPhase(vector(1), k),
  }));
});

/** The symmetrical phase stands at 0 degrees in the table; on phase b all lags by a third of a turn. */
function onPhase(parts: Complex[], k: number): Complex[] {
  const turn = polar(1, (-2 * Math.PI * k) / 3);
  return parts.map((_, i) => multiply(turn, parts[(i - k + 3) % 3]));
}

/**
 * The type that comes nearest to three voltages, with the V (least squares) it then has.
 * @param voltages of phases a, b, c (or ab, bc, ca) in the sag, in parts of the positive sequence before it
 */
export function sagType(voltages: readonly [Complex, Complex, Complex]): SagType {
  let best: SagType | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const { type, constant, slope } of CANDIDATES) {
    const rest = voltages.map((u, i) => subtract(u, constant[i]));
    const power = slope.reduce((sum, q) => sum + magnitude(q) ** 2, 0);
    const v = scale(add(...rest.map((r, i) => multiply(conjugate(slope[i]), r))), 1 / power);
    const miss = rest.reduce((sum, r, i) => sum + magnitude(subtract(r, multiply(v, slope[i]))) ** 2, 0);
    // Types that fit alike: the one named first.
    if (miss > least - 1e-9) continue;
    least = miss;
    best = { type, voltage: { mag: magnitude(v), angle: (argument(v) * 180) / Math.PI } };
  }
  return best as SagType;
}
