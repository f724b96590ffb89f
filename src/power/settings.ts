import { check } from '../record';

export const WIRINGS = ['1P2W', '1P3W', '3P3W', '3P4W'] as const;
export type Wiring = (typeof WIRINGS)[number];

export const LIMIT_TABLES = ['none', 'EN 50160', 'IEC 61000-2-2', 'IEEE 519-2014', 'IEEE 519-2022'] as const;
export type LimitTableName = (typeof LIMIT_TABLES)[number];

/** What is expected behind the meter: judges what a phasor diagram can mean. */
export const LOADS = ['mixed', 'motor', 'generation'] as const;
export type Load = (typeof LOADS)[number];

export interface CalculatorSettings {
  /** Expected fundamental, Hz; 'auto' follows 42.5 to 69 Hz. */
  frequency: 50 | 60 | 'auto';
  /** Which phases are measured: 1P2W a; 1P3W a, b; 3P3W and 3P4W a, b, c (3P3W against a virtual neutral). */
  wiring: Wiring;
  /** Ratios that bring the samples to the primary side. */
  ct: number;
  pt: number;
  /** Phase displacement of the transformers, degrees: positive when the secondary leads (IEC 61869-1, 3.4.4). */
  ctAngle: number;
  ptAngle: number;
  /** Cycles of a window at 50 Hz: 10 (12 at 60 Hz) or 5 (6). */
  window: 5 | 10;
  /** Highest order of harmonics. */
  harmonics: number;
  /** Whether groups and interharmonics go into each record beside the subgroups. */
  detail: boolean;
  /** Current below this part of `rated` is no load: power factor and current THD are left out. */
  noLoad: number;
  /** Rated current, A, on the side of the samples. */
  rated: number;
  /** Declared voltage, V: to neutral where there is one, between lines for 3P3W; on the primary side. */
  nominal: number;
  limits: LimitTableName;
  /** Maximum demand load current IL (IEEE 519, 3.1), A on the primary side; 0: rated current times CT ratio. */
  demand: number;
  /** Short-circuit current at the point of common coupling in parts of IL; 0: not known. */
  shortCircuit: number;
  /** Displacement power factor to compensate to; 0: no capacitor is worked out. */
  targetPf: number;
  /** Whether phasors are searched for wiring faults, and for what load. */
  doctor: boolean;
  load: Load;
  /** Whether records hold the values as they would be with the named wiring fault mended. */
  corrected: boolean;
  /** Meters that are served; 0: as many as the memory of the machine allows. */
  maxMeters: number;
}

export const CALCULATOR_DEFAULTS: CalculatorSettings = {
  frequency: 'auto',
  wiring: '3P4W',
  ct: 1,
  pt: 1,
  ctAngle: 0,
  ptAngle: 0,
  window: 10,
  harmonics: 63,
  detail: false,
  noLoad: 0.005,
  rated: 5,
  nominal: 230,
  limits: 'none',
  demand: 0,
  shortCircuit: 0,
  targetPf: 0,
  doctor: true,
  load: 'mixed',
  corrected: false,
  maxMeters: 0,
};

type NumberName = {
  [K in keyof CalculatorSettings]: CalculatorSettings[K] extends number ? K : never;
}[keyof CalculatorSettings];

/** Settings from a panel. Throws a FieldError that names the setting. */
export function readCalculatorSettings(given: unknown, at = 'settings'): CalculatorSettings {
  const g = check.object(given, at);
  const d = CALCULATOR_DEFAULTS;
  const number = (name: NumberName, range: check.Range) =>
    check.setting(g[name], `${at}.${name}`, d[name], range);
  const flag = (name: 'detail' | 'doctor' | 'corrected') =>
    check.boolean(g[name] ?? d[name], `${at}.${name}`);
  const frequency = g.frequency === '50' || g.frequency === '60' ? Number(g.frequency) : g.frequency;
  return {
    frequency: check.oneOf(frequency || d.frequency, `${at}.frequency`, [50, 60, 'auto'] as const),
    wiring: check.oneOf(g.wiring || d.wiring, `${at}.wiring`, WIRINGS),
    ct: number('ct', { above: 0, max: 1e6 }),
    pt: number('pt', { above: 0, max: 1e6 }),
    ctAngle: number('ctAngle', { min: -30, max: 30, unit: 'degrees' }),
    ptAngle: number('ptAngle', { min: -30, max: 30, unit: 'degrees' }),
    window: check.oneOf(number('window', {}), `${at}.window`, [5, 10] as const),
    harmonics: check.integer(number('harmonics', { min: 1, max: 63 }), `${at}.harmonics`),
    detail: flag('detail'),
    noLoad: number('noLoad', { min: 0, max: 0.5 }),
    rated: number('rated', { above: 0, max: 1e6, unit: 'A' }),
    nominal: number('nominal', { above: 0, max: 1e6, unit: 'V' }),
    limits: check.oneOf(g.limits || d.limits, `${at}.limits`, LIMIT_TABLES),
    demand: number('demand', { min: 0, max: 1e6, unit: 'A' }),
    shortCircuit: number('shortCircuit', { min: 0, max: 1e6 }),
    targetPf: readTarget(number('targetPf', { min: 0, max: 1 }), `${at}.targetPf`),
    doctor: flag('doctor'),
    load: check.oneOf(g.load || d.load, `${at}.load`, LOADS),
    corrected: flag('corrected'),
    maxMeters: check.integer(number('maxMeters', { min: 0, max: 1e6 }), `${at}.maxMeters`),
  };
}

/** Below a half nobody compensates to: it is a percentage, or a slip of the finger. */
function readTarget(value: number, field: string): number {
  return value === 0 ? 0 : check.number(value, field, { min: 0.5, max: 1 });
}
