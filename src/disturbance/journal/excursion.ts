import type { DetectorMode, DetectorSettings } from '../settings';

/**
 * The values of one meter from the first beyond the watch band until all voltages are back inside it: all
 * that other thresholds inside the band could make of it. Arrays have an entry per value.
 */
export interface Excursion {
  meter: string;
  /** ms since 1970; `starts` and `ends` count from there. */
  time: number;
  phases: string[];
  /** Hz. */
  frequency: number;
  /** Half cycles from value to value. */
  halfCycles: number;
  mode: DetectorMode;
  /** The watch band, pu, and how far back inside it the end is. */
  low: number;
  high: number;
  hysteresis: number;
  /** The stream ended in it. */
  cut: boolean;
  /** It went on for longer than is kept. */
  truncated: boolean;
  /** Number of the phase. */
  channels: Uint8Array;
  /** ms. */
  starts: Float64Array;
  ends: Float64Array;
  /** pu of the reference, and of the declared voltage. */
  values: Float64Array;
  declared: Float64Array;
}

/** Longest excursion whose values are kept, s. */
export const LONGEST = 120;

/** Numbers that grow. */
class Growing {
  private data = new Float64Array(64);
  length = 0;

  push(value: number): void {
    if (this.length === this.data.length) {
      const larger = new Float64Array(2 * this.length);
      larger.set(this.data);
      this.data = larger;
    }
    this.data[this.length++] = value;
  }

  take(): Float64Array {
    return this.data.slice(0, this.length);
  }
}

interface Open {
  start: number;
  /** The same in ms since 1970. */
  time: number;
  truncated: boolean;
  channels: Growing;
  starts: Growing;
  ends: Growing;
  values: Growing;
  declared: Growing;
}

/** Where the values of a stream come from. */
export interface ExcursionSource {
  meter: string;
  phases: string[];
  rate: number;
  frequency(): number;
  halfCycles(): number;
  /** Time of a position, ms. */
  timeOf(position: number): number;
}

/** Records the excursions of one stream beyond the watch band. */
export class ExcursionRecorder {
  private open: Open | undefined;
  private readonly latest: Float64Array;

  constructor(
    private readonly source: ExcursionSource,
    public settings: DetectorSettings,
    private readonly ended: (excursion: Excursion) => void,
  ) {
    this.latest = new Float64Array(source.phases.length).fill(Number.NaN);
  }

  /** The next value of a channel; positions in samples, values in pu of reference and declared voltage. */
  push(channel: number, start: number, end: number, u: number, declared: number): void {
    const { watchLow, watchHigh } = this.settings;
    this.latest[channel] = u;
    if (!this.open) {
      if (u >= watchLow && u <= watchHigh) return;
      this.open = {
        start,
        time: this.source.timeOf(start),
        truncated: false,
        channels: new Growing(),
        starts: new Growing(),
        ends: new Growing(),
        values: new Growing(),
        declared: new Growing(),
      };
    }
    const { open } = this;
    if (end - open.start > LONGEST * this.source.rate) {
      open.truncated = true;
    } else {
      open.channels.push(channel);
      open.starts.push(start);
      open.ends.push(end);
      open.values.push(u);
      open.declared.push(declared);
    }
    if (u >= watchLow && u <= watchHigh && this.isBack) this.close(false);
  }

  /** The stream ends: so does what is open. */
  finish(): void {
    if (this.open) this.close(true);
  }

  private get isBack(): boolean {
    const { watchLow, watchHigh, hysteresis } = this.settings;
    // A band narrower than the hysteresis has an end in its middle.
    const low = Math.min(watchLow + hysteresis, (watchLow + watchHigh) / 2);
    const high = Math.max(watchHigh - hysteresis, (watchLow + watchHigh) / 2);
    return this.latest.every((u) => Number.isNaN(u) || (u >= low && u <= high));
  }

  private close(cut: boolean): void {
    const { start, time, truncated, channels, starts, ends, values, declared } = this.open as Open;
    this.open = undefined;
    const { meter, phases, rate } = this.source;
    const { watchLow: low, watchHigh: high, hysteresis, mode } = this.settings;
    const inTime = (positions: Growing) =>
      positions.take().map((position) => ((position - start) / rate) * 1000);
    this.ended({
      meter,
      time,
      phases,
      frequency: this.source.frequency(),
      halfCycles: this.source.halfCycles(),
      mode,
      low,
      high,
      hysteresis,
      cut,
      truncated,
      channels: Uint8Array.from(channels.take()),
      starts: inTime(starts),
      ends: inTime(ends),
      values: values.take(),
      declared: declared.take(),
    });
  }
}
