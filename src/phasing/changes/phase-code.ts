import { LINE_INPUTS } from '../store';

/**
 * Literal of the CIM enumeration PhaseCode (IEC 61970-301) that names the wires of a usage point: `AN` for phase a to
 * the neutral, `AB` for a voltage between a and b, `ABN` for two inputs. It names a set of wires in the order A, B, C, N:
 * which input of a meter is on which phase it cannot say, nor which phase feeds the halves of a split phase.
 * @param phases as in an assignment: the phase of each input
 * @param inputs voltages of the meter
 * @returns undefined where no literal says it
 */
export function phaseCode(phases: string | null, inputs = 1): string | undefined {
  const pairs = phases?.split(' ') ?? [];
  const isPairs = pairs.length === inputs && pairs.every((pair) => PAIRS.includes(pair));
  const voltages = isPairs ? pairs : [...(phases ?? '')];
  if (voltages.length !== inputs || new Set(voltages).size < inputs) return undefined;
  const wires = [...new Set(voltages.join(''))].sort().join('').toUpperCase();
  if (!/^[ABC]+$/.test(wires)) return undefined;
  return isPairs ? wires : `${wires}N`;
}

const PAIRS: readonly string[] = LINE_INPUTS;
