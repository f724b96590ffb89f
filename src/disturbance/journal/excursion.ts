import type { DetectorMode, DetectorSettings } from '../settings';

/**
 * The values of one meter from the first beyond the watch band until all voltages are back inside it: all
 * that other thresholds inside the band could make of it. Arrays have an entry per value.
 */
export interface Excursion {
  meter: string;
  /** ms since 1970; `ends` count from there. */
  time: number;
  phases: string[];
  /** Hz. */
  frequency: number;
  /** Declared voltage, V. */
  nominal: number;
  /** Half cycles from value to value. */
  halfCycles: number;
  mode: DetectorMode;
  /** The watch band, pu, and how far back inside it the end is. */
  low: number;
  high: number;
  hysteresis: number;
  /** The stream ended in it. */
  cut: boolean;
  /** It ended where the detector was put aside, or the recorder paused, with events that may have gone on. */
  paused?: boolean;
  /** It went on for longer than is kept. */
  truncated: boolean;
  /** Number of the phase. */
  channels: Uint8Array;
  /** End and length of the time that a value stands for, ms. */
  ends: Float64Array;
  lengths: Float32Array;
  /** pu of the reference. */
  values: Float64Array;
  /** pu of the declared voltage; empty where that is the reference. */
  declared: Float64Array;
}

/** Longest excursion whose values are kept, s; of readings so many of them. */
export const LONGEST = 120;
export const MOST_READINGS = 1000;
/** Half cycles from value to value where these are readings: longer than any window of cycles. */
export const READING = Number.MAX_SAFE_INTEGER;

type NumberArray = Float64Array | Float32Array | Uint8Array;

/** A list of numbers that grows. */
class Growing<Numbers extends NumberArray> {
  length = 0;

  constructor(private data: Numbers) {}

  push(value: number): void {
    if (this.length === this.data.length) {
      const larger = new (this.data.constructor as new (n: number) => Numbers)(Math.ceil(1.5 * this.length));
      larger.set(this.data);
      this.data = larger;
    }
    this.data[this.length++] = value;
  }

  take(): Numbers {
    return this.data.slice(0, this.length) as Numbers;
  }
}

/** Values that an excursion has room for at first. */
const ROOM = 64;

class Open {
  truncated = false;
  readonly channels = new Growing(new Uint8Array(ROOM));
  readonly ends = new Growing(new Float64Array(ROOM));
  readonly lengths = new Growing(new Float32Array(ROOM));
  readonly values = new Growing(new Float64Array(ROOM));
  readonly declared = new Growing(new Float64Array(1));

  /** @param start position @param time the same in ms since 1970 */
  constructor(
    readonly start: number,
    readonly time: number,
  ) {}
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
    const { watchLow, watchHigh, sliding } = this.settings;
    this.latest[channel] = u;
    if (!this.open) {
      if (u >= watchLow && u <= watchHigh) return;
      this.open = new Open(start, this.source.timeOf(start));
    }
    const { open } = this;
    const isFull =
      this.source.halfCycles() === READING
        ? open.ends.length >= MOST_READINGS
        : end - open.start > LONGEST * this.source.rate;
    if (isFull) {
      open.truncated = true;
    } else {
      const perSample = 1000 / this.source.rate;
      open.channels.push(channel);
      open.ends.push((end - open.start) * perSample);
      open.lengths.push((end - start) * perSample);
      open.values.push(u);
      if (sliding) open.declared.push(declared);
    }
    if (u >= watchLow && u <= watchHigh && this.isBack) this.close(false);
  }

  /** The stream ends: so does what is open. @param paused events that are open may go on */
  finish(paused = false): void {
    if (this.open) this.close(true, paused);
  }

  private get isBack(): boolean {
    const { watchLow, watchHigh, hysteresis } = this.settings;
    // A band narrower than the hysteresis has an end in its middle.
    const low = Math.min(watchLow + hysteresis, (watchLow + watchHigh) / 2);
    const high = Math.max(watchHigh - hysteresis, (watchLow + watchHigh) / 2);
    return this.latest.every((u) => Number.isNaN(u) || (u >= low && u <= high));
  }

  private close(cut: boolean, paused = false): void {
    const { time, truncated, channels, ends, lengths, values, declared } = this.open as Open;
    this.open = undefined;
    const { meter, phases } = this.source;
    const { watchLow: low, watchHigh: high, hysteresis, mode, nominal } = this.settings;
    this.ended({
      meter,
      time,
      phases,
      frequency: this.source.frequency(),
      nominal,
      halfCycles: this.source.halfCycles(),
      mode,
      low,
      high,
      hysteresis,
      cut,
      ...(paused ? { paused } : {}),
      truncated,
      channels: channels.take(),
      ends: ends.take(),
      lengths: lengths.take(),
      values: values.take(),
      declared: declared.take(),
    });
  }
}
