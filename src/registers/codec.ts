/** How numbers lie in 16-bit Modbus registers. */

/** Registers that each type fills. */
export const TYPE_LENGTH = {
  uint16: 1,
  int16: 1,
  uint32: 2,
  int32: 2,
  float32: 2,
  uint64: 4,
  int64: 4,
  float64: 4,
} as const;
export type RegisterType = keyof typeof TYPE_LENGTH;

/** Order of the words of a value of several registers; bytes inside a word are big-endian always. */
export type WordOrder = 'big' | 'little';

const scratch = new DataView(new ArrayBuffer(8));

/**
 * The number at `offset` of a run of registers.
 * @returns NaN where the registers hold a float that is not a number
 */
export function decode(
  words: ArrayLike<number>,
  offset: number,
  type: RegisterType,
  order: WordOrder = 'big',
): number {
  const length = TYPE_LENGTH[type];
  for (let i = 0; i < length; i++) {
    scratch.setUint16(2 * i, words[offset + (order === 'big' ? i : length - 1 - i)]);
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
  }
}

/** Puts a number into registers; whole-number types round, hold at the ends of their range, and take NaN for 0. */
export function encode(
  value: number,
  type: RegisterType,
  words: { [index: number]: number },
  offset: number,
  order: WordOrder = 'big',
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
  }
  for (let i = 0; i < length; i++) {
    words[offset + (order === 'big' ? i : length - 1 - i)] = scratch.getUint16(2 * i);
  }
}

function clamp(value: number, low: number, high: number): number {
  return Number.isNaN(value) ? 0 : Math.min(high, Math.max(low, Math.round(value)));
}
