import { CHANNELS, type Channel, phaseOf, type WaveformFrame } from '../record';
import { ComtradeError } from './error';

export const EXPORT_FORMATS = ['ASCII', 'BINARY32', 'FLOAT32'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface WriteOptions {
  format: ExportFormat;
  /** Line frequency, Hz. */
  frequency: number;
  /** Time of the trigger, ms since 1970; that of the first sample where absent. */
  trigger?: number;
  /** Text of the header part. */
  header?: string;
  /** Name of the recording device; the meter's name is that of the station. */
  device?: string;
}

/** The parts of a record; `cff` is all of them in a single file. */
export interface WrittenRecord {
  cfg: string;
  dat: Buffer;
  hdr: string;
}

/** Largest number stored by each format; FLOAT32 stores the values themselves (C37.111-2013, 8.4 and 8.6). */
const FULL_SCALE: Record<ExportFormat, number> = {
  ASCII: 99_998,
  BINARY32: 2 ** 31 - 2,
  FLOAT32: Number.NaN,
};
/** Sample numbers and time stamps have 32 bits. */
const MAX_STAMP = 2 ** 32 - 2;

/**
 * A frame as a COMTRADE record of the revision of 2013 (IEEE C37.111-2013, IEC 60255-24): primary values in
 * V and A, times in UTC.
 * @throws ComtradeError for a frame that is too long for 32-bit time stamps
 */
export function writeRecord(frame: WaveformFrame, options: WriteOptions): WrittenRecord {
  const { format, frequency, trigger = frame.time, header = '', device = 'power-quality' } = options;
  const { names, length, rate, meter } = frame;
  if ((length / rate) * 1e6 > MAX_STAMP) {
    throw new ComtradeError('capture', `${(length / rate).toFixed(0)} s do not fit into 32-bit time stamps`);
  }
  const factors = names.map((name) => factorOf(frame.channel(name) as Float32Array, format));
  const limits = format === 'FLOAT32' ? '-3.4E38,3.4E38' : `${-FULL_SCALE[format]},${FULL_SCALE[format]}`;
  const lines = [
    `${plain(meter)},${plain(device)},2013`,
    `${names.length},${names.length}A,0D`,
    ...names.map((name, i) => {
      const unit = CHANNELS[name];
      return `${i + 1},${label(name)},${phaseOf(name).toUpperCase()},,${unit},${factors[i]},0,0,${limits},1,1,P`;
    }),
    String(frequency),
    '1',
    `${rate},${length}`,
    stamp(frame.time),
    stamp(trigger),
    format,
    '1',
    // UTC by the gateway's clock; how good that is, and whether a leap second is due, is not known (7.4.9).
    '0,0',
    'F,3',
  ];
  return { cfg: lines.concat('').join('\r\n'), dat: dataOf(frame, format, factors), hdr: header };
}

/** The record in a single file (clause 9). */
export function toCff({ cfg, dat, hdr }: WrittenRecord, format: ExportFormat): Buffer {
  const size = format === 'ASCII' ? '' : `: ${dat.length}`;
  const text = [
    '--- file type: CFG ---\r\n',
    cfg,
    '--- file type: INF ---\r\n',
    '--- file type: HDR ---\r\n',
    hdr && `${hdr.replace(/\r?\n/g, '\r\n').trimEnd()}\r\n`,
    `--- file type: DAT ${format}${size} ---\r\n`,
  ];
  return Buffer.concat([Buffer.from(text.join('')), dat]);
}

/** What a stored number is worth. */
function factorOf(samples: Float32Array, format: ExportFormat): number {
  if (format === 'FLOAT32') return 1;
  let peak = 0;
  for (const x of samples) if (Math.abs(x) > peak) peak = Math.abs(x);
  return peak === 0 ? 1 : peak / FULL_SCALE[format];
}

function dataOf(frame: WaveformFrame, format: ExportFormat, factors: number[]): Buffer {
  const { names, length, rate } = frame;
  const channels = names.map((name) => frame.channel(name) as Float32Array);
  const micro = (n: number) => Math.round((n / rate) * 1e6);
  if (format === 'ASCII') {
    const rows = Array.from({ length }, (_, n) =>
      [n + 1, micro(n), ...channels.map((samples, i) => Math.round(samples[n] / factors[i]))].join(','),
    );
    return Buffer.from(`${rows.join('\r\n')}\r\n`);
  }
  const width = 8 + 4 * channels.length;
  const data = Buffer.alloc(width * length);
  for (let n = 0; n < length; n++) {
    let at = data.writeUInt32LE(micro(n), data.writeUInt32LE(n + 1, n * width));
    channels.forEach((samples, i) => {
      if (format === 'FLOAT32') at = data.writeFloatLE(samples[n], at);
      else at = data.writeInt32LE(Math.round(samples[n] / factors[i]), at);
    });
  }
  return data;
}

/** `va` as VA, `vab` as VAB, `ia` as IA: what other readers show. */
function label(name: Channel): string {
  return name.toUpperCase();
}

/** Text that cannot break a line of fields. */
function plain(text: string): string {
  return text.replace(/[,\s]+/g, ' ').slice(0, 64);
}

/** dd/mm/yyyy,hh:mm:ss.ssssss */
function stamp(time: number): string {
  const micros = Math.round(time * 1000);
  const date = new Date(Math.floor(micros / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${two(date.getUTCDate())}/${two(date.getUTCMonth() + 1)}/${date.getUTCFullYear()}`;
  const seconds = date.getUTCSeconds() * 1e6 + date.getUTCMilliseconds() * 1000 + (micros % 1000);
  const clock = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(Math.floor(seconds / 1e6))}`;
  return `${day},${clock}.${String(seconds % 1e6).padStart(6, '0')}`;
}
