import type { Channel } from '../record';
import type { Section, SignalSource } from './signal-source';
import type { SyntheticSettings } from './synthetic-settings';

const CHANNELS = ['va', 'vb', 'vc', 'ia', 'ib', 'ic'] as const satisfies Channel[];

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
    this.voltage = waveTable(
      nominal,
      0,
      harmonics.map(({ order, voltage }) => [order, voltage]),
    );
    this.current = waveTable(
      current,
      lag,
      harmonics.map(({ order, current: i }) => [order, i]),
    );
    // Room for a swell to 3 pu, so that nothing clips.
    this.fullScale = CHANNELS.map(
      (name) => 3.3 * Math.SQRT2 * Math.max(name[0] === 'v' ? nominal : current, 1e-3),
    );
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
    const overtones = harmonics.reduce(
      (sum, [order, percent]) => sum + (percent / 100) * Math.sin(order * angle),
      0,
    );
    return rms * Math.SQRT2 * (Math.sin(angle) + overtones);
  });
}

function lookUp(table: Float64Array, position: number): number {
  const floor = Math.floor(position);
  const i = ((floor % TABLE) + TABLE) % TABLE;
  return table[i] + (position - floor) * (table[(i + 1) % TABLE] - table[i]);
}
