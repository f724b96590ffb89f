import { readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ClassicLevel, type OpenOptions } from 'classic-level';
import { keepPrivate, makePrivate } from './private-files';

export type Level = ClassicLevel<string, Buffer>;

/** LevelDB gives its new files the rights of the process: they are looked after this often, ms. */
const LOOK_AFTER = 60_000;
/** Damaged ones that are kept beside the present one. */
const KEPT = 2;

/**
 * Opens the LevelDB of a folder, which is made where it is missing; folder and files are its owner's alone.
 * @throws the error of one that is damaged or that somebody else has open, or of the file system
 */
export async function openLevel(folder: string, options: OpenOptions = {}): Promise<Level> {
  await makePrivate(folder);
  const db: Level = new ClassicLevel(folder, { keyEncoding: 'utf8', valueEncoding: 'buffer', ...options });
  await db.open();
  await keepPrivate(folder);
  // What cannot be done now could not be done at the opening, which has failed with the reason.
  const timer = setInterval(() => void keepPrivate(folder).catch(() => undefined), LOOK_AFTER).unref();
  db.once('closed', () => clearInterval(timer));
  return db;
}

/**
 * As {@link openLevel}; one that is damaged beyond what it mends itself is put aside, and a new one begun.
 * @param now ms, for the name of the damaged one
 * @param damaged is given the place where it lies now
 */
export async function openLevelOrSetAside(
  folder: string,
  now: number,
  damaged: (aside: string) => void,
): Promise<Level> {
  try {
    return await openLevel(folder);
  } catch (error) {
    const { code } = ((error as Error).cause ?? {}) as { code?: string };
    if (code !== 'LEVEL_CORRUPTION') throw error;
    const aside = `${folder}.damaged-${now}`;
    await rename(folder, aside);
    await forgetDamaged(folder);
    const db = await openLevel(folder);
    damaged(aside);
    return db;
  }
}

/** Deletes damaged ones beyond those that are kept, oldest first. */
export async function forgetDamaged(folder: string): Promise<void> {
  const names = await readdir(dirname(folder));
  const older = names.filter((name) => name.startsWith(`${basename(folder)}.damaged-`)).sort();
  for (const name of older.slice(0, -KEPT))
    await rm(join(dirname(folder), name), { recursive: true, force: true });
}
