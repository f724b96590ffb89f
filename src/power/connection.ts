import { type Channel, FieldError, isVoltage } from '../record';
import type { Wiring } from './settings';

/** A sum of channels, each with its factor. */
export type Sum = readonly (readonly [Channel, number])[];

/** What of a frame's channels makes the voltage and the current of each phase. */
export interface Connection {
  phases: readonly string[];
  voltages: readonly Sum[];
  currents: readonly Sum[];
  /** The neutral current is measured, and not only the sum of the phases. */
  neutral: boolean;
}

const PHASES: Record<Wiring, readonly string[]> = {
  '1P2W': ['a'],
  '1P3W': ['a', 'b'],
  '3P3W': ['a', 'b', 'c'],
  '3P4W': ['a', 'b', 'c'],
};

/**
 * The phases that a frame with these channels measures in this wiring.
 * With a neutral: those whose voltage and current are there. Three wires (Blondel: two wattmeters do): any two
 * line voltages and any two currents make the third, and voltages count against the virtual neutral, the mean of
 * the three terminals; so the sum over the phases is Vab Ia + Vcb Ic (IEEE 1459-2010, 3.2.2.8).
 * @throws FieldError when there is no such phase
 */
export function connect(names: readonly Channel[], wiring: Wiring): Connection {
  return wiring === '3P3W' ? threeWire(names) : toNeutral(names, wiring);
}

function toNeutral(names: readonly Channel[], wiring: Wiring): Connection {
  const phases = PHASES[wiring].filter(
    (phase) => names.includes(`v${phase}` as Channel) && names.includes(`i${phase}` as Channel),
  );
  if (phases.length === 0) {
    throw new FieldError(
      'payload.channels',
      `a voltage and its current (${wiring}: e.g. va and ia)`,
      names.join(' '),
    );
  }
  return {
    phases,
    voltages: phases.map((phase) => [[`v${phase}` as Channel, 1]]),
    currents: phases.map((phase) => [[`i${phase}` as Channel, 1]]),
    neutral: phases.length === 3 && names.includes('in'),
  };
}

const THIRD = 1 / 3;

function threeWire(names: readonly Channel[]): Connection {
  const has = (name: Channel) => names.includes(name);
  const given = names.filter((name) => isVoltage(name) || name.startsWith('i')).join(' ');
  const currents = (['ia', 'ib', 'ic'] as const).map((name, i, all): Sum | undefined => {
    if (has(name)) return [[name, 1]];
    const others = all.filter((_, k) => k !== i);
    return others.every(has) ? others.map((other) => [other, -1] as const) : undefined;
  });
  if (currents.some((sum) => sum === undefined)) {
    throw new FieldError('payload.channels', 'two of the currents ia, ib, ic (3P3W)', given);
  }
  return {
    phases: PHASES['3P3W'],
    voltages: virtualNeutral(has) ?? missingVoltages(given),
    currents: currents as Sum[],
    neutral: false,
  };
}

function virtualNeutral(has: (name: Channel) => boolean): Sum[] | undefined {
  const terminals = ['va', 'vb', 'vc'] as const;
  if (terminals.every(has)) {
    return terminals.map((own) => terminals.map((name) => [name, (name === own ? 1 : 0) - THIRD] as const));
  }
  const lines = ['vab', 'vbc', 'vca'] as const;
  const missing = lines.filter((name) => !has(name));
  if (missing.length > 1) return undefined;
  // va = (vab - vca) / 3 and so on around; what is not measured is minus the sum of the others.
  return lines.map((own, i) => {
    const before = lines[(i + 2) % 3];
    const factors = new Map<Channel, number>([
      [own, THIRD],
      [before, -THIRD],
    ]);
    const lost = missing.length ? (factors.get(missing[0]) ?? 0) : 0;
    return lines
      .filter((name) => !missing.includes(name))
      .map((name) => [name, (factors.get(name) ?? 0) - lost] as const)
      .filter(([, factor]) => factor !== 0);
  });
}

function missingVoltages(given: string): never {
  throw new FieldError('payload.channels', 'two of vab, vbc, vca, or va, vb and vc (3P3W)', given);
}
