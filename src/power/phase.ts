import type { PhasePower, Phasor } from '../record';
import {
  type Complex,
  conjugate,
  degreesFrom,
  type Lines,
  magnitude,
  multiply,
  wrapDegrees,
} from '../signal';
import { kFactorOf, tddOf, thdOf } from './harmonics';
import type { PhaseMeans } from './means';

/** One channel in one window. */
export interface ChannelValues {
  rms: number;
  peak: number;
  /** Fundamental, RMS phasor. */
  fundamental: Complex;
  lines: Lines;
  /** Subgroups by order. */
  orders: number[];
}

/** What one window says of one phase before it is put into a record. */
export interface PhaseValues {
  v: ChannelValues;
  i: ChannelValues;
  /** Mean of the products of all samples, W. */
  p: number;
  /** Complex power of the fundamental, P1 + j Q1. */
  s1: Complex;
}

/**
 * Puts voltage and current of a phase together.
 * @param turn phasor of length 1 that takes the phase displacement of the transformers out of the power; P is
 *   corrected by what that changes in P1
 */
export function phaseValues(v: ChannelValues, i: ChannelValues, vi: number, turn: Complex): PhaseValues {
  const measured = multiply(v.fundamental, conjugate(i.fundamental));
  const s1 = multiply(measured, turn);
  return { v, i, p: vi + s1.re - measured.re, s1 };
}

/** A phase whose waveform was measured: its voltage, current and phasors are there. */
export type MeasuredPhase = PhasePower & { v: number; i: number; v1: Phasor; i1: Phasor };

export interface PhaseOptions {
  /** Cycles of the fundamental in the window. */
  cycles: number;
  /** RMS current up to which there is no load, A. */
  noLoad: number;
  /** Maximum demand load current IL, A. */
  demand: number;
  /** Angle by which all phasors are turned back, rad: that of the first voltage. */
  origin: number;
  /** By zero crossings, degrees. */
  crossingAngle?: number;
  /** Phase displacement of the current's transformer against that of the voltage, degrees. */
  displacement: number;
}

/**
 * Quantities of one phase by IEEE 1459-2010, 3.1.2: P of all samples, Q that of the fundamental alone; the
 * distortion powers DI, DV, SH, SN and the nonactive power N; and, named as such, those of Budeanu (over the
 * harmonics) and Fryze, which the standard no longer recommends (annex B).
 */
export function phasePower(values: PhaseValues, means: PhaseMeans, options: PhaseOptions): MeasuredPhase {
  const { v, i, p, s1 } = values;
  const v1 = magnitude(v.fundamental);
  const i1 = magnitude(i.fundamental);
  const s = v.rms * i.rms;
  const powers = nonfundamental(v.rms, i.rms, v1, i1, 1, p);
  const { n } = powers;
  const qBudeanu = budeanu(v.lines, i.lines, s1.im, options.cycles, v.orders.length - 1);
  const result: MeasuredPhase = {
    v: v.rms,
    i: i.rms,
    p,
    q: s1.im,
    s,
    p1: s1.re,
    q1: s1.im,
    s1: v1 * i1,
    ...powers,
    qFryze: n,
    qBudeanu,
    dBudeanu: Math.sqrt(Math.max(0, n * n - qBudeanu * qBudeanu)),
    dcV: v.lines.re[0],
    dcI: i.lines.re[0],
    v1: { mag: v1, angle: degreesFrom(options.origin, v.fundamental) },
    i1: { mag: i1, angle: wrapDegrees(degreesFrom(options.origin, i.fundamental) - options.displacement) },
  };
  if (v1 > 0 && v.orders[1] > 0 && v1 > SHARE * v.rms) {
    result.thdV = thdOf(v.orders);
    result.crestV = means.vPeak / v.rms;
  }
  // Without a current worth the name there is no angle, and no share of harmonics in it.
  if (i.rms > options.noLoad && s > 0) {
    result.pf = p / s;
    result.crestI = means.iPeak / i.rms;
    result.tdd = tddOf(i.orders, options.demand);
    if (i1 > SHARE * i.rms && v1 > SHARE * v.rms) {
      result.dpf = s1.re / (v1 * i1);
      result.angle = degreesFrom(0, s1);
      result.thdI = thdOf(i.orders);
      result.kFactor = kFactorOf(i.orders);
      if (options.crossingAngle !== undefined) {
        result.crossingAngle = wrapDegrees(options.crossingAngle + options.displacement);
      }
    }
  }
  return result;
}

/** Part of the RMS value from which a fundamental is one. */
const SHARE = 1e-3;

/** SN, DI, DV, SH and N of one phase, or of three from the effective values (IEEE 1459-2010, 3.1.2 and 3.2.3). */
export function nonfundamental(v: number, i: number, v1: number, i1: number, phases: number, p: number) {
  const s = phases * v * i;
  const [vh, ih] = [harmonicPart(v, v1), harmonicPart(i, i1)];
  return {
    sn: Math.sqrt(Math.max(0, s * s - (phases * v1 * i1) ** 2)),
    n: Math.sqrt(Math.max(0, s * s - p * p)),
    di: phases * v1 * ih,
    dv: phases * vh * i1,
    sh: phases * vh * ih,
  };
}

/** RMS of all that is not fundamental: harmonics, interharmonics and DC (IEEE 1459-2010, 3.1.2.1). */
function harmonicPart(rms: number, fundamental: number): number {
  return Math.sqrt(Math.max(0, rms * rms - fundamental * fundamental));
}

/** Sum of Vh Ih sin over the orders (C. Budeanu, 1927). The first one is `q1`, which is corrected already. */
function budeanu(v: Lines, i: Lines, q1: number, cycles: number, highest: number): number {
  let sum = q1;
  for (let order = 2; order <= highest; order++) {
    const k = order * cycles;
    sum += v.im[k] * i.re[k] - v.re[k] * i.im[k];
  }
  return sum;
}
