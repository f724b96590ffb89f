import { mkdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ClassicLevel } from 'classic-level';
import type { PqEvent } from '../record';
import { Interval } from './interval';
import { INTERVAL_MS } from './settings';

const DIGITS = 15;
/** Events of one meter and week that are given at most; the newest. */
const MOST_EVENTS = 10_000;

/**
 * Ten-minute values and events of meters on disk: `w/<meter>/<ten minutes since 1970>` and `e/<meter>/<time>/<id>`.
 * Bounded by the days that are kept and by the meters that are taken; written in batches, synced.
 */
export class Archive {
  private readonly meters = new Set<string>();
  /** Records of meters beyond those that are kept. */
  passedOver = 0;

  private constructor(
    private readonly db: ClassicLevel<string, Buffer>,
    private readonly bounds: { days: number; maxMeters: number },
  ) {}

  /**
   * @param folder made where it is not there; a damaged one is kept aside under another name
   * @throws Error where the folder cannot be used
   */
  static async open(folder: string, bounds: { days: number; maxMeters: number }): Promise<Archive> {
    await mkdir(dirname(folder), { recursive: true });
    const db = await openOrSetAside(folder);
    const archive = new Archive(db, bounds);
    for await (const key of db.keys({ gt: 'w/', lt: 'w0' })) {
      archive.meters.add(meterOf(key));
    }
    await archive.clear(Date.now());
    return archive;
  }

  /** Whether a meter is kept: it was before, or there is room. */
  admits(meter: string): boolean {
    if (this.meters.has(meter)) return true;
    if (this.meters.size >= this.bounds.maxMeters) {
      this.passedOver++;
      return false;
    }
    this.meters.add(meter);
    return true;
  }

  get names(): string[] {
    return [...this.meters].sort();
  }

  /** Puts intervals on disk, beside what is there of the same ten minutes. */
  async addIntervals(found: readonly { meter: string; interval: Interval }[]): Promise<void> {
    const batch = [];
    for (const { meter, interval } of found) {
      const key = `w/${encodeURIComponent(meter)}/${pad(interval.number)}`;
      const before = await this.db.get(key);
      if (before) interval.fill(Interval.decode(interval.number, before));
      batch.push({ type: 'put' as const, key, value: interval.encode() });
    }
    await this.db.batch(batch, { sync: true });
  }

  async addEvent({ capture, ...event }: PqEvent): Promise<void> {
    const key = `e/${encodeURIComponent(event.meter)}/${pad(Math.round(event.time))}/${event.id}`;
    await this.db.put(key, Buffer.from(JSON.stringify(event)), { sync: true });
  }

  /** Intervals that ended after `from` and not after `to`, ms, in order. */
  async intervals(meter: string, from: number, to: number): Promise<Interval[]> {
    const prefix = `w/${encodeURIComponent(meter)}/`;
    const [first, last] = [from, to].map((time) => Math.ceil(time / INTERVAL_MS));
    const found: Interval[] = [];
    for await (const [key, value] of this.db.iterator({ gte: prefix + pad(first), lt: prefix + pad(last) })) {
      found.push(Interval.decode(Number(key.slice(prefix.length)), value));
    }
    return found;
  }

  /** Events that began from `from` on and before `to`, ms, in order. */
  async events(meter: string, from: number, to: number): Promise<PqEvent[]> {
    const prefix = `e/${encodeURIComponent(meter)}/`;
    const range = { gte: prefix + pad(from), lt: prefix + pad(to), reverse: true, limit: MOST_EVENTS };
    const found: PqEvent[] = [];
    for await (const value of this.db.values(range)) found.push(JSON.parse(value.toString()) as PqEvent);
    return found.reverse();
  }

  /** Lets go of what is older than the days that are kept. */
  async clear(now: number): Promise<void> {
    const oldest = now - this.bounds.days * 86_400_000;
    for (const meter of this.meters) {
      const name = encodeURIComponent(meter);
      await this.db.clear({ gte: `w/${name}/`, lt: `w/${name}/${pad(Math.ceil(oldest / INTERVAL_MS))}` });
      await this.db.clear({ gte: `e/${name}/`, lt: `e/${name}/${pad(oldest)}` });
    }
  }

  async close(): Promise<void> {
    await this.db.close();
  }
}

async function openOrSetAside(folder: string): Promise<ClassicLevel<string, Buffer>> {
  const open = async () => {
    const db = new ClassicLevel<string, Buffer>(folder, { valueEncoding: 'buffer' });
    await db.open();
    return db;
  };
  try {
    return await open();
  } catch (error) {
    const { cause } = error as { cause?: { code?: string } };
    if (cause?.code !== 'LEVEL_CORRUPTION') throw error;
    await rename(folder, `${folder}.damaged-${Date.now()}`);
    return await open();
  }
}

function meterOf(key: string): string {
  return decodeURIComponent(key.slice(2, key.indexOf('/', 2)));
}

function pad(value: number): string {
  return String(Math.max(0, Math.floor(value))).padStart(DIGITS, '0');
}
