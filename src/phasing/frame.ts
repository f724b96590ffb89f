import type { PhaseMeans } from './means';

/** What a run is about beside its tasks. */
export interface RunFrame {
  /** End of the window, ms. */
  time: number;
  /** Time of an interval of the window, ms. */
  timeOf(interval: number): number;
  intervals: number;
  /** Means of the phases of each task. */
  means: PhaseMeans;
  /** Copies a row of the store. */
  read(row: number, into: Float32Array): void;
  /** Apparent power of a meter by interval, VA; undefined where it is not known. */
  power(meter: string): Float32Array | undefined;
}
