import type { Config } from './config';
import { AsciiRows } from './data-ascii';
import { BinaryRows } from './data-binary';

/** Bytes that can be read in parts, of a file or in memory. */
export interface ByteSource {
  readonly size: number;
  /** The bytes from `position` on, `length` of them or as many as there are; valid until the next call. */
  read(position: number, length: number): Promise<Uint8Array>;
}

/** A run of rows of a .dat file, decoded: its arrays are used again for the next run. */
export interface Rows {
  /** Number of its first row, 0-based. */
  first: number;
  count: number;
  /** Samples by the channels that were asked for: multiplier and offset applied, unit of the channel; NaN where missing. */
  values: Float64Array[];
  /** Status of all status channels, row by row: 0 or 1; only where asked for. */
  status: Uint8Array[];
}

/** What is read of each row. */
export interface RowSelection {
  /** Places in `config.analog`. */
  analog: readonly number[];
  status?: boolean;
  /** First row, and one past the last. */
  from?: number;
  to?: number;
}

/** The rows of a .dat file, looked through once. */
export interface DataRows {
  /** Rows that are whole. */
  readonly count: number;
  /** Stored time stamp of each row; NaN where missing. */
  readonly stamps: Float64Array;
  readonly warnings: string[];
  /** The rows in parts of a bounded size, in order. */
  rows(selection: RowSelection): AsyncGenerator<Rows>;
}

/** Called with the part of a file that has been read, 0 to 1. */
export type Progress = (part: number) => void;

/** Enough for an hour of ten channels at 10 kHz. */
const MAX_ROWS = 40_000_000;
export const MAX_BLOCK_BYTES = 1 << 18;

/**
 * Looks through a .dat file: how many rows it holds, with which stamps.
 * @throws ComtradeError `line N` (ASCII) or `byte N` (binary) where the data cannot be understood
 */
export async function openData(config: Config, source: ByteSource, progress?: Progress): Promise<DataRows> {
  const data = config.format === 'ASCII' ? new AsciiRows(config, source) : new BinaryRows(config, source);
  await data.scan(MAX_ROWS, progress);
  const declared = config.rates[config.rates.length - 1].end;
  if (data.count !== declared) {
    data.warnings.push(
      `the header promises ${declared} samples, the data holds ${data.count}: all ${data.count} are read`,
    );
  }
  return data;
}

/** Bytes in memory as a source. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read: async (position, length) => bytes.subarray(position, position + length),
  };
}

/** Part of a source, e.g. the data of a .cff file. */
export function partOf(source: ByteSource, from: number, size: number): ByteSource {
  return {
    size,
    read: (position, length) => source.read(from + position, Math.max(0, Math.min(length, size - position))),
  };
}
