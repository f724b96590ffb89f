import { check, FieldError } from '../record';

export const DETECTOR_MODES = ['cycle', '10-cycle'] as const;
export type DetectorMode = (typeof DETECTOR_MODES)[number];

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
  /** SWELL_WINDOW: half cycles that a voltage must stay above the threshold to be a swell, if more than that. */
  swellWindow: number;
  /** A rapid voltage change leaves the steady voltage by so much, pu (IEC 61000-4-30, 5.11); 0 looks for none. */
  rvc: number;
  /** Values that are judged: Urms(1/2), or 10-cycle (12 at 60 Hz) values. */
  mode: DetectorMode;
  /** Sags and swells against the sliding reference (5.4.4) instead of the nominal voltage. */
  sliding: boolean;
  /** PHASE_TOLERANCE: unbalance above which a diagnostic is sent, pu; 0 sends none. */
  phaseTolerance: number;
  /** Watch band, pu: values beyond it are kept in the journal even where they make no event. */
  watchLow: number;
  watchHigh: number;
  /** Cycles of waveform before and after the event in its capture. */
  preCycles: number;
  postCycles: number;
  /** Longest stretch of an event in a capture, s. */
  maxCapture: number;
  /** Meters that are served; 0: as many as the memory of the machine allows. Fixed at the start. */
  maxMeters: number;
}

export const DETECTOR_DEFAULTS: DetectorSettings = {
  nominal: 230,
  frequency: 'auto',
  sag: 0.9,
  swell: 1.1,
  interruption: 0.1,
  hysteresis: 0.02,
  minCycles: 0.5,
  swellWindow: 1,
  rvc: 0.05,
  mode: 'cycle',
  sliding: false,
  phaseTolerance: 0.02,
  watchLow: 0.95,
  watchHigh: 1.05,
  preCycles: 10,
  postCycles: 10,
  maxCapture: 10,
  maxMeters: 0,
};

type NumberSetting = Exclude<keyof DetectorSettings, 'frequency' | 'mode' | 'sliding'>;

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
  const number = (name: NumberSetting, range: check.Range) =>
    check.setting(g[name], `${at}.${name}`, base[name], range);
  const settings: DetectorSettings = {
    nominal: number('nominal', { above: 0, max: 1e6, unit: 'V' }),
    frequency: readFrequency(g.frequency, `${at}.frequency`, base.frequency),
    sag: number('sag', { above: 0, max: 1, unit: 'pu' }),
    swell: number('swell', { min: 1, max: 5, unit: 'pu' }),
    interruption: number('interruption', { min: 0, max: 0.5, unit: 'pu' }),
    hysteresis: number('hysteresis', { min: 0, max: 0.2, unit: 'pu' }),
    minCycles: number('minCycles', { min: 0.5, max: 600, unit: 'cycles' }),
    swellWindow: number('swellWindow', { min: 1, max: 1200, unit: 'half cycles' }),
    rvc: number('rvc', { min: 0, max: 0.5, unit: 'pu' }),
    mode: check.oneOf(g.mode ?? base.mode, `${at}.mode`, DETECTOR_MODES),
    sliding: check.boolean(g.sliding ?? base.sliding, `${at}.sliding`),
    phaseTolerance: number('phaseTolerance', { min: 0, max: 1, unit: 'pu' }),
    watchLow: number('watchLow', { min: 0, max: 1, unit: 'pu' }),
    watchHigh: number('watchHigh', { min: 1, max: 5, unit: 'pu' }),
    preCycles: number('preCycles', { min: 0, max: 1000, unit: 'cycles' }),
    postCycles: number('postCycles', { min: 0, max: 1000, unit: 'cycles' }),
    maxCapture: number('maxCapture', { min: 0, max: 60, unit: 's' }),
    maxMeters: check.integer(number('maxMeters', { min: 0, max: 1e6 }), `${at}.maxMeters`),
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
