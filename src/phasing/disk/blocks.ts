import { createHash } from 'node:crypto';
import { SEAL, seal, unseal } from '../../shared';

/** A value of a meter in a slot of the grid. */
export interface StoredValue {
  meter: string;
  slot: number;
  volts: number;
}

const MAGIC = 0x5051;
const PLAIN = 0;
const ENCRYPTED = 1;
/** Magic, kind, length of what follows. */
const HEAD = 8;
/** Beginning of a hash. */
const TAG = 16;

/** A block that is whole but was written with another key. */
export class WrongKey extends Error {
  constructor() {
    super('the key does not fit the stored series');
  }
}

/**
 * Values as one block of a file: names once, then number, slot and float32 of each. With a key sealed; without one
 * hashed, so that a block that was cut by a crash is known.
 */
export function encodeBlock(values: readonly StoredValue[], key?: Buffer): Buffer {
  const body = encodeBody(values);
  const block = key ? seal(body, key) : Buffer.concat([hashOf(body), body]);
  const head = Buffer.alloc(HEAD);
  head.writeUInt16LE(MAGIC, 0);
  head.writeUInt16LE(key ? ENCRYPTED : PLAIN, 2);
  head.writeUInt32LE(block.length, 4);
  return Buffer.concat([head, block]);
}

/**
 * The values of all whole blocks of a file, as far as they follow each other.
 * @throws WrongKey where a block is encrypted and the key is missing or another one
 */
export function* decodeBlocks(file: Buffer, key?: Buffer): Generator<StoredValue[]> {
  let at = 0;
  while (at + HEAD <= file.length) {
    const kind = file.readUInt16LE(at + 2);
    const length = file.readUInt32LE(at + 4);
    const end = at + HEAD + length;
    const least = kind === ENCRYPTED ? SEAL : TAG;
    if (file.readUInt16LE(at) !== MAGIC || kind > ENCRYPTED || length < least || end > file.length) return;
    const body = open(file.subarray(at + HEAD, end), kind, key);
    if (!body) return;
    yield decodeBody(body);
    at = end;
  }
}

function open(block: Buffer, kind: number, key?: Buffer): Buffer | undefined {
  if (kind === PLAIN) {
    const body = block.subarray(TAG);
    return hashOf(body).equals(block.subarray(0, TAG)) ? body : undefined;
  }
  const body = key && unseal(block, key);
  if (!body) throw new WrongKey();
  return body;
}

function encodeBody(values: readonly StoredValue[]): Buffer {
  const numbers = new Map<string, number>();
  for (const { meter } of values) if (!numbers.has(meter)) numbers.set(meter, numbers.size);
  const names = Buffer.from(JSON.stringify([...numbers.keys()]));
  const body = Buffer.alloc(4 + names.length + 12 * values.length);
  body.writeUInt32LE(names.length, 0);
  names.copy(body, 4);
  let at = 4 + names.length;
  for (const { meter, slot, volts } of values) {
    body.writeUInt32LE(numbers.get(meter) ?? 0, at);
    body.writeUInt32LE(slot, at + 4);
    body.writeFloatLE(volts, at + 8);
    at += 12;
  }
  return body;
}

function decodeBody(body: Buffer): StoredValue[] {
  const length = body.readUInt32LE(0);
  const names: string[] = JSON.parse(body.toString('utf8', 4, 4 + length));
  const values: StoredValue[] = [];
  for (let at = 4 + length; at + 12 <= body.length; at += 12) {
    const meter = names[body.readUInt32LE(at)];
    values.push({ meter, slot: body.readUInt32LE(at + 4), volts: body.readFloatLE(at + 8) });
  }
  return values;
}

function hashOf(body: Buffer): Buffer {
  return createHash('sha256').update(body).digest().subarray(0, TAG);
}
