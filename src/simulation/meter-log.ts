import type { Channel } from '../record';
import type { MeterEvent, Phase } from './voltage-watch';

/**
 * The event log of a simulated meter, as its registers show it. Addresses that are not its own it leaves to
 * the meter.
 */
export interface MeterLog {
  /** Entries since the start. */
  readonly count: number;
  /** A phase went out or returned; `over` where that ended the event. */
  changed(event: MeterEvent, phase: Phase, out: boolean, time: number, over: boolean): void;
  /** Samples that were taken. @param time of the first, ms since 1970 */
  sampled(
    channels: readonly Channel[],
    samples: readonly Float32Array[],
    count: number,
    time: number,
    rate: number,
  ): void;
  /** The registers, or undefined where they are not the log's. */
  read(address: number, count: number): number[] | undefined;
  /** True where the registers were the log's. */
  write(address: number, values: readonly number[]): boolean;
  /** The same registers read several times (function code 0x23), where the log knows that. */
  readRepeated?(address: number, count: number, repeats: number): number[] | undefined;
}
