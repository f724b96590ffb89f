import { check } from '../record';

export interface PollerSettings {
  /** Seconds between readings of a meter. */
  interval: number;
  /** Seconds between looks at EVENT_COUNT. */
  eventInterval: number;
  /** Seconds between looks into the waveform FIFO; 0: the waveform is not read. */
  waveformInterval: number;
  /** A meter whose waveform is off is switched on: LOG_CTRL, bit 0. */
  waveformOn: boolean;
  /** A meter that makes more than its line carries is asked for fewer samples a second: LOG_DIVIDER. */
  waveformFit: boolean;
  /** Meters asked at once. */
  concurrency: number;
}

/** Settings from a panel. Throws a FieldError that names the setting. */
export function readPollerSettings(given: unknown, at = 'settings'): PollerSettings {
  const g = check.object(given, at);
  const number = (name: string, fallback: number, range: check.Range) =>
    check.setting(g[name], `${at}.${name}`, fallback, range);
  return {
    interval: number('interval', 10, { min: 0.1, max: 86_400, unit: 's' }),
    eventInterval: number('eventInterval', 60, { min: 0.1, max: 86_400, unit: 's' }),
    waveformInterval: number('waveformInterval', 0.5, { min: 0, max: 60, unit: 's' }),
    waveformOn: check.boolean(g.waveformOn ?? false, `${at}.waveformOn`),
    waveformFit: check.boolean(g.waveformFit ?? false, `${at}.waveformFit`),
    concurrency: check.integer(number('concurrency', 64, { min: 1, max: 1000 }), `${at}.concurrency`),
  };
}
