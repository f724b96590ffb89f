import { chmod, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessMissing } from './missing';

/** A folder that its owner alone can look into, made where it is missing. */
export async function makePrivate(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
}

/** Files of a folder are read and written by their owner alone. */
export async function keepPrivate(folder: string): Promise<void> {
  for (const name of (await unlessMissing(readdir(folder))) ?? [])
    await unlessMissing(chmod(join(folder, name), 0o600));
}
