/** A writer of COMTRADE records of its own: it shares no code with the reader that it tests. */

export type Revision = 1991 | 1999 | 2013;
export type Format = 'ASCII' | 'BINARY' | 'BINARY32' | 'FLOAT32';

/** An analogue channel with what is stored of it: codes, NaN where a value is missing. */
export interface StoredChannel {
  name: string;
  phase: string;
  unit: string;
  multiplier: number;
  offset: number;
  primary: number;
  secondary: number;
  side: 'P' | 'S';
  codes: Float64Array;
}

export interface StoredRecord {
  revision: Revision;
  format: Format;
  station: string;
  device: string;
  channels: StoredChannel[];
  statusNames: string[];
  /** As they stand in the header. */
  frequency: string;
  rates: { rate: string; end: number }[];
  /** Whether the number of rates is written as 0. */
  withoutRates: boolean;
  start: string;
  trigger: string;
  timeMultiplier: number;
  timeCode: string;
  /** Stamps in the header's unit; undefined where the record has none. */
  stamps: number[] | undefined;
  rows: number;
  lineEnd: '\r\n' | '\n';
  ctrlZ: boolean;
  encoding: string;
  /** Values in a row beside those that the header names. */
  surplus: number;
  /** Bytes of the data that are there. */
  dataBytes?: number;
}

export interface Files {
  cfg: Uint8Array;
  dat: Uint8Array;
}

const NO_STAMP = 0xffffffff;

export function writeFiles(record: StoredRecord): Files {
  const dat = record.format === 'ASCII' ? asciiData(record) : binaryData(record);
  return { cfg: header(record), dat: dat.subarray(0, record.dataBytes ?? dat.length) };
}

/** Both parts as one file (2013). */
export function singleFile({ cfg, dat }: Files, { format, lineEnd }: StoredRecord): Uint8Array {
  const bytes = format === 'ASCII' ? 'ASCII' : `${format}: ${dat.length}`;
  const line = (text: string) => Buffer.from(`--- file type: ${text} ---${lineEnd}`);
  return Buffer.concat([line('CFG'), cfg, line('INF'), line('HDR'), line(`DAT ${bytes}`), dat]);
}

function header(record: StoredRecord): Uint8Array {
  const { revision, channels, statusNames, rates } = record;
  const lines = [
    revision === 1991
      ? `${record.station},${record.device}`
      : `${record.station},${record.device},${revision}`,
    `${channels.length + statusNames.length},${channels.length}A,${statusNames.length}D`,
    ...channels.map((channel, i) => analogLine(channel, i + 1, record)),
    ...statusNames.map((name, i) => `${i + 1},${name}${revision === 1991 ? '' : ',,'},0`),
    record.frequency,
    String(record.withoutRates ? 0 : rates.length),
    ...rates.map(({ rate, end }) => `${rate},${end}`),
    record.start,
    record.trigger,
    record.format,
  ];
  if (revision !== 1991) lines.push(String(record.timeMultiplier));
  if (revision === 2013) lines.push(`${record.timeCode},${record.timeCode}`, '0,0');
  const end = record.ctrlZ && record.format === 'ASCII' ? '\x1a' : '';
  return encoded(lines.join(record.lineEnd) + record.lineEnd + end, record.encoding);
}

function analogLine(channel: StoredChannel, number: number, { revision, format }: StoredRecord): string {
  const { name, phase, unit, multiplier, offset, primary, secondary, side } = channel;
  const most = { ASCII: 99_999, BINARY: 32_767, BINARY32: 2_147_483_647, FLOAT32: 3.4e38 }[format];
  const fields = [number, name, phase, '', unit, multiplier, offset, 0, -most, most];
  return [...fields, ...(revision === 1991 ? [] : [primary, secondary, side])].join(',');
}

function asciiData(record: StoredRecord): Uint8Array {
  const { channels, statusNames, rows, stamps, revision, lineEnd, surplus } = record;
  const missing = revision === 1991 ? '999999' : '';
  const lines: string[] = [];
  for (let n = 0; n < rows; n++) {
    const fields: (string | number)[] = [n + 1, stamps ? stamps[n] : ''];
    for (const { codes } of channels) fields.push(Number.isNaN(codes[n]) ? missing : codes[n]);
    for (let i = 0; i < statusNames.length + surplus; i++) fields.push(0);
    lines.push(fields.join(','));
  }
  return Buffer.from(lines.join(lineEnd) + lineEnd + (record.ctrlZ ? '\x1a' : ''), 'latin1');
}

function binaryData(record: StoredRecord): Uint8Array {
  const { channels, statusNames, rows, stamps, format, surplus } = record;
  const size = format === 'BINARY' ? 2 : 4;
  const values = [...channels.map(({ codes }) => codes), ...Array(surplus).fill(new Float64Array(rows))];
  const width = 8 + values.length * size + 2 * Math.ceil(statusNames.length / 16);
  const bytes = Buffer.alloc(rows * width + (record.ctrlZ ? 1 : 0), 0);
  for (let n = 0; n < rows; n++) {
    const at = n * width;
    bytes.writeUInt32LE(n + 1, at);
    bytes.writeUInt32LE(stamps ? stamps[n] : NO_STAMP, at + 4);
    values.forEach((codes, i) => {
      const code = codes[n];
      const place = at + 8 + i * size;
      if (format === 'BINARY') bytes.writeInt16LE(Number.isNaN(code) ? -0x8000 : code, place);
      else if (format === 'BINARY32') bytes.writeInt32LE(Number.isNaN(code) ? -0x80000000 : code, place);
      else bytes.writeFloatLE(Number.isNaN(code) ? -3.4028234663852886e38 : code, place);
    });
  }
  if (record.ctrlZ) bytes[rows * width] = 0x1a;
  return bytes;
}

/** Text in a code page, by turning the platform's decoder around. */
function encoded(text: string, encoding: string): Uint8Array {
  if (encoding === 'utf-8') return Buffer.from(text, 'utf8');
  const table = tableOf(encoding);
  return Buffer.from(
    [...text].flatMap((letter) => {
      const code = letter.charCodeAt(0) < 0x80 ? [letter.charCodeAt(0)] : table.get(letter);
      if (!code) throw new Error(`${letter} is not in ${encoding}`);
      return code;
    }),
  );
}

const tables = new Map<string, Map<string, number[]>>();

function tableOf(encoding: string): Map<string, number[]> {
  const known = tables.get(encoding);
  if (known) return known;
  const decoder = new TextDecoder(encoding);
  const table = new Map<string, number[]>();
  for (let high = 0x80; high < 0x100; high++) {
    const codes = encoding === 'gbk' ? Array.from({ length: 0xbf }, (_, i) => [high, 0x40 + i]) : [[high]];
    for (const code of codes) {
      const letter = decoder.decode(Uint8Array.from(code));
      if ([...letter].length === 1 && letter !== '\ufffd' && !table.has(letter)) table.set(letter, code);
    }
  }
  tables.set(encoding, table);
  return table;
}
