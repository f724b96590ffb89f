import type { Compensation, Finding, Power } from '../record';

/** So near to an order with current in it, in parts of that order, a resonance is asking for trouble. */
const NEAR = 0.1;
/** Harmonic current from which an order counts, in parts of the fundamental. */
const NOTABLE = 0.02;

export interface CompensationSettings {
  /** Displacement power factor to reach, 0.5 to 1. */
  targetPf: number;
  /** Short-circuit current in parts of the demand current; 0: not known. */
  shortCircuit: number;
  /** Demand current IL, A. */
  demand: number;
}

/**
 * The capacitor bank that brings the displacement power factor to a target: Q1 - P1 tan(acos target), and the order
 * at which it resonates with the supply, the root of short-circuit power over its size (IEEE 1036-2010, 8.3).
 * @returns undefined where nothing is taken from the grid
 */
export function compensationOf(power: Power, settings: CompensationSettings): Compensation | undefined {
  const { p1 = 0, q, dpf } = power.total;
  if (dpf === undefined || p1 <= 0) return undefined;
  const { targetPf: target, shortCircuit, demand } = settings;
  const size = Math.max(0, q - p1 * Math.tan(Math.acos(target)));
  const result: Compensation = { target, size };
  if (size > 0 && shortCircuit > 0) {
    const volts = Object.values(power.phases).reduce((sum, { v1 }) => sum + (v1?.mag ?? 0), 0);
    result.resonance = Math.sqrt((volts * shortCircuit * demand) / size);
  }
  return result;
}

/** Warns where the bank would resonate near an order that carries current, or where that cannot be told. */
export function resonanceOf(power: Power): Finding | undefined {
  const { compensation, harmonics } = power;
  if (!compensation?.size) return undefined;
  const strong = strongestOrders(harmonics);
  const size = `${(compensation.size / 1000).toPrecision(3)} kvar`;
  const { resonance } = compensation;
  if (resonance === undefined) {
    if (strong.length === 0) return undefined;
    return {
      code: 'RESONANCE_UNKNOWN',
      severity: 'info',
      text: `a bank of ${size} would reach the target; the currents hold harmonics (order ${strong.join(', ')})`,
      hint: 'Set the short-circuit ratio of this node to learn at which order the bank resonates, before it is bought.',
      detail: { size: compensation.size, orders: strong },
    };
  }
  const near = strong.filter((order) => Math.abs(resonance / order - 1) < NEAR);
  if (near.length === 0) return undefined;
  return {
    code: 'RESONANCE',
    severity: 'warning',
    text: `a bank of ${size} would resonate at order ${resonance.toFixed(1)}, where the currents have order ${near.join(', ')}`,
    hint: 'Choose a detuned bank (series reactor) or another size.',
    detail: { size: compensation.size, resonance, orders: near },
  };
}

function strongestOrders(harmonics: Record<string, number[]>): number[] {
  const found = new Set<number>();
  for (const [channel, orders] of Object.entries(harmonics)) {
    if (!channel.startsWith('i')) continue;
    orders.forEach((rms, order) => {
      if (order > 1 && rms > NOTABLE * orders[1]) found.add(order);
    });
  }
  return [...found].sort((a, b) => a - b);
}
