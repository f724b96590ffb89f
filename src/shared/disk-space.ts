import { statfs } from 'node:fs/promises';

/** The disk must have this much left for anything to be written, so that nobody runs into its end, bytes. */
const RESERVE = 32e6;
/** While there is room, this often is enough, ms. */
const LOOK_EVERY = 1000;
/** What is written takes so many times its bytes: LevelDB has it in a log and in tables, and writes tables again. */
const TIMES = 3;

/** Whether the disk of a folder has room: guarded by time, and by the bytes that are written. */
export class DiskSpace {
  private lookedAt = Number.NEGATIVE_INFINITY;
  /** Bytes above the reserve at the last look, and what was written since. */
  private room = 0;
  private written = 0;

  /** @param free bytes free on the disk of a folder */
  constructor(
    private readonly folder: string,
    private readonly free: (folder: string) => Promise<number> = freeBytes,
  ) {}

  /**
   * What is short, in words; undefined where there is room for some bytes, which then count as written, or where nobody
   * can tell.
   */
  async shortage(bytes = 0): Promise<string | undefined> {
    const now = performance.now();
    const wanted = (this.written + bytes) * TIMES;
    if (wanted >= this.room || now - this.lookedAt >= LOOK_EVERY) {
      const free = await this.free(this.folder).catch(() => Number.POSITIVE_INFINITY);
      this.room = free - RESERVE;
      this.written = 0;
      // One that has no room is looked at again each time.
      this.lookedAt = now;
      if (this.room < bytes * TIMES) {
        return `the disk is full: ${Math.floor(free / 1e6)} MB left, ${RESERVE / 1e6} MB are needed`;
      }
    }
    this.written += bytes;
    return undefined;
  }
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
