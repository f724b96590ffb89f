import type { Channel } from '../record';

/** A stretch of signal of one rate, as a meter's converters would see it. */
export interface Section {
  /** Samples per second per channel. */
  readonly rate: number;
  readonly channels: readonly Channel[];
  /** Largest amplitude the converter of each channel must take, V or A. */
  readonly fullScale: readonly number[];
  /** Time of its first sample by the meter's own clock, ms since 1970; absent where that is the clock of the host. */
  readonly clock?: number;
  /** ms before it in which nothing is sampled. */
  readonly pause?: number;
  /**
   * Writes the next samples, at most as many as the arrays are long.
   * @returns how many; 0 when the section is over
   */
  read(out: Float32Array[]): number;
}

/** What is connected to a meter's terminals: one section after the other, until there is none. */
export interface SignalSource {
  next(): Section | undefined;
}
