import type { Config } from './config';
import {
  type ByteSource,
  type DataRows,
  MAX_BLOCK_BYTES,
  type Progress,
  type RowSelection,
  type Rows,
} from './data';
import { ComtradeError } from './error';

/** Where every so many rows begin is remembered, so that a reader can begin there. */
const INDEXED = 4096;
/** Codes of a missing value: of 1991 (C37.111-1991, 5.3), and of 1999 and later (-1999, 6.4), which leave fields empty, too. */
const MISSING_1991 = 999_999;
const MISSING_1999 = 99_999;
const LF = 0x0a;
const CR = 0x0d;
const CTRL_Z = 0x1a;
const SPACE = 0x20;
const TAB = 0x09;
const COMMA = 0x2c;
const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

/** What a number looks like: no hexadecimal ones. */
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const POWERS = Float64Array.from({ length: 23 }, (_, k) => 10 ** k);

/** A line of a file as its bytes, from `start` to `end`, without its ending. */
interface Line {
  bytes: Uint8Array;
  start: number;
  end: number;
  /** 1-based, empty lines included. */
  number: number;
  /** Position of its first byte in the file. */
  at: number;
}

/** Rows of an ASCII file: number, time stamp, analogue channels, status channels. */
export class AsciiRows implements DataRows {
  count = 0;
  stamps = new Float64Array(1024);
  readonly warnings: string[] = [];
  private readonly fields: number;
  /** Position in the file and line number of rows 0, {@link INDEXED}, ... */
  private readonly index: { at: number; number: number }[] = [];

  constructor(
    private readonly config: Config,
    private readonly source: ByteSource,
  ) {
    this.fields = 2 + config.analog.length + config.status.length;
  }

  /** @throws ComtradeError for a row of another number of fields, or a stamp that is no number */
  async scan(mostRows: number, progress?: Progress): Promise<void> {
    let cut: { number: number; error: ComtradeError } | undefined;
    for await (const block of this.blocks(0, 1)) {
      for (let line = block.next(); line; line = block.next()) {
        if (cut) throw cut.error;
        const found = this.fieldsOf(line);
        if (found !== this.fields) {
          // The last line may have been cut off in the middle.
          cut = { number: line.number, error: this.wrongWidth(line) };
          if (found > this.fields || this.count === 0) throw cut.error;
          continue;
        }
        if (this.count === mostRows) {
          throw new ComtradeError(`line ${line.number}`, `more than the ${mostRows} rows that can be held`);
        }
        this.takeStamp(line);
      }
      progress?.(block.endAt / this.source.size);
    }
    if (cut) this.warnings.push(`line ${cut.number}: an unfinished last line is left out`);
    if (this.count === 0) throw new ComtradeError('line 1', 'the data file is empty');
    this.stamps = this.stamps.subarray(0, this.count);
    progress?.(1);
  }

  private takeStamp(line: Line): void {
    if (this.count === this.stamps.length) {
      const larger = new Float64Array(2 * this.stamps.length);
      larger.set(this.stamps);
      this.stamps = larger;
    }
    if (this.count % INDEXED === 0) this.index.push({ at: line.at, number: line.number });
    const cursor = new Cursor(line);
    cursor.skip();
    this.stamps[this.count++] = cursor.number('time stamp');
  }

  async *rows({ analog, status = false, from = 0, to = this.count }: RowSelection): AsyncGenerator<Rows> {
    const end = Math.min(to, this.count);
    if (from >= end) return;
    const entry = this.index[Math.floor(from / INDEXED)];
    let row = Math.floor(from / INDEXED) * INDEXED;
    const lineWidth = Math.max(16, this.source.size / this.count);
    const most = Math.max(16, Math.floor(MAX_BLOCK_BYTES / lineWidth));
    // In the order of the file, whatever the order asked for.
    const order = analog.map((place, i) => ({ place, i })).sort((a, b) => a.place - b.place);
    const size = Math.min(most, end - from);
    const part: Rows = {
      first: from,
      count: 0,
      values: analog.map(() => new Float64Array(size)),
      status: status ? this.config.status.map(() => new Uint8Array(size)) : [],
    };
    for await (const block of this.blocks(entry.at, entry.number)) {
      for (let line = block.next(); line; line = block.next()) {
        if (row++ < from) continue;
        this.decode(line, part, order);
        if (++part.count < size && row < end) continue;
        yield wholeOf(part);
        if (row >= end) return;
        part.first = row;
        part.count = 0;
      }
    }
  }

  private decode(line: Line, block: Rows, order: readonly { place: number; i: number }[]): void {
    const { analog, revision, status } = this.config;
    const cursor = new Cursor(line);
    cursor.skip();
    cursor.skip();
    let at = 0;
    for (const { place, i } of order) {
      while (at < place) {
        cursor.skip();
        at++;
      }
      const { multiplier, offset, index, max } = analog[place];
      const stored = cursor.number(`channel ${index}`);
      at++;
      const isMissing =
        stored === (revision === 1991 ? MISSING_1991 : MISSING_1999) && (revision === 1991 || max < stored);
      block.values[i][block.count] = isMissing ? Number.NaN : multiplier * stored + offset;
    }
    if (block.status.length === 0) return;
    for (; at < analog.length; at++) cursor.skip();
    for (let k = 0; k < status.length; k++)
      block.status[k][block.count] = cursor.number('status') === 1 ? 1 : 0;
  }

  /** Fields of a line; one that is empty behind the last comma does not count. */
  private fieldsOf({ bytes, start, end }: Line): number {
    let last = end;
    while (last > start && (bytes[last - 1] === SPACE || bytes[last - 1] === TAB)) last--;
    let commas = 0;
    for (let i = start; i < last; i++) if (bytes[i] === COMMA) commas++;
    const isOpen = last > start && bytes[last - 1] === COMMA;
    return isOpen && commas === this.fields ? commas : commas + 1;
  }

  private wrongWidth(line: Line): ComtradeError {
    return new ComtradeError(
      `line ${line.number}`,
      `${this.fields} fields expected, ${this.fieldsOf(line)} found`,
    );
  }

  /** The bytes from a position on, cut between lines, to the end of the file or Ctrl-Z. */
  private async *blocks(position: number, firstNumber: number): AsyncGenerator<LineBlock> {
    let carried: Uint8Array = new Uint8Array(0);
    let number = firstNumber;
    for (let at = position; ; ) {
      const read = await this.source.read(at, MAX_BLOCK_BYTES);
      const isEnd = read.length === 0 || at + read.length >= this.source.size;
      const fresh = Buffer.from(read.buffer, read.byteOffset, read.length);
      const bytes = carried.length ? Buffer.concat([carried, fresh]) : fresh;
      const block = new LineBlock(bytes, at - carried.length, number, isEnd);
      yield block;
      if (block.isOver) return;
      // A copy: the source reads the next bytes to where these lie.
      carried = Buffer.from(block.rest);
      number = block.number;
      if (carried.length > 4 * MAX_BLOCK_BYTES) {
        throw new ComtradeError(`line ${number}`, `no end of line in ${carried.length} bytes`);
      }
      at += read.length;
    }
  }
}

/** The rows that were filled. */
function wholeOf({ first, count, values, status }: Rows): Rows {
  return {
    first,
    count,
    values: values.map((own) => own.subarray(0, count)),
    status: status.map((own) => own.subarray(0, count)),
  };
}

/** Whole lines in a piece of the file. */
class LineBlock {
  private start = 0;
  private readonly stop: number;
  private readonly line: Line;
  private lf = -1;
  /** Lines end by CR alone: the first one that is followed by no LF tells. */
  private readonly hasLoneCr: boolean;

  constructor(
    private readonly bytes: Buffer,
    private readonly base: number,
    /** Number of the line that comes next. */
    public number: number,
    private readonly isEnd: boolean,
  ) {
    const ctrlZ = bytes.indexOf(CTRL_Z);
    this.stop = ctrlZ < 0 ? bytes.length : ctrlZ;
    this.line = { bytes, start: 0, end: 0, number, at: base };
    const cr = bytes.indexOf(CR);
    this.hasLoneCr = cr >= 0 && cr < bytes.length - 1 && bytes[cr + 1] !== LF;
  }

  /** Nothing follows this block. */
  get isOver(): boolean {
    return this.isEnd || this.stop < this.bytes.length;
  }

  /** The unfinished line at its end. */
  get rest(): Uint8Array {
    return this.bytes.subarray(this.start);
  }

  /** Position in the file just after it. */
  get endAt(): number {
    return this.base + this.stop;
  }

  /** Position of the CR or LF that ends a line; -1 where it is not here. A CR as the very last byte waits for an LF. */
  private endOfLine(start: number): number {
    const { bytes } = this;
    // Looked for once: files of old Macintoshes have none, and each line would look through the rest of the block.
    if (this.lf < start) {
      const found = bytes.indexOf(LF, start);
      this.lf = found < 0 ? bytes.length : found;
    }
    if (this.lf < bytes.length && !this.hasLoneCr)
      return this.lf > start && bytes[this.lf - 1] === CR ? this.lf - 1 : this.lf;
    const cr = bytes.indexOf(CR, start);
    if (cr < 0) return this.lf < bytes.length ? this.lf : -1;
    if (cr === bytes.length - 1 && !this.isEnd) return -1;
    return Math.min(cr, this.lf);
  }

  /** The next line that holds something; valid until the next call. */
  next(): Line | undefined {
    const { bytes, stop, line } = this;
    while (this.start < stop) {
      const { start } = this;
      const newline = this.endOfLine(start);
      if (newline < 0 && !this.isOver) return undefined;
      const end = newline < 0 || newline > stop ? stop : newline;
      this.start = end + (bytes[end] === CR && bytes[end + 1] === LF ? 2 : 1);
      const { number } = this;
      this.number++;
      if (isBlank(bytes, start, end)) continue;
      line.start = start;
      line.end = end;
      line.number = number;
      line.at = this.base + start;
      return line;
    }
    return undefined;
  }
}

function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    if (bytes[i] !== SPACE && bytes[i] !== TAB && bytes[i] !== CR) return false;
  }
  return true;
}

/** Reads one field of a line after the other. */
class Cursor {
  private at: number;

  constructor(private readonly line: Line) {
    this.at = line.start;
  }

  skip(): void {
    const { bytes, end } = this.line;
    let i = this.at;
    while (i < end && bytes[i] !== COMMA) i++;
    this.at = i + 1;
  }

  /** The field's number; NaN where it is empty. @throws ComtradeError for anything else */
  number(name: string): number {
    const { bytes, end } = this.line;
    let i = this.at;
    while (i < end && (bytes[i] === SPACE || bytes[i] === TAB)) i++;
    const from = i;
    const sign = bytes[i] === MINUS ? -1 : 1;
    if (bytes[i] === MINUS || bytes[i] === PLUS) i++;
    let mantissa = 0;
    let digits = 0;
    let decimals = 0;
    let hasPoint = false;
    for (; i < end; i++) {
      const digit = bytes[i] - ZERO;
      if (digit >= 0 && digit <= 9) {
        mantissa = mantissa * 10 + digit;
        if (mantissa > 0) digits++;
        if (hasPoint) decimals++;
      } else if (bytes[i] === POINT && !hasPoint) hasPoint = true;
      else break;
    }
    const isEnd = i >= end || bytes[i] === COMMA;
    // Up to 15 digits over a power of ten that is exact: the nearest double by one division.
    if (
      isEnd &&
      i > from + (hasPoint ? 1 : 0) &&
      digits <= 15 &&
      decimals < POWERS.length &&
      isDigit(bytes[i - 1])
    ) {
      this.at = i + 1;
      return (sign * mantissa) / POWERS[decimals];
    }
    return this.slowNumber(name);
  }

  /** Exponents, many digits, empty fields, and what is no number. */
  private slowNumber(name: string): number {
    const { bytes, end, number } = this.line;
    let i = this.at;
    while (i < end && bytes[i] !== COMMA) i++;
    const text = Buffer.from(
      bytes.buffer,
      bytes.byteOffset + this.at,
      Math.max(0, Math.min(i, end) - this.at),
    )
      .toString('latin1')
      .trim();
    this.at = i + 1;
    if (text === '') return Number.NaN;
    const value = DECIMAL.test(text) ? Number(text) : Number.NaN;
    if (!Number.isFinite(value)) {
      throw new ComtradeError(
        `line ${number}`,
        `${name} must be a number, got ${JSON.stringify(text.slice(0, 20))}`,
      );
    }
    return value;
  }
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= ZERO + 9;
}
