import { rm, statfs } from 'node:fs/promises';
import type { Finding, PqRecord } from '../../record';
import { keyOf } from '../../shared';
import { Envelope } from './envelope';
import { type Bounds, entryKey, rejectedKey, splitHead, stateKey, withHead } from './layout';
import { isDamage, wordsOf } from './store';
import { type Most, type Operation, Vault } from './vault';

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
const MANY = 100;
/** Bytes and records that wait for the disk; what comes beyond them is refused. */
const MAX_WAITING_BYTES = 64e6;
const MAX_WAITING = 100_000;
/** Records of one batch. */
const BATCH = 2000;
/** Records that are deleted at once. */
const ERASE = 2000;
/** The disk must have this much left for records to be taken, so that LevelDB never runs into its end, bytes. */
const RESERVE = 32e6;
const LOOK_EVERY = 1000;
/** After an error the store is opened anew, at most this often, ms. */
const REOPEN_EVERY = 2000;
/** Records in the list of rejected ones, and the part of the store that they may take. */
const MAX_REJECTED = 100_000;
const REJECTED_PART = 0.5;
/** When more than the store may hold has come, this part of it is freed at once. */
const ROOM = 0.01;

interface Waiting {
  /** With room for the head of a frame. Without one, somebody only waits for what else is in the batch. */
  whole?: Buffer;
  bytes: number;
  taken(seq: number): void;
  refused(error: Error): void;
}

/**
 * Records between the flow and the wire, on disk, first in, first out. {@link add} resolves when a record is synced;
 * it stays until {@link settle} says that it has arrived, or until it is too old or the store too large.
 */
export class Outbox {
  /** Everything before is deleted on disk. */
  private erased: number;
  private waiting: Waiting[] = [];
  private waitingBytes = 0;
  private extra = new Map<string, Operation>();
  private timer: NodeJS.Timeout | undefined;
  private soon: NodeJS.Immediate | undefined;
  private working: Promise<void> | undefined;
  private dirty = false;
  private failedAt = Number.NEGATIVE_INFINITY;
  private failure: Error | undefined;
  private lookedAt = Number.NEGATIVE_INFINITY;
  private closed = false;
  /** The oldest record, as it was last asked for. */
  private known: { seq: number; accepted: number } | undefined;
  /** Called when there is more to send. */
  onMore: () => void = () => {};
  readonly counters = { refused: 0 };

  private constructor(
    private readonly vault: Vault,
    private readonly folder: string,
    private readonly settings: OutboxSettings,
    private readonly listener: OutboxListener,
    private readonly options: OutboxOptions,
  ) {
    this.erased = vault.bounds.first;
  }

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
    const key = options.secret ? await keyOf(options.secret, keyFolder(folder)) : undefined;
    const vault = await Vault.open(folder, key, options.now ?? Date.now, listener.told);
    const outbox = new Outbox(vault, folder, settings, listener, options);
    await outbox.dropOld();
    return outbox;
  }

  private get bounds(): Bounds {
    return this.vault.bounds;
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
      rejected: this.vault.rejected.count,
    };
  }

  /**
   * Takes a record; resolves when it is on disk.
   * @throws Error when it cannot be stored: the disk is full or does not follow, or the record is too large
   */
  add(record: PqRecord): Promise<{ seq: number; id: string }> {
    const { id, whole } = Envelope.encode(record, this.now());
    const bytes = whole.length;
    const refuse = (text: string) => {
      this.counters.refused++;
      return Promise.reject(new Error(text));
    };
    if (this.closed) return refuse('the store is closed');
    if (bytes > this.settings.maxBytes) {
      return refuse(`a record of ${bytes} bytes is more than the store may hold (maxSize)`);
    }
    if (this.waiting.length >= MAX_WAITING || this.waitingBytes + bytes > MAX_WAITING_BYTES) {
      return refuse(`the disk does not follow: ${this.waiting.length} records wait to be written`);
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({
        whole,
        bytes,
        taken: (seq) => resolve({ seq, id }),
        refused: (error) => {
          this.counters.refused++;
          reject(error);
        },
      });
      this.waitingBytes += bytes;
      this.workSoon();
    });
  }

  /**
   * The oldest records from a number on, as many as fit.
   * @returns them, and the number of the one after them
   */
  async read(from: number, most: Most): Promise<{ envelopes: Envelope[]; to: number }> {
    const read = () => this.vault.read(Math.max(from, this.bounds.first), most);
    const found = await read();
    if (!found.problem || this.closed) return found;
    // What is missing or damaged here may lie whole in the files.
    await this.exclusively(async () => {
      const { problem } = await read();
      if (problem) await this.rescue(problem);
    });
    return await read();
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
    const { seq } = envelope;
    const frame = await this.vault.get(entryKey(seq));
    if (!frame) return;
    const head = { answer: answer.slice(0, 1000), time: this.now() };
    const value = this.vault.encode('rejected', seq, withHead(head, frame.body));
    const key = rejectedKey(seq);
    this.extra.set(key, { type: 'put', key, value });
    const { rejected } = this.vault;
    rejected.add(seq, value.length);
    this.bounds.bytes += value.length;
    while (rejected.count > MAX_REJECTED || rejected.total > REJECTED_PART * this.settings.maxBytes) {
      this.forgetRejected(rejected.oldest as number);
      this.bounds.dropped.size++;
    }
    this.changed();
  }

  /** The newest of the rejected records, oldest first. */
  async rejected(most: number): Promise<Rejected[]> {
    await this.written();
    const list: Rejected[] = [];
    for (const seq of this.vault.rejected.numbers.slice(-most)) {
      const one = await this.rejectedOne(seq);
      if (one) list.push(one);
    }
    return list;
  }

  /** Puts the rejected records at the end of the queue again; resolves with their number when they are on disk. */
  async requeue(): Promise<number> {
    await this.written();
    let count = 0;
    for (const seq of this.vault.rejected.numbers) {
      const one = await this.rejectedOne(seq);
      if (one) await this.add(one.envelope.record());
      if (one) count++;
      this.forgetRejected(seq);
    }
    this.changed();
    return count;
  }

  private async rejectedOne(seq: number): Promise<Rejected | undefined> {
    const frame = await this.vault.get(rejectedKey(seq));
    if (!frame) return undefined;
    const { head, bytes } = splitHead<{ answer: string; time: number }>(frame);
    return { envelope: Envelope.decode(seq, bytes, bytes.length), ...head };
  }

  /** Keeps some bytes under a name, with the next batch; undefined forgets them. */
  keep(name: string, bytes: Buffer | undefined): void {
    const key = stateKey(name);
    const value = bytes && this.vault.encode('state', this.vault.nextVersion(), withHead(name, bytes));
    this.extra.set(key, value ? { type: 'put', key, value } : { type: 'del', key });
    this.changed();
  }

  /**
   * Resolves when what was kept until now is on disk.
   * @throws Error when it cannot be
   */
  sync(): Promise<void> {
    if (this.waiting.length >= MAX_WAITING) return Promise.reject(new Error('the disk does not follow'));
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
    return await this.vault.kept();
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
    for (const { refused } of this.waiting.splice(0)) refused(new Error('the store is closed'));
    await this.vault.close();
  }

  private now(): number {
    return (this.options.now ?? Date.now)();
  }

  private forgetRejected(seq: number): void {
    const key = rejectedKey(seq);
    this.bounds.bytes -= this.vault.rejected.remove(seq);
    this.extra.set(key, { type: 'del', key });
  }

  private changed(): void {
    this.dirty = true;
    this.workSoon();
  }

  /** Records wait for others to share a sync with, but not once there are many. */
  private workSoon(): void {
    if (this.working || this.closed) return;
    if (this.waiting.length >= MANY) {
      clearTimeout(this.timer);
      this.timer = undefined;
      this.soon ??= setImmediate(() => {
        this.soon = undefined;
        void this.work();
      });
      return;
    }
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.work();
    }, GATHER);
  }

  /** Writes batches until nothing waits; one at a time. */
  private async work(): Promise<void> {
    if (this.working) return await this.working;
    if (this.waiting.length === 0 && !this.dirty) return;
    const writing = async () => {
      while ((this.waiting.length > 0 || this.dirty) && !this.closed) {
        const batch = this.waiting.splice(0, BATCH);
        for (const { bytes } of batch) this.waitingBytes -= bytes;
        try {
          await this.writeBatch(batch);
        } catch (error) {
          for (const { refused } of batch) refused(error as Error);
        }
      }
    };
    await this.alone(writing);
  }

  /** Does something while no batch is written. */
  private async exclusively(action: () => Promise<void>): Promise<void> {
    while (this.working) await this.working;
    await this.alone(action);
  }

  /** What comes while it is done waits until it is over; only who asked for it hears of an error. */
  private async alone(action: () => Promise<void>): Promise<void> {
    const done = action();
    this.working = done
      .catch(() => undefined)
      .then(() => {
        this.working = undefined;
        if (this.waiting.length > 0 || this.dirty) this.workSoon();
      });
    await done;
  }

  /** @throws what keeps the batch from being written */
  private async writeBatch(batch: Waiting[]): Promise<void> {
    if (batch.length > 0) {
      const problem = await this.whyNot();
      if (problem) throw problem;
      await this.makeRoom(batch.reduce((sum, { bytes }) => sum + bytes, 0));
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
    for (const { whole } of batch) {
      if (!whole) continue;
      const value = this.vault.fill('entry', seq, whole);
      stored += value.length;
      operations.push({ type: 'put', key: entryKey(seq++), value });
    }
    const { extra } = this;
    this.extra = new Map();
    operations.push(...extra.values());
    const after: Bounds = {
      ...bounds,
      dropped: { ...bounds.dropped },
      next: seq,
      bytes: bounds.bytes + stored,
    };
    if (after.first === after.next) after.bytes = this.vault.rejected.total;
    try {
      await this.vault.write(operations, after, batch.length > 0);
    } catch (error) {
      for (const [key, operation] of extra) if (!this.extra.has(key)) this.extra.set(key, operation);
      this.failed(error);
      if (isDamage(error)) await this.rescue(wordsOf(error));
      throw this.failure ?? error;
    }
    const change = after.bytes - bytesBefore;
    const before = bounds.next;
    bounds.next = seq;
    bounds.bytes += change;
    if (batch.length > 0) this.listener.condition('store', undefined);
    let n = before;
    for (const { whole, taken } of batch) taken(whole ? n++ : n);
    if (batch.length > 0) this.onMore();
    if (after.first - this.erased >= ERASE || after.first === after.next) await this.erase(after.first);
  }

  /** Deletes what is before the bounds on disk; what a crash leaves of it is deleted when the store is opened. */
  private async erase(first: number): Promise<void> {
    if (first === this.erased) return;
    // An error shows at the next batch.
    await this.vault.erase(this.erased, first).catch(() => undefined);
    this.erased = first;
  }

  private failed(error: unknown): void {
    const text = `the store takes no records: ${wordsOf(error)}`;
    this.failure = new Error(text);
    this.failedAt = performance.now();
    this.listener.condition('store', storeError(text));
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
      await this.vault.reopen();
      this.erased = Math.min(this.erased, this.bounds.first);
      this.failure = undefined;
      return true;
    } catch (error) {
      this.failed(error);
      return false;
    }
  }

  private async rescue(problem: string): Promise<void> {
    try {
      await this.vault.rescue(problem);
      this.erased = this.bounds.first;
    } catch (error) {
      this.failed(error);
      throw error;
    }
  }

  /** Drops the oldest records until there is room for more. */
  private async makeRoom(bytes: number): Promise<void> {
    const { maxBytes } = this.settings;
    if (this.bounds.bytes + bytes <= maxBytes) return;
    const goal = Math.max(0, maxBytes * (1 - ROOM) - bytes);
    while (this.bounds.bytes > goal && this.queued > 0) {
      const { envelopes, to, problem } = await this.vault.read(this.bounds.first, {
        records: 200,
        bytes: 4e6,
      });
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
}

/** Deletes a closed outbox for good. */
export async function removeOutbox(folder: string): Promise<void> {
  for (const path of [folder, keyFolder(folder)]) await rm(path, { recursive: true, force: true });
}

/** Where the salt of the key lies: beside the store, which may be put aside. */
function keyFolder(folder: string): string {
  return `${folder}.key`;
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
