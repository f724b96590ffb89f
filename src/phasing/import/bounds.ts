import { realpath, stat } from 'node:fs/promises';
import { basename, isAbsolute, join } from 'node:path';
import { Transform } from 'node:stream';
import { FieldError } from '../../record';
import { isBelow, unlessMissing } from '../../shared';

/** What a table may have. */
export const MOST = {
  /** On disk, and unpacked. */
  bytes: 4e9,
  /** Of one line, characters or bytes. */
  line: 4e6,
  columns: 50_000,
  rows: 1e9,
} as const;
/** Rows of a table of columns that one byte can hold at the most: where all values are alike they are packed well. */
export const ROWS_A_BYTE = 10_000;

/**
 * The path of a table that a flow names: relative to the folder of imports, and in it, links followed.
 * @throws FieldError for any other path, and for what is no file
 */
export async function tablePath(name: string, folder: string, at = 'payload.file'): Promise<string> {
  if (name.includes('\0')) throw new FieldError(at, 'a file name without NUL', undefined);
  const asked = isAbsolute(name) ? name : join(folder, name);
  const path = await unlessMissing(realpath(asked));
  if (path === undefined) throw new FieldError(at, `a file that exists in ${folder} (ENOENT)`, name);
  if (!(await isBelow(path, folder)))
    throw new FieldError(at, `a file in ${folder} (the setting folder)`, name);
  const found = await stat(path);
  if (!found.isFile()) throw new FieldError(at, 'a file', name);
  if (found.size > MOST.bytes) throw new FieldError(at, `at most ${MOST.bytes / 1e9} GB`, found.size);
  return path;
}

/** Why a table is refused: names its file, and shows nothing of it. */
export class TableError extends Error {
  constructor(path: string, reason: string) {
    super(`${basename(path)}: ${reason}`);
  }
}

const NEWLINE = 10;
const COMMA = 44;

/** Passes text on as long as it can be a table: no line too long, no line of too many columns, not too much in all. */
export function guardLines(path: string): Transform {
  let bytes = 0;
  let line = 0;
  let commas = 0;
  let isFirst = true;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > MOST.bytes) return done(new TableError(path, `more than ${MOST.bytes / 1e9} GB unpacked`));
      let at = 0;
      for (let next = chunk.indexOf(NEWLINE); next >= 0; next = chunk.indexOf(NEWLINE, at)) {
        if (isFirst) commas += count(chunk, at, next);
        isFirst = false;
        line = 0;
        at = next + 1;
      }
      if (isFirst) commas += count(chunk, at, chunk.length);
      line += chunk.length - at;
      if (line > MOST.line)
        return done(new TableError(path, `a line of more than ${MOST.line / 1e6} MB: no table`));
      if (commas >= MOST.columns)
        return done(new TableError(path, `more than ${MOST.columns} columns: no table of meters`));
      done(null, chunk);
    },
  });
}

function count(chunk: Buffer, from: number, to: number): number {
  let found = 0;
  for (let at = chunk.indexOf(COMMA, from); at >= 0 && at < to; at = chunk.indexOf(COMMA, at + 1)) found++;
  return found;
}
