import type { ClockMark } from '../../shared';
import { encodeFrame, type Frame } from './frame';

/** Where things lie in the store. */

/** A record that waits. */
export function entryKey(seq: number): string {
  return `e/${String(seq).padStart(16, '0')}`;
}

/** A record that the target rejected. */
export function rejectedKey(seq: number): string {
  return `r/${String(seq).padStart(16, '0')}`;
}

/** What a node wants to keep. */
export function stateKey(name: string): string {
  return `s/${name}`;
}

export const BOUNDS_KEY = 'meta';

/** Keys of all of a sort. */
export const REJECTED = { gte: 'r/', lte: 'r/~' };
export const STATES = { gte: 's/', lte: 's/~' };

/** Bounds of the queue, and what left it otherwise than by arriving; written with every batch. */
export interface Bounds {
  /** Number of the oldest record that waits, and of the next that comes. */
  first: number;
  next: number;
  /** Of all values. */
  bytes: number;
  dropped: { age: number; size: number };
  lost: number;
  /** Of the age clock, as it was written last. */
  clock?: ClockMark;
}

export function encodeBounds(bounds: Bounds, key?: Buffer): Buffer {
  return encodeFrame('meta', bounds.next, Buffer.from(JSON.stringify(bounds)), key);
}

export function decodeBounds({ body }: Frame): Bounds {
  return JSON.parse(body.toString());
}

export function isNewer(one: Bounds, other: Bounds | undefined): boolean {
  return !other || one.next > other.next || (one.next === other.next && one.first > other.first);
}

/** A head in JSON with bytes behind it, as the body of a frame. */
export function withHead(head: unknown, bytes: Buffer): Buffer {
  const text = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text, bytes]);
}

export function splitHead<T>({ body }: Frame): { head: T; bytes: Buffer } {
  const end = 4 + body.readUInt32LE(0);
  return { head: JSON.parse(body.toString('utf8', 4, end)), bytes: body.subarray(end) };
}
