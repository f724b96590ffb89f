import { detect } from 'chardet';
import { ComtradeError } from './error';

/**
 * Bytes of a .cfg or .hdr file as text. The 2013 standard says UTF-8, earlier ones ASCII; recorders
 * write the code page of the country they stand in.
 * @param encoding a label of the WHATWG encoding standard (`windows-1251`, `gbk` ...); without it UTF-8
 *   where the bytes are valid UTF-8, else what the letter statistics say
 * @returns the text and the encoding it was read in
 * @throws ComtradeError for an encoding nobody knows
 */
export function decodeText(bytes: Uint8Array, encoding?: string): { text: string; encoding: string } {
  if (encoding) return { text: decoder(encoding).decode(bytes), encoding };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), encoding: 'utf-8' };
  } catch {
    const guess = detect(foreignWords(bytes));
    for (const name of [guess, 'windows-1252']) {
      try {
        return { text: new TextDecoder(name ?? '').decode(bytes), encoding: name as string };
      } catch {
        // A guess that this Node has no table for: the next one.
      }
    }
    throw new ComtradeError('text', 'no code page fits');
  }
}

/**
 * Every word beyond ASCII, once: digits, commas and the same feeder name a hundred times over would
 * drown the letter statistics.
 */
function foreignWords(bytes: Uint8Array): Buffer {
  const latin1 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return Buffer.from([...new Set(latin1.match(/[\x80-\xff]{3,}/g))].join(' '), 'latin1');
}

function decoder(encoding: string): TextDecoder {
  try {
    return new TextDecoder(encoding);
  } catch {
    throw new ComtradeError('encoding', `${JSON.stringify(encoding)} is not a known code page`);
  }
}
