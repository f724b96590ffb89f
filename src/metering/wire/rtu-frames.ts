/**
 * Frames of Modbus RTU. Source: Modbus over serial line, specification and implementation guide V1.02, 2.5.1 (frame,
 * check sum) and 6.2.2 (CRC); Modbus application protocol V1.1b3, section 6 (what each function sends).
 */

/** Unit, function and check sum. */
const LEAST = 4;
const MOST = 256;
const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >> 1) ^ 0xa001 : value >> 1;
  return value;
});

/** What is asked, and what an answer to it looks like. */
export interface Question {
  unit: number;
  code: number;
  /** The whole frame. */
  bytes: Buffer;
  /** How a fitting answer begins. */
  head: Buffer;
  /** Bytes of a fitting answer. */
  length: number;
}

/** CRC-16 of Modbus over bytes. */
export function crcOf(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let value = 0xffff;
  for (let i = from; i < to; i++) value = (value >> 8) ^ CRC_TABLE[(value ^ bytes[i]) & 0xff];
  return value;
}

/** Whether the bytes of a range end with the check sum of those before. */
export function isWhole(bytes: Buffer, from: number, length: number): boolean {
  const end = from + length;
  return (
    length >= LEAST && end <= bytes.length && crcOf(bytes, from, end - 2) === bytes.readUInt16LE(end - 2)
  );
}

function framed(body: readonly number[]): Buffer {
  const bytes = Buffer.alloc(body.length + 2);
  bytes.set(body);
  bytes.writeUInt16LE(crcOf(bytes, 0, body.length), body.length);
  return bytes;
}

const high = (word: number) => (word >> 8) & 0xff;
const low = (word: number) => word & 0xff;

/** Bytes of an answer with so many registers. */
export function readLength(count: number): number {
  return 5 + 2 * count;
}

export function readQuestion(unit: number, code: 3 | 4, address: number, count: number): Question {
  return {
    unit,
    code,
    bytes: framed([unit, code, high(address), low(address), high(count), low(count)]),
    head: Buffer.from([unit, code, 2 * count]),
    length: readLength(count),
  };
}

export function writeQuestion(unit: number, address: number, words: readonly number[]): Question {
  const head = [unit, 16, high(address), low(address), high(words.length), low(words.length)];
  const data = words.flatMap((word) => [high(word), low(word)]);
  return {
    unit,
    code: 16,
    bytes: framed([...head, data.length, ...data]),
    head: Buffer.from(head),
    length: 8,
  };
}

/** Its answer is the question itself. */
export function singleWriteQuestion(unit: number, address: number, word: number): Question {
  const body = [unit, 6, high(address), low(address), high(word), low(word)];
  return { unit, code: 6, bytes: framed(body), head: Buffer.from(body), length: 8 };
}

/** Registers of an answer to {@link readQuestion}. */
export function wordsOf(answer: Buffer): number[] {
  return Array.from({ length: (answer.length - 5) / 2 }, (_, i) => answer.readUInt16BE(3 + 2 * i));
}

/** A whole frame of anybody. */
export interface Frame {
  unit: number;
  code: number;
  length: number;
  /** Whether it asks: only then it is known for sure. */
  asks: boolean;
}

/** The frame that begins at a place, whole and with its check sum; undefined where there is none. */
export function frameAt(bytes: Buffer, at = 0): Frame | undefined {
  if (bytes.length - at < LEAST) return undefined;
  const [unit, code, third] = [bytes[at], bytes[at + 1], bytes[at + 2]];
  const make = (length: number, asks: boolean): Frame | undefined =>
    length <= MOST && isWhole(bytes, at, length) ? { unit, code: code & 0x7f, length, asks } : undefined;
  if (code & 0x80) return make(5, false);
  if (code >= 1 && code <= 4) return make(8, true) ?? make(5 + third, false);
  // Single writes are answered by what was asked.
  if (code === 5 || code === 6) return make(8, false);
  if (code === 15 || code === 16) {
    const count = bytes[at + 6];
    return make(8, false) ?? (count === undefined ? undefined : make(9 + count, true));
  }
  return undefined;
}
