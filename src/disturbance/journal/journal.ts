import type { PqEvent } from '../../record';
import { believedTime, DiskSpace, type Level, openLevelOrSetAside } from '../../shared';
import {
  decodeCapture,
  decodeEvent,
  decodeExcursion,
  encodeCapture,
  encodeEvent,
  encodeExcursion,
} from './encoding';
import type { Excursion } from './excursion';

export interface JournalSettings {
  /** Days that an entry is kept. */
  maxDays: number;
  /** Bytes on disk, all entries together. */
  maxBytes: number;
}

/** What is looked for. */
export interface JournalQuery {
  /** ms since 1970: of the start of an event. */
  from: number;
  to: number;
  meter?: string;
}

/** How long an end stays among what is in progress, ms: until whoever hears of it has it on disk. */
const HEARD_WITHIN = 250;
/** Bytes that may wait to be written; what comes beyond is dropped and counted. */
const MAX_WAITING = 64e6;
const DAY = 86_400_000;

/** What stands in the table of entries: enough to count and to clear it. */
interface Entry {
  kind: 'event' | 'excursion';
  /** Time of the event, ms, and when it was written. */
  time: number;
  written: number;
  bytes: number;
}

type Operation = { type: 'put'; key: string; value: Buffer } | { type: 'del'; key: string };

/**
 * Events and excursions of the last days on disk, first in, first out: bounded by age and by size.
 *
 * Events in progress are in it, too, as they were known last: `o/<id>`, gone soon after they end. What stands there at the
 * next start was cut by a kill, or ended just before it.
 *
 * Keys: `n/<number>` the entry, in the order of writing; `t/<time>/<number>` finds it by time; `d/<number>`
 * its data, `c/<number>` the capture of an event. An entry and all that belongs to it is written in one
 * batch, synced: it is there whole or not at all, and what was acknowledged survives a kill.
 */
export class Journal {
  /** Numbers of the oldest entry that may be there, and of the next one. */
  private first = 0;
  private next = 0;
  private waiting: Operation[] = [];
  private waitingBytes = 0;
  private waitingEntries = 0;
  /** Of the bytes that wait, those of events in progress, which do not count as history. */
  private waitingOthers = 0;
  /** Events that have ended just now, still among those in progress. */
  private readonly leaving = new Map<string, NodeJS.Timeout | undefined>();
  /** Numbers of entries that could not be read. */
  private readonly unreadable = new Set<string>();
  /** The batch that is written, and the one that begins when it is. */
  private batch: Promise<void> | undefined;
  private nextBatch: Promise<void> | undefined;
  private clearing: Promise<void> = Promise.resolve();
  private entries = 0;
  private bytes = 0;
  private dropped = 0;

  private constructor(
    private readonly db: Level,
    private readonly space: DiskSpace,
    private settings: JournalSettings,
    private readonly now: () => number,
    private readonly believed: () => number | undefined,
  ) {}

  /**
   * Opens the journal of a folder, which is made where it is missing. A damaged one is put aside.
   * @param now clock by which entries are stamped, ms
   * @param damaged is given the place where a damaged one lies now
   * @param believed time by which entries age, ms; undefined while none does
   * @throws the file system's error, or that of a journal that somebody else has open
   */
  static async open(
    folder: string,
    settings: JournalSettings,
    now = Date.now,
    damaged: (aside: string) => void = () => {},
    believed: () => number | undefined = believedTime,
  ): Promise<Journal> {
    const journal = new Journal(
      await openLevelOrSetAside(folder, now(), damaged),
      new DiskSpace(folder),
      settings,
      now,
      believed,
    );
    await journal.count();
    await journal.clear();
    return journal;
  }

  /** Entries on disk, their bytes, and those that were dropped because the disk could not follow. */
  get status(): { entries: number; bytes: number; dropped: number } {
    const { entries, bytes, dropped } = this;
    return { entries, bytes, dropped };
  }

  /** Writes an event that has ended, with its capture; it is no longer in progress. Resolves when it is on disk. */
  async addEvent(event: PqEvent): Promise<void> {
    const { capture } = event;
    const data = encodeEvent(event);
    this.leave(event.id, data);
    await this.add('event', event.time, data, capture && encodeCapture(capture));
  }

  /** Writes events in progress, each as it stands. Resolves when they are on disk. */
  async begin(events: readonly PqEvent[]): Promise<void> {
    for (const event of events) this.put({ type: 'put', key: `o/${event.id}`, value: encodeEvent(event) });
    await this.written();
  }

  /** An event is over that is not kept. */
  async end(event: PqEvent): Promise<void> {
    this.leave(event.id, encodeEvent(event));
    await this.written();
  }

  /** The end of an event was given on: in a moment it has been heard of, and need not be said again. */
  heard(id: string): void {
    const key = `o/${id}`;
    if (!this.leaving.has(key) || this.leaving.get(key)) return;
    const timer = setTimeout(() => {
      this.leaving.delete(key);
      this.waiting.push({ type: 'del', key });
      // What is not written now is written with what comes next, or said twice at the next start.
      this.written().catch(() => undefined);
    }, HEARD_WITHIN);
    this.leaving.set(key, timer);
  }

  /** Events in progress, as they were known last, and those that had ended a moment before a kill. */
  async inProgress(): Promise<PqEvent[]> {
    const found: PqEvent[] = [];
    for await (const [key, value] of this.db.iterator({ gte: 'o/', lte: 'o/~' })) {
      const event = this.readable(key, () => decodeEvent(value));
      if (event) found.push(event);
    }
    return found;
  }

  /**
   * What is complete: the number of the next entry, and when the first event began that goes on, per meter. Of an
   * excursion with a lower number, which began before that time, all events are on disk.
   */
  async complete(): Promise<{ before: number; goesOnSince: Map<string, number> }> {
    const before = this.next;
    await this.written();
    const goesOnSince = new Map<string, number>();
    for (const { state, meter, time } of await this.inProgress()) {
      if (state === 'start') goesOnSince.set(meter, Math.min(time, goesOnSince.get(meter) ?? time));
    }
    return { before, goesOnSince };
  }

  /** An event is over: its end stands in place of its start until it has been heard of. */
  private leave(id: string, value: Buffer): void {
    const key = `o/${id}`;
    this.put({ type: 'put', key, value });
    clearTimeout(this.leaving.get(key));
    this.leaving.set(key, undefined);
  }

  private put(operation: Operation & { type: 'put' }): void {
    const bytes = operation.value.length;
    if (this.waitingBytes + bytes > MAX_WAITING) {
      this.dropped++;
      throw new Error('journal: the disk does not follow');
    }
    this.waiting.push(operation);
    this.waitingBytes += bytes;
    this.waitingOthers += bytes;
  }

  /** Writes an excursion. Resolves when it is on disk. */
  async addExcursion(excursion: Excursion): Promise<void> {
    await this.add('excursion', excursion.time, encodeExcursion(excursion));
  }

  /**
   * Events in the order of time.
   * @param withCapture whether an event is given with its capture
   */
  async *events(
    query: JournalQuery,
    withCapture: (event: PqEvent) => boolean = () => false,
  ): AsyncGenerator<PqEvent> {
    for await (const { data, number } of this.find('event', query)) {
      const event = this.readable(number, () => decodeEvent(data));
      if (!event) continue;
      if (query.meter !== undefined && event.meter !== query.meter) continue;
      const capture = withCapture(event) && (await this.db.get(`c/${number}`));
      const frame = capture ? this.readable(number, () => decodeCapture(capture)) : undefined;
      yield frame ? { ...event, capture: frame } : event;
    }
  }

  /**
   * Excursions in the order of time.
   * @param before number of the first entry that does not count
   */
  async *excursions(query: JournalQuery, before = Number.POSITIVE_INFINITY): AsyncGenerator<Excursion> {
    for await (const { data, number } of this.find('excursion', query)) {
      if (Number(number) >= before) continue;
      const excursion = this.readable(number, () => decodeExcursion(data));
      if (excursion && (query.meter === undefined || excursion.meter === query.meter)) yield excursion;
    }
  }

  /** Entries that could not be read so far. */
  get unreadableEntries(): number {
    return this.unreadable.size;
  }

  /** Changes the bounds at once. */
  async configure(settings: JournalSettings): Promise<void> {
    this.settings = settings;
    await this.clear();
  }

  /** Writes what waits, and closes. */
  async close(): Promise<void> {
    for (const [key, timer] of this.leaving) {
      clearTimeout(timer);
      this.waiting.push({ type: 'del', key });
    }
    if (this.leaving.size) this.written().catch(() => undefined);
    this.leaving.clear();
    // An error went to whoever waits for the entry.
    await this.nextBatch?.catch(() => undefined);
    await this.batch?.catch(() => undefined);
    await this.db.close();
  }

  /** What an entry holds; one that was damaged on disk stops nobody from reading the others. */
  private readable<T>(number: string, decode: () => T): T | undefined {
    try {
      return decode();
    } catch {
      this.unreadable.add(number);
      return undefined;
    }
  }

  private async *find(kind: Entry['kind'], { from, to }: JournalQuery) {
    for await (const key of this.db.keys({ gte: `t/${pad(from)}`, lte: `t/${pad(to)}/~` })) {
      const number = key.slice(key.lastIndexOf('/') + 1);
      const entry = await this.db.get(`n/${number}`);
      // Cleared since the search began.
      if (!entry || (JSON.parse(entry.toString()) as Entry).kind !== kind) continue;
      const data = await this.db.get(`d/${number}`);
      if (data) yield { data, number };
    }
  }

  private async add(kind: Entry['kind'], time: number, data: Buffer, capture?: Buffer): Promise<void> {
    const bytes = data.length + (capture?.length ?? 0);
    if (this.waitingBytes + bytes > MAX_WAITING) {
      this.dropped++;
      throw new Error(`journal: the disk does not follow, ${kind} dropped`);
    }
    const number = pad(this.next++);
    const entry: Entry = { kind, time, written: this.now(), bytes };
    this.waiting.push(
      { type: 'put', key: `n/${number}`, value: Buffer.from(JSON.stringify(entry)) },
      { type: 'put', key: `t/${pad(time)}/${number}`, value: Buffer.alloc(0) },
      { type: 'put', key: `d/${number}`, value: data },
    );
    if (capture) this.waiting.push({ type: 'put', key: `c/${number}`, value: capture });
    this.waitingBytes += bytes;
    this.waitingEntries++;
    await this.written();
  }

  /** Resolves when all that waits now is written: what comes while a batch is written goes into the next. */
  private written(): Promise<void> {
    this.nextBatch ??= (this.batch ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => {
        this.nextBatch = undefined;
        this.batch = this.write();
        return this.batch;
      });
    return this.nextBatch;
  }

  private async write(): Promise<void> {
    const { waiting, waitingEntries, waitingBytes, waitingOthers } = this;
    this.waiting = [];
    this.waitingBytes = 0;
    this.waitingOthers = 0;
    this.waitingEntries = 0;
    const shortage = await this.space.shortage(waitingBytes);
    if (shortage) {
      this.dropped += waitingEntries;
      throw new Error(shortage);
    }
    await this.db.batch(waiting, { sync: true });
    this.entries += waitingEntries;
    this.bytes += waitingBytes - waitingOthers;
    await this.clear();
  }

  /** Deletes the oldest entries beyond the bounds: one after the other, so that each is counted once. */
  private clear(): Promise<void> {
    this.clearing = this.clearing.catch(() => undefined).then(() => this.deleteOldest());
    return this.clearing;
  }

  private async deleteOldest(): Promise<void> {
    const { maxDays, maxBytes } = this.settings;
    const now = this.believed();
    const oldest = now === undefined ? Number.NEGATIVE_INFINITY : now - maxDays * DAY;
    const gone: Operation[] = [];
    for await (const [key, value] of this.db.iterator({ gte: `n/${pad(this.first)}`, lte: 'n/~' })) {
      const { time, written, bytes } = JSON.parse(value.toString()) as Entry;
      const number = key.slice(2);
      this.first = Number(number);
      if (written >= oldest && this.bytes <= maxBytes) break;
      this.entries--;
      this.bytes -= bytes;
      for (const one of [key, `t/${pad(time)}/${number}`, `d/${number}`, `c/${number}`]) {
        gone.push({ type: 'del', key: one });
      }
    }
    if (gone.length) await this.db.batch(gone);
  }

  private async count(): Promise<void> {
    for await (const [key, value] of this.db.iterator({ gte: 'n/', lte: 'n/~' })) {
      this.entries++;
      this.bytes += (JSON.parse(value.toString()) as Entry).bytes;
      this.next = Number(key.slice(2)) + 1;
    }
  }
}

/** A number as text that sorts like it: whole, not negative. */
function pad(value: number): string {
  return String(Math.floor(Math.max(0, Math.min(value, Number.MAX_SAFE_INTEGER)))).padStart(16, '0');
}
