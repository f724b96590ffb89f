import { QUANTITIES, type Quality, type QuantityName, type Values } from '../record';

/** Readings, and seconds, for which nothing at all moved, after which a meter is taken for frozen. */
const FROZEN = { readings: 20, seconds: 60 };
/** The same for one voltage whose neighbours move. */
const STUCK = { readings: 60, seconds: 600 };

/** What can be, whatever the grid: a value outside was not measured. */
const PHYSICS: Record<string, { min: number; max: number }> = {
  V: { min: 0, max: 1.5e6 },
  A: { min: -1e6, max: 1e6 },
  W: { min: -1e11, max: 1e11 },
  var: { min: -1e11, max: 1e11 },
  VA: { min: -1e11, max: 1e11 },
  Hz: { min: 0, max: 500 },
  pu: { min: -1.01, max: 1.01 },
  '%': { min: 0, max: 10_000 },
  Wh: { min: -1e15, max: 1e15 },
  varh: { min: -1e15, max: 1e15 },
};
/** Average power that no energy counter can have taken up between two readings, W or var. */
const MAX_POWER = 1e10;
/** A voltage beyond so many times the nominal one of the fleet table is not one of this meter. */
const MAX_OVERVOLTAGE = 4;

type Problem = 'VALUE_NAN' | 'VALUE_IMPLAUSIBLE' | 'VALUE_STUCK' | 'READINGS_FROZEN';

export interface Verdict {
  quality: Quality;
  /** Quantities by what is wrong with them. */
  problems: Partial<Record<Problem, QuantityName[]>>;
}

interface Seen {
  value: number;
  /** Time and number of readings since it moved, ms. */
  since: number;
  readings: number;
}

/**
 * Watches the values of one meter for what no grid does: numbers that are none, voltages that do not move,
 * jumps beyond physics. What cannot be is taken out of the reading.
 */
export class ValueWatch {
  private readonly seen = new Map<QuantityName, Seen>();
  private readonly energies = new Map<QuantityName, { value: number; time: number }>();
  private frozen: Seen = { value: Number.NaN, since: 0, readings: 0 };

  /** @param nominal V, where the fleet table has it */
  constructor(private readonly nominal?: number) {}

  /**
   * @param values of a reading; what is implausible is removed
   * @param notNumbers quantities whose registers held no number, or the code of an overflow
   * @param time of the reading, ms
   */
  judge(values: Values, notNumbers: readonly QuantityName[], time: number): Verdict {
    const problems: Verdict['problems'] = {};
    if (notNumbers.length) problems.VALUE_NAN = [...notNumbers];
    const impossible = (Object.keys(values) as QuantityName[]).filter(
      (name) => !this.isPossible(name, values, time),
    );
    for (const name of impossible) delete values[name];
    if (impossible.length) problems.VALUE_IMPLAUSIBLE = impossible;
    const stuck = this.stuckVoltages(values, time);
    if (this.isFrozen(values, time)) problems.READINGS_FROZEN = Object.keys(values) as QuantityName[];
    else if (stuck.length) problems.VALUE_STUCK = stuck;
    const quality = impossible.length ? 'bad' : Object.keys(problems).length ? 'uncertain' : 'good';
    return { quality, problems };
  }

  private isPossible(name: QuantityName, values: Values, time: number): boolean {
    const value = values[name] as number;
    const { unit } = QUANTITIES[name];
    const { min, max } = PHYSICS[unit];
    if (value < min || value > max) return false;
    if (unit === 'V' && this.nominal && value > MAX_OVERVOLTAGE * this.nominal) return false;
    if (unit === 'Wh' || unit === 'varh') return this.isPossibleEnergy(name, value, time);
    return true;
  }

  /** A counter may be reset, and may run over; it does not leap up. */
  private isPossibleEnergy(name: QuantityName, value: number, time: number): boolean {
    const before = this.energies.get(name);
    this.energies.set(name, { value, time });
    if (!before || time <= before.time) return true;
    const hours = (time - before.time) / 3_600_000;
    return value - before.value <= MAX_POWER * Math.max(hours, 1 / 3600);
  }

  private stuckVoltages(values: Values, time: number): QuantityName[] {
    const stuck: QuantityName[] = [];
    for (const name of ['va', 'vb', 'vc'] as const) {
      const value = values[name];
      if (value === undefined || value === 0) {
        this.seen.delete(name);
        continue;
      }
      const seen = this.seen.get(name);
      if (!seen || seen.value !== value) {
        this.seen.set(name, { value, since: time, readings: 1 });
        continue;
      }
      seen.readings++;
      if (seen.readings > STUCK.readings && time - seen.since >= STUCK.seconds * 1000) stuck.push(name);
    }
    return stuck;
  }

  /** Nothing that lives moved at all: the meter, or a gateway that keeps answers, hands out old values. */
  private isFrozen(values: Values, time: number): boolean {
    const living = ['va', 'vb', 'vc', 'vab', 'vbc', 'vca', 'ia', 'ib', 'ic', 'p', 'f'] as const;
    let sum = 0;
    let alive = 0;
    for (let i = 0; i < living.length; i++) {
      const value = values[living[i]];
      if (value === undefined || value === 0) continue;
      alive++;
      sum += value * Math.sqrt(i + 2);
    }
    const { frozen } = this;
    if (alive < 2 || sum !== frozen.value) {
      this.frozen = { value: sum, since: time, readings: 1 };
      return false;
    }
    frozen.readings++;
    return frozen.readings > FROZEN.readings && time - frozen.since >= FROZEN.seconds * 1000;
  }
}

/** What to check for each problem. */
export const VALUE_HINTS: Record<Problem, { text: (names: string) => string; hint: string }> = {
  VALUE_NAN: {
    text: (names) => `no number, or an overflow at the meter, in the registers of ${names}`,
    hint: 'Check that the inputs are within the range of the meter and its terminals tight, and that type and byte order of the profile fit the device.',
  },
  VALUE_IMPLAUSIBLE: {
    text: (names) => `values beyond physics, left out: ${names}`,
    hint: 'Check type, byte order, scale and transformer ratios of the profile and the fleet table.',
  },
  VALUE_STUCK: {
    text: (names) => `${names} has not moved for ten minutes`,
    hint: 'Check the terminals and the fuse of this phase: a voltage of the grid never stands still.',
  },
  READINGS_FROZEN: {
    text: () => 'no value has moved for a minute',
    hint: 'The meter or a gateway that keeps answers hands out old values: restart it.',
  },
};
