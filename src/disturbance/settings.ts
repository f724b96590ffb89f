import { check, FieldError } from '../record';

/** What the detector judges by. Thresholds in pu of `nominal`. */
export interface DetectorSettings {
  /** Declared voltage Udin, V RMS: between the channels' terminals (line to neutral, or line to line). */
  nominal: number;
  /** Expected fundamental, Hz; 'auto' follows 42.5 to 69 Hz. */
  frequency: 50 | 60 | 'auto';
  sag: number;
  swell: number;
  interruption: number;
  /** An event ends this far back inside its threshold (IEC 61000-4-30, 5.4.2: 0.02 typically). */
  hysteresis: number;
  /** Cycles that a voltage must stay beyond a threshold to be an event. */
  minCycles: number;
  /** Cycles of waveform before and after the event in its capture. */
  preCycles: number;
  postCycles: number;
  /** Longest stretch of an event in a capture, s. */
  maxCapture: number;
}

export const DETECTOR_DEFAULTS: DetectorSettings = {
  nominal: 230,
  frequency: 'auto',
  sag: 0.9,
  swell: 1.1,
  interruption: 0.1,
  hysteresis: 0.02,
  minCycles: 0.5,
  preCycles: 10,
  postCycles: 10,
  maxCapture: 10,
};

/**
 * Settings from a panel, or from a `configure` message on top of those in force (`base`).
 * @throws FieldError that names the setting
 */
export function readDetectorSettings(
  given: unknown,
  base: DetectorSettings = DETECTOR_DEFAULTS,
  at = 'settings',
): DetectorSettings {
  const g = check.object(given, at);
  const number = (name: Exclude<keyof DetectorSettings, 'frequency'>, range: check.Range) =>
    check.setting(g[name], `${at}.${name}`, base[name], range);
  const settings: DetectorSettings = {
    nominal: number('nominal', { above: 0, max: 1e6, unit: 'V' }),
    frequency: readFrequency(g.frequency, `${at}.frequency`, base.frequency),
    sag: number('sag', { above: 0, max: 1, unit: 'pu' }),
    swell: number('swell', { min: 1, max: 5, unit: 'pu' }),
    interruption: number('interruption', { min: 0, max: 0.5, unit: 'pu' }),
    hysteresis: number('hysteresis', { min: 0, max: 0.2, unit: 'pu' }),
    minCycles: number('minCycles', { min: 0.5, max: 600, unit: 'cycles' }),
    preCycles: number('preCycles', { min: 0, max: 1000, unit: 'cycles' }),
    postCycles: number('postCycles', { min: 0, max: 1000, unit: 'cycles' }),
    maxCapture: number('maxCapture', { min: 0, max: 60, unit: 's' }),
  };
  if (settings.interruption + settings.hysteresis >= settings.sag) {
    throw new FieldError(`${at}.sag`, 'more than interruption and hysteresis together', settings.sag);
  }
  return settings;
}

function readFrequency(value: unknown, field: string, base: 50 | 60 | 'auto'): 50 | 60 | 'auto' {
  if (value === undefined || value === '') return base;
  return check.oneOf(value === '50' || value === '60' ? Number(value) : value, field, [
    50,
    60,
    'auto',
  ] as const);
}
