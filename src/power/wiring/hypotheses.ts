import { argument, type Complex, degreesFrom, magnitude, wrapDegrees } from '../../signal';
import type { Load, Wiring } from '../settings';

/** How the leads of one kind may be connected: input k carries phase `phases[k]`, turned around where `signs[k]` is -1. */
export interface Leads {
  /** -1 for an input without a signal. */
  readonly phases: readonly number[];
  readonly signs: readonly (1 | -1)[];
}

/** One way in which all that is measured would make sense. */
export interface Hypothesis {
  voltages: Leads;
  currents: Leads;
  /** The load takes power, or gives it. */
  direction: 1 | -1;
  /** Mistakes that somebody must have made: leads exchanged, leads turned around. */
  mistakes: number;
}

/**
 * Hypotheses that no measurement can tell from each other: they pair the same inputs with the same signs, and
 * differ in the names of the phases and in turning all voltages and all currents around together.
 */
export type Picture = Hypothesis[];

/** Degrees by which phases lag behind the first one. */
const EXPECTED: Record<Wiring, readonly number[]> = {
  '1P2W': [0],
  '1P3W': [0, 180],
  '3P3W': [0, 120, 240],
  '3P4W': [0, 120, 240],
};
/** Voltages of a supply may differ so much from a regular star. */
const ANGLE_TOLERANCE = 15;
const MAGNITUDE_TOLERANCE = 0.25;
/** Current that counts, in parts of the largest one. */
const SMALLEST_CURRENT = 0.05;

/** Lag of the current that is expected of each load, degrees: sixty wide, so that no turn by sixty degrees fits too. */
const USUAL: Record<Load, readonly [number, number]> = {
  mixed: [-15, 45],
  motor: [25, 85],
  generation: [-30, 30],
};
/** Lag that a load can have, though it seldom has. */
const POSSIBLE: Record<Load, readonly [number, number]> = {
  mixed: [-60, 89],
  motor: [-15, 89],
  generation: [-89, 89],
};

export interface Measured {
  wiring: Wiring;
  load: Load;
  /** RMS phasors of the fundamentals, by input. */
  voltages: readonly Complex[];
  currents: readonly Complex[];
  /** Inputs whose current is measured and not worked out from the others. */
  measuredCurrents: readonly boolean[];
  /** RMS current up to which there is none, A. */
  noLoad: number;
}

/** All ways to explain what is measured by a usual load, those that measure alike together. */
export function picturesOf(measured: Measured): Picture[] {
  const pictures = new Map<string, Picture>();
  for (const voltages of voltageLeads(measured)) {
    for (const direction of measured.load === 'generation' ? ([1, -1] as const) : ([1] as const)) {
      for (const currents of currentLeads(measured, voltages, direction)) {
        const hypothesis = {
          voltages,
          currents,
          direction,
          mistakes: mistakesIn(voltages) + mistakesIn(currents),
        };
        const key = pairing(measured.wiring, hypothesis);
        const picture = pictures.get(key);
        if (picture) picture.push(hypothesis);
        else pictures.set(key, [hypothesis]);
      }
    }
  }
  // Of as many mistakes those with the currents are the likelier ones.
  const voltageMistakes = ({ voltages }: Hypothesis) => mistakesIn(voltages);
  for (const picture of pictures.values()) {
    picture.sort((a, b) => a.mistakes - b.mistakes || voltageMistakes(a) - voltageMistakes(b));
  }
  return [...pictures.values()];
}

/** Whether all could be connected as it should be, and only the load be unusual. */
export function rightIsPossible(measured: Measured): boolean {
  const right = measured.voltages.map((_, k) => k);
  const leads: Leads = { phases: right, signs: right.map(() => 1) };
  if (!isStar(measured, leads)) return false;
  return presentInputs(measured).every((k) => {
    const lag = lagOf(measured.voltages[k], measured.currents[k]);
    return within(lag, POSSIBLE[measured.load]) || (measured.load === 'generation' && Math.abs(lag) > 91);
  });
}

/** Inputs whose current counts. */
export function presentInputs({ currents, measuredCurrents, noLoad }: Measured): number[] {
  const least = Math.max(noLoad, SMALLEST_CURRENT * Math.max(...currents.map(magnitude)));
  return currents.flatMap((current, k) => (measuredCurrents[k] && magnitude(current) > least ? [k] : []));
}

function voltageLeads(measured: Measured): Leads[] {
  const { voltages, wiring } = measured;
  // Line voltages turned around are no star turned around: of three wires only the order is searched.
  const signs = wiring === '3P3W' ? [voltages.map((): 1 => 1)] : signsOf(voltages.length);
  return permutations(voltages.length).flatMap((phases) =>
    signs.map((s): Leads => ({ phases, signs: s })).filter((leads) => isStar(measured, leads)),
  );
}

/** Whether the voltages, put right, are about as long as each other and as far apart as phases are. */
function isStar({ voltages, wiring }: Measured, { phases, signs }: Leads): boolean {
  const expected = EXPECTED[wiring];
  const reference = phases.indexOf(0);
  const length = magnitude(voltages[reference]);
  return voltages.every((voltage, k) => {
    const ratio = magnitude(voltage) / length;
    if (!(Math.abs(ratio - 1) <= MAGNITUDE_TOLERANCE)) return false;
    const lag = lagOf(voltages[reference], voltage) + turned(signs[reference]) - turned(signs[k]);
    return Math.abs(wrapDegrees(lag - expected[phases[k]])) <= ANGLE_TOLERANCE;
  });
}

function currentLeads(measured: Measured, voltages: Leads, direction: 1 | -1): Leads[] {
  const { currents, load } = measured;
  const present = presentInputs(measured);
  if (present.length === 0) return [];
  const angles = voltages.phases.map((_, phase) => {
    const input = voltages.phases.indexOf(phase);
    return degreesFrom(0, measured.voltages[input]) + turned(voltages.signs[input]);
  });
  // Each current in turn takes one of the phases that are left.
  let found: { phases: number[]; signs: (1 | -1)[] }[] = [
    { phases: currents.map(() => -1), signs: currents.map(() => 1) },
  ];
  for (const k of present) {
    const own = degreesFrom(0, currents[k]) + turned(direction);
    found = found.flatMap((leads) =>
      angles.flatMap((angle, phase) => {
        if (leads.phases.includes(phase)) return [];
        return ([1, -1] as const)
          .filter((sign) => within(wrapDegrees(angle - own - turned(sign)), USUAL[load]))
          .map((sign) => ({ phases: leads.phases.with(k, phase), signs: leads.signs.with(k, sign) }));
      }),
    );
  }
  return found;
}

/**
 * Which voltage input each current goes with, and whether it has its sign. Of two phases half a cycle apart either
 * voltage is as good as minus the other.
 */
function pairing(wiring: Wiring, { voltages, currents, direction }: Hypothesis): string {
  const pairs = currents.phases.map((phase, k) => {
    if (phase < 0) return '-';
    if (wiring === '1P3W') {
      const sign = currents.signs[k] * voltages.signs[0] * (phase === voltages.phases[0] ? 1 : -1);
      return sign > 0 ? '+' : '-';
    }
    const input = voltages.phases.indexOf(phase);
    return `${input}${currents.signs[k] * voltages.signs[input] > 0 ? '+' : '-'}`;
  });
  return `${pairs.join()} ${direction}`;
}

function mistakesIn({ phases, signs }: Leads): number {
  const moved = phases.filter((phase, k) => phase >= 0 && phase !== k).length;
  const reversed = signs.filter((sign) => sign < 0).length;
  return reversed + (moved ? Math.max(1, moved - 1) : 0);
}

/** Degrees by which the second lags behind the first. */
function lagOf(first: Complex, second: Complex): number {
  return degreesFrom(argument(second), first);
}

const turned = (sign: number) => (sign < 0 ? 180 : 0);
const within = (angle: number, [from, to]: readonly [number, number]) => angle >= from && angle < to;

function permutations(n: number): number[][] {
  if (n === 0) return [[]];
  return permutations(n - 1).flatMap((rest) =>
    Array.from({ length: n }, (_, at) => [...rest.slice(0, at), n - 1, ...rest.slice(at)]),
  );
}

function signsOf(n: number): (1 | -1)[][] {
  return Array.from({ length: 2 ** n }, (_, bits) =>
    Array.from({ length: n }, (_, k) => (bits & (1 << k) ? -1 : 1)),
  );
}
