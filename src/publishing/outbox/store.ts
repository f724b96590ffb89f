import { link, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { forgetDamaged, type Level, makePrivate, openLevel } from '../../shared';
import { type BadFrame, type Frame, findFrames, isBad } from './frame';
import { tableDamage } from './table-check';

export type Store = Level;

/** A store that does not open as it should; the text says why. */
export class DamagedStore extends Error {}

/** Files in which frames lie: tables, and the log of what is not in a table yet. */
const TABLE = /\.(ldb|sst)$/;
const DATA = /\.(ldb|sst|log)$/;
/** Blocks of the log, and the head at the beginning of each (LevelDB, log_format.md). */
const LOG_BLOCK = 32_768;
const LOG_HEAD = 7;
const MAX_OPEN = 74;
const TABLE_BYTES = 1 << 20;

const checkFolder = (folder: string) => `${folder}.check`;
/** Where a new store is made before it takes the place of a damaged one. */
export const freshFolder = (folder: string) => `${folder}.new`;

/**
 * Opens the LevelDB of a folder, which is made where it is missing. LevelDB mends some damage by leaving out what it
 * cannot read, and deletes files that it then holds for old; so links to the files of before are kept meanwhile.
 * @returns the store, and the files that it no longer has: what they hold must be in the store
 * @throws DamagedStore, or the error of a store that somebody else has open, or of the file system
 */
export async function openStore(folder: string): Promise<{ db: Store; vanished: string[] }> {
  await endSwap(folder);
  await makePrivate(folder);
  const check = checkFolder(folder);
  const before = await linkData(folder, check);
  const names = new Set(await readdir(folder));
  if (before.length > 0 && !names.has('CURRENT')) throw new DamagedStore('CURRENT is missing');
  for (const name of names) {
    const problem = TABLE.test(name) && tableDamage(await readFile(join(folder, name)));
    if (problem) throw new DamagedStore(`${problem} (${name})`);
  }
  // Not compressed, so that frames lie in the files as they are.
  const options = {
    compression: false,
    // LevelDB maps its tables into memory: some at a time, so that a large store does not look like a leak.
    maxOpenFiles: MAX_OPEN,
    maxFileSize: TABLE_BYTES,
  };
  let db: Store;
  try {
    db = await openLevel(folder, options);
  } catch (error) {
    if (isDamage(error)) throw new DamagedStore(wordsOf(error));
    throw error;
  }
  const after = new Set(await readdir(folder));
  return { db, vanished: before.filter((name) => !after.has(name)).map((name) => join(check, name)) };
}

/** What was kept while the store was opened is needed no longer. */
export async function endCheck(folder: string): Promise<void> {
  await rm(checkFolder(folder), { recursive: true, force: true });
}

async function linkData(folder: string, check: string): Promise<string[]> {
  // What lies here already was left by an opening that did not come to its end: as good as what is there now.
  await makePrivate(check);
  for (const name of await readdir(folder)) {
    if (!DATA.test(name)) continue;
    await rm(join(check, name), { force: true });
    // A file system without links goes without this net.
    await link(join(folder, name), join(check, name)).catch(() => undefined);
  }
  return (await readdir(check)).filter((name) => DATA.test(name));
}

/**
 * Puts a damaged store aside with all its files, and the new one in its place.
 * @returns the new place of the damaged one
 */
export async function swapStores(folder: string, now: number): Promise<string> {
  const aside = `${folder}.damaged-${now}`;
  await rename(folder, aside);
  await rename(freshFolder(folder), folder);
  const check = checkFolder(folder);
  for (const name of await readdir(check).catch(() => [])) {
    await link(join(check, name), join(aside, name)).catch(() => undefined);
  }
  await endCheck(folder);
  await forgetDamaged(folder);
  return aside;
}

/** A crash may have come while a new store was made, which is then begun again, or between its last two steps. */
async function endSwap(folder: string): Promise<void> {
  const siblings: string[] = await readdir(dirname(folder)).catch(() => []);
  if (!siblings.includes(basename(freshFolder(folder)))) return;
  if (siblings.includes(basename(folder))) await rm(freshFolder(folder), { recursive: true, force: true });
  else await rename(freshFolder(folder), folder);
}

/** Where a frame lies in a file. */
export interface Place {
  frame: Frame | BadFrame;
  file: string;
}

/** All frames in the files of a store, file by file; a frame may come more than once. */
export async function* searchFiles(files: string[], key?: Buffer): AsyncGenerator<Place> {
  for (const file of files) {
    const bytes = await readFile(file).catch(() => undefined);
    if (!bytes) continue;
    for (const { frame } of findFrames(bytes, key)) yield { frame, file };
    if (!file.endsWith('.log') || bytes.length <= LOG_BLOCK) continue;
    for (const { frame } of findFrames(withoutBlockHeads(bytes), key))
      if (!isBad(frame)) yield { frame, file };
  }
}

/** Files of a store in which frames lie, those among them that LevelDB has deleted since it was opened. */
export async function dataFiles(folder: string): Promise<string[]> {
  const found = new Map<string, string>();
  for (const place of [checkFolder(folder), folder]) {
    for (const name of await readdir(place).catch(() => [])) {
      if (DATA.test(name)) found.set(name, join(place, name));
    }
  }
  return [...found.values()];
}

/** A log with what parts a frame that goes over the end of a block taken out. */
function withoutBlockHeads(bytes: Buffer): Buffer {
  const parts = [bytes.subarray(0, LOG_BLOCK)];
  for (let at = LOG_BLOCK; at < bytes.length; at += LOG_BLOCK) {
    parts.push(bytes.subarray(at + LOG_HEAD, at + LOG_BLOCK));
  }
  return Buffer.concat(parts);
}

/** Whether an error of LevelDB says that its files are damaged. */
export function isDamage(error: unknown): boolean {
  const { code, message } = causeOf(error);
  return code === 'LEVEL_CORRUPTION' || /corrupt|No such file|does not exist/i.test(message);
}

/** The words of the error behind an error of LevelDB. */
export function wordsOf(error: unknown): string {
  return causeOf(error).message;
}

function causeOf(error: unknown): { code?: string; message: string } {
  const { cause } = error as { cause?: unknown };
  return (cause ?? error) as { code?: string; message: string };
}
