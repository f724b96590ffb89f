import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { unlessMissing } from '../shared';

/** Looks at the folder this often, ms: file shares send no events. */
const EVERY = 2000;
/** A record is whole when neither of its files has changed from one look to the next. */
const MOST_REMEMBERED = 20_000;
/** Records that are read after one look; the others wait for the next. */
const MOST_AT_ONCE = 1000;

/** Files of one record as they are on disk. */
interface Look {
  path: string;
  /** Sizes and times of change: another mark is another record of the same name. */
  mark: string;
}

export interface WatcherOptions {
  folder: string;
  /** File in which is kept which records were read, so that a restart reads none of them again. */
  memory?: string;
  /** Whether records are read that lie there at the very first look. */
  existing: boolean;
  every?: number;
  /** Reads a record; the next one waits for it. @returns false where it is not whole yet: it is read later */
  read(path: string): Promise<boolean>;
  /** The folder could not be looked at (again: could be). */
  failed(error: Error | undefined): void;
}

/** Watches a folder for new records: each is read once, when it is whole. */
export class FolderWatcher {
  private readonly known = new Map<string, string>();
  private before = new Map<string, string>();
  private timer: NodeJS.Timeout | undefined;
  private closed = false;
  private isFirst = true;
  private failing = false;
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly options: WatcherOptions) {
    this.running = this.start();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private async start(): Promise<void> {
    await this.recall();
    await this.look();
  }

  private async look(): Promise<void> {
    const { folder, every = EVERY, failed } = this.options;
    try {
      await this.readNew(await looksOf(folder));
      if (this.failing) failed(undefined);
      this.failing = false;
    } catch (error) {
      if (!this.failing) failed(error as Error);
      this.failing = true;
    }
    if (this.closed) return;
    this.timer = setTimeout(() => {
      this.running = this.look();
    }, every);
  }

  private async readNew(looks: readonly Look[]): Promise<void> {
    const { existing, read } = this.options;
    const present = new Map(looks.map(({ path, mark }) => [path, mark]));
    if (this.isFirst && !existing && this.known.size === 0)
      for (const [path, mark] of present) this.known.set(path, mark);
    this.isFirst = false;
    const whole = looks.filter(
      ({ path, mark }) => this.known.get(path) !== mark && this.before.get(path) === mark,
    );
    this.before = present;
    for (const { path, mark } of whole.slice(0, MOST_AT_ONCE)) {
      if (this.closed) return;
      if (!(await read(path))) continue;
      this.known.set(path, mark);
      await this.remember(present);
    }
    if (whole.length === 0 && this.known.size > MOST_REMEMBERED) await this.remember(present);
  }

  /** What is gone from the folder need not be remembered. */
  private async remember(present: ReadonlyMap<string, string>): Promise<void> {
    for (const path of this.known.keys()) if (!present.has(path)) this.known.delete(path);
    const { memory } = this.options;
    if (!memory) return;
    await mkdir(dirname(memory), { recursive: true, mode: 0o700 });
    await writeFile(`${memory}.new`, JSON.stringify([...this.known]), { mode: 0o600 });
    await rename(`${memory}.new`, memory);
  }

  private async recall(): Promise<void> {
    const { memory } = this.options;
    if (!memory) return;
    try {
      const entries: unknown = JSON.parse(await readFile(memory, 'utf8'));
      if (!Array.isArray(entries)) throw new TypeError('expected a list');
      for (const entry of entries) {
        if (Array.isArray(entry) && typeof entry[0] === 'string' && typeof entry[1] === 'string') {
          this.known.set(entry[0], entry[1]);
        }
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      // Cut by a power failure, say: records are read again rather than not at all.
      this.options.failed(new Error(`${memory}: ${(error as Error).message}; all records are read again`));
    }
  }
}

/** Records in a folder: each .cff, each .cfg with its .dat beside it. */
async function looksOf(folder: string): Promise<Look[]> {
  const names = await readdir(folder);
  const byLower = new Map(names.map((name) => [name.toLowerCase(), name]));
  const looks: Look[] = [];
  for (const name of names.sort()) {
    const ending = /\.(cfg|cff)$/i.exec(name)?.[1].toLowerCase();
    if (!ending) continue;
    const dat = byLower.get(`${name.slice(0, -4).toLowerCase()}.dat`);
    if (ending === 'cfg' && dat === undefined) continue;
    const parts = ending === 'cfg' ? [name, dat as string] : [name];
    const marks = await Promise.all(parts.map((part) => markOf(join(folder, part))));
    if (marks.some((mark) => mark === undefined)) continue;
    looks.push({ path: join(folder, name), mark: marks.join(' ') });
  }
  return looks;
}

/**
 * Undefined for a file that is gone again, or empty: not begun to be written. One that cannot be looked at is marked
 * by its error: it goes to the reader, who says why it cannot be read, and holds up no other.
 */
async function markOf(path: string): Promise<string | undefined> {
  const found = await unlessMissing(stat(path)).catch((error: NodeJS.ErrnoException) => `${error.code}`);
  if (typeof found === 'string') return found;
  return found?.isFile() && found.size > 0 ? `${found.size}@${found.mtimeMs}` : undefined;
}
