import { statfs } from 'node:fs/promises';
import type { Finding, PqRecord } from '../../record';
import { keyOf } from '../../shared';
import { Envelope } from './envelope';
import { decodeFrame, encodeFrame, isBad } from './frame';
import {
  BOUNDS_KEY,
  type Bounds,
  decodeBounds,
  encodeBounds,
  entryKey,
  isNewer,
  REJECTED,
  rejectedKey,
  STATES,
  splitHead,
  stateKey,
  withHead,
} from './layout';
import { salvage } from './salvage';
import {
  DamagedStore,
  dataFiles,
  endCheck,
  isDamage,
  openStore,
  putAside,
  reasonOf,
  type Store,
  searchFiles,
} from './store';

export interface OutboxSettings {
  /** ms that a record is kept. */
  maxAge: number;
  /** Bytes in the store, records that wait and rejected ones together. */
  maxBytes: number;
}

export interface OutboxListener {
  /** Records that were given up unsent. */
  dropped(envelopes: Envelope[], reason: string): void;
  /** What is wrong with the store; undefined when that is over. */
  condition(name: string, finding: Finding | undefined): void;
  /** What happened once. */
  told(finding: Finding): void;
}

export interface OutboxOptions {
  /** Secret under which records are sealed; without one they lie in the store as they are. */
  secret?: string;
  now?: () => number;
  /** Bytes free on the disk of the folder. */
  free?: (folder: string) => Promise<number>;
}

/** A record that was rejected by the target, with its answer. */
export interface Rejected {
  envelope: Envelope;
  answer: string;
  time: number;
}

/** Longest time that a record waits for others to share a sync with, ms. */
const GATHER = 10;
/** Bytes and records that wait for the disk; what comes beyond them is refused. */
const MAX_WAITING_BYTES = 64e6;
const MAX_WAITING = 100_000;
/** Records of one batch. */
const BATCH = 2000;
/** Entries deleted in one batch. */
const ERASE = 10_000;
/** The disk must have this much left for records to be taken, so that LevelDB never runs into its end, bytes. */
const RESERVE = 32e6;
const LOOK_EVERY = 1000;
/** After an error the store is opened anew, at most this often, ms. */
const REOPEN_EVERY = 2000;
/** Records in the list of rejected ones, and the part of the store that they may take. */
const MAX_REJECTED = 1000;
const REJECTED_PART = 0.2;
/** When more than the store may hold has come, this part of it is freed at once. */
const ROOM = 0.01;

interface Waiting {
  /** Without one, somebody only waits for what else is in the batch. */
  body?: Buffer;
  bytes: number;
  taken(seq: number): void;
  refused(error: Error): void;
}

type Operation = { type: 'put'; key: string; value: Buffer } | { type: 'del'; key: string };

/**
 * Records between the flow and the wire, on disk, first in, first out. {@link add} resolves when a record is synced;
 * it stays until {@link settle} says that it has arrived, or until it is too old or the store too large.
 *
 * Numbers have no gaps: one that is missing was lost. All values are frames; where they lie says `layout.ts`. A store that is damaged is put aside, and what is whole in its files goes into a new one.
 */
export class Outbox {
  private db!: Store;
  private key: Buffer | undefined;
  private bounds: Bounds = { first: 0, next: 0, bytes: 0, dropped: { age: 0, size: 0 }, lost: 0 };
  /** Everything before is deleted on disk. */
  private erased = 0;
  private waiting: Waiting[] = [];
  private waitingBytes = 0;
  private extra = new Map<string, Operation>();
  private readonly rejectedBytes = new Map<number, number>();
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> | undefined;
  private dirty = false;
  private failedAt = Number.NEGATIVE_INFINITY;
  private failure: Error | undefined;
  private lookedAt = Number.NEGATIVE_INFINITY;
  private versions = 0;
  private closed = false;
  /** The oldest record, as it was last asked for. */
  private known: { seq: number; accepted: number } | undefined;
  /** Called when there is more to send. */
  onMore: () => void = () => {};
  readonly counters = { refused: 0 };

  private constructor(
    private readonly folder: string,
    private settings: OutboxSettings,
    private readonly listener: OutboxListener,
    private readonly options: OutboxOptions,
  ) {}

  /**
   * Opens the outbox of a folder.
   * @throws the error of a store that somebody else has open, or of the file system
   */
  static async open(
    folder: string,
    settings: OutboxSettings,
    listener: OutboxListener,
    options: OutboxOptions = {},
  ): Promise<Outbox> {
    const outbox = new Outbox(folder, settings, listener, options);
    if (options.secret) outbox.key = await keyOf(options.secret, `${folder}.key`);
    await outbox.openChecked();
    await outbox.dropOld();
    return outbox;
  }

  /** Number of the oldest record that waits, and of the next one that comes. */
  get first(): number {
    return this.bounds.first;
  }

  get next(): number {
    return this.bounds.next;
  }

  /** Records on disk that wait. */
  get queued(): number {
    return this.bounds.next - this.bounds.first;
  }

  get status() {
    const { bytes, dropped, lost } = this.bounds;
    const { queued } = this;
    return {
      queued,
      bytes: Math.max(0, Math.round(bytes)),
      dropped: { ...dropped },
      lost,
      refused: this.counters.refused,
      rejected: this.rejectedBytes.size,
    };
  }

  /**
   * Takes a record; resolves when it is on disk.
   * @throws Error when it cannot be stored: the disk is full or does not follow, or the record is too large
   */
  add(record: PqRecord): Promise<{ seq: number; id: string }> {
    const { id, body } = Envelope.encode(record, this.now());
    const refuse = (text: string) => {
      this.counters.refused++;
      return Promise.reject(new Error(text));
    };
    if (this.closed) return refuse('the store is closed');
    if (body.length > this.settings.maxBytes) {
      return refuse(`a record of ${body.length} bytes is more than the store may hold (maxSize)`);
    }
    if (this.waiting.length >= MAX_WAITING || this.waitingBytes + body.length > MAX_WAITING_BYTES) {
      return refuse(`the disk does not follow: ${this.waiting.length} records wait to be written`);
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({
        body,
        bytes: body.length,
        taken: (seq) => resolve({ seq, id }),
        refused: (error) => {
          this.counters.refused++;
          reject(error);
        },
      });
      this.waitingBytes += body.length;
      this.workSoon();
    });
  }

  /**
   * The oldest records from a number on, as many as fit.
   * @returns them, and the number of the one after them
   */
  async read(
    from: number,
    most: { records: number; bytes: number },
  ): Promise<{ envelopes: Envelope[]; to: number }> {
    const start = Math.max(from, this.bounds.first);
    const found = await this.readOnce(start, most);
    if (!found.problem || this.closed) return found;
    // What is missing or damaged here may lie whole in the files.
    await this.exclusively(() => this.rescue(found.problem as string));
    const again = await this.readOnce(Math.max(start, this.bounds.first), most);
    return again;
  }

  /** The records up to `to` (exclusive) have arrived, or were put elsewhere; they are deleted. */
  settle(envelopes: readonly Envelope[], to: number): void {
    const { bounds } = this;
    for (const { seq, bytes } of envelopes) if (seq >= bounds.first) bounds.bytes -= bytes;
    if (to > bounds.first) bounds.first = to;
    this.changed();
  }

  /** Puts a record into the list of rejected ones; {@link settle} takes it out of the queue. */
  async reject(envelope: Envelope, answer: string): Promise<void> {
    const value = await this.db.get(entryKey(envelope.seq)).catch(() => undefined);
    const frame = value && decodeFrame(value, this.key);
    if (!frame || isBad(frame)) return;
    const head = { answer: answer.slice(0, 1000), time: this.now() };
    const stored = encodeFrame('rejected', envelope.seq, withHead(head, frame.body), this.key);
    const key = rejectedKey(envelope.seq);
    this.extra.set(key, { type: 'put', key, value: stored });
    this.rejectedBytes.set(envelope.seq, stored.length);
    this.bounds.bytes += stored.length;
    const most = REJECTED_PART * this.settings.maxBytes;
    let bytes = this.bytesOfRejected;
    for (const [seq, own] of this.rejectedBytes) {
      if (this.rejectedBytes.size <= MAX_REJECTED && bytes <= most) break;
      bytes -= own;
      this.forgetRejected(seq);
      this.bounds.dropped.size++;
    }
    this.changed();
  }

  /** The rejected records, oldest first. */
  async rejected(most = MAX_REJECTED): Promise<Rejected[]> {
    await this.written();
    const list: Rejected[] = [];
    for await (const value of this.db.values({ ...REJECTED, limit: most })) {
      const frame = decodeFrame(value, this.key);
      if (!frame || isBad(frame)) continue;
      const end = 4 + frame.body.readUInt32LE(0);
      const { answer, time } = JSON.parse(frame.body.toString('utf8', 4, end));
      list.push({
        envelope: Envelope.decode(frame.seq, frame.body.subarray(end), value.length),
        answer,
        time,
      });
    }
    return list;
  }

  /** Puts the rejected records at the end of the queue again; resolves with their number when they are on disk. */
  async requeue(): Promise<number> {
    const list = await this.rejected();
    for (const { envelope } of list) {
      await this.add(envelope.record());
      this.forgetRejected(envelope.seq);
    }
    this.changed();
    return list.length;
  }

  /** Keeps some bytes under a name, with the next batch; undefined forgets them. */
  keep(name: string, bytes: Buffer | undefined): void {
    const key = stateKey(name);
    const value = bytes && encodeFrame('state', ++this.versions, withHead(name, bytes), this.key);
    this.extra.set(key, value ? { type: 'put', key, value } : { type: 'del', key });
    this.changed();
  }

  /**
   * Resolves when what was kept until now is on disk.
   * @throws Error when it cannot be
   */
  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ bytes: 0, taken: () => resolve(), refused: reject });
      this.workSoon();
    });
  }

  /** When the oldest record that waits was accepted, ms; undefined where none does. */
  async oldest(): Promise<number | undefined> {
    const { first } = this.bounds;
    if (this.queued === 0) return undefined;
    if (this.known?.seq !== first) {
      const { envelopes } = await this.read(first, { records: 1, bytes: 0 });
      if (!envelopes[0]) return undefined;
      this.known = { seq: first, accepted: envelopes[0].accepted };
    }
    return this.known.accepted;
  }

  /** What was kept, by name. */
  async kept(): Promise<Map<string, Buffer>> {
    const found = new Map<string, Buffer>();
    for await (const value of this.db.values(STATES)) {
      const frame = decodeFrame(value, this.key);
      if (!frame || isBad(frame)) continue;
      const { head, bytes } = splitHead<string>(frame);
      found.set(head, bytes);
    }
    return found;
  }

  /** Changes the bounds at once. */
  async configure(settings: OutboxSettings): Promise<void> {
    this.settings = settings;
    await this.dropOld();
    this.changed();
  }

  /** Drops what is older than it may be. */
  async dropOld(): Promise<void> {
    const oldest = this.now() - this.settings.maxAge;
    while (this.queued > 0 && !this.closed) {
      const { envelopes, to } = await this.read(this.bounds.first, { records: 200, bytes: 4e6 });
      const old = envelopes.filter(({ accepted }) => accepted < oldest);
      if (envelopes.length > 0 && old.length === 0) return;
      const all = old.length === envelopes.length;
      this.settle(old, all ? to : envelopes[old.length].seq);
      if (old.length > 0) {
        this.bounds.dropped.age += old.length;
        this.listener.dropped(old, 'older than maxAge');
      }
      if (!all) return;
    }
  }

  /** Resolves when all that waits now is on disk, or was refused. */
  async written(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.work();
  }

  /** Writes what waits, and closes. */
  async close(): Promise<void> {
    await this.written();
    this.closed = true;
    await this.working;
    await this.db.close();
  }

  private now(): number {
    return (this.options.now ?? Date.now)();
  }

  private get bytesOfRejected(): number {
    return [...this.rejectedBytes.values()].reduce((sum, n) => sum + n, 0);
  }

  private forgetRejected(seq: number): void {
    this.bounds.bytes -= this.rejectedBytes.get(seq) ?? 0;
    this.rejectedBytes.delete(seq);
    this.extra.set(rejectedKey(seq), { type: 'del', key: rejectedKey(seq) });
  }

  private changed(): void {
    this.dirty = true;
    this.workSoon();
  }

  private workSoon(): void {
    if (this.working || this.timer || this.closed) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.work();
    }, GATHER);
  }

  /** Writes batches until nothing waits; one at a time. */
  private async work(): Promise<void> {
    if (this.working) return await this.working;
    if (this.waiting.length === 0 && !this.dirty) return;
    const writing = async () => {
      while ((this.waiting.length > 0 || this.dirty) && !this.closed) await this.writeBatch();
    };
    this.working = writing().finally(() => {
      this.working = undefined;
    });
    await this.working;
  }

  /** Does something while no batch is written. */
  private async exclusively(action: () => Promise<void>): Promise<void> {
    while (this.working) await this.working;
    this.working = action().finally(() => {
      this.working = undefined;
    });
    await this.working;
    if (this.waiting.length > 0 || this.dirty) this.workSoon();
  }

  private async writeBatch(): Promise<void> {
    const batch = this.waiting.splice(0, BATCH);
    const bytes = batch.reduce((sum, one) => sum + one.bytes, 0);
    this.waitingBytes -= bytes;
    const refuse = (error: Error) => {
      for (const { refused } of batch) refused(error);
    };
    if (batch.length > 0) {
      const problem = await this.whyNot();
      if (problem) {
        refuse(problem);
        batch.length = 0;
      } else await this.makeRoom(bytes);
    } else if (this.failure && !(await this.recover())) {
      this.dirty = false;
      return;
    }
    this.dirty = false;
    const { bounds } = this;
    const bytesBefore = bounds.bytes;
    const operations: Operation[] = [];
    let seq = bounds.next;
    let stored = 0;
    for (const { body } of batch) {
      if (!body) continue;
      const value = encodeFrame('entry', seq, body, this.key);
      stored += value.length;
      operations.push({ type: 'put', key: entryKey(seq++), value });
    }
    const erase = Math.min(bounds.first, this.erased + ERASE);
    for (let n = this.erased; n < erase; n++) operations.push({ type: 'del', key: entryKey(n) });
    const { extra } = this;
    this.extra = new Map();
    operations.push(...extra.values());
    const after: Bounds = {
      ...bounds,
      dropped: { ...bounds.dropped },
      next: seq,
      bytes: bounds.bytes + stored,
    };
    if (after.first === after.next) after.bytes = this.bytesOfRejected;
    operations.push({ type: 'put', key: BOUNDS_KEY, value: encodeBounds(after, this.key) });
    try {
      await this.db.batch(operations, { sync: batch.length > 0 });
    } catch (error) {
      for (const [key, operation] of extra) if (!this.extra.has(key)) this.extra.set(key, operation);
      this.failed(error, refuse);
      if (isDamage(error)) await this.rescue(reasonOf(error));
      return;
    }
    const change = after.bytes - bytesBefore;
    const before = bounds.next;
    bounds.next = seq;
    bounds.bytes += change;
    this.erased = erase;
    if (erase < bounds.first) this.dirty = true;
    this.listener.condition('store', undefined);
    let n = before;
    for (const { body, taken } of batch) taken(body ? n++ : n);
    if (batch.length > 0) this.onMore();
  }

  private failed(error: unknown, refuse: (error: Error) => void): void {
    const text = `the store takes no records: ${reasonOf(error)}`;
    this.failure = new Error(text);
    this.failedAt = performance.now();
    this.listener.condition('store', storeError(text));
    refuse(this.failure);
  }

  /** Why records cannot be taken now; undefined where they can. */
  private async whyNot(): Promise<Error | undefined> {
    if (this.failure && !(await this.recover())) return this.failure;
    const now = performance.now();
    if (now - this.lookedAt < LOOK_EVERY) return undefined;
    const free = await (this.options.free ?? freeBytes)(this.folder).catch(() => Number.POSITIVE_INFINITY);
    if (free >= RESERVE) {
      this.lookedAt = now;
      return undefined;
    }
    const text = `the disk is full: ${Math.floor(free / 1e6)} MB left, ${RESERVE / 1e6} MB are needed`;
    this.listener.condition('store', storeError(text));
    return new Error(text);
  }

  /** Opens the store anew after an error, where that is worth a try: what it wrote last may be torn. */
  private async recover(): Promise<boolean> {
    if (performance.now() - this.failedAt < REOPEN_EVERY) return false;
    this.failedAt = performance.now();
    const free = await (this.options.free ?? freeBytes)(this.folder).catch(() => 0);
    if (free < RESERVE) return false;
    try {
      await this.db.close();
      const { first } = this.bounds;
      await this.openChecked();
      // What has arrived meanwhile need not be sent again.
      this.bounds.first = Math.max(first, this.bounds.first);
      this.failure = undefined;
      return true;
    } catch (error) {
      this.failed(error, () => {});
      return false;
    }
  }

  /** Drops the oldest records until there is room for more. */
  private async makeRoom(bytes: number): Promise<void> {
    const { maxBytes } = this.settings;
    if (this.bounds.bytes + bytes <= maxBytes) return;
    const goal = Math.max(0, maxBytes * (1 - ROOM) - bytes);
    while (this.bounds.bytes > goal && this.queued > 0) {
      const { envelopes, to, problem } = await this.readOnce(this.bounds.first, { records: 200, bytes: 4e6 });
      if (envelopes.length === 0 && problem) return;
      const gone: Envelope[] = [];
      let left = this.bounds.bytes - goal;
      for (const envelope of envelopes) {
        if (left <= 0) break;
        gone.push(envelope);
        left -= envelope.bytes;
      }
      const all = gone.length === envelopes.length;
      this.settle(gone, all ? to : envelopes[gone.length].seq);
      this.bounds.dropped.size += gone.length;
      if (gone.length > 0) this.listener.dropped(gone, 'the store was full (maxSize)');
    }
  }

  private async readOnce(
    from: number,
    most: { records: number; bytes: number },
  ): Promise<{ envelopes: Envelope[]; to: number; problem?: string }> {
    const envelopes: Envelope[] = [];
    const end = this.bounds.next;
    let expected = from;
    let bytes = 0;
    let problem: string | undefined;
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
          if (expected < end) {
            problem ??= missing(expected, end);
            expected = end;
          }
          break;
        }
        for (const [name, value] of some) {
          const seq = Number(name.slice(2));
          if (envelopes.length > 0 && bytes + value.length > most.bytes) break reading;
          if (seq > expected) problem ??= missing(expected, seq);
          const frame = decodeFrame(value, this.key);
          if (frame && !isBad(frame) && frame.seq === seq) {
            // An empty one stands for a record that was lost.
            if (frame.body.length > 0) envelopes.push(Envelope.decode(seq, frame.body, value.length));
            bytes += value.length;
          } else problem ??= missing(seq, seq + 1);
          expected = seq + 1;
        }
      }
    } catch (error) {
      problem ??= reasonOf(error);
      if (this.closed) throw error;
    } finally {
      await iterator.close();
    }
    return { envelopes, to: expected, problem };
  }

  /** Opens the store, and looks whether what its files held is in it. */
  private async openChecked(): Promise<void> {
    const { folder } = this;
    let vanished: string[] = [];
    try {
      ({ db: this.db, vanished } = await openStore(folder));
      await this.readBounds();
    } catch (error) {
      if (!(error instanceof DamagedStore)) throw error;
      await this.rescue(error.message);
      return;
    }
    const problem = await this.lacking(vanished);
    if (problem) return await this.rescue(problem);
    await endCheck(folder);
  }

  private async readBounds(): Promise<void> {
    this.rejectedBytes.clear();
    try {
      const value = await this.db.get(BOUNDS_KEY);
      for await (const [name, { length }] of this.db.iterator(REJECTED)) {
        this.rejectedBytes.set(Number(name.slice(2)), length);
      }
      for await (const kept of this.db.values(STATES)) {
        const frame = decodeFrame(kept, this.key);
        if (frame) this.versions = Math.max(this.versions, frame.seq);
      }
      if (!value) {
        const [some] = await this.db.keys({ limit: 1 }).all();
        if (some) throw new Error('its bounds are missing');
        return;
      }
      const frame = decodeFrame(value, this.key);
      if (!frame || isBad(frame))
        throw new Error(frame?.problem === 'key' ? WRONG_KEY : 'its bounds are damaged');
      this.bounds = decodeBounds(frame);
      this.erased = this.bounds.first;
    } catch (error) {
      await this.db.close();
      throw new DamagedStore(reasonOf(error));
    }
  }

  /** What is in the files that LevelDB no longer has, but not in the store; undefined where nothing is missing. */
  private async lacking(files: string[]): Promise<string | undefined> {
    const seqs = new Set<number>();
    let cut = 0;
    for await (const { frame } of searchFiles(files, this.key)) {
      if (frame.kind === 'meta' && !isBad(frame)) {
        if (isNewer(decodeBounds(frame), this.bounds)) return 'its newest bounds were lost';
      }
      if (frame.kind !== 'entry') continue;
      if (isBad(frame) && frame.seq >= this.bounds.next) cut++;
      if (frame.seq < this.bounds.first) continue;
      if (!isBad(frame) || frame.seq < this.bounds.next) seqs.add(frame.seq);
    }
    const wanted = [...seqs];
    for (let i = 0; i < wanted.length; i += 1000) {
      const some = wanted.slice(i, i + 1000);
      const there = await this.db.hasMany(some.map(entryKey)).catch(() => some.map(() => false));
      const missing = some.find((seq, k) => !there[k] || seq >= this.bounds.next);
      if (missing !== undefined) return `record ${missing} is missing`;
    }
    if (cut > 0) {
      this.listener.told({
        code: 'STORE_CUT',
        severity: 'info',
        text: `the last batch of the store was cut off, as by a loss of power: ${cut} records of it were not taken`,
        hint: 'Their messages were not done, so their source knows: nothing that was accepted is missing.',
        detail: { records: cut },
      });
    }
    return undefined;
  }

  /** Puts the store aside, and makes a new one of what is whole in its files. */
  private async rescue(problem: string): Promise<void> {
    const { first, next } = this.bounds;
    await this.db?.close().catch(() => undefined);
    const aside = await putAside(this.folder, this.now());
    ({ db: this.db } = await openStore(this.folder));
    const { bounds, saved, lost, sealed } = await salvage(
      await dataFiles(aside),
      this.db,
      { first, next },
      this.key,
    );
    await this.readBounds();
    const wrongKey = problem === WRONG_KEY || (sealed > 0 && saved === 0);
    this.listener.told({
      code: wrongKey ? 'STORE_KEY' : 'STORE_DAMAGED',
      severity: lost.length > 0 || wrongKey ? 'error' : 'warning',
      text: wrongKey
        ? `the key does not fit the store, which was put aside as ${aside}`
        : `the store was damaged (${problem}) and put aside as ${aside}: ${saved} records saved, ${lost.length} lost${
            lost.length > 0 ? `, numbers ${rangesOf(lost)} of ${bounds.first} to ${bounds.next - 1}` : ''
          }`,
      hint: wrongKey
        ? 'Give the key of before and put the folder back in its place, or give up what it holds.'
        : 'Check the disk: memory cards wear out, and a loss of power can damage them.',
      detail: { problem, aside, saved, lost: lost.length, numbers: rangesOf(lost) },
    });
  }
}

const WRONG_KEY = 'the key does not fit';

function missing(from: number, to: number): string {
  return `records ${from} to ${to - 1} cannot be read`;
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

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

function storeError(text: string): Finding {
  return {
    code: 'STORE_ERROR',
    severity: 'error',
    text,
    hint: 'Check free space and permissions of the folder power-quality in the user folder of Node-RED; what was stored before is kept.',
    detail: {},
  };
}
