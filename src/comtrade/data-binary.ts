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

/** Bytes of a row before its samples: number and time stamp, 32 bits each. */
const HEAD = 8;
/** Code of a missing time stamp in the binary formats (C37.111-1999, 6.5.3). */
const NO_STAMP = 0xffffffff;
/** Rows whose numbers are looked at to see whether rows are as wide as the header says. */
const NUMBERED = 64;
const LOWEST_FLOAT32 = -3.4028234663852886e38;

/** Rows of a BINARY, BINARY32 or FLOAT32 file. */
export class BinaryRows implements DataRows {
  readonly width: number;
  readonly count: number;
  readonly stamps: Float64Array;
  readonly warnings: string[] = [];
  private readonly sampleWidth: number;

  /** @throws ComtradeError where there is not one whole row */
  constructor(
    private readonly config: Config,
    private readonly source: ByteSource,
  ) {
    this.sampleWidth = config.format === 'BINARY' ? 2 : 4;
    this.width = HEAD + config.analog.length * this.sampleWidth + Math.ceil(config.status.length / 16) * 2;
    this.count = Math.floor(source.size / this.width);
    if (this.count === 0) {
      throw new ComtradeError(`byte ${source.size}`, `not one whole record of ${this.width} bytes`);
    }
    const rest = source.size - this.count * this.width;
    // One Ctrl-Z behind binary data is an old editor's mark, anything else a cut or misdescribed file.
    if (rest > 1) {
      this.warnings.push(
        `byte ${this.count * this.width}: ${rest} bytes of an unfinished record are left out`,
      );
    }
    this.stamps = new Float64Array(this.count);
  }

  async scan(mostRows: number, progress?: Progress): Promise<void> {
    if (this.count > mostRows) {
      throw new ComtradeError('data', `${this.count} rows are more than the ${mostRows} that can be held`);
    }
    for await (const { view, first, count } of this.blocks(0, this.count)) {
      if (first === 0) this.checkWidth(view, count);
      for (let n = 0; n < count; n++) {
        const stamp = view.getUint32(n * this.width + 4, true);
        this.stamps[first + n] = stamp === NO_STAMP ? Number.NaN : stamp;
      }
      progress?.((first + count) / this.count);
    }
  }

  /** Rows are numbered one after the other (or not at all): where they are not, they are of another width. */
  private checkWidth(view: DataView, count: number): void {
    const looked = Math.min(count, NUMBERED);
    if (looked < 4) return;
    let odd = 0;
    for (let n = 1; n < looked; n++) {
      const step = view.getUint32(n * this.width, true) - view.getUint32((n - 1) * this.width, true);
      if (step !== 1 && step !== 0) odd++;
    }
    if (odd <= looked / 2) return;
    const { analog, status } = this.config;
    throw new ComtradeError(
      `byte ${this.width}`,
      `sample numbers do not rise by one: records are not ${this.width} bytes wide, as ${analog.length} analogue and ${status.length} status channels would make them`,
    );
  }

  async *rows({ analog, status = false, from = 0, to = this.count }: RowSelection): AsyncGenerator<Rows> {
    const most = Math.min(this.most, Math.max(0, to - from));
    const values = analog.map(() => new Float64Array(most));
    const states = status ? this.config.status.map(() => new Uint8Array(most)) : [];
    for await (const { view, first, count } of this.blocks(from, Math.min(to, this.count))) {
      for (let i = 0; i < analog.length; i++) this.decode(view, count, analog[i], values[i]);
      for (let i = 0; i < states.length; i++) this.decodeStatus(view, count, i, states[i]);
      yield {
        first,
        count,
        values: values.map((own) => own.subarray(0, count)),
        status: states.map((own) => own.subarray(0, count)),
      };
    }
  }

  /** Rows in a block. */
  private get most(): number {
    return Math.max(1, Math.floor(MAX_BLOCK_BYTES / this.width));
  }

  private async *blocks(from: number, to: number) {
    for (let first = from; first < to; first += this.most) {
      const count = Math.min(this.most, to - first);
      const bytes = await this.source.read(first * this.width, count * this.width);
      if (bytes.length < count * this.width) {
        throw new ComtradeError(`byte ${first * this.width + bytes.length}`, 'the file became shorter');
      }
      yield { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), first, count };
    }
  }

  private decode(view: DataView, count: number, place: number, values: Float64Array): void {
    const { width } = this;
    const { multiplier, offset } = this.config.analog[place];
    let at = HEAD + place * this.sampleWidth;
    // Codes of a missing value: the most negative number of each format (C37.111-1999, 6.5.3; -2013, 8.6).
    switch (this.config.format) {
      case 'BINARY':
        for (let n = 0; n < count; n++, at += width) {
          const stored = view.getInt16(at, true);
          values[n] = stored === -0x8000 ? Number.NaN : multiplier * stored + offset;
        }
        break;
      case 'BINARY32':
        for (let n = 0; n < count; n++, at += width) {
          const stored = view.getInt32(at, true);
          values[n] = stored === -0x80000000 ? Number.NaN : multiplier * stored + offset;
        }
        break;
      default:
        for (let n = 0; n < count; n++, at += width) {
          const stored = view.getFloat32(at, true);
          const isThere = Number.isFinite(stored) && stored !== LOWEST_FLOAT32;
          values[n] = isThere ? multiplier * stored + offset : Number.NaN;
        }
    }
  }

  private decodeStatus(view: DataView, count: number, place: number, values: Uint8Array): void {
    let at = HEAD + this.config.analog.length * this.sampleWidth + (place >> 4) * 2;
    for (let n = 0; n < count; n++, at += this.width)
      values[n] = (view.getUint16(at, true) >> (place & 15)) & 1;
  }
}
