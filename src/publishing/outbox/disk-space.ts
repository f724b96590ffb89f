import { statfs } from 'node:fs/promises';

/** The disk must have this much left for records to be taken, so that LevelDB never runs into its end, bytes. */
const RESERVE = 32e6;
/** While there is room, this often is enough, ms. */
const LOOK_EVERY = 1000;

/** Whether the disk of a folder has room. */
export class DiskSpace {
  private lookedAt = Number.NEGATIVE_INFINITY;

  /** @param free bytes free on the disk of a folder */
  constructor(
    private readonly folder: string,
    private readonly free: (folder: string) => Promise<number> = freeBytes,
  ) {}

  /**
   * What is short, in words; undefined where there is room, or where nobody can tell.
   * @param anew whether to look though that was done a moment ago
   */
  async shortage(anew = false): Promise<string | undefined> {
    const now = performance.now();
    if (!anew && now - this.lookedAt < LOOK_EVERY) return undefined;
    const free = await this.free(this.folder).catch(() => Number.POSITIVE_INFINITY);
    if (free < RESERVE) {
      return `the disk is full: ${Math.floor(free / 1e6)} MB left, ${RESERVE / 1e6} MB are needed`;
    }
    this.lookedAt = now;
    return undefined;
  }
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
