import { readdirSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

const FOLDER = join(__dirname, 'recordings');

/** Names of the recordings that come with the package. */
export function bundledRecordings(): string[] {
  return readdirSync(FOLDER).sort();
}

/**
 * Where a recording lies: one that comes with the package by its name alone, any other at its path.
 * @param given name or path
 */
export function recordingPath(given: string): string {
  return !isAbsolute(given) && bundledRecordings().includes(given) ? join(FOLDER, given) : given;
}
