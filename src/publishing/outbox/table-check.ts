import { buf as crc32c } from 'crc-32/crc32c';

/** Layout of a table of LevelDB (its table_format.md). */
const FOOTER = 48;
const MAGIC = 0xdb4775248b80fb57n;
/** Behind each block: how it is compressed, and its CRC-32C. */
const TRAILER = 5;
const MASK = 0xa282ead8;

interface Handle {
  offset: number;
  size: number;
}

/**
 * Why a table of LevelDB is not whole; undefined where every block has the checksum that is written behind it.
 * LevelDB itself reads tables without looking at the checksums, and ends the process over some of what it may then
 * find: so a table is looked at before.
 * @param table the bytes of the file; its blocks are not compressed
 */
export function tableDamage(table: Buffer): string | undefined {
  if (table.length < FOOTER) return 'a table is cut short';
  const footer = table.subarray(table.length - FOOTER);
  if (footer.readBigUInt64LE(FOOTER - 8) !== MAGIC) return 'a table has no end';
  try {
    const reader = new Reader(footer);
    for (const handle of [reader.handle(), reader.handle()]) {
      for (const { value } of entries(block(table, handle))) {
        const inner = new Reader(value).handle();
        block(table, inner);
      }
    }
    return undefined;
  } catch (error) {
    if (error instanceof RangeError) return 'a block of a table is damaged';
    throw error;
  }
}

/** Contents of a block. @throws RangeError where its checksum is another one */
function block(table: Buffer, { offset, size }: Handle): Buffer {
  const end = offset + size;
  if (end + TRAILER > table.length - FOOTER) throw new RangeError('outside the table');
  const crc = crc32c(table.subarray(offset, end + 1));
  const masked = (((crc >>> 15) | (crc << 17)) + MASK) >>> 0;
  if (masked !== table.readUInt32LE(end + 1)) throw new RangeError('checksum');
  return table.subarray(offset, end);
}

/** Entries of a block of handles; keys are passed over. */
function* entries(contents: Buffer): Generator<{ value: Buffer }> {
  const end = contents.length - 4 - 4 * contents.readUInt32LE(contents.length - 4);
  const reader = new Reader(contents.subarray(0, end));
  while (!reader.done) {
    reader.number();
    const rest = reader.number();
    const length = reader.number();
    reader.bytes(rest);
    yield { value: reader.bytes(length) };
  }
}

class Reader {
  private at = 0;

  constructor(private readonly source: Buffer) {}

  get done(): boolean {
    return this.at >= this.source.length;
  }

  /** A number of variable length: seven bits a byte. */
  number(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.source.readUInt8(this.at++);
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
  }

  handle(): Handle {
    return { offset: this.number(), size: this.number() };
  }

  bytes(length: number): Buffer {
    if (this.at + length > this.source.length) throw new RangeError('outside the block');
    this.at += length;
    return this.source.subarray(this.at - length, this.at);
  }
}
