import {
  Conditions,
  type Diagnostic,
  type Finding,
  type PqRecord,
  type Reading,
  type Receipt,
  type ReceiptState,
} from '../record';
import { Courier, type Trouble } from './courier';
import { type Envelope, Outbox, type OutboxOptions } from './outbox';
import type { PublisherSettings } from './publisher-settings';
import { type DeliveryFacts, deliveryFinding, type LinkTrouble, type Standing, standingOf } from './standing';
import type { Target } from './targets';
import { Thinning } from './thinning';

export interface PublisherListener {
  receipt(receipt: Receipt): void;
  diagnostic(diagnostic: Diagnostic): void;
}

/** Who publishes, and where. */
export interface PublisherNames {
  /** In place of a meter, in diagnostics. */
  name: string;
  /** In receipts. */
  target: string;
}

const LOOK_AT_AGE = 60_000;
const LOOK_AT_SUMMARIES = 1000;
/** Rejected records that are given at once: with their samples they may be large. */
const SHOWN = 100;
/** Summaries that wait for a disk that takes nothing. */
const MAX_UNSENT = 10_000;
const UNSENT = 'unsent/';

/** What a node that publishes does: thins readings, stores records, takes them to the target, tells what became of them. */
export class Publisher {
  private readonly conditions: Conditions;
  private courier!: Courier;
  private outbox!: Outbox;
  private thinning!: Thinning;
  private readonly timers: NodeJS.Timeout[] = [];
  private trouble: Trouble | undefined;
  private link: LinkTrouble | undefined;
  private summariesLost = 0;
  private droppedLately = false;
  private droppedNow = 0;
  /** Summaries that could not be stored when they were complete, by name. */
  private readonly unsent = new Map<string, Reading>();

  private constructor(
    private readonly settings: PublisherSettings,
    private readonly target: Target,
    private readonly names: PublisherNames,
    private readonly listener: PublisherListener,
  ) {
    this.conditions = new Conditions((finding) => this.tell(finding));
  }

  /**
   * Opens the store of a folder, and begins to send what is in it.
   * @throws the file system's error, or that of a store that somebody else has open
   */
  static async open(
    folder: string,
    settings: PublisherSettings,
    target: Target,
    names: PublisherNames,
    listener: PublisherListener,
    options: OutboxOptions = {},
  ): Promise<Publisher> {
    const publisher = new Publisher(settings, target, names, listener);
    await publisher.start(folder, options);
    return publisher;
  }

  private async start(folder: string, options: OutboxOptions): Promise<void> {
    const { settings, target } = this;
    const outbox = await Outbox.open(
      folder,
      settings,
      {
        dropped: (envelopes, reason) => {
          for (const envelope of envelopes) this.receipt(envelope, 'dropped', 0, reason);
          this.droppedLately = true;
          this.droppedNow += envelopes.length;
          this.conditions.set('dropped', {
            code: 'RECORDS_DROPPED',
            severity: 'error',
            text: `${this.droppedNow} records were dropped unsent: ${reason}`,
            hint: 'Check why the target accepts records slowly, or allow more in maxAge and maxSize.',
            detail: { reason, dropped: this.droppedNow },
          });
        },
        condition: (name, finding) => this.conditions.set(name, finding),
        told: (finding) => this.tell(finding),
      },
      options,
    );
    this.outbox = outbox;
    this.thinning = new Thinning(settings, (name, bytes) => outbox.keep(name, bytes));
    const kept = await outbox.kept();
    this.thinning.restore(kept);
    for (const [name, bytes] of kept) {
      if (name.startsWith(UNSENT)) this.unsent.set(name, JSON.parse(bytes.toString()));
    }
    this.courier = new Courier(outbox, target, settings, settings.batch, {
      settled: (envelope, state, attempts, error) => this.receipt(envelope, state, attempts, error),
      trouble: (trouble) => {
        this.trouble = trouble;
        this.judge();
      },
      rejected: (error) => this.conditions.set('rejected', rejects(error)),
    });
    const every = (ms: number, act: () => Promise<unknown>) => {
      this.timers.push(setInterval(() => void act().catch(() => undefined), ms).unref());
    };
    every(LOOK_AT_AGE, async () => {
      // Over when nothing was dropped from one look to the next: so the next time is said again.
      if (!this.droppedLately) {
        this.conditions.set('dropped', undefined);
        this.droppedNow = 0;
      }
      this.droppedLately = false;
      await outbox.dropOld();
    });
    if (settings.period > 0 || this.unsent.size > 0) {
      every(LOOK_AT_SUMMARIES, async () => {
        await this.storeSummaries(this.thinning.overdue(Date.now()));
        for (const [name, summary] of this.unsent) {
          await this.store(summary);
          this.unsent.delete(name);
          this.outbox.keep(name, undefined);
        }
      });
    }
  }

  /**
   * Takes a record; resolves when it is on disk, or in a summary that is.
   * @throws Error that says why it cannot be stored
   */
  async accept(record: PqRecord): Promise<void> {
    if (record.kind !== 'reading' || !this.thinning.active) return await this.store(record);
    const ready = this.thinning.push(record, Date.now());
    await Promise.all([this.storeSummaries(ready), this.outbox.sync()]);
  }

  /**
   * The target has changed: it may be back.
   * @param link why it is not connected, where it is not
   */
  look(link?: LinkTrouble): void {
    this.link = link;
    if (link && !this.target.ready) this.courier.lineIsAway();
    this.judge();
    this.courier.look();
  }

  /** How delivery stands. */
  get standing(): Standing {
    return standingOf(this.facts);
  }

  private get facts(): DeliveryFacts {
    const { trouble, link, target } = this;
    return { paused: this.isPaused, state: target.state, ready: target.ready, trouble, link };
  }

  /** Says what keeps records from arriving, and since when, as it begins, changes and ends. */
  private judge(): void {
    const { trouble, link } = this;
    if (!trouble && !link) {
      this.conditions.set('delivery', undefined);
      return;
    }
    const say = (oldest = 0) => {
      if (trouble !== this.trouble || link !== this.link) return;
      this.conditions.set('delivery', deliveryFinding(this.facts, { queued: this.queued, oldest }));
    };
    this.age().then(say, () => say());
  }

  /** Sends what is held back: unfinished summaries, and records that wait for the next try. */
  async flush(): Promise<void> {
    await this.storeSummaries(this.thinning.flush());
    this.courier.flush();
  }

  pause(): void {
    this.courier.pause();
  }

  resume(): void {
    this.courier.resume();
  }

  get isPaused(): boolean {
    return this.courier.isPaused;
  }

  /** Puts rejected records into the queue again; gives their number. */
  async retry(): Promise<number> {
    const count = await this.outbox.requeue();
    this.conditions.set('rejected', undefined);
    return count;
  }

  /** The newest rejected records with what the target answered, oldest first; all of them are counted in `stats`. */
  async rejected(): Promise<{ id: string; time: number; answer: string; record: PqRecord }[]> {
    const list = await this.outbox.rejected(SHOWN);
    return list.map(({ envelope, answer, time }) => ({
      id: envelope.id,
      time,
      answer,
      record: envelope.record(),
    }));
  }

  /** What was dropped, refused or left out, by reason. */
  get losses() {
    const { dropped, lost, refused } = this.outbox.status;
    const leftOut = this.target.leftOut ?? 0;
    if (leftOut > 0) this.conditions.set('leftOut', leavesOut(leftOut));
    return {
      droppedByAge: dropped.age,
      droppedBySize: dropped.size,
      lostInDamage: lost,
      refused,
      rejected: this.courier.counters.rejected,
      summariesLost: this.summariesLost,
      valuesLeftOut: leftOut,
    };
  }

  /** Records in the list of rejected ones. */
  get rejectedCount(): number {
    return this.outbox.status.rejected;
  }

  /** Records that wait. */
  get queued(): number {
    return this.outbox.queued;
  }

  /** Seconds that the oldest record waits; undefined where none does. */
  async age(): Promise<number | undefined> {
    const age = await this.outbox.age();
    return age === undefined ? undefined : Math.max(0, age / 1000);
  }

  /** Counters as a diagnostic. */
  async stats(): Promise<Diagnostic> {
    const { queued, ...store } = this.outbox.status;
    const oldest = await this.age();
    const detail = {
      state: this.standing,
      queued,
      ...(oldest !== undefined && { oldest }),
      ...this.courier.counters,
      ...store,
      losses: this.losses,
      thinned: this.thinning.counters.thinned,
    };
    return this.diagnostic({
      code: 'DELIVERY_STATISTICS',
      severity: 'info',
      text: `${this.names.target}: ${detail.state}, ${queued} waiting, ${detail.delivered} delivered, ${store.rejected} rejected`,
      hint: 'Nothing to do.',
      detail,
    });
  }

  /** Ends: what is on its way may still arrive, all else stays in the store. Gives the number of those. */
  async close(): Promise<number> {
    for (const timer of this.timers) clearInterval(timer);
    await this.courier.stop();
    const { queued } = this.outbox;
    await this.outbox.close();
    return queued;
  }

  /**
   * Stores what is ready. A summary holds readings that were accepted: one that cannot be stored now waits.
   * @throws the error of a reading that is not one
   */
  private async storeSummaries(ready: Reading[]): Promise<void> {
    const each = async (reading: Reading) => {
      try {
        await this.store(reading);
      } catch (error) {
        if (!reading.summary) throw error;
        if (this.unsent.size >= MAX_UNSENT) {
          this.summariesLost++;
          throw error;
        }
        const name = `${UNSENT}${reading.meter}/${reading.time}`;
        this.unsent.set(name, reading);
        this.outbox.keep(name, Buffer.from(JSON.stringify(reading)));
      }
    };
    await Promise.all(ready.map(each));
  }

  private async store(record: PqRecord): Promise<void> {
    const { id } = await this.outbox.add(record);
    const { ready, state } = this.target;
    if (ready && state !== 'disconnected' && !this.courier.isPaused) return;
    const { meter } = record;
    this.listener.receipt(this.receiptOf({ id, meter }, 'stored', 0));
  }

  private receipt(envelope: Envelope, state: ReceiptState, attempts: number, error?: string): void {
    this.listener.receipt(this.receiptOf(envelope, state, attempts, error));
  }

  private receiptOf(
    { id, meter }: { id: string; meter: string },
    state: ReceiptState,
    attempts: number,
    error?: string,
  ): Receipt {
    const { target } = this.names;
    return { kind: 'receipt', meter, time: Date.now(), id, target, state, attempts, ...(error && { error }) };
  }

  private tell(finding: Finding): void {
    this.listener.diagnostic(this.diagnostic(finding));
  }

  private diagnostic(finding: Finding): Diagnostic {
    return { kind: 'diagnostic', meter: this.names.name, time: Date.now(), ...finding };
  }
}

function leavesOut(values: number): Finding {
  return {
    code: 'VALUES_LEFT_OUT',
    severity: 'error',
    text: `the target has no room for more meters or values: ${values} values so far did not go along with their records`,
    hint: 'Part the meters among several endpoints, or send fewer quantities.',
    detail: { values },
  };
}

function rejects(error: string): Finding {
  return {
    code: 'RECORDS_REJECTED',
    severity: 'warning',
    text: `the target rejects records: ${error}`,
    hint: 'They are kept: msg.command "rejected" shows them with the answers, "retry" sends them again.',
    detail: { error },
  };
}
