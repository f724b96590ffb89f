import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { SEAL, seal, unseal } from '../../shared';

const MAGIC = Buffer.from('PQS2');
const PLAIN = 0;
const ENCRYPTED = 1;
/** Magic, kind, length of what follows. */
const HEAD = 12;
/** Beginning of a hash. */
const TAG = 16;
/** Bytes of a block at most: what claims more is no block of ours. */
const MAX_BLOCK = 64 * 2 ** 20;
/** Bytes that are read at once. */
const PIECE = 2 ** 20;

/** Blocks that are whole, but all of them were written with another key. */
export class WrongKey extends Error {
  constructor() {
    super('the key does not fit the stored series');
  }
}

/** Bytes as one block of a file: sealed where there is a key, else hashed, so that one cut by a crash is known. */
export function encodeBlock(body: Buffer, key?: Buffer): Buffer {
  const block = key ? seal(body, key) : Buffer.concat([hashOf(body), body]);
  const head = Buffer.alloc(HEAD);
  MAGIC.copy(head);
  head.writeUInt32LE(key ? ENCRYPTED : PLAIN, 4);
  head.writeUInt32LE(block.length, 8);
  return Buffer.concat([head, block]);
}

/**
 * All whole blocks of a file, read piece by piece; what is cut or damaged between them is skipped.
 * @param lost is given the number of bytes that belong to no whole block, at the end
 * @throws WrongKey where there are encrypted blocks and the key opens none of them; the file system's error
 */
export async function* readBlocks(
  file: FileHandle,
  key: Buffer | undefined,
  lost: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  let held: Buffer = Buffer.alloc(0);
  let isEnd = false;
  let [skipped, opened, closed] = [0, 0, 0];
  /** Makes so many bytes available, as far as the file has them. */
  const need = async (bytes: number): Promise<boolean> => {
    const parts = [held];
    let have = held.length;
    while (have < bytes && !isEnd) {
      const piece = Buffer.allocUnsafe(PIECE);
      const { bytesRead } = await file.read(piece, 0, PIECE);
      isEnd = bytesRead === 0;
      parts.push(piece.subarray(0, bytesRead));
      have += bytesRead;
    }
    if (parts.length > 1) held = Buffer.concat(parts);
    return have >= bytes;
  };
  const pass = (bytes: number) => {
    skipped += bytes;
    held = held.subarray(bytes);
  };
  while (await need(HEAD)) {
    const at = held.indexOf(MAGIC);
    if (at !== 0) {
      pass(at < 0 ? held.length - MAGIC.length + 1 : at);
      continue;
    }
    const kind = held.readUInt32LE(4);
    const length = held.readUInt32LE(8);
    const isPossible =
      kind <= ENCRYPTED && length >= (kind === ENCRYPTED ? SEAL : TAG) && length <= MAX_BLOCK;
    if (!isPossible || !(await need(HEAD + length))) {
      pass(MAGIC.length);
      continue;
    }
    const body = open(held.subarray(HEAD, HEAD + length), kind, key);
    if (!body) {
      if (kind === ENCRYPTED) closed++;
      pass(MAGIC.length);
      continue;
    }
    opened++;
    held = held.subarray(HEAD + length);
    yield body;
  }
  if (closed && !opened) throw new WrongKey();
  skipped += held.length;
  if (skipped) lost(skipped);
}

function open(block: Buffer, kind: number, key?: Buffer): Buffer | undefined {
  if (kind === ENCRYPTED) return key && unseal(block, key);
  const body = block.subarray(TAG);
  return hashOf(body).equals(block.subarray(0, TAG)) ? body : undefined;
}

function hashOf(body: Buffer): Buffer {
  return createHash('sha256').update(body).digest().subarray(0, TAG);
}
