/**
 * Codes that meters put in place of a value, written as their documents print them: hexadecimal, the most
 * significant digit first whatever the byte order on the wire, `x` for any digit. `7FFFxxxx` is a high word
 * of 7FFF with any low word. They are compared with the registers before these are decoded.
 */
import { type ByteOrder, significantWord } from './codec';

interface Pattern {
  /** Bits that count, and what they are, by word; the most significant first. */
  mask: number[];
  value: number[];
}

const PATTERNS = new Map<string, Pattern>();

/** Whether a code is written correctly for a value of so many registers. */
export function isCode(code: string, length: number): boolean {
  return code.length === 4 * length && /^[0-9a-fx]+$/i.test(code);
}

/**
 * Whether the registers hold one of the codes.
 * @param words the registers as they came, from the first on
 * @param length of the value, registers
 */
export function holdsCode(
  codes: readonly string[],
  words: ArrayLike<number>,
  length: number,
  order: ByteOrder,
): boolean {
  for (const code of codes) {
    const { mask, value } = patternOf(code);
    let i = 0;
    while (i < length && (significantWord(words, 0, length, i, order) & mask[i]) === value[i]) i++;
    if (i === length) return true;
  }
  return false;
}

function patternOf(code: string): Pattern {
  let pattern = PATTERNS.get(code);
  if (!pattern) {
    const digits = code.match(/.{4}/g) ?? [];
    const word = (text: string) => Number.parseInt(text, 16);
    pattern = {
      mask: digits.map((four) => word(four.replace(/[^x]/gi, 'f').replace(/x/gi, '0'))),
      value: digits.map((four) => word(four.replace(/x/gi, '0'))),
    };
    PATTERNS.set(code, pattern);
  }
  return pattern;
}
