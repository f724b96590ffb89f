import { crc32 } from 'node:zlib';
import { seal, unseal } from '../../shared';

/** What a frame holds. */
export const KINDS = { entry: 1, rejected: 2, meta: 3, state: 4 } as const;
export type FrameKind = keyof typeof KINDS;
const NAMES = Object.fromEntries(Object.entries(KINDS).map(([name, n]) => [n, name])) as Record<
  number,
  FrameKind
>;

/** "PQOB": looked for in the files of a damaged store. */
const MAGIC = Buffer.from('PQOB');
/** Magic, CRC-32 of all that follows it, kind, whether sealed, length of the body, number. */
export const HEAD = 24;
const SEALED = 1;
/** Largest body that is believed when a file is searched. */
const MAX_BODY = 256e6;

export interface Frame {
  kind: FrameKind;
  seq: number;
  body: Buffer;
}

/** A frame that is there, but damaged, cut short, or sealed with another key. */
export interface BadFrame {
  kind: FrameKind;
  seq: number;
  problem: 'damaged' | 'key';
}

/**
 * A value as it lies in the store: it says by itself what it is and whether it is whole, so that it can be found in
 * the files of a store that no longer opens, and is known when the store gives wrong bytes without a word.
 * @param key with one, the body is sealed, and opens under this number only
 */
export function encodeFrame(kind: FrameKind, seq: number, body: Buffer, key?: Buffer): Buffer {
  const whole = Buffer.allocUnsafe(HEAD + body.length);
  body.copy(whole, HEAD);
  return fillFrame(kind, seq, whole, key);
}

/** The same for a body that lies behind room for the head already: it is not copied where it is not sealed. */
export function fillFrame(kind: FrameKind, seq: number, whole: Buffer, key?: Buffer): Buffer {
  const frame = key
    ? Buffer.concat([whole.subarray(0, HEAD), seal(whole.subarray(HEAD), key, context(kind, seq))])
    : whole;
  MAGIC.copy(frame);
  frame[8] = KINDS[kind];
  frame[9] = key ? SEALED : 0;
  frame.writeUInt16LE(0, 10);
  frame.writeUInt32LE(frame.length - HEAD, 12);
  frame.writeDoubleLE(seq, 16);
  frame.writeUInt32LE(crc32(frame.subarray(8)), 4);
  return frame;
}

/** The frame at the beginning of `bytes`; undefined where there is none, not even a damaged one. */
export function decodeFrame(bytes: Buffer, key?: Buffer): Frame | BadFrame | undefined {
  if (bytes.length < HEAD || MAGIC.compare(bytes, 0, 4) !== 0) return undefined;
  const kind = NAMES[bytes[8]];
  const length = bytes.readUInt32LE(12);
  const seq = bytes.readDoubleLE(16);
  if (!kind || !Number.isSafeInteger(seq) || seq < 0 || length > MAX_BODY) return undefined;
  const end = HEAD + length;
  if (end > bytes.length || crc32(bytes.subarray(8, end)) !== bytes.readUInt32LE(4)) {
    return { kind, seq, problem: 'damaged' };
  }
  const inner = bytes.subarray(HEAD, end);
  if (bytes[9] !== SEALED) return { kind, seq, body: inner };
  const body = key && unseal(inner, key, context(kind, seq));
  return body ? { kind, seq, body } : { kind, seq, problem: 'key' };
}

export function isBad(frame: Frame | BadFrame): frame is BadFrame {
  return 'problem' in frame;
}

/** All frames in the bytes of a file, wherever they lie; `at` is their place. */
export function* findFrames(
  bytes: Buffer,
  key?: Buffer,
): Generator<{ at: number; end: number; frame: Frame | BadFrame }> {
  let at = bytes.indexOf(MAGIC);
  while (at >= 0) {
    const frame = decodeFrame(bytes.subarray(at), key);
    const whole = frame !== undefined && !(isBad(frame) && frame.problem === 'damaged');
    const end = whole ? at + HEAD + bytes.readUInt32LE(at + 12) : at + 4;
    if (frame) yield { at, end, frame };
    // A damaged length must not hide the frames behind it.
    at = bytes.indexOf(MAGIC, end);
  }
}

function context(kind: FrameKind, seq: number): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = KINDS[kind];
  bytes.writeDoubleLE(seq, 1);
  return bytes;
}
