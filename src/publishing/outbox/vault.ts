import { rm } from 'node:fs/promises';
import type { Finding } from '../../record';
import { Envelope } from './envelope';
import { decodeFrame, encodeFrame, type Frame, type FrameKind, fillFrame, isBad } from './frame';
import {
  BOUNDS_KEY,
  type Bounds,
  decodeBounds,
  encodeBounds,
  entryKey,
  isNewer,
  REJECTED,
  STATES,
  splitHead,
} from './layout';
import { type Salvaged, salvage } from './salvage';
import { Sizes } from './sizes';
import {
  DamagedStore,
  dataFiles,
  endCheck,
  freshFolder,
  isDamage,
  openStore,
  type Store,
  searchFiles,
  swapStores,
  wordsOf,
} from './store';

export type Operation = { type: 'put'; key: string; value: Buffer } | { type: 'del'; key: string };

/** How much is read at once. */
export interface Most {
  records: number;
  bytes: number;
}

const WRONG_KEY = 'the key does not fit';

/**
 * The store of an outbox with its bounds, whole or made whole again: one that is damaged is put aside, and what is
 * whole in its files goes into a new one. Numbers of records have no gaps: one that is missing was lost. All values
 * are frames; where they lie says `layout.ts`.
 */
export class Vault {
  bounds: Bounds = { first: 0, next: 0, bytes: 0, dropped: { age: 0, size: 0 }, lost: 0 };
  readonly rejected = new Sizes();
  private db!: Store;
  private versions = 0;
  /** Every record before is deleted on disk. */
  private erased = 0;

  private constructor(
    private readonly folder: string,
    private readonly key: Buffer | undefined,
    private readonly now: () => number,
    private readonly told: (finding: Finding) => void,
  ) {}

  /**
   * Opens the store of a folder.
   * @throws the error of a store that somebody else has open, or of the file system
   */
  static async open(
    folder: string,
    key: Buffer | undefined,
    now: () => number,
    told: (finding: Finding) => void,
  ): Promise<Vault> {
    const vault = new Vault(folder, key, now, told);
    await vault.openChecked();
    return vault;
  }

  encode(kind: FrameKind, seq: number, body: Buffer): Buffer {
    return encodeFrame(kind, seq, body, this.key);
  }

  /** As {@link encode}, for a body behind room for the head of the frame. */
  fill(kind: FrameKind, seq: number, whole: Buffer): Buffer {
    return fillFrame(kind, seq, whole, this.key);
  }

  /** Numbers of what is kept by name count up: after damage the newest is known. */
  nextVersion(): number {
    return ++this.versions;
  }

  /** Writes a batch with the bounds as they are to be; all of it or nothing. */
  async write(operations: Operation[], bounds: Bounds, sync: boolean): Promise<void> {
    operations.push({ type: 'put', key: BOUNDS_KEY, value: encodeBounds(bounds, this.key) });
    await this.db.batch(operations, { sync });
  }

  /** Records on disk that are before the bounds. */
  erasable({ first }: Bounds): number {
    return first - this.erased;
  }

  /** Deletes the records before a number; what a crash leaves of them is deleted when the store is opened. */
  async erase(to: number): Promise<void> {
    if (to <= this.erased) return;
    await this.db.clear({ gte: entryKey(this.erased), lt: entryKey(to) });
    this.erased = to;
  }

  /** The frame under a key; undefined where there is none that is whole. */
  async get(key: string): Promise<Frame | undefined> {
    const value = await this.db.get(key);
    const frame = value && decodeFrame(value, this.key);
    return frame && !isBad(frame) ? frame : undefined;
  }

  /** Frames that are whole, and the bytes of each. */
  async *frames(range: { gte: string; lte: string }): AsyncGenerator<{ frame: Frame; bytes: number }> {
    for await (const value of this.db.values(range)) {
      const frame = decodeFrame(value, this.key);
      if (frame && !isBad(frame)) yield { frame, bytes: value.length };
    }
  }

  /**
   * Records from a number on, as many as fit.
   * @returns them, the number of the one after them, and what is wrong with the store where something is
   * @throws what keeps the store from being read, where it is not damage
   */
  async read(from: number, most: Most): Promise<{ envelopes: Envelope[]; to: number; problem?: string }> {
    const envelopes: Envelope[] = [];
    const end = this.bounds.next;
    let expected = from;
    let bytes = 0;
    let problem: string | undefined;
    const missing = (first: number, to: number) => {
      problem ??= `records ${first} to ${to - 1} cannot be read`;
    };
    if (from >= end) return { envelopes, to: from };
    const iterator = this.db.iterator({
      gte: entryKey(from),
      lt: entryKey(end),
      highWaterMarkBytes: 262_144,
    });
    try {
      reading: while (envelopes.length < most.records) {
        const some = await iterator.nextv(most.records - envelopes.length);
        if (some.length === 0) {
          // Up to the end all must be there.
          if (expected < end) missing(expected, end);
          expected = end;
          break;
        }
        for (const [name, value] of some) {
          const seq = Number(name.slice(2));
          if (envelopes.length > 0 && bytes + value.length > most.bytes) break reading;
          if (seq > expected) missing(expected, seq);
          const frame = decodeFrame(value, this.key);
          if (frame && !isBad(frame) && frame.seq === seq) {
            // An empty one stands for a record that was lost.
            if (frame.body.length > 0) envelopes.push(Envelope.decode(seq, frame.body, value.length));
            bytes += value.length;
          } else missing(seq, seq + 1);
          expected = seq + 1;
        }
      }
    } catch (error) {
      if (!isDamage(error)) throw error;
      problem ??= wordsOf(error);
    } finally {
      await iterator.close();
    }
    return { envelopes, to: expected, problem };
  }

  /** Opens the store anew: what it wrote last may be torn. */
  async reopen(): Promise<void> {
    await this.db.close();
    const { first } = this.bounds;
    await this.openChecked();
    // What has arrived meanwhile need not be sent again.
    this.bounds.first = Math.min(Math.max(first, this.bounds.first), this.bounds.next);
  }

  /**
   * Makes a new store of what is whole in the files of this one, which is put aside. A crash on the way leaves the old
   * one as it was, or the new one whole.
   * @throws what keeps a new one from being made; the store is closed then
   */
  async rescue(problem: string): Promise<void> {
    const { folder, key } = this;
    const fresh = freshFolder(folder);
    await this.db?.close().catch(() => undefined);
    await rm(fresh, { recursive: true, force: true });
    const { db } = await openStore(fresh);
    let made: Salvaged;
    try {
      made = await salvage(await dataFiles(folder), db, this.bounds, key);
    } finally {
      await db.close();
      await endCheck(fresh);
    }
    const aside = await swapStores(folder, this.now());
    ({ db: this.db } = await openStore(folder));
    await this.readBounds();
    // Of what is before the bounds nothing was taken over.
    this.erased = this.bounds.first;
    await endCheck(folder);
    this.told(damageOf(problem, aside, made));
  }

  async close(): Promise<void> {
    await this.db.close();
  }

  /** Opens the store, and looks whether what its files held is in it. */
  private async openChecked(): Promise<void> {
    let vanished: string[] = [];
    try {
      ({ db: this.db, vanished } = await openStore(this.folder));
      await this.readBounds();
    } catch (error) {
      if (!(error instanceof DamagedStore)) throw error;
      await this.rescue(error.message);
      return;
    }
    const problem = await this.lacking(vanished);
    if (problem) return await this.rescue(problem);
    this.erased = 0;
    await this.erase(this.bounds.first);
    await endCheck(this.folder);
  }

  private async readBounds(): Promise<void> {
    this.rejected.clear();
    try {
      for await (const { frame, bytes } of this.frames(REJECTED)) this.rejected.add(frame.seq, bytes);
      for await (const { frame } of this.frames(STATES)) this.versions = Math.max(this.versions, frame.seq);
      const value = await this.db.get(BOUNDS_KEY);
      if (!value) {
        const [some] = await this.db.keys({ limit: 1 }).all();
        if (some) throw new Error('its bounds are missing');
        return;
      }
      const frame = decodeFrame(value, this.key);
      if (!frame || isBad(frame))
        throw new Error(frame?.problem === 'key' ? WRONG_KEY : 'its bounds are damaged');
      this.bounds = decodeBounds(frame);
    } catch (error) {
      await this.db.close();
      throw new DamagedStore(wordsOf(error));
    }
  }

  /** What is in the files that LevelDB no longer has, but not in the store; undefined where nothing is missing. */
  private async lacking(files: string[]): Promise<string | undefined> {
    const { bounds } = this;
    const seqs = new Set<number>();
    let cut = 0;
    for await (const { frame } of searchFiles(files, this.key)) {
      if (frame.kind === 'meta' && !isBad(frame)) {
        if (isNewer(decodeBounds(frame), bounds)) return 'its newest bounds were lost';
      }
      if (frame.kind !== 'entry') continue;
      if (isBad(frame) && frame.seq >= bounds.next) cut++;
      if (frame.seq < bounds.first) continue;
      if (!isBad(frame) || frame.seq < bounds.next) seqs.add(frame.seq);
    }
    const wanted = [...seqs];
    for (let i = 0; i < wanted.length; i += 1000) {
      const some = wanted.slice(i, i + 1000);
      const there = await this.db.hasMany(some.map(entryKey)).catch(() => some.map(() => false));
      const missing = some.find((seq, k) => !there[k] || seq >= bounds.next);
      if (missing !== undefined) return `record ${missing} is missing`;
    }
    if (cut > 0) this.told(cutOff(cut));
    return undefined;
  }

  /** What is kept by name. */
  async kept(): Promise<Map<string, Buffer>> {
    const found = new Map<string, Buffer>();
    for await (const { frame } of this.frames(STATES)) {
      const { head, bytes } = splitHead<string>(frame);
      found.set(head, bytes);
    }
    return found;
  }
}

function cutOff(records: number): Finding {
  return {
    code: 'STORE_CUT',
    severity: 'info',
    text: `the last batch of the store was cut off, as by a loss of power: ${records} records of it were not taken`,
    hint: 'Their messages were not done, so their source knows: nothing that was accepted is missing.',
    detail: { records },
  };
}

function damageOf(problem: string, aside: string, { saved, lost, sealed }: Salvaged): Finding {
  const detail = { problem, aside, saved, lost: lost.length, numbers: rangesOf(lost) };
  if (problem === WRONG_KEY || (sealed > 0 && saved === 0)) {
    return {
      code: 'STORE_KEY',
      severity: 'error',
      text: `the key does not fit the store, which was put aside as ${aside}`,
      hint: 'Give the key of before and put the folder back in its place, or give up what it holds.',
      detail,
    };
  }
  const which = lost.length > 0 ? ` (numbers ${rangesOf(lost)})` : '';
  return {
    code: 'STORE_DAMAGED',
    severity: lost.length > 0 ? 'error' : 'warning',
    text: `the store was damaged (${problem}) and put aside as ${aside}: ${saved} records saved, ${lost.length} lost${which}`,
    hint: 'Check the disk: memory cards wear out, and a loss of power can damage them.',
    detail,
  };
}

/** Numbers in order as ranges, e.g. `3-5, 9`; at most ten of them. */
function rangesOf(numbers: number[]): string {
  const ranges: [number, number][] = [];
  for (const n of numbers) {
    const last = ranges.at(-1);
    if (last && last[1] === n - 1) last[1] = n;
    else ranges.push([n, n]);
  }
  const some = ranges.slice(0, 10).map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`));
  return some.join(', ') + (ranges.length > 10 ? ', ...' : '');
}
