/** How numbers and texts lie in 16-bit Modbus registers. */

/** Registers that each type of number fills. */
export const TYPE_LENGTH = {
  uint16: 1,
  int16: 1,
  uint32: 2,
  int32: 2,
  float32: 2,
  uint64: 4,
  int64: 4,
  float64: 4,
  bcd16: 1,
  bcd32: 2,
  bcd64: 4,
} as const;
export type RegisterType = keyof typeof TYPE_LENGTH;

/**
 * In which order the bytes of a value come, A being the most significant: as the specification has it
 * (ABCD), words turned round (CDAB), the bytes inside each word turned round (BADC), or both (DCBA).
 * Values of one or of four registers follow the same rule.
 */
export const BYTE_ORDERS = ['ABCD', 'CDAB', 'BADC', 'DCBA'] as const;
export type ByteOrder = (typeof BYTE_ORDERS)[number];

const scratch = new DataView(new ArrayBuffer(8));

/** The `i`th two bytes of a value of `length` registers at `offset`, the most significant first. */
export function significantWord(
  words: ArrayLike<number>,
  offset: number,
  length: number,
  i: number,
  order: ByteOrder,
): number {
  const word = words[offset + (order === 'CDAB' || order === 'DCBA' ? length - 1 - i : i)];
  return order === 'BADC' || order === 'DCBA' ? ((word & 0xff) << 8) | (word >> 8) : word;
}

/**
 * The number at `offset` of a run of registers.
 * @returns NaN where the registers hold a float that is not a number, or a nibble that is no decimal digit
 */
export function decode(
  words: ArrayLike<number>,
  offset: number,
  type: RegisterType,
  order: ByteOrder = 'ABCD',
): number {
  const length = TYPE_LENGTH[type];
  for (let i = 0; i < length; i++) {
    scratch.setUint16(2 * i, significantWord(words, offset, length, i, order));
  }
  switch (type) {
    case 'uint16':
      return scratch.getUint16(0);
    case 'int16':
      return scratch.getInt16(0);
    case 'uint32':
      return scratch.getUint32(0);
    case 'int32':
      return scratch.getInt32(0);
    case 'float32':
      return scratch.getFloat32(0);
    case 'uint64':
      return Number(scratch.getBigUint64(0));
    case 'int64':
      return Number(scratch.getBigInt64(0));
    case 'float64':
      return scratch.getFloat64(0);
    default:
      return decodeDigits(2 * length);
  }
}

/**
 * Puts a number into registers; whole-number types round, hold at the ends of their range, and take NaN
 * for 0.
 */
export function encode(
  value: number,
  type: RegisterType,
  words: { [index: number]: number },
  offset: number,
  order: ByteOrder = 'ABCD',
): void {
  const length = TYPE_LENGTH[type];
  switch (type) {
    case 'uint16':
      scratch.setUint16(0, clamp(value, 0, 0xffff));
      break;
    case 'int16':
      scratch.setInt16(0, clamp(value, -0x8000, 0x7fff));
      break;
    case 'uint32':
      scratch.setUint32(0, clamp(value, 0, 0xffffffff));
      break;
    case 'int32':
      scratch.setInt32(0, clamp(value, -0x80000000, 0x7fffffff));
      break;
    case 'float32':
      scratch.setFloat32(0, value);
      break;
    case 'uint64':
      scratch.setBigUint64(0, BigInt(clamp(value, 0, Number.MAX_SAFE_INTEGER)));
      break;
    case 'int64':
      scratch.setBigInt64(0, BigInt(clamp(value, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)));
      break;
    case 'float64':
      scratch.setFloat64(0, value);
      break;
    default:
      encodeDigits(value, 2 * length);
  }
  const reversed = order === 'CDAB' || order === 'DCBA';
  const swapped = order === 'BADC' || order === 'DCBA';
  for (let i = 0; i < length; i++) {
    words[offset + (reversed ? length - 1 - i : i)] = scratch.getUint16(2 * i, swapped);
  }
}

/**
 * Text of two characters a register, high byte first; it ends at the first NUL, and blanks around it are
 * not part of it. What cannot be printed is left out.
 */
export function decodeText(words: ArrayLike<number>, offset: number, length: number): string {
  let text = '';
  for (let i = 0; i < 2 * length; i++) {
    const word = words[offset + (i >> 1)];
    const code = i % 2 ? word & 0xff : word >> 8;
    if (code === 0) break;
    if (code >= 0x20 && code < 0x7f) text += String.fromCharCode(code);
  }
  return text.trim();
}

/** Packed decimal digits, two a byte, the most significant first. */
function decodeDigits(bytes: number): number {
  let value = 0;
  for (let i = 0; i < bytes; i++) {
    const byte = scratch.getUint8(i);
    const high = byte >> 4;
    const low = byte & 15;
    if (high > 9 || low > 9) return Number.NaN;
    value = value * 100 + high * 10 + low;
  }
  return value;
}

function encodeDigits(value: number, bytes: number): void {
  let rest = clamp(value, 0, Math.min(100 ** bytes - 1, Number.MAX_SAFE_INTEGER));
  for (let i = bytes - 1; i >= 0; i--) {
    const pair = rest % 100;
    scratch.setUint8(i, (Math.floor(pair / 10) << 4) | (pair % 10));
    rest = Math.floor(rest / 100);
  }
}

function clamp(value: number, low: number, high: number): number {
  return Number.isNaN(value) ? 0 : Math.min(high, Math.max(low, Math.round(value)));
}
