import type { Power } from '../record';
import { add, argument, type Complex, magnitude, symmetricalComponents } from '../signal';
import { nonfundamental, type PhaseValues } from './phase';

export interface TotalOptions {
  /** RMS current up to which there is no load, A. */
  noLoad: number;
  /** There is no neutral: the three-wire forms of the effective values. */
  threeWire: boolean;
  /** Mean square of the sum of the voltages, V². */
  voltageSum: number;
  /** Mean square of the neutral current, A². */
  neutral: number;
}

/**
 * Totals. P, P1 and Q1 are sums over the phases; S is the arithmetic apparent power (IEEE 1459-2010, 3.2.2.5), by
 * which `pf` goes. Of three phases also the effective values Ve, Ie, Se (3.2.2.8, 3.2.3.1) and what follows from
 * them: the power factor `pfe` and the powers SeN, DeI, DeV, SeH, N, under the names that one phase has.
 */
export function totalOf(phases: readonly PhaseValues[], options: TotalOptions): Power['total'] {
  const sum = (pick: (phase: PhaseValues) => number) => phases.reduce((acc, phase) => acc + pick(phase), 0);
  const p = sum((phase) => phase.p);
  const p1 = sum((phase) => phase.s1.re);
  const q = sum((phase) => phase.s1.im);
  const s = sum(({ v, i }) => v.rms * i.rms);
  const loaded = phases.some(({ i }) => i.rms > options.noLoad) && s > 0;
  const result: Power['total'] = { p, q, s, p1 };
  if (loaded) {
    result.pf = p / s;
    const vector = Math.hypot(p1, q);
    if (vector > 1e-6 * s) result.dpf = p1 / vector;
  }
  if (phases.length === 3) return Object.assign(result, effective(phases, p, loaded, options));
  if (phases.length === 1) {
    const [{ v, i }] = phases;
    return Object.assign(
      result,
      nonfundamental(v.rms, i.rms, magnitude(v.fundamental), magnitude(i.fundamental), 1, p),
    );
  }
  return Object.assign(result, { n: Math.sqrt(Math.max(0, s * s - p * p)) });
}

function effective(
  phases: readonly PhaseValues[],
  p: number,
  loaded: boolean,
  { threeWire, voltageSum, neutral }: TotalOptions,
): Partial<Power['total']> {
  const squares = (pick: (phase: PhaseValues) => number) =>
    phases.reduce((acc, phase) => acc + pick(phase) ** 2, 0);
  const v1Sum = magnitude(add(...phases.map(({ v }) => v.fundamental)));
  const i1Sum = magnitude(add(...phases.map(({ i }) => i.fundamental)));
  const vOf = (ofPhases: number, ofSum: number) => {
    // The squares of the line voltages sum up to three times those of the phases less that of the sum.
    const ofLines = 3 * ofPhases - ofSum;
    return Math.sqrt(Math.max(0, threeWire ? ofLines / 9 : (3 * ofPhases + ofLines) / 18));
  };
  const iOf = (ofPhases: number, ofNeutral: number) =>
    Math.sqrt((ofPhases + (threeWire ? 0 : ofNeutral)) / 3);
  const ve = vOf(
    squares(({ v }) => v.rms),
    voltageSum,
  );
  const ie = iOf(
    squares(({ i }) => i.rms),
    neutral,
  );
  const ve1 = vOf(
    squares(({ v }) => magnitude(v.fundamental)),
    v1Sum ** 2,
  );
  const ie1 = iOf(
    squares(({ i }) => magnitude(i.fundamental)),
    i1Sum ** 2,
  );
  const se = 3 * ve * ie;
  return {
    ve,
    ie,
    se,
    ...(loaded && se > 0 ? { pfe: p / se } : {}),
    ...nonfundamental(ve, ie, ve1, ie1, 3, p),
  };
}

/**
 * Symmetrical components of the fundamentals: magnitudes, unbalance in percent, and the phase sequence as `rotation`:
 * 1 for a-b-c, -1 for a-c-b (IEC 61000-4-30, 5.7).
 */
export function sequenceOf(phases: readonly PhaseValues[]): Record<string, number> | undefined {
  if (phases.length !== 3) return undefined;
  const [a, b, c] = phases;
  const v = symmetricalComponents(a.v.fundamental, b.v.fundamental, c.v.fundamental);
  const i = symmetricalComponents(a.i.fundamental, b.i.fundamental, c.i.fundamental);
  const [v0, v1, v2] = [v.zero, v.positive, v.negative].map(magnitude);
  const [i0, i1, i2] = [i.zero, i.positive, i.negative].map(magnitude);
  const result: Record<string, number> = { v0, v1, v2, i0, i1, i2 };
  if (Math.max(v1, v2) > 0) result.rotation = v1 >= v2 ? 1 : -1;
  // Of voltages that turn the other way round there is no unbalance: it would be beyond all numbers.
  if (v1 > 0 && v1 >= v2) Object.assign(result, { u2: (100 * v2) / v1, u0: (100 * v0) / v1 });
  return result;
}

/** Angle of the phasor by which all others are turned, rad: that of the first voltage that is there. */
export function originOf(voltages: readonly Complex[]): number {
  const largest = Math.max(...voltages.map(magnitude));
  const first = voltages.find((v) => magnitude(v) > 0.1 * largest);
  return first ? argument(first) : 0;
}
