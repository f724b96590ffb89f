import { realpath } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { isBelow, unlessMissing } from '../shared';
import { RecordError } from './error';
import { recordingPath } from './recordings';

/** Where files may lie, and where relative names are looked for. */
export interface Folders {
  /** Node-RED's `fileWorkingDirectory`: where it is set, nothing outside it is read. */
  working?: string;
  /** Files that were put there through a panel. */
  uploads?: string;
}

/**
 * The path of a file that a flow names. That of a recording of this package is its own; another relative one is looked for in the working directory, then among the uploads.
 * @throws RecordError for a path outside the working directory, where one is set; links are followed before that.
 *   The file system's own error for one that may not be looked at
 */
export async function pathOf(name: string, { working, uploads }: Folders): Promise<string> {
  if (name.includes('\0')) throw new RecordError('PATH', 'a file name holds no NUL');
  const bundled = recordingPath(name);
  if (bundled !== name) return bundled;
  const candidates = isAbsolute(name)
    ? [name]
    : [
        ...(working ? [join(working, name)] : []),
        ...(uploads ? [join(uploads, name)] : []),
        ...(working ? [] : [resolve(name)]),
      ];
  for (const candidate of candidates) {
    const real = await unlessMissing(realpath(candidate));
    if (real === undefined) continue;
    if (
      working === undefined ||
      (await isBelow(real, working)) ||
      (uploads && (await isBelow(real, uploads)))
    )
      return real;
    throw new RecordError('PATH', `${name} lies outside fileWorkingDirectory (${working})`);
  }
  throw new RecordError('NO_FILE', `ENOENT: no such file, ${name}`);
}
