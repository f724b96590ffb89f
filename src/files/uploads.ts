import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { check, FieldError } from '../record';
import { unlessMissing } from '../shared';

/** Bytes of one file, and of all that were put there. */
const MOST_FILE = 512 << 20;
const MOST_ALL = 2 ** 31;
/** Bytes in one piece. */
const MOST_PIECE = 3 << 20;

/**
 * Takes a piece of a file that comes through a panel; the file stands under its name when the last piece is there.
 * @param folder of all such files
 * @param given `{name, offset, data, last}`, `data` in base64; pieces come in order, the one at 0 starts the file again
 * @throws FieldError for a name that is no record's, a piece that does not fit, or too much
 */
export async function takeUpload(
  folder: string,
  given: unknown,
  at = 'payload',
): Promise<{ name: string; size: number }> {
  const g = check.object(given, at);
  const name = check.text(g.name, `${at}.name`, 128);
  if (!/^[\p{L}\p{N}][\p{L}\p{N} ._()-]*\.(cfg|dat|cff|hdr|inf)$/iu.test(name) || name.includes('..')) {
    throw new FieldError(
      `${at}.name`,
      'a name of letters, digits, . _ - and the ending cfg, dat, cff, hdr or inf',
      name,
    );
  }
  const offset = check.integer(g.offset, `${at}.offset`, { min: 0, max: MOST_FILE });
  if (typeof g.data !== 'string') throw new FieldError(`${at}.data`, 'base64', g.data);
  const data = Buffer.from(g.data, 'base64');
  if (data.length > MOST_PIECE)
    throw new FieldError(`${at}.data`, `at most ${MOST_PIECE} bytes in a piece`, data.length);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const part = join(folder, `${name}.part`);
  if (offset === 0) {
    await rm(part, { force: true });
    const held = await sizeOf(folder);
    if (held > MOST_ALL)
      throw new FieldError(
        `${at}.data`,
        `at most ${MOST_ALL} bytes in all: remove files from ${folder}`,
        held,
      );
  }
  const handle = await open(part, offset === 0 ? 'w' : 'r+', 0o600);
  try {
    const { size } = await handle.stat();
    if (size !== offset) throw new FieldError(`${at}.offset`, `${size}, where the last piece ended`, offset);
    await handle.write(data, 0, data.length, offset);
  } finally {
    await handle.close();
  }
  const size = offset + data.length;
  if (size > MOST_FILE) {
    await rm(part, { force: true });
    throw new FieldError(`${at}.data`, `at most ${MOST_FILE} bytes`, size);
  }
  if (check.boolean(g.last ?? false, `${at}.last`)) await rename(part, join(folder, name));
  return { name, size };
}

async function sizeOf(folder: string): Promise<number> {
  let size = 0;
  for (const name of await readdir(folder))
    size += (await unlessMissing(stat(join(folder, name))))?.size ?? 0;
  return size;
}
