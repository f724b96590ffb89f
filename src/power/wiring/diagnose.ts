import type { Finding } from '../../record';
import { type Complex, magnitude, symmetricalComponents } from '../../signal';
import {
  type Hypothesis,
  type Leads,
  type Measured,
  picturesOf,
  presentInputs,
  rightIsPossible,
} from './hypotheses';

/** What a look at the phasors says. */
export interface Diagnosis {
  /** Nothing where all is as it should be. */
  findings: Finding[];
  /** The wiring as it seems to be, where a fault was named: {@link correct} undoes it. */
  wiring?: Hypothesis;
}

/** A voltage below this part of the largest one is missing. */
const MISSING = 0.3;
/** Zero sequence of a star that floats, and negative sequence up to which its line voltages count as whole. */
const FLOATING = 0.1;
const WHOLE = 0.03;

/**
 * Names what is wrong with the connection of a meter, by the phasors of the fundamentals.
 *
 * All ways to connect the inputs are tried: every order of voltages and of currents, every lead turned around. What
 * makes a regular star of the voltages and a usual load of the currents is an explanation. One explanation is named;
 * of several that measure alike the one with the fewest mistakes, and the others are told with it, since mending
 * any of them mends the measurement. Where explanations differ in what they would measure, or the connection may
 * be right with an unusual load, it says that it cannot tell.
 */
export function diagnose(measured: Measured): Diagnosis {
  const voltageFault = missingVoltage(measured) ?? floatingNeutral(measured);
  if (voltageFault) return { findings: [voltageFault] };
  if (presentInputs(measured).length === 0) return { findings: [] };
  const pictures = picturesOf(measured);
  const right = rightIsPossible(measured);
  if (pictures.some(([simplest]) => simplest.mistakes === 0)) return { findings: [] };
  if (pictures.length === 0) {
    if (right) return { findings: [] };
    return { findings: [unclear('the phasors fit no connection of a usual load', [])] };
  }
  if (pictures.length > 1 || right) {
    const candidates = pictures.map(([simplest]) => namesOf(simplest).join(', '));
    const text = right
      ? `the load has an unusual power factor, or is connected wrongly: ${candidates.join('; or ')}`
      : `more than one wiring fault fits: ${candidates.join('; or ')}`;
    return { findings: [unclear(text, candidates)] };
  }
  const [wiring, ...equivalents] = pictures[0];
  const others = equivalents.map((hypothesis) => namesOf(hypothesis).join(', '));
  const alike = equivalents
    .filter(({ mistakes }) => mistakes === wiring.mistakes)
    .map((h) => namesOf(h).join(', '));
  return { findings: faultsOf(wiring).map((fault) => findingOf(fault, alike, others)), wiring };
}

/** Phasors of the phases, with the leads put right. */
export function correct(phasors: readonly Complex[], { phases, signs }: Leads): (Complex | undefined)[] {
  return phasors.map((_, phase) => {
    const input = phases.indexOf(phase);
    if (input < 0) return undefined;
    const { re, im } = phasors[input];
    return { re: signs[input] * re, im: signs[input] * im };
  });
}

/** What is to be moved where, a sentence each. */
export function movesOf(wiring: Hypothesis): string[] {
  return faultsOf(wiring).map(({ move }) => move);
}

interface Fault {
  code: string;
  /** A few words. */
  name: string;
  move: string;
  inputs: string[];
}

const letter = (index: number) => 'abc'[index];

function faultsOf({ voltages, currents }: Hypothesis): Fault[] {
  if (isRotation(voltages) && samePhases(voltages, currents)) {
    return [
      {
        code: 'PHASE_SEQUENCE',
        name: 'the phases turn the other way round (a-c-b)',
        move: 'exchange two phases at the meter, voltage and current together, or name them anew',
        inputs: ['a', 'b', 'c'],
      },
      ...reversed(voltages, currents),
    ];
  }
  return [
    ...exchanged(voltages, 'voltage'),
    ...exchanged(currents, 'current'),
    ...reversed(voltages, currents),
  ];
}

function exchanged(leads: Leads, what: 'voltage' | 'current'): Fault[] {
  const inputs = moved(leads);
  if (inputs.length === 0) return [];
  const where = inputs
    .map((k) => `${what} input ${letter(k)} has phase ${letter(leads.phases[k])}`)
    .join(', ');
  const leadsTo = inputs.map((k) => `the lead on ${letter(k)} to ${letter(leads.phases[k])}`).join(', ');
  const code =
    what === 'current' ? 'CURRENTS_SWAPPED' : isRotation(leads) ? 'PHASE_SEQUENCE' : 'VOLTAGES_SWAPPED';
  return [{ code, name: where, move: `move ${what} leads: ${leadsTo}`, inputs: inputs.map(letter) }];
}

function reversed(voltages: Leads, currents: Leads): Fault[] {
  const v = voltages.signs.flatMap((sign, k) => (sign < 0 ? [letter(k)] : []));
  const i = currents.signs.flatMap((sign, k) => (sign < 0 ? [letter(k)] : []));
  const faults: Fault[] = [];
  if (i.length) {
    faults.push({
      code: 'CT_REVERSED',
      name: `current ${i.join(', ')} turned around`,
      move: `turn the current transformer of ${i.join(', ')} around, or exchange its two secondary leads`,
      inputs: i,
    });
  }
  if (v.length) {
    faults.push({
      code: 'VOLTAGE_REVERSED',
      name: `voltage ${v.join(', ')} turned around`,
      move: `exchange the two leads of the voltage transformer of ${v.join(', ')}`,
      inputs: v,
    });
  }
  return faults;
}

function namesOf(hypothesis: Hypothesis): string[] {
  const names = faultsOf(hypothesis).map(({ name }) => name);
  const given = hypothesis.direction < 0 ? ['power is given'] : [];
  return [...(names.length ? names : ['connected as it should be']), ...given];
}

function findingOf({ code, name, move, inputs }: Fault, alike: string[], equivalents: string[]): Finding {
  const or = alike.length ? ` (or, which measures the same: ${alike.join('; or ')})` : '';
  return {
    code,
    severity: 'warning',
    text: `${name}${or}`,
    hint: `${move[0].toUpperCase()}${move.slice(1)}.`,
    detail: { inputs, equivalents },
  };
}

function unclear(text: string, candidates: string[]): Finding {
  return {
    code: 'WIRING_UNCLEAR',
    severity: 'info',
    text,
    hint: 'Compare with a clamp meter, or look again when the load is another one; nothing is certain from these phasors.',
    detail: { candidates },
  };
}

function missingVoltage({ voltages }: Measured): Finding | undefined {
  const largest = Math.max(...voltages.map(magnitude));
  const missing = voltages.flatMap((v, k) => (magnitude(v) < MISSING * largest ? [letter(k)] : []));
  if (largest === 0 || missing.length === 0) return undefined;
  return {
    code: 'PHASE_MISSING',
    severity: 'error',
    text: `no voltage on phase ${missing.join(', ')}`,
    hint: 'Check fuses of the voltage inputs and of the voltage transformers, then the supply.',
    detail: { phases: missing },
  };
}

function floatingNeutral({ voltages, wiring }: Measured): Finding | undefined {
  if (wiring !== '3P4W' || voltages.length !== 3) return undefined;
  const { zero, positive, negative } = symmetricalComponents(voltages[0], voltages[1], voltages[2]);
  const v1 = magnitude(positive);
  if (magnitude(zero) < FLOATING * v1 || magnitude(negative) > WHOLE * v1) return undefined;
  return {
    code: 'NEUTRAL_LOST',
    severity: 'error',
    text: `the star point floats: zero-sequence voltage ${((100 * magnitude(zero)) / v1).toFixed(0)} %, line voltages whole`,
    hint: 'Check the neutral conductor and the neutral terminal of the meter; without an earthed neutral, look for an earth fault.',
    detail: { zeroSequence: magnitude(zero), voltages: voltages.map(magnitude) },
  };
}

const moved = ({ phases }: Leads) => phases.flatMap((phase, k) => (phase >= 0 && phase !== k ? [k] : []));
const isRotation = (leads: Leads) => leads.phases.length === 3 && moved(leads).length === 2;
const samePhases = (a: Leads, b: Leads) => b.phases.every((phase, k) => phase < 0 || phase === a.phases[k]);
