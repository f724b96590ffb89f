import { readFile } from 'node:fs/promises';
import { splitCff } from './cff';
import { type AnalogChannel, type Config, parseConfig } from './config';
import { decodeData, type Samples } from './data';
import { ComtradeError } from './error';
import { decodeText } from './text';

/** A stretch of one sampling rate; `rate` 0 where only the time stamps tell. */
export interface Segment {
  rate: number;
  /** First sample, 0-based, and one past the last. */
  from: number;
  to: number;
}

/** A COMTRADE record read and scaled. Arrays have `count` entries. */
export interface Recording {
  config: Config;
  /** Code page in which the header was read. */
  encoding: string;
  count: number;
  segments: Segment[];
  /** Seconds from the first sample to each sample. */
  times: Float64Array;
  /** Values in the unit of the channel, as recorded (see {@link sideValues}); NaN where missing. */
  analog: Float64Array[];
  status: Uint8Array[];
  /** Text of the header part, where the record has one. */
  header?: string;
  /** What was odd about the file and how it was taken. */
  warnings: string[];
}

export interface ReadOptions {
  /** Code page of the header; found out where absent. */
  encoding?: string;
}

/**
 * A COMTRADE record from its bytes: IEEE C37.111-1991, -1999, -2013; ASCII, BINARY, BINARY32, FLOAT32.
 * @throws ComtradeError that says which line or byte
 */
export function parseRecording(cfg: Uint8Array, dat: Uint8Array, options: ReadOptions = {}): Recording {
  const { text, encoding } = decodeText(cfg, options.encoding);
  const config = parseConfig(text);
  const samples = decodeData(config, dat);
  const segments = segmentsOf(config, samples.count);
  const warnings = [...config.warnings, ...samples.warnings];
  const times = sampleTimes(config, samples, segments, warnings);
  return {
    config,
    encoding,
    count: samples.count,
    segments,
    times,
    analog: samples.analog,
    status: samples.status,
    warnings,
  };
}

/** A single-file record (.cff). Errors as in {@link parseRecording}. */
export function parseCff(bytes: Uint8Array, options: ReadOptions = {}): Recording {
  const parts = splitCff(bytes);
  const recording = parseRecording(parts.cfg, parts.dat, options);
  if (parts.hdr?.length) recording.header = decodeText(parts.hdr, options.encoding).text;
  return recording;
}

/**
 * Reads a record from disk.
 * @param path the .cfg file (its .dat beside it, any case of the ending) or a .cff file
 * @throws ComtradeError with the file's name in front of line or byte; the file system's own error
 */
export async function readRecording(path: string, options: ReadOptions = {}): Promise<Recording> {
  const ending = /\.(cfg|cff|dat)$/i.exec(path)?.[1].toLowerCase();
  if (!ending) throw new ComtradeError(path, 'a COMTRADE record is named by its .cfg or .cff file');
  try {
    if (ending === 'cff') return parseCff(await readFile(path), options);
    const stem = path.slice(0, -4);
    return parseRecording(await readEither(stem, 'cfg'), await readEither(stem, 'dat'), options);
  } catch (error) {
    if (error instanceof ComtradeError && error.place !== path) {
      throw new ComtradeError(`${path}, ${error.place}`, error.message.slice(error.place.length + 2));
    }
    throw error;
  }
}

async function readEither(stem: string, ending: string): Promise<Buffer> {
  try {
    return await readFile(`${stem}.${ending}`);
  } catch (error) {
    return await readFile(`${stem}.${ending.toUpperCase()}`).catch(() => {
      throw error;
    });
  }
}

/** A channel's values on the side asked for: primary or secondary of its instrument transformer. */
export function sideValues(channel: AnalogChannel, values: Float64Array, side: 'P' | 'S'): Float64Array {
  if (side === channel.side || channel.primary === channel.secondary) return values;
  const ratio = channel.primary / channel.secondary;
  if (!Number.isFinite(ratio) || ratio === 0) {
    throw new ComtradeError(
      `channel ${channel.index}`,
      `ratio ${channel.primary}/${channel.secondary} cannot be used`,
    );
  }
  const factor = side === 'P' ? ratio : 1 / ratio;
  return values.map((value) => value * factor);
}

function segmentsOf(config: Config, count: number): Segment[] {
  const segments: Segment[] = [];
  let from = 0;
  config.rates.forEach((segment, i) => {
    // Samples beyond the header's count were taken at the last rate.
    const to = i === config.rates.length - 1 ? count : Math.min(segment.end, count);
    if (to > from) segments.push({ rate: segment.rate, from, to });
    from = Math.max(from, to);
  });
  return segments;
}

/**
 * Seconds by sample: by the rates where the header gives them (C37.111-1999, 5.3.7: they are the more
 * precise), else by the time stamps.
 */
function sampleTimes(
  config: Config,
  samples: Samples,
  segments: Segment[],
  warnings: string[],
): Float64Array {
  if (segments.some((segment) => segment.rate === 0)) {
    const broken = samples.stamps.findIndex(Number.isNaN);
    if (broken >= 0) {
      throw new ComtradeError(`sample ${broken + 1}`, 'neither a sampling rate nor a time stamp');
    }
    return samples.stamps;
  }
  const times = new Float64Array(samples.count);
  let start = 0;
  for (const { rate, from, to } of segments) {
    for (let n = from; n < to; n++) times[n] = start + (n - from) / rate;
    start += (to - from) / rate;
  }
  const last = samples.stamps[samples.count - 1];
  const drift = Math.abs(last - times[samples.count - 1]);
  if (drift > 0.01 * times[samples.count - 1] + 1 / (config.rates[0].rate || 1)) {
    warnings.push(
      `by the time stamps the record lasts ${last.toFixed(6)} s, by the sampling rates ${times[samples.count - 1].toFixed(6)} s; the rates are taken`,
    );
  }
  return times;
}
