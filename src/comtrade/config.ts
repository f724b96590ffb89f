import { ComtradeError } from './error';

/** Revision of IEEE C37.111 that a file follows. */
export type Revision = 1991 | 1999 | 2013;
export type DataFormat = 'ASCII' | 'BINARY' | 'BINARY32' | 'FLOAT32';

export interface AnalogChannel {
  /** 1-based, as in the file. */
  index: number;
  id: string;
  phase: string;
  /** Circuit component monitored. */
  component: string;
  unit: string;
  /** value = multiplier * stored + offset, in `unit` (7.4.4 of 1999 and 2013: a and b). */
  multiplier: number;
  offset: number;
  /** Time skew from the start of the sample period, microseconds. */
  skew: number;
  min: number;
  max: number;
  /** Ratio of the instrument transformer; 1 and 1 where the file gives none. */
  primary: number;
  secondary: number;
  /** Which side of the transformer the values stand for. */
  side: 'P' | 'S';
}

export interface StatusChannel {
  index: number;
  id: string;
  phase: string;
  component: string;
  normal: 0 | 1;
}

export interface RateSegment {
  /** Samples per second; 0 where only the time stamps tell. */
  rate: number;
  /** Number of the last sample taken at this rate, 1-based. */
  end: number;
}

export interface Config {
  station: string;
  device: string;
  revision: Revision;
  analog: AnalogChannel[];
  status: StatusChannel[];
  /** Line frequency as the header claims, Hz; undefined where it does not say. */
  frequency: number | undefined;
  rates: RateSegment[];
  /** Time of the first sample and of the trigger: Unix epoch, ms. Taken for UTC where no time code says more. */
  start: number | undefined;
  trigger: number | undefined;
  /** Both as they stand in the file, every digit of them. */
  startText: string;
  triggerText: string;
  /** Whether the file says how its times lie to UTC. */
  hasTimeCode: boolean;
  format: DataFormat;
  /** Time stamps times this are units of `stampUnit` seconds. */
  timeMultiplier: number;
  /** 1e-6, or 1e-9 where a 2013 header gives its times in nanoseconds. */
  stampUnit: number;
  warnings: string[];
}

const MAX_CHANNELS = 10_000;
const MAX_RATES = 100_000;

/**
 * A .cfg file read (IEEE C37.111-1991, -1999 clause 5, -2013 clause 7).
 * @throws ComtradeError `line N: ...` for the first line that cannot be understood
 */
export function parseConfig(text: string): Config {
  const reader = new LineReader(text);
  const warnings: string[] = [];

  const [station = '', device = '', year = ''] = reader.fields('station name, device and revision year');
  const revision = parseRevision(year, reader, warnings);

  const counts = reader.fields('channel counts, e.g. 12,8A,4D');
  const analogCount = parseCount(counts[1], 'A', reader);
  const statusCount = parseCount(counts[2], 'D', reader);
  if (Number(counts[0]) !== analogCount + statusCount) {
    warnings.push(
      `line ${reader.line}: ${counts[0]} channels in all, but ${analogCount}A + ${statusCount}D; the latter is taken`,
    );
  }
  const analog = Array.from({ length: analogCount }, () => parseAnalog(reader, revision, warnings));
  renumber(analog, warnings);
  const status = Array.from({ length: statusCount }, () => parseStatus(reader, revision));

  const frequencyText = reader.fields('line frequency')[0];
  const frequency = frequencyText === '' ? undefined : reader.number(frequencyText, 'line frequency');

  const rates = parseRates(reader);
  const start = parseTime(reader, revision, 'time of the first sample', warnings);
  const trigger = parseTime(reader, revision, 'time of the trigger', warnings);
  const format = parseFormat(reader);
  const multiplierText = reader.more() ? reader.fields('time multiplier')[0] : '';
  const timeMultiplier = multiplierText === '' ? 1 : reader.number(multiplierText, 'time multiplier');
  if (!(timeMultiplier > 0)) throw reader.error(`time multiplier must be above 0, got ${timeMultiplier}`);
  const zone = revision === 2013 && reader.more() ? parseTimeCode(reader, warnings) : undefined;

  return {
    station,
    device,
    revision,
    analog,
    status,
    frequency: frequency && frequency > 0 ? frequency : undefined,
    rates,
    start: start.time === undefined ? undefined : start.time - (zone ?? 0),
    trigger: trigger.time === undefined ? undefined : trigger.time - (zone ?? 0),
    startText: start.text,
    triggerText: trigger.text,
    hasTimeCode: zone !== undefined,
    format,
    timeMultiplier,
    stampUnit: start.nanoseconds ? 1e-9 : 1e-6,
    warnings,
  };
}

/** Channels are distinguished by their numbers; where those are not unique, by their places. */
function renumber(analog: AnalogChannel[], warnings: string[]): void {
  if (new Set(analog.map(({ index }) => index)).size === analog.length) return;
  warnings.push('several channels have the same number: numbered by their places instead');
  analog.forEach((channel, i) => {
    channel.index = i + 1;
  });
}

/** Lines of a text with their numbers; ends at Ctrl-Z, as files from DOS do. */
class LineReader {
  line = 0;
  private readonly lines: string[];

  constructor(text: string) {
    this.lines = text
      .split('\x1a', 1)[0]
      .replace(/^\ufeff/, '')
      .split(/\r\n|\n|\r/);
    while (this.lines.length && this.lines[this.lines.length - 1].trim() === '') this.lines.pop();
  }

  more(): boolean {
    return this.line < this.lines.length;
  }

  fields(expected: string): string[] {
    if (!this.more()) {
      throw new ComtradeError(`line ${this.line + 1}`, `the file ends where ${expected} should stand`);
    }
    return this.lines[this.line++].split(',').map((field) => field.trim());
  }

  number(field: string | undefined, name: string): number {
    // Some recorders write a decimal point with spaces, none a decimal comma: the comma parts fields.
    const value = field === undefined || field === '' ? Number.NaN : Number(field);
    if (!Number.isFinite(value))
      throw this.error(`${name} must be a number, got ${JSON.stringify(field ?? '')}`);
    return value;
  }

  optional(field: string | undefined, name: string, fallback: number): number {
    return field === undefined || field === '' ? fallback : this.number(field, name);
  }

  error(reason: string): ComtradeError {
    return new ComtradeError(`line ${this.line}`, reason);
  }
}

function parseRevision(year: string, reader: LineReader, warnings: string[]): Revision {
  if (year === '') return 1991;
  const number = Number(year);
  if (number === 1991 || number === 1999 || number === 2013) return number;
  // 1997 (drafts), 2001 (IEC 60255-24) and the like: read as the standard in force in that year.
  if (number === 0) {
    warnings.push(`line ${reader.line}: revision year 0; read as 1999`);
    return 1999;
  }
  if (!(number > 1990 && number < 2100))
    throw reader.error(`revision year must be 1991, 1999 or 2013, got ${year}`);
  const taken = number >= 2013 ? 2013 : number >= 1997 ? 1999 : 1991;
  warnings.push(`line ${reader.line}: revision year ${year} is none of 1991, 1999, 2013; read as ${taken}`);
  return taken;
}

function parseCount(field: string | undefined, letter: 'A' | 'D', reader: LineReader): number {
  const match = new RegExp(`^(\\d+)\\s*${letter}$`, 'i').exec(field ?? '');
  const count = match ? Number(match[1]) : -1;
  if (count < 0 || count > MAX_CHANNELS) {
    throw reader.error(`channel count must be a number and ${letter}, got ${JSON.stringify(field ?? '')}`);
  }
  return count;
}

/** Characters of names, and of phases and units (C37.111-1999, 5.3.3: 64 and 32, -2013: 128 and 32). */
const MOST_NAME = 128;
const MOST_WORD = 32;
/** A channel whose values could be larger than this is taken as missing throughout. */
const MOST_VALUE = 1e30;

/** Multiplier and offset; of a channel whose values could be no numbers, none: it is missing throughout. */
function scaleOf(
  reader: LineReader,
  f: readonly string[],
  warnings: string[],
): { multiplier: number; offset: number } {
  const [multiplier, offset] = [f[5], f[6]].map((field) => (field === '' ? Number.NaN : Number(field)));
  if (Math.abs(multiplier) * 2 ** 31 + Math.abs(offset) < MOST_VALUE) return { multiplier, offset };
  if (Number.isNaN(multiplier) && !/^[+-]?(inf|nan)/i.test(f[5])) reader.number(f[5], 'multiplier a');
  if (Number.isNaN(offset) && !/^[+-]?(inf|nan)/i.test(f[6])) reader.number(f[6], 'offset b');
  warnings.push(
    `line ${reader.line}: multiplier ${f[5]} and offset ${f[6]} give no numbers: channel ${f[0]} is left out`,
  );
  return { multiplier: Number.NaN, offset: Number.NaN };
}

function parseAnalog(reader: LineReader, revision: Revision, warnings: string[]): AnalogChannel {
  const f = reader.fields('an analogue channel');
  if (f.length < 10)
    throw reader.error(`an analogue channel has 10 fields or more, this line has ${f.length}`);
  const ratio = revision === 1991 ? [] : f.slice(10);
  return {
    index: reader.number(f[0], 'channel number'),
    id: f[1].slice(0, MOST_NAME),
    phase: f[2].slice(0, MOST_WORD),
    component: f[3].slice(0, MOST_NAME),
    unit: f[4].slice(0, MOST_WORD),
    ...scaleOf(reader, f, warnings),
    skew: reader.optional(f[7], 'skew', 0),
    min: reader.optional(f[8], 'min', -Infinity),
    max: reader.optional(f[9], 'max', Infinity),
    primary: reader.optional(ratio[0], 'primary', 1),
    secondary: reader.optional(ratio[1], 'secondary', 1),
    side: ratio[2]?.toUpperCase() === 'S' ? 'S' : 'P',
  };
}

function parseStatus(reader: LineReader, revision: Revision): StatusChannel {
  const f = reader.fields('a status channel');
  if (f.length < 2) throw reader.error(`a status channel has 3 fields or more, this line has ${f.length}`);
  // 1991: Dn,id,y; later: Dn,id,phase,component,y. Some writers leave the last ones out.
  const [phase, component, normal] = revision === 1991 && f.length < 5 ? ['', '', f[2]] : [f[2], f[3], f[4]];
  return {
    index: reader.number(f[0], 'channel number'),
    id: f[1],
    phase: phase ?? '',
    component: component ?? '',
    normal: normal === '1' ? 1 : 0,
  };
}

function parseRates(reader: LineReader): RateSegment[] {
  const count = reader.number(reader.fields('number of sampling rates')[0], 'number of sampling rates');
  if (!Number.isInteger(count) || count < 0 || count > MAX_RATES) {
    throw reader.error(`number of sampling rates must be from 0 to ${MAX_RATES}, got ${count}`);
  }
  const rates: RateSegment[] = [];
  // With a count of 0 one line still follows: rate 0 and the number of the last sample.
  for (let i = 0; i < Math.max(count, 1); i++) {
    const f = reader.fields('a sampling rate and its last sample');
    const rate = reader.number(f[0], 'sampling rate');
    const end = reader.number(f[1], 'last sample at this rate');
    const previous = i === 0 ? 0 : rates[i - 1].end;
    if (rate < 0) throw reader.error(`sampling rate must be 0 or more, got ${rate}`);
    if (!Number.isInteger(end) || end < previous) {
      throw reader.error(`last sample must be a whole number from ${previous} up, got ${f[1]}`);
    }
    rates.push({ rate: count === 0 ? 0 : rate, end });
  }
  return rates;
}

function parseTime(
  reader: LineReader,
  revision: Revision,
  name: string,
  warnings: string[],
): { time: number | undefined; nanoseconds: boolean; text: string } {
  const [date = '', clock = ''] = reader.fields(name);
  const text = [date, clock].filter((part) => part !== '').join(' ');
  if (text === '') return { time: undefined, nanoseconds: false, text };
  const refuse = (why: string) => {
    warnings.push(`line ${reader.line}: ${name} ${JSON.stringify(text)} ${why}`);
    return { time: undefined, nanoseconds: false, text };
  };
  const d = /^(\d{1,4})[/-](\d{1,2})[/-](\d{1,4})$/.exec(date);
  const c = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d*))?$/.exec(clock);
  if (!d || !c) return refuse('is not a date and time');
  // 1991: mm/dd/yy; from 1999 on dd/mm/yyyy. A month above 12 shows a writer that kept the other order.
  let [day, month, year] = [Number(d[1]), Number(d[2]), Number(d[3])];
  if (revision === 1991) [day, month] = [month, day];
  if (month > 12 && day <= 12) [day, month] = [month, day];
  if (d[3].length <= 2) year += year < 70 ? 2000 : 1900;
  // Some writers put the year first.
  if (d[1].length === 4) [year, month, day] = [Number(d[1]), Number(d[2]), Number(d[3])];
  const [hours, minutes, seconds] = [Number(c[1]), Number(c[2]), Number(c[3])];
  const isDate =
    month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
  if (!isDate) return refuse('is not a date of the calendar');
  // A leap second is the 60th.
  if (hours > 23 || minutes > 59 || seconds > 60) return refuse('is not a time of day');
  const fraction = c[4] ? Number(`0.${c[4]}`) : 0;
  const whole = Date.UTC(year, month - 1, day, hours, minutes, seconds);
  return {
    time: whole + fraction * 1000,
    nanoseconds: revision === 2013 && (c[4]?.length ?? 0) > 6,
    text,
  };
}

/** Local time less UTC, ms, from a time code such as -4, 10 or +5h30 (C37.111-2013, 7.4.9); undefined for `x`. */
function parseTimeCode(reader: LineReader, warnings: string[]): number | undefined {
  const [code] = reader.fields('time code');
  const match = /^([+-]?)(\d{1,2})(?:h(\d{1,2}))?$/i.exec(code);
  if (match) return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3] ?? 0)) * 60_000;
  if (code !== '' && code.toLowerCase() !== 'x') {
    warnings.push(
      `line ${reader.line}: time code ${JSON.stringify(code)} is not understood; times are taken for UTC`,
    );
  }
  return undefined;
}

function parseFormat(reader: LineReader): DataFormat {
  const format = reader.fields('data file type')[0].toUpperCase();
  if (format === 'ASCII' || format === 'BINARY' || format === 'BINARY32' || format === 'FLOAT32')
    return format;
  throw reader.error(
    `data file type must be ASCII, BINARY, BINARY32 or FLOAT32, got ${JSON.stringify(format)}`,
  );
}
