import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessMissing } from './missing';
import { makePrivate } from './private-files';

const IV = 12;
const TAG = 16;
const SALT = 16;
/** Bytes by which what is sealed is longer than what was given. */
export const SEAL = IV + TAG;

/**
 * Bytes encrypted and authenticated by AES-256-GCM (NIST SP 800-38D) under a random initialisation vector:
 * [vector, 12 bytes][tag, 16 bytes][encrypted].
 * @param context authenticated with them, not stored: the same must be given to open them
 */
export function seal(plain: Buffer, key: Buffer, context?: Buffer): Buffer {
  const iv = randomBytes(IV);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  if (context) cipher.setAAD(context);
  const data = cipher.update(plain);
  cipher.final();
  return Buffer.concat([iv, cipher.getAuthTag(), data]);
}

/** What {@link seal} was given, or undefined where the key or the context is another one, or the bytes are damaged. */
export function unseal(sealed: Buffer, key: Buffer, context?: Buffer): Buffer | undefined {
  if (sealed.length < SEAL) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, IV));
  decipher.setAuthTag(sealed.subarray(IV, SEAL));
  if (context) decipher.setAAD(context);
  try {
    const plain = decipher.update(sealed.subarray(SEAL));
    decipher.final();
    return plain;
  } catch {
    return undefined;
  }
}

/**
 * The key of AES-256 for a folder, made of a secret by scrypt (RFC 7914) with a salt that lies in the folder.
 * @throws the file system's error
 */
export async function keyOf(secret: string, folder: string): Promise<Buffer> {
  return scryptSync(secret, await randomFile(folder, 'salt', SALT), 32);
}

/** Random bytes that lie in a file, made once: whole, or not at all. */
async function randomFile(folder: string, name: string, length: number): Promise<Buffer> {
  await makePrivate(folder);
  const path = join(folder, name);
  const before = await unlessMissing(readFile(path));
  if (before?.length === length) return before;
  if (before?.length) throw new Error(`${path} has ${before.length} bytes instead of ${length}`);
  const made = randomBytes(length);
  const handle = await open(`${path}.new`, 'w', 0o600);
  try {
    await handle.writeFile(made);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${path}.new`, path);
  return made;
}
