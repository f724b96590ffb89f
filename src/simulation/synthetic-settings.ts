import { check, FieldError } from '../record';

export const DISTURBANCE_TYPES = ['sag', 'swell', 'interruption'] as const;

/** A disturbance on the schedule. */
export interface ScheduledDisturbance {
  type: (typeof DISTURBANCE_TYPES)[number];
  /** Seconds after the start. */
  at: number;
  /** Seconds. */
  duration: number;
  /** Voltage while it lasts, pu. */
  residual: number;
  /** Phases hit, e.g. `abc`. */
  phases: string;
  /** Seconds after which it comes again; 0: once. */
  every: number;
}

export interface SyntheticSettings {
  nominal: number;
  frequency: number;
  /** RMS current of a phase, A. */
  current: number;
  /** Displacement power factor of the load; negative for a capacitive one. */
  powerFactor: number;
  /** Voltage and current harmonics: order, percent of the fundamental. */
  harmonics: { order: number; voltage: number; current: number }[];
  rate: number;
  /** RMS of white noise on the voltage, in percent of nominal. */
  noise: number;
  disturbances: ScheduledDisturbance[];
}

export const SYNTHETIC_DEFAULTS: SyntheticSettings = {
  nominal: 230,
  frequency: 50,
  current: 5,
  powerFactor: 0.9,
  harmonics: [
    { order: 3, voltage: 1, current: 10 },
    { order: 5, voltage: 2, current: 8 },
    { order: 7, voltage: 1, current: 5 },
  ],
  rate: 6400,
  noise: 0,
  disturbances: [],
};

const DEFAULT_RESIDUAL = { sag: 0.6, swell: 1.2, interruption: 0.02 };
const MAX_DISTURBANCES = 1000;

/** Settings from a panel. Throws a FieldError that names the setting. */
export function readSyntheticSettings(given: unknown, at = 'settings'): SyntheticSettings {
  const g = check.object(given, at);
  const d = SYNTHETIC_DEFAULTS;
  const number = (name: keyof SyntheticSettings & string, range: check.Range) =>
    check.setting(g[name], `${at}.${name}`, d[name] as number, range);
  const disturbances = check.array(g.disturbances ?? [], `${at}.disturbances`, MAX_DISTURBANCES);
  return {
    nominal: number('nominal', { above: 0, max: 1e6, unit: 'V' }),
    frequency: number('frequency', { min: 42.5, max: 69, unit: 'Hz' }),
    current: number('current', { min: 0, max: 1e6, unit: 'A' }),
    powerFactor: number('powerFactor', { min: -1, max: 1 }),
    harmonics: d.harmonics,
    rate: number('rate', { min: 960, max: 20_000, unit: 'Hz' }),
    noise: number('noise', { min: 0, max: 100, unit: '%' }),
    disturbances: disturbances.map((row, i) => readDisturbance(row, `${at}.disturbances[${i}]`)),
  };
}

function readDisturbance(row: unknown, at: string): ScheduledDisturbance {
  const r = check.object(row, at);
  const type = check.oneOf(r.type, `${at}.type`, DISTURBANCE_TYPES);
  const phases = r.phases === undefined || r.phases === '' ? 'abc' : String(r.phases).toLowerCase();
  if (!/^[abc]{1,3}$/.test(phases)) throw new FieldError(`${at}.phases`, 'phases such as abc or b', r.phases);
  const disturbance = {
    type,
    at: check.setting(r.at, `${at}.at`, 5, { min: 0, unit: 's' }),
    duration: check.setting(r.duration, `${at}.duration`, 0.2, { above: 0, unit: 's' }),
    residual: check.setting(r.residual, `${at}.residual`, DEFAULT_RESIDUAL[type], {
      min: 0,
      max: 3,
      unit: 'pu',
    }),
    phases,
    every: check.setting(r.every, `${at}.every`, 0, { min: 0, unit: 's' }),
  };
  if (disturbance.every > 0 && disturbance.every <= disturbance.duration) {
    throw new FieldError(`${at}.every`, 'more than the duration, or 0', disturbance.every);
  }
  return disturbance;
}
