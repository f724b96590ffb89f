import { createHash, type Hash } from 'node:crypto';

/** A hash to which the name goes that a UUID is made of. */
export function nameHash(namespace: string): Hash {
  return createHash('sha1').update(Buffer.from(namespace.replaceAll('-', ''), 'hex'));
}

/** UUID version 5 (RFC 9562, 5.5) of what went into a {@link nameHash}: the same name always gives the same one. */
export function uuidOf(hash: Hash): string {
  const bytes = hash.digest().subarray(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x50;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
