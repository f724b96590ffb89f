import { check } from '../record';

/** The short interval of EN 50160, ms. */
export const INTERVAL_MS = 600_000;
export const WEEK_MS = 7 * 86_400_000;

export interface ReporterSettings {
  /** Declared voltage Uc, V: to neutral, or between lines where that is what is measured. */
  nominal: number;
  /** Hz */
  frequency: 50 | 60;
  /** Days that values and events are kept. */
  days: number;
  /** Meters that are kept; more are refused, which is said. 0: as many as the memory allows. */
  maxMeters: number;
  /** Who issues the reports: stands on them. */
  issuer: string;
  /** Language of the reports. */
  language: 'en' | 'de';
}

export const REPORTER_DEFAULTS: ReporterSettings = {
  nominal: 230,
  frequency: 50,
  days: 35,
  maxMeters: 0,
  issuer: '',
  language: 'en',
};

export const LANGUAGES = ['en', 'de'] as const;

/** Settings from a panel. @throws FieldError that names the setting */
export function readReporterSettings(given: unknown, at = 'settings'): ReporterSettings {
  const g = check.object(given, at);
  const d = REPORTER_DEFAULTS;
  const number = (name: 'nominal' | 'days' | 'maxMeters', range: check.Range) =>
    check.setting(g[name], `${at}.${name}`, d[name], range);
  const frequency = check.setting(g.frequency, `${at}.frequency`, d.frequency);
  const issuer = g.issuer ?? '';
  return {
    nominal: number('nominal', { above: 0, max: 1e6, unit: 'V' }),
    frequency: check.oneOf(frequency, `${at}.frequency`, [50, 60] as const),
    days: number('days', { min: 7, max: 400, unit: 'days' }),
    maxMeters: check.integer(number('maxMeters', { min: 0, max: 1e6 }), `${at}.maxMeters`),
    issuer: issuer === '' ? '' : check.text(issuer, `${at}.issuer`, 200),
    language: check.oneOf((g.language || d.language) as 'en' | 'de', `${at}.language`, LANGUAGES),
  };
}
