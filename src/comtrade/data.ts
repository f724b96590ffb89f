import type { Config } from './config';
import { ComtradeError } from './error';

/** The samples of a .dat file, before scaling to other sides of the transformers. */
export interface Samples {
  /** Samples a channel. */
  count: number;
  /** Per analogue channel: multiplier and offset applied, unit of the channel; NaN where missing. */
  analog: Float64Array[];
  /** Per status channel: 0 or 1. */
  status: Uint8Array[];
  /** Seconds from the first sample, by the file's own counter, unwrapped; NaN where the file has none. */
  stamps: Float64Array;
  warnings: string[];
}

/** Enough for an hour at 100 kHz, and small enough not to exhaust a gateway. */
const MAX_SAMPLES = 400_000_000;

/** Code of a missing time stamp in the binary formats (C37.111-1999, 6.5.3). */
const NO_STAMP = 0xffffffff;

/**
 * A .dat file decoded, as far as its bytes go.
 * @throws ComtradeError `line N` (ASCII) or `byte N` (binary) where the data cannot be understood
 */
export function decodeData(config: Config, bytes: Uint8Array): Samples {
  const samples = config.format === 'ASCII' ? decodeAscii(config, bytes) : decodeBinary(config, bytes);
  const declared = config.rates[config.rates.length - 1].end;
  if (samples.count !== declared) {
    samples.warnings.push(
      `the header promises ${declared} samples, the data holds ${samples.count}: all ${samples.count} are read`,
    );
  }
  unwrapStamps(samples, config);
  return samples;
}

function allocate(config: Config, count: number): Samples {
  if (count * (config.analog.length + 1) > MAX_SAMPLES) {
    throw new ComtradeError(
      'data',
      `${count} samples of ${config.analog.length} channels are too many to hold`,
    );
  }
  return {
    count,
    analog: config.analog.map(() => new Float64Array(count)),
    status: config.status.map(() => new Uint8Array(count)),
    stamps: new Float64Array(count),
    warnings: [],
  };
}

function decodeBinary(config: Config, bytes: Uint8Array): Samples {
  const width = config.format === 'BINARY' ? 2 : 4;
  const statusWords = Math.ceil(config.status.length / 16);
  const record = 8 + config.analog.length * width + statusWords * 2;
  const count = Math.floor(bytes.length / record);
  if (count === 0) throw new ComtradeError(`byte ${bytes.length}`, `not one whole record of ${record} bytes`);
  const samples = allocate(config, count);
  const rest = bytes.length - count * record;
  // One Ctrl-Z behind binary data is an old editor's mark, anything else a cut or misdescribed file.
  if (rest > 1) {
    samples.warnings.push(`byte ${count * record}: ${rest} bytes of an unfinished record are left out`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read =
    config.format === 'BINARY' ? readInt16 : config.format === 'BINARY32' ? readInt32 : readFloat32;

  for (let n = 0; n < count; n++) {
    const at = n * record;
    const stamp = view.getUint32(at + 4, true);
    samples.stamps[n] = stamp === NO_STAMP ? Number.NaN : stamp;
    for (let k = 0; k < config.analog.length; k++) {
      const channel = config.analog[k];
      samples.analog[k][n] = channel.multiplier * read(view, at + 8 + k * width) + channel.offset;
    }
    const bits = at + 8 + config.analog.length * width;
    for (let k = 0; k < config.status.length; k++) {
      samples.status[k][n] = (view.getUint16(bits + (k >> 4) * 2, true) >> (k & 15)) & 1;
    }
  }
  return samples;
}

// Codes of a missing value: the most negative number of each format (C37.111-1999, 6.5.3; -2013, 8.6).
const readInt16 = (view: DataView, at: number) => {
  const stored = view.getInt16(at, true);
  return stored === -0x8000 ? Number.NaN : stored;
};
const readInt32 = (view: DataView, at: number) => {
  const stored = view.getInt32(at, true);
  return stored === -0x80000000 ? Number.NaN : stored;
};
const LOWEST_FLOAT32 = -3.4028234663852886e38;
const readFloat32 = (view: DataView, at: number) => {
  const stored = view.getFloat32(at, true);
  return Number.isFinite(stored) && stored !== LOWEST_FLOAT32 ? stored : Number.NaN;
};

function decodeAscii(config: Config, bytes: Uint8Array): Samples {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString('latin1')
    .split('\x1a', 1)[0];
  const lines = text.split(/\r\n|\n|\r/);
  while (lines.length && lines[lines.length - 1].trim() === '') lines.pop();
  const filled = lines.reduce((n, line) => (line.trim() === '' ? n : n + 1), 0);
  if (filled === 0) throw new ComtradeError('line 1', 'the data file is empty');
  const samples = allocate(config, filled);
  const expected = 2 + config.analog.length + config.status.length;

  let n = 0;
  for (let i = 0; i < lines.length; i++) {
    if (lines[i].trim() === '') continue;
    const fields = lines[i].split(',');
    const last = n === filled - 1;
    if (fields.length < expected && last && n > 0) {
      samples.warnings.push(`line ${i + 1}: an unfinished last line is left out`);
      samples.count = n;
      break;
    }
    if (fields.length < expected) {
      throw new ComtradeError(`line ${i + 1}`, `${expected} fields expected, ${fields.length} found`);
    }
    samples.stamps[n] = parseField(fields[1], i, 'time stamp');
    for (let k = 0; k < config.analog.length; k++) {
      const channel = config.analog[k];
      const stored = parseField(fields[2 + k], i, `channel ${channel.index}`);
      // 1991 marks a missing value by 999999, later revisions by an empty field.
      const missing = config.revision === 1991 && stored === 999999;
      samples.analog[k][n] = missing ? Number.NaN : channel.multiplier * stored + channel.offset;
    }
    for (let k = 0; k < config.status.length; k++) {
      samples.status[k][n] = parseField(fields[2 + config.analog.length + k], i, 'status') === 1 ? 1 : 0;
    }
    n++;
  }
  if (samples.count < filled) shrink(samples);
  return samples;
}

function parseField(field: string, line: number, name: string): number {
  const trimmed = field.trim();
  if (trimmed === '') return Number.NaN;
  const value = Number(trimmed);
  if (Number.isNaN(value)) {
    throw new ComtradeError(
      `line ${line + 1}`,
      `${name} must be a number, got ${JSON.stringify(trimmed.slice(0, 20))}`,
    );
  }
  return value;
}

function shrink(samples: Samples): void {
  samples.analog = samples.analog.map((values) => values.subarray(0, samples.count));
  samples.status = samples.status.map((values) => values.subarray(0, samples.count));
  samples.stamps = samples.stamps.subarray(0, samples.count);
}

/**
 * Raw counters into seconds from the first sample. A counter of 32 bits runs over after 71 minutes of
 * microseconds, one of ten digits at 10^10: a step back by most of such a span is that, and is undone.
 */
function unwrapStamps(samples: Samples, config: Config): void {
  const { stamps } = samples;
  const unit = config.stampUnit * config.timeMultiplier;
  let carried = 0;
  let previous = Number.NaN;
  let first = Number.NaN;
  let backwards = 0;
  for (let n = 0; n < stamps.length; n++) {
    const raw = stamps[n];
    if (Number.isNaN(raw)) continue;
    if (raw < previous) {
      const span = [2 ** 32, 1e10].find((s) => previous < s && previous - raw > s / 2);
      if (span) carried += span;
      else backwards++;
    }
    previous = raw;
    if (Number.isNaN(first)) first = raw;
    stamps[n] = (raw + carried - first) * unit;
  }
  if (backwards) samples.warnings.push(`time stamps run backwards in ${backwards} places`);
}
