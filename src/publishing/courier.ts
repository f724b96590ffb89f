import type { ReceiptState } from '../record';
import { growingPause } from '../shared';
import type { Envelope, Outbox } from './outbox';
import type { Outcome, SendSettings, Target } from './targets';

export interface CourierListener {
  /** What became of a record in the end. */
  settled(envelope: Envelope, state: ReceiptState, attempts: number, error?: string): void;
  /** The target would not take it now: the first of a row of failures, and undefined when that is over. */
  trouble(error: string | undefined): void;
}

interface Flight {
  envelopes: Envelope[];
  to: number;
  outcomes?: Outcome[];
  sent: Promise<void>;
}

const PAUSE = { first: 1000, growth: 2, longest: 60_000, jitter: 0.3 };
/** Bytes of one batch, as they lie in the store. */
const BATCH_BYTES = 1e6;
/** What is on its way may still arrive while the node is closed, ms. */
const LAST_WAIT = 2000;
/** After an error of the store, ms. */
const STORE_PAUSE = 500;

/**
 * Takes records from an outbox to a target, oldest first. A record that may be sent again is, and all after it once
 * more: so the order of each meter's records is kept, and a repetition has the same id.
 */
export class Courier {
  private position: number;
  private readonly flights: Flight[] = [];
  private readonly attempts = new Map<number, number>();
  private failures = 0;
  private paused = false;
  private stopped = false;
  private wake: () => void = () => {};
  private awake = false;
  private hurry = false;
  private readonly running: Promise<void>;
  private ended: () => void = () => {};
  private readonly end = new Promise<void>((resolve) => {
    this.ended = resolve;
  });
  readonly counters = { delivered: 0, rejected: 0, retries: 0 };

  /** @param batch most records of one batch */
  constructor(
    private readonly outbox: Outbox,
    private readonly target: Target,
    private readonly how: SendSettings,
    private readonly batch: number,
    private readonly listener: CourierListener,
  ) {
    this.position = outbox.first;
    outbox.onMore = () => this.look();
    this.running = this.run();
  }

  get isPaused(): boolean {
    return this.paused;
  }

  /** Something may have changed: there is more to send, the target came back. */
  look(): void {
    this.awake = true;
    this.wake();
  }

  pause(): void {
    this.paused = true;
    this.look();
  }

  resume(): void {
    this.paused = false;
    this.flush();
  }

  /** Tries at once, without the rest of a pause after failures. */
  flush(): void {
    this.hurry = true;
    this.look();
  }

  /** Sends nothing more; waits a moment for what is on its way. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.ended();
    this.look();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LAST_WAIT);
    });
    await Promise.race([this.running.then(() => Promise.all(this.flights.map(({ sent }) => sent))), late]);
    clearTimeout(timer);
    await this.running;
    while (this.flights[0]?.outcomes) if (await this.land(this.flights.shift() as Flight)) break;
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      this.awake = false;
      try {
        await this.fill();
        const head = this.flights[0];
        if (!head?.outcomes) {
          await this.sleep();
          continue;
        }
        this.flights.shift();
        const retry = await this.land(head);
        if (retry) await this.goBack(head, retry);
      } catch {
        // The store is opened anew, or cannot be read for now: all begins again with what is oldest then.
        await Promise.race([Promise.all(this.flights.splice(0).map(({ sent }) => sent)), this.end]);
        this.position = this.outbox.first;
        await this.sleep(STORE_PAUSE);
      }
    }
  }

  /** Sends as much as may be on its way at once. */
  private async fill(): Promise<void> {
    while (!this.paused && !this.stopped && this.target.ready && this.flights.length < this.target.pipeline) {
      if (this.position >= this.outbox.next) return;
      const { envelopes, to } = await this.outbox.read(this.position, {
        records: this.batch,
        bytes: BATCH_BYTES,
      });
      if (this.stopped) return;
      const flight: Flight = { envelopes, to, sent: Promise.resolve() };
      // Where all of them were lost there is nothing to send.
      if (envelopes.length === 0) flight.outcomes = [];
      else {
        flight.sent = this.target.send(envelopes, this.how).then((outcomes) => {
          flight.outcomes = outcomes;
          this.look();
        });
      }
      this.flights.push(flight);
      this.position = to;
    }
  }

  /**
   * Settles what has arrived or was rejected, up to the first that has not.
   * @returns the outcome of that one
   */
  private async land({
    envelopes,
    to,
    outcomes = [],
  }: Flight): Promise<(Outcome & { state: 'retry' }) | undefined> {
    let n = 0;
    let retry: (Outcome & { state: 'retry' }) | undefined;
    const settled: [Envelope, ReceiptState, number, string?][] = [];
    for (; n < envelopes.length && !retry; n++) {
      const envelope = envelopes[n];
      const outcome = outcomes[n];
      if (outcome.state === 'retry') {
        retry = outcome;
        break;
      }
      if (outcome.state === 'rejected') {
        this.counters.rejected++;
        await this.outbox.reject(envelope, outcome.error);
      } else this.counters.delivered++;
      const error = outcome.state === 'rejected' ? outcome.error : undefined;
      settled.push([envelope, outcome.state, (this.attempts.get(envelope.seq) ?? 0) + 1, error]);
      this.attempts.delete(envelope.seq);
    }
    this.outbox.settle(envelopes.slice(0, n), retry ? envelopes[n].seq : to);
    for (const one of settled) this.listener.settled(...one);
    if (n > 0 && this.failures > 0) {
      this.failures = 0;
      this.listener.trouble(undefined);
    }
    return retry;
  }

  private async goBack({ envelopes, outcomes = [] }: Flight, { error, after }: Outcome & { state: 'retry' }) {
    // Those behind are let to their end: only then is it known that they are not on their way any more.
    const behind = this.flights.splice(0);
    await Promise.race([Promise.all(behind.map(({ sent }) => sent)), this.end]);
    const first = outcomes.findIndex(({ state }) => state === 'retry');
    // What was dropped meanwhile is never settled here.
    for (const seq of this.attempts.keys()) if (seq < this.outbox.first) this.attempts.delete(seq);
    for (const { seq } of [...envelopes.slice(first), ...behind.flatMap((flight) => flight.envelopes)]) {
      this.attempts.set(seq, (this.attempts.get(seq) ?? 0) + 1);
    }
    this.position = envelopes[first].seq;
    this.counters.retries++;
    this.failures++;
    if (this.failures === 1) this.listener.trouble(error);
    // A target that is away says itself when it is back.
    if (!this.target.ready) return;
    this.hurry = false;
    const until = performance.now() + Math.max(after ?? 0, growingPause(PAUSE, this.failures));
    while (!this.stopped && !this.hurry && performance.now() < until) {
      this.awake = false;
      await this.sleep(until - performance.now());
    }
  }

  private async sleep(ms?: number): Promise<void> {
    if (this.awake) return;
    await new Promise<void>((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
