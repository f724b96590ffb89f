import { appendFile, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { keyOf } from '../../shared';
import { decodeBlocks, encodeBlock, type StoredValue, WrongKey } from './blocks';

const DAY_MS = 86_400_000;
const FILE = /^(\d{4}-\d{2}-\d{2})\.series$/;
/** Values that wait for a disk that does not follow; beyond it they are dropped, and counted. */
const MAX_WAITING = 2_000_000;
/** Values from which on a block is written at once, and how long the others wait, ms. */
const BLOCK = 20_000;
const EVERY = 5000;

/**
 * The window of the correlator on disk: a file a day, to which blocks are appended. What was flushed survives a crash;
 * a block cut short is left out when the file is read. Files older than the window are deleted.
 */
export class SeriesDisk {
  private waiting: StoredValue[] = [];
  private writing: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private key: Buffer | undefined;
  readonly counters = { dropped: 0, failed: 0 };

  /**
   * @param folder of this correlator alone
   * @param interval seconds of a slot
   * @param secret from which the key is made; without one files are plain
   * @param warn is told of what cannot be read or written; the texts hold no secret
   */
  constructor(
    private readonly folder: string,
    private readonly interval: number,
    private readonly secret: string | undefined,
    private readonly warn: (text: string) => void,
  ) {}

  /**
   * Reads what is there, oldest day first. What a key does not fit is put aside, not deleted.
   * @param take is given each value
   * @param oldest slot of the window: files wholly before it are deleted
   */
  async load(take: (value: StoredValue) => void, oldest: number): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    this.key = this.secret ? await keyOf(this.secret, this.folder) : undefined;
    for (const name of (await readdir(this.folder)).sort()) {
      const [, day] = FILE.exec(name) ?? [];
      if (!day) continue;
      const path = join(this.folder, name);
      if (Date.parse(day) + DAY_MS < oldest * this.interval * 1000) {
        await rm(path, { force: true });
        continue;
      }
      try {
        for (const values of decodeBlocks(await readFile(path), this.key)) {
          for (const value of values) take(value);
          await new Promise((resolve) => setImmediate(resolve));
        }
      } catch (error) {
        if (!(error instanceof WrongKey)) throw error;
        await rename(path, `${path}.kept`);
        this.warn(`${name}: ${error.message}; put aside as ${name}.kept`);
      }
    }
  }

  add(value: StoredValue): void {
    if (this.waiting.length >= MAX_WAITING) {
      this.counters.dropped++;
      return;
    }
    this.waiting.push(value);
    if (this.waiting.length >= BLOCK) void this.flush();
    else this.timer ??= setTimeout(() => void this.flush(), EVERY).unref();
  }

  /** Writes what waits; resolves when it is on disk, or could not be written, which is told. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const values = this.waiting;
    this.waiting = [];
    if (values.length) this.writing = this.writing.then(() => this.write(values));
    return this.writing;
  }

  /** Forgets everything, on disk too. */
  async clear(): Promise<void> {
    this.waiting = [];
    await this.flush();
    for (const name of await readdir(this.folder).catch(() => [])) {
      if (FILE.test(name)) await rm(join(this.folder, name), { force: true });
    }
  }

  private async write(values: StoredValue[]): Promise<void> {
    const byDay = new Map<string, StoredValue[]>();
    for (const value of values) {
      const day = new Date(value.slot * this.interval * 1000).toISOString().slice(0, 10);
      const own = byDay.get(day);
      if (own) own.push(value);
      else byDay.set(day, [value]);
    }
    try {
      for (const [day, own] of byDay) {
        await appendFile(join(this.folder, `${day}.series`), encodeBlock(own, this.key));
      }
    } catch (error) {
      if (this.counters.failed === 0) this.warn(`series cannot be kept on disk: ${(error as Error).message}`);
      this.counters.failed += values.length;
    }
  }
}
