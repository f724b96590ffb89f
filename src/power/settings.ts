import { check } from '../record';

export const WIRINGS = ['1P2W', '1P3W', '3P4W'] as const;
export type Wiring = (typeof WIRINGS)[number];

export interface CalculatorSettings {
  /** Expected fundamental, Hz; 'auto' follows 42.5 to 69 Hz. */
  frequency: 50 | 60 | 'auto';
  /** Which phases are measured: 1P2W a; 1P3W a, b; 3P4W a, b, c. */
  wiring: Wiring;
  /** Ratios that bring the samples to the primary side. */
  ct: number;
  pt: number;
  /** Cycles of a window at 50 Hz: 10 (12 at 60 Hz) or 5 (6). */
  window: 5 | 10;
  /** Highest order of harmonics. */
  harmonics: number;
  /** Current below this part of `rated` is no load: power factor and current THD are left out. */
  noLoad: number;
  /** Rated current, A, on the side of the samples. */
  rated: number;
}

export const CALCULATOR_DEFAULTS: CalculatorSettings = {
  frequency: 'auto',
  wiring: '3P4W',
  ct: 1,
  pt: 1,
  window: 10,
  harmonics: 63,
  noLoad: 0.005,
  rated: 5,
};

/** Settings from a panel. Throws a FieldError that names the setting. */
export function readCalculatorSettings(given: unknown, at = 'settings'): CalculatorSettings {
  const g = check.object(given, at);
  const d = CALCULATOR_DEFAULTS;
  const number = (name: 'ct' | 'pt' | 'harmonics' | 'noLoad' | 'rated' | 'window', range: check.Range) =>
    check.setting(g[name], `${at}.${name}`, d[name], range);
  const frequency = g.frequency === '50' || g.frequency === '60' ? Number(g.frequency) : g.frequency;
  return {
    frequency: check.oneOf(frequency || d.frequency, `${at}.frequency`, [50, 60, 'auto'] as const),
    wiring: check.oneOf(g.wiring || d.wiring, `${at}.wiring`, WIRINGS),
    ct: number('ct', { above: 0, max: 1e6 }),
    pt: number('pt', { above: 0, max: 1e6 }),
    window: check.oneOf(number('window', {}), `${at}.window`, [5, 10] as const),
    harmonics: check.integer(number('harmonics', { min: 1, max: 63 }), `${at}.harmonics`),
    noLoad: number('noLoad', { min: 0, max: 0.5 }),
    rated: number('rated', { above: 0, max: 1e6, unit: 'A' }),
  };
}
