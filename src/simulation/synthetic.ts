import { type Channel, check, FieldError } from '../record';
import type { Section, SignalSource } from './signal-source';

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
const CHANNELS = ['va', 'vb', 'vc', 'ia', 'ib', 'ic'] as const satisfies Channel[];
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
    residual: check.setting(r.residual, `${at}.residual`, DEFAULT_RESIDUAL[type], { min: 0, max: 3, unit: 'pu' }),
    phases,
    every: check.setting(r.every, `${at}.every`, 0, { min: 0, unit: 's' }),
  };
  if (disturbance.every > 0 && disturbance.every <= disturbance.duration) {
    throw new FieldError(`${at}.every`, 'more than the duration, or 0', disturbance.every);
  }
  return disturbance;
}

/** A three-phase supply with a load, and disturbances on a schedule; goes on for ever. */
export class SyntheticSource implements SignalSource {
  private begun = false;

  /** @param delay seconds by which this meter sees every disturbance later */
  constructor(
    private readonly settings: SyntheticSettings,
    private readonly delay = 0,
    private readonly seed = 1,
  ) {}

  next(): Section | undefined {
    if (this.begun) return undefined;
    this.begun = true;
    return new SyntheticSection(this.settings, this.delay, this.seed);
  }
}

const TABLE = 4096;

class SyntheticSection implements Section {
  readonly channels = CHANNELS;
  readonly rate: number;
  readonly fullScale: number[];
  private readonly voltage: Float64Array;
  private readonly current: Float64Array;
  private n = 0;
  private random: number;

  constructor(
    private readonly settings: SyntheticSettings,
    private readonly delay: number,
    seed: number,
  ) {
    const { nominal, current, powerFactor, harmonics, rate } = settings;
    this.rate = rate;
    this.random = seed >>> 0 || 1;
    const lag = Math.acos(Math.abs(powerFactor)) * (powerFactor < 0 ? -1 : 1);
    this.voltage = waveTable(nominal, 0, harmonics.map(({ order, voltage }) => [order, voltage]));
    this.current = waveTable(current, lag, harmonics.map(({ order, current: i }) => [order, i]));
    // Room for a swell to 3 pu, so that nothing clips.
    this.fullScale = CHANNELS.map((name) => 3.3 * Math.SQRT2 * Math.max(name[0] === 'v' ? nominal : current, 1e-3));
  }

  read(out: Float32Array[]): number {
    const { rate, settings } = this;
    const length = out[0].length;
    const perSample = (settings.frequency * TABLE) / rate;
    const gains = [1, 1, 1];
    for (let k = 0; k < length; k++, this.n++) {
      this.gainsAt(this.n / rate - this.delay, gains);
      const position = this.n * perSample;
      for (let phase = 0; phase < 3; phase++) {
        const at = position - (phase * TABLE) / 3;
        const gain = gains[phase];
        out[phase][k] = gain * lookUp(this.voltage, at) + this.noise();
        out[3 + phase][k] = gain * lookUp(this.current, at);
      }
    }
    return length;
  }

  /** Voltage of each phase at `t` seconds, pu. */
  private gainsAt(t: number, gains: number[]): void {
    gains[0] = gains[1] = gains[2] = 1;
    for (const { at, duration, every, residual, phases } of this.settings.disturbances) {
      let since = t - at;
      if (since < 0) continue;
      if (every > 0) since %= every;
      if (since >= duration) continue;
      for (let p = 0; p < 3; p++) if (phases.includes('abc'[p])) gains[p] = residual;
    }
  }

  /** White noise from a fixed seed: sum of four uniform numbers, near enough to Gauss. */
  private noise(): number {
    if (this.settings.noise === 0) return 0;
    let sum = 0;
    for (let i = 0; i < 4; i++) {
      this.random = (Math.imul(this.random, 1664525) + 1013904223) >>> 0;
      sum += this.random / 2 ** 32 - 0.5;
    }
    return sum * Math.sqrt(3) * (this.settings.noise / 100) * this.settings.nominal;
  }
}

/** One cycle of a sine of `rms` that lags by `lag` radians, with harmonics of so many percent of it. */
function waveTable(rms: number, lag: number, harmonics: number[][]): Float64Array {
  return Float64Array.from({ length: TABLE }, (_, i) => {
    const angle = (2 * Math.PI * i) / TABLE - lag;
    const overtones = harmonics.reduce((sum, [order, percent]) => sum + (percent / 100) * Math.sin(order * angle), 0);
    return rms * Math.SQRT2 * (Math.sin(angle) + overtones);
  });
}

function lookUp(table: Float64Array, position: number): number {
  const floor = Math.floor(position);
  const i = ((floor % TABLE) + TABLE) % TABLE;
  return table[i] + (position - floor) * (table[(i + 1) % TABLE] - table[i]);
}
