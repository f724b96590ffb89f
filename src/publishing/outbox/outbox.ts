import { rm } from 'node:fs/promises';
import type { Finding, PqRecord } from '../../record';
import { AgeClock, type Clock, DiskSpace, keyOf, systemClock } from '../../shared';
import { Envelope } from './envelope';
import { type Bounds, entryKey, stateKey, withHead } from './layout';
import { type Rejected, RejectedList } from './rejected-list';
import { Retention } from './retention';
import { isDamage, wordsOf } from './store';
import { StoreHealth } from './store-health';
import { type Most, type Operation, Vault } from './vault';
import { WriteTurns } from './write-turns';

export interface OutboxSettings {
  /** ms that a record is kept. */
  maxAge: number;
  /** Bytes in the store, records that wait and rejected ones together. */
  maxBytes: number;
}

export interface OutboxListener {
  /** Records that were given up unsent. */
  dropped(envelopes: readonly Envelope[], reason: string): void;
  /** What is wrong with the store; undefined when that is over. */
  condition(name: string, finding: Finding | undefined): void;
  /** What happened once. */
  told(finding: Finding): void;
}

export interface OutboxOptions {
  /** Secret under which records are sealed; without one they lie in the store as they are. */
  secret?: string;
  clock?: Clock;
  /** Bytes free on the disk of the folder. */
  free?: (folder: string) => Promise<number>;
}

/** Bytes and records that wait for the disk; what comes beyond them is refused. */
const MAX_WAITING_BYTES = 64e6;
const MAX_WAITING = 100_000;
/** Records of one batch. */
const BATCH = 2000;
/** Records that are deleted at once. */
const ERASE = 2000;

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
  private readonly waiting: Waiting[] = [];
  private waitingBytes = 0;
  /** What is written besides, by key: the last word on each. */
  private extra = new Map<string, Operation>();
  /** The bounds or something besides have changed since they were written. */
  private dirty = false;
  private readonly turns: WriteTurns;
  private readonly health: StoreHealth;
  private readonly rejects: RejectedList;
  private readonly retention: Retention;
  private closed = false;
  /** The oldest record, as it was last asked for. */
  private known: { seq: number; stamp: number } | undefined;
  /** Called when there is more to send. */
  onMore: () => void = () => {};
  readonly counters = { refused: 0 };

  private constructor(
    private readonly vault: Vault,
    folder: string,
    private readonly settings: OutboxSettings,
    listener: OutboxListener,
    { clock = systemClock, free }: OutboxOptions,
  ) {
    this.now = clock.wall;
    this.ages = new AgeClock(clock, (by) => listener.told(steppedClock(by)));
    this.ages.resume(vault.bounds.clock);
    this.health = new StoreHealth(vault, new DiskSpace(folder, free), (finding) =>
      listener.condition('store', finding),
    );
    this.rejects = new RejectedList(vault, (operation) => this.besides(operation), settings.maxBytes);
    this.retention = new Retention(vault, this.ages, settings, {
      read: (most) => this.read(vault.bounds.first, most),
      drop: (envelopes, to, reason) => {
        this.settle(envelopes, to);
        if (envelopes.length > 0) listener.dropped(envelopes, reason);
      },
    });
    this.turns = new WriteTurns({
      waiting: () => this.waiting.length,
      pending: () => this.waiting.length > 0 || this.dirty,
      write: () => this.write(),
    });
  }

  private readonly now: () => number;
  private readonly ages: AgeClock;

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
    const vault = await Vault.open(folder, key, (options.clock ?? systemClock).wall, listener.told);
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
    const { id, whole } = Envelope.encode(record, this.now(), this.ages.now());
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
      this.turns.soon();
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
    await this.turns.exclusively(async () => {
      const { problem } = await read();
      if (problem) await this.health.rescue(problem);
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
    await this.rejects.add(envelope, answer, this.now());
  }

  /** The newest of the rejected records, oldest first. */
  async rejected(most: number): Promise<Rejected[]> {
    await this.turns.now();
    const list: Rejected[] = [];
    for (const seq of this.rejects.numbers.slice(-most)) {
      const one = await this.rejects.get(seq);
      if (one) list.push(one);
    }
    return list;
  }

  /** Puts the rejected records at the end of the queue again; resolves with their number when they are on disk. */
  async requeue(): Promise<number> {
    await this.turns.now();
    let count = 0;
    for (const seq of this.rejects.numbers) {
      const one = await this.rejects.get(seq);
      if (one) await this.add(one.envelope.record());
      if (one) count++;
      this.rejects.forget(seq);
    }
    return count;
  }

  /** Keeps some bytes under a name, with the next batch; undefined forgets them. */
  keep(name: string, bytes: Buffer | undefined): void {
    const key = stateKey(name);
    const value = bytes && this.vault.encode('state', this.vault.nextVersion(), withHead(name, bytes));
    this.besides(value ? { type: 'put', key, value } : { type: 'del', key });
  }

  /**
   * Resolves when what was kept until now is on disk.
   * @throws Error when it cannot be
   */
  sync(): Promise<void> {
    if (this.waiting.length >= MAX_WAITING) return Promise.reject(new Error('the disk does not follow'));
    return new Promise((resolve, reject) => {
      this.waiting.push({ bytes: 0, taken: () => resolve(), refused: reject });
      this.turns.soon();
    });
  }

  /** What was kept, by name. */
  async kept(): Promise<Map<string, Buffer>> {
    return await this.vault.kept();
  }

  /** Age of the oldest record that waits, ms; undefined where none does. */
  async age(): Promise<number | undefined> {
    const { first } = this.bounds;
    if (this.queued === 0) return undefined;
    if (this.known?.seq !== first) {
      const { envelopes } = await this.read(first, { records: 1, bytes: 0 });
      if (!envelopes[0]) return undefined;
      this.known = { seq: first, stamp: envelopes[0].stamp };
    }
    return this.ages.now() - this.known.stamp;
  }

  /** Drops what is older than it may be. */
  async dropOld(): Promise<void> {
    // How long it has lived so far is not lost with a kill.
    if (this.queued > 0) this.changed();
    await this.retention.dropOld(() => this.closed);
  }

  /** Resolves when all that waits now is on disk, or was refused. */
  async written(): Promise<void> {
    await this.turns.now();
  }

  /** Writes what waits, and closes. */
  async close(): Promise<void> {
    await this.turns.stop();
    this.closed = true;
    for (const { refused } of this.waiting.splice(0)) refused(new Error('the store is closed'));
    await this.vault.close();
  }

  /** Writes something besides the records, with the next batch. */
  private besides(operation: Operation): void {
    this.extra.set(operation.key, operation);
    this.changed();
  }

  private changed(): void {
    this.dirty = true;
    this.turns.soon();
  }

  private async write(): Promise<void> {
    const batch = this.waiting.splice(0, BATCH);
    for (const { bytes } of batch) this.waitingBytes -= bytes;
    try {
      await this.writeBatch(batch);
    } catch (error) {
      for (const { refused } of batch) refused(error as Error);
    }
  }

  /** @throws what keeps the batch from being written */
  private async writeBatch(batch: Waiting[]): Promise<void> {
    if (batch.length > 0) {
      const bytes = batch.reduce((sum, one) => sum + one.bytes, 0);
      await this.health.check(bytes);
      await this.retention.makeRoom(bytes);
    } else if (!(await this.health.recovered())) {
      this.dirty = false;
      return;
    }
    this.dirty = false;
    const { bounds } = this;
    const before = { ...bounds };
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
      clock: this.ages.mark,
    };
    if (after.first === after.next) after.bytes = this.vault.rejected.total;
    try {
      await this.vault.write(operations, after, batch.length > 0);
    } catch (error) {
      for (const [key, operation] of extra) if (!this.extra.has(key)) this.extra.set(key, operation);
      this.health.failed(error);
      if (isDamage(error)) await this.health.rescue(wordsOf(error));
      throw this.health.failure ?? error;
    }
    // Both may have changed meanwhile: what has arrived was settled.
    bounds.next = seq;
    bounds.bytes += after.bytes - before.bytes;
    if (batch.length > 0) this.health.well();
    let n = before.next;
    for (const { whole, taken } of batch) taken(whole ? n++ : n);
    if (batch.length > 0) this.onMore();
    // An error shows at the next batch.
    if (this.vault.erasable(after) >= ERASE || after.first === after.next) {
      await this.vault.erase(after.first).catch(() => undefined);
    }
  }
}

function steppedClock(by: number): Finding {
  const seconds = Math.round(by / 1000);
  return {
    code: 'CLOCK_STEPPED',
    severity: 'warning',
    text: `the clock of this machine was set ${seconds > 0 ? 'forward' : 'back'} by ${Math.abs(seconds)} s`,
    hint: 'Records age by the time that has really passed, so none is given up because of it; their own times stay as they are.',
    detail: { seconds },
  };
}

/** Deletes a closed outbox for good. */
export async function removeOutbox(folder: string): Promise<void> {
  for (const path of [folder, keyFolder(folder)]) await rm(path, { recursive: true, force: true });
}

/** Where the salt of the key lies: beside the store, which may be put aside. */
function keyFolder(folder: string): string {
  return `${folder}.key`;
}
