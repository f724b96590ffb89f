import { randomInt } from 'node:crypto';
import { appendFile, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finding } from '../../record';
import { believedTime, DiskSpace, keepPrivate, keyOf, makePrivate, unlessMissing } from '../../shared';
import { encodeBlock, readBlocks, WrongKey } from './blocks';
import { decodeColumns, encodeColumns, type KnownNames, Names, type StoredValue } from './columns';

const DAY_MS = 86_400_000;
const FILE = /^(\d{4}-\d{2}-\d{2})\.series$/;
/** Values that wait for a disk that does not follow; beyond it they are dropped, and counted. */
const MAX_WAITING = 2_000_000;
/** Values from which on a block is written at once, and how long the others wait, ms. */
const BLOCK = 20_000;
const EVERY = 5000;
/** Days whose names of meters are held while they are written: today, and what comes late. */
const DAYS_OPEN = 3;
/** How often old files are looked for, ms. */
const CLEAN_EVERY = 3_600_000;

export interface SeriesDiskListener {
  /** A file that the key does not fit was put aside. */
  aside(text: string): void;
  /** Bytes of a file that belong to no whole block were skipped. */
  damaged(text: string): void;
  /** Why nothing can be written; undefined when something was. */
  failing(text: string | undefined): void;
}

/**
 * The window of the correlator on disk: a file a day, to which blocks are appended. What was flushed survives a crash;
 * a block cut short or damaged is skipped when the file is read, which is reported. Files older than the window are deleted while it is written, by a
 * clock that is to be believed.
 */
export class SeriesDisk {
  private waiting: StoredValue[] = [];
  private writing: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private key: Buffer | undefined;
  private readonly space: DiskSpace;
  private isWriting = false;
  /** By day, those that were written last at the end. */
  private readonly names = new Map<string, Names>();
  private cleaned = Number.NEGATIVE_INFINITY;
  readonly counters = { dropped: 0 };

  /**
   * @param folder of this correlator alone
   * @param window seconds of a slot, and days that are kept
   * @param secret from which the key is made; without one files are plain
   * @param listener the texts hold no secret
   * @param believed time by which files age, ms; undefined while none does
   */
  constructor(
    private readonly folder: string,
    private readonly window: { interval: number; days: number },
    private readonly secret: string | undefined,
    private readonly listener: SeriesDiskListener,
    private readonly believed: () => number | undefined = believedTime,
  ) {
    this.space = new DiskSpace(folder);
  }

  /**
   * Reads what is there, oldest day first. What a key does not fit is put aside, not deleted.
   * @param take is given each value
   */
  async load(take: (value: StoredValue) => void): Promise<void> {
    await makePrivate(this.folder);
    await keepPrivate(this.folder);
    this.key = this.secret ? await keyOf(this.secret, this.folder) : undefined;
    for (const name of (await readdir(this.folder)).sort()) {
      const [, day] = FILE.exec(name) ?? [];
      if (!day) continue;
      await this.read(name, take);
    }
  }

  private async read(name: string, take: (value: StoredValue) => void): Promise<void> {
    const path = join(this.folder, name);
    const file = await open(path);
    const known: KnownNames = { segment: -1, names: [] };
    let [lost, foreign, nameless] = [0, 0, 0];
    let isAside = false;
    try {
      for await (const body of readBlocks(file, this.key, (bytes) => {
        lost = bytes;
      })) {
        try {
          nameless += decodeColumns(body, known, take);
        } catch {
          // Whole, but not of ours.
          foreign += body.length;
        }
      }
    } catch (error) {
      if (!(error instanceof WrongKey)) throw error;
      isAside = true;
    } finally {
      await file.close();
    }
    if (isAside) {
      await rename(path, `${path}.kept`);
      this.listener.aside(`${name}: ${new WrongKey().message}; put aside as ${name}.kept`);
    }
    lost += foreign;
    if (lost || nameless) {
      const names = nameless ? `, and the names of ${nameless} values with them` : '';
      this.listener.damaged(`${name}: ${lost} bytes could not be read${names}`);
    }
  }

  add(value: StoredValue): void {
    if (this.waiting.length >= MAX_WAITING) {
      this.counters.dropped++;
      return;
    }
    this.waiting.push(value);
    if (this.isWriting) return;
    if (this.waiting.length >= BLOCK) void this.flush();
    else this.timer ??= setTimeout(() => void this.flush(), EVERY).unref();
  }

  /** Writes what waits; resolves when it is on disk, or could not be written, which is said: then it waits on. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writing = this.writing.then(async () => {
      const values = this.waiting;
      if (values.length === 0) return;
      this.waiting = [];
      this.isWriting = true;
      await this.write(values);
      this.isWriting = false;
      if (this.waiting.length > 0) this.timer ??= setTimeout(() => void this.flush(), EVERY).unref();
    });
    return this.writing;
  }

  /** Forgets everything, on disk too. */
  async clear(): Promise<void> {
    this.waiting = [];
    await this.flush();
    this.names.clear();
    for (const name of (await unlessMissing(readdir(this.folder))) ?? []) {
      if (FILE.test(name)) await rm(join(this.folder, name), { force: true });
    }
  }

  /** Deletes what is older than the window. */
  private async clean(): Promise<void> {
    const now = this.believed();
    if (now === undefined || Math.abs(now - this.cleaned) < CLEAN_EVERY) return;
    this.cleaned = now;
    for (const name of await readdir(this.folder)) {
      const [, day] = FILE.exec(name) ?? [];
      if (day && Date.parse(day) + DAY_MS < now - this.window.days * DAY_MS)
        await rm(join(this.folder, name), { force: true });
    }
  }

  /** Numbers of the meters in the file of a day. */
  private namesOf(day: string): Names {
    const names = this.names.get(day) ?? new Names(randomInt(2 ** 32));
    this.names.delete(day);
    this.names.set(day, names);
    const [oldest] = this.names.keys();
    if (this.names.size > DAYS_OPEN) this.names.delete(oldest);
    return names;
  }

  private async write(values: StoredValue[]): Promise<void> {
    const byDay = new Map<string, StoredValue[]>();
    for (const value of values) {
      const day = new Date(value.slot * this.window.interval * 1000).toISOString().slice(0, 10);
      const own = byDay.get(day);
      if (own) own.push(value);
      else byDay.set(day, [value]);
    }
    try {
      for (const [day, own] of byDay) {
        const block = encodeBlock(encodeColumns(own, this.namesOf(day)), this.key);
        const shortage = await this.space.shortage(block.length);
        if (shortage) throw new Error(shortage);
        await appendFile(join(this.folder, `${day}.series`), block, { mode: 0o600 });
      }
      await this.clean();
      this.listener.failing(undefined);
    } catch (error) {
      // Names that are only in part on disk are no use to the blocks after them.
      this.names.clear();
      // What of it is on disk is written again: of two values of a slot one stays.
      const kept = values.slice(0, Math.max(0, MAX_WAITING - this.waiting.length));
      this.counters.dropped += values.length - kept.length;
      this.waiting = kept.concat(this.waiting);
      this.listener.failing((error as Error).message);
    }
  }
}

/** A file that the key does not open. */
export function seriesKey(text: string): Finding {
  return {
    code: 'SERIES_KEY',
    severity: 'error',
    text,
    hint: 'Give the key of before in the settings and take the ending .kept off the file, or delete it: without it the window begins later.',
    detail: {},
  };
}

/** Parts of a file that cannot be read. */
export function seriesDamaged(text: string): Finding {
  return {
    code: 'SERIES_DAMAGED',
    severity: 'warning',
    text: `a part of the stored series is left out: ${text}`,
    hint: 'The last seconds before a crash or a power cut may be missing, which does no harm. If it comes again without one, or is more, check the disk.',
    detail: {},
  };
}

/** Series that are not kept on disk. */
export function seriesError(text: string): Finding {
  return {
    code: 'SERIES_STORE',
    severity: 'error',
    text: `the series of the meters cannot be kept on disk: ${text}`,
    hint: 'Check free space and permissions of the folder power-quality in the user folder of Node-RED. It is tried again by itself; a restart meanwhile loses what is only in memory.',
    detail: {},
  };
}
