import { realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import { unlessMissing } from './missing';

/** Whether a path, with its links followed, lies in a folder. */
export async function isBelow(real: string, folder: string): Promise<boolean> {
  const base = (await unlessMissing(realpath(folder))) ?? resolve(folder);
  const path = relative(base, real);
  return path === '' || (!path.startsWith('..') && !isAbsolute(path));
}
