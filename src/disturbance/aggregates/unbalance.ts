import type { Values } from '../../record';
import { add, type Complex, magnitude, scale, symmetricalComponents } from '../../signal';

/**
 * Unbalance of three voltages in percent (IEC 61000-4-30, 5.7): negative and zero sequence of the
 * fundamentals against the positive one. Whichever way the phases turn, the larger of the two is the positive.
 * @param phasors by phase: `a b c`, or two or three of `ab bc ca` (which have no zero sequence)
 * @returns nothing where there are not enough
 */
export function unbalance(phasors: Record<string, Complex>): Pick<Values, 'u2' | 'u0'> {
  const { a, b, c, ab, bc, ca } = phasors;
  if (a && b && c) {
    const { zero, positive, negative } = symmetricalComponents(a, b, c);
    const [high, low] = [magnitude(positive), magnitude(negative)].sort((x, y) => y - x);
    return inPercent({ u2: low / high, u0: magnitude(zero) / high });
  }
  const lines = [ab, bc, ca].filter((phasor) => phasor !== undefined);
  if (lines.length < 2) return {};
  // The voltages around a triangle add up to nothing.
  const missing = scale(add(...lines), -1);
  const { positive, negative } = symmetricalComponents(ab ?? missing, bc ?? missing, ca ?? missing);
  const [high, low] = [magnitude(positive), magnitude(negative)].sort((x, y) => y - x);
  return inPercent({ u2: low / high });
}

/** Nothing where there is no voltage to compare with, or one beyond all numbers. */
function inPercent(ratios: Values): Values {
  return Object.fromEntries(
    Object.entries(ratios)
      .filter(([, ratio]) => Number.isFinite(ratio))
      .map(([name, ratio]) => [name, 100 * ratio]),
  );
}

/**
 * Unbalance in percent where only RMS values are known. Of three line voltages it is u2 itself (IEC
 * 61000-4-30, 5.7.1); of three phase voltages it is the largest difference from their mean (IEEE 1159, 4.4.5),
 * which grows with u0, too.
 */
export function unbalanceOfMagnitudes({ va, vb, vc, vab, vbc, vca }: Values): number | undefined {
  if (vab && vbc && vca) {
    const squares = [vab, vbc, vca].map((u) => u * u);
    const sum = squares.reduce((x, y) => x + y);
    const beta = squares.reduce((x, y) => x + y * y, 0) / (sum * sum);
    const root = Math.sqrt(Math.max(0, 3 - 6 * beta));
    return 100 * Math.sqrt((1 - root) / (1 + root));
  }
  if (!va || !vb || !vc) return undefined;
  const mean = (va + vb + vc) / 3;
  return (100 * Math.max(...[va, vb, vc].map((u) => Math.abs(u - mean)))) / mean;
}
