import type { Finding, PqEvent } from '../record';
import { DiskSpace, type Level, openLevelOrSetAside } from '../shared';
import { Interval } from './interval';
import { INTERVAL_MS } from './settings';

const DIGITS = 15;
const DAY = 86_400_000;
/** Events of one meter that are kept of a day, and given of a week; of a week the newest. */
const MOST_EVENTS = 10_000;

/**
 * Ten-minute values and events of meters on disk: `w/<meter>/<ten minutes since 1970>` and `e/<meter>/<time>/<id>`.
 * Bounded by the days that are kept and by the meters that are taken; written in batches, synced.
 */
export class Archive {
  private readonly meters = new Set<string>();
  /** Events of the newest day of each meter. */
  private readonly today = new Map<string, { day: number; count: number }>();
  /** Events beyond those of a day. */
  eventsLeftOut = 0;

  private constructor(
    private readonly db: Level,
    private readonly space: DiskSpace,
    private readonly bounds: { days: number; maxMeters: number },
    private readonly mostPerDay: number,
  ) {}

  /**
   * @param mostPerDay events of one meter
   * @param folder made where it is not there; a damaged one is kept aside under another name
   * @param damaged is given the place of a damaged one
   * @throws Error where the folder cannot be used
   */
  static async open(
    folder: string,
    bounds: { days: number; maxMeters: number },
    mostPerDay = MOST_EVENTS,
    damaged: (aside: string) => void = () => {},
  ): Promise<Archive> {
    const db = await openLevelOrSetAside(folder, Date.now(), damaged);
    const archive = new Archive(db, new DiskSpace(folder), bounds, mostPerDay);
    for (const kind of ['w', 'e']) {
      for await (const meter of metersOf(db, kind)) archive.meters.add(meter);
    }
    return archive;
  }

  /** Whether a meter is kept: it was before, or there is room. */
  admits(meter: string): boolean {
    if (this.meters.has(meter)) return true;
    if (this.meters.size >= this.bounds.maxMeters) return false;
    this.meters.add(meter);
    return true;
  }

  /** Meters that are kept. */
  get size(): number {
    return this.meters.size;
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
    await this.room(batch.reduce((sum, { value }) => sum + value.length, 0));
    await this.db.batch(batch, { sync: true });
  }

  /** @returns whether it was kept: of a meter that has too many in a day the others are not; `first` of these is said */
  async addEvent({ capture, ...event }: PqEvent): Promise<'kept' | 'first left out' | 'left out'> {
    const day = Math.floor(event.time / DAY);
    const today = this.today.get(event.meter);
    const count = today?.day === day ? today.count + 1 : 1;
    this.today.set(event.meter, { day, count });
    if (count > this.mostPerDay) {
      this.eventsLeftOut++;
      return count === this.mostPerDay + 1 ? 'first left out' : 'left out';
    }
    const key = `e/${encodeURIComponent(event.meter)}/${pad(Math.round(event.time))}/${event.id}`;
    const value = Buffer.from(JSON.stringify(event));
    await this.room(value.length);
    await this.db.put(key, value, { sync: true });
    return 'kept';
  }

  /** @throws Error where the disk has no room */
  private async room(bytes: number): Promise<void> {
    const shortage = await this.space.shortage(bytes);
    if (shortage) throw new Error(shortage);
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

  /**
   * Lets go of what is older than the days that are kept.
   * @param now ms: of a clock that is to be believed
   */
  async clear(now: number): Promise<void> {
    const oldest = now - this.bounds.days * DAY;
    for (const meter of this.meters) {
      const name = encodeURIComponent(meter);
      await this.db.clear({ gte: `w/${name}/`, lt: `w/${name}/${pad(Math.ceil(oldest / INTERVAL_MS))}` });
      await this.db.clear({ gte: `e/${name}/`, lt: `e/${name}/${pad(oldest)}` });
      if (!(await this.hasAny(name))) {
        this.meters.delete(meter);
        this.today.delete(meter);
      }
    }
  }

  /** Whether anything is left of a meter: else another one may have its place. */
  private async hasAny(name: string): Promise<boolean> {
    for (const kind of ['w', 'e']) {
      const prefix = `${kind}/${name}/`;
      const [key] = await this.db.keys({ gte: prefix, lt: `${prefix}~`, limit: 1 }).all();
      if (key !== undefined) return true;
    }
    return false;
  }

  async close(): Promise<void> {
    await this.db.close();
  }
}

/** An archive that does not open. */
export function archiveError(text: string): Finding {
  return {
    code: 'REPORT_STORE',
    severity: 'error',
    text: `reports have no store: ${text}`,
    hint: 'Check free space and permissions of the folder power-quality in the user folder of Node-RED. It is tried again by itself; what comes meanwhile is refused with an error.',
    detail: {},
  };
}

/** An archive that was damaged. */
export function archiveDamage(aside: string): Finding {
  return {
    code: 'REPORT_STORE_DAMAGED',
    severity: 'error',
    text: `the archive of reports was damaged and put aside as ${aside}: it begins again`,
    hint: 'Check the disk: memory cards wear out, and a loss of power can damage them.',
    detail: { aside },
  };
}

/** Names of the meters that have keys of a kind: one look each, however many there are. */
async function* metersOf(db: Level, kind: string): AsyncGenerator<string> {
  for (let after = `${kind}/`; ; ) {
    const [key] = await db.keys({ gt: after, lt: `${kind}0`, limit: 1 }).all();
    if (key === undefined) return;
    const name = key.slice(2, key.indexOf('/', 2));
    yield decodeURIComponent(name);
    after = `${kind}/${name}/~`;
  }
}

function pad(value: number): string {
  return String(Math.max(0, Math.floor(value))).padStart(DIGITS, '0');
}
