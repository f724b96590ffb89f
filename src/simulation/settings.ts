import { check } from '../record';

/** Profiles that the simulator can play: those with an event log of their own. */
export const SIMULATED_PROFILES = ['generic-pq', 'shark200'] as const;

export interface SimulatorSettings {
  /** Kind of meter. */
  profile: (typeof SIMULATED_PROFILES)[number];
  /** TCP port on 127.0.0.1. */
  port: number;
  /** Meters served, with unit ids from `firstUnit` on. */
  meters: number;
  firstUnit: number;
  /** Seconds by which each meter sees the disturbances later than the one before it. */
  stagger: number;
  /** Voltage that the meters' own limits are percent of, V. */
  nominal: number;
  /** Blocks of 125 registers that a meter's waveform memory holds. */
  fifoBlocks: number;
}

/** Settings from a panel. Throws a FieldError that names the setting. */
export function readSimulatorSettings(given: unknown, at = 'settings'): SimulatorSettings {
  const g = check.object(given, at);
  const number = (name: string, fallback: number, range: check.Range) =>
    check.setting(g[name], `${at}.${name}`, fallback, range);
  const whole = (name: string, fallback: number, range: check.Range) =>
    check.integer(number(name, fallback, range), `${at}.${name}`);
  const meters = whole('meters', 1, { min: 1, max: 247 });
  return {
    profile: check.oneOf(g.profile || 'generic-pq', `${at}.profile`, SIMULATED_PROFILES),
    port: whole('port', 1502, { min: 1, max: 65_535 }),
    meters,
    firstUnit: whole('firstUnit', 1, { min: 1, max: 248 - meters }),
    stagger: number('stagger', 0, { min: 0, max: 3600, unit: 's' }),
    nominal: number('nominal', 230, { above: 0, max: 1e6, unit: 'V' }),
    fifoBlocks: whole('fifoBlocks', 4000, { min: 10, max: 100_000 }),
  };
}
