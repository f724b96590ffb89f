import type { ReceiptState } from '../record';
import { growingPause } from '../shared';
import type { Envelope, Outbox } from './outbox';
import { all, type Outcome, type SendSettings, type Target } from './targets';

/**
 * Why records do not arrive: `silent`, nothing is acknowledged; `refused`, we are not let in; `failed`, the target
 * would not take them now.
 */
export interface Trouble {
  kind: 'silent' | 'refused' | 'failed';
  error: string;
}

export interface CourierListener {
  /** What became of a record in the end. */
  settled(envelope: Envelope, state: ReceiptState, attempts: number, error?: string): void;
  /** Said when it begins and when it changes; undefined when records arrive again. */
  trouble(trouble: Trouble | undefined): void;
  /** A record will not be had. */
  rejected(error: string): void;
}

interface Flight {
  envelopes: Envelope[];
  to: number;
  outcomes?: Outcome[];
  sent: Promise<void>;
  /** When it was sent, or a part of it was last acknowledged, ms. */
  heard: number;
}

const PAUSE = { first: 1000, growth: 2, longest: 60_000, jitter: 0.3 };
/** Bytes of one batch, as they lie in the store. */
const BATCH_BYTES = 1e6;
/** What is on its way may still arrive while the node is closed, ms. */
const LAST_WAIT = 2000;
/** After an error of the store, ms. */
const STORE_PAUSE = 500;
/** Of a session that was cut, what was on its way is settled within this, ms. */
const CUT_WAIT = 2000;
/** Longest time without an acknowledgement: on a slow line a large record takes long. */
const LONGEST_SILENCE = 600_000;
/** A record that has failed so often at the head goes alone: it may be what ends the session each time. */
const ALONE_AFTER = 2;

/**
 * Takes records from an outbox to a target, oldest first. A record that may be sent again is, and all after it once
 * more: so the order of each meter's records is kept, and a repetition has the same id. It owns the time: where nothing
 * is acknowledged the session is cut, and each time in a row it is given twice as long.
 */
export class Courier {
  private position: number;
  private readonly flights: Flight[] = [];
  private readonly attempts = new Map<number, number>();
  private failures = 0;
  /** Sessions cut in a row because nothing was acknowledged. */
  private silences = 0;
  /** The record that failed last, and how often in a row. */
  private stuck = { seq: -1, times: 0 };
  private trouble: Trouble | undefined;
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

  /** The line is away, which its target says itself: what was said of the session before is over. */
  lineIsAway(): void {
    if (this.trouble?.kind !== 'refused') this.report(undefined);
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
          const left = head && this.silence(head);
          if (left === undefined || left > 0) await this.sleep(left);
          else await this.cut();
          continue;
        }
        this.flights.shift();
        // What is behind it was waiting for it.
        if (this.flights[0]) this.flights[0].heard = Math.max(this.flights[0].heard, head.heard);
        const retry = await this.land(head);
        if (retry) await this.goBack(head, retry);
      } catch {
        // The store is opened anew, or cannot be read for now: all begins again with what is oldest then.
        await this.drain();
        this.flights.splice(0);
        this.position = this.outbox.first;
        await this.sleep(STORE_PAUSE);
      }
    }
  }

  /** Sends as much as may be on its way at once. */
  private async fill(): Promise<void> {
    const alone = this.stuck.times >= ALONE_AFTER;
    const [pipeline, records] = alone ? [1, 1] : [this.target.pipeline, this.batch];
    while (!this.paused && !this.stopped && this.target.ready && this.flights.length < pipeline) {
      if (this.position >= this.outbox.next) return;
      const { envelopes, to } = await this.outbox.read(this.position, { records, bytes: BATCH_BYTES });
      if (this.stopped) return;
      const flight: Flight = { envelopes, to, sent: Promise.resolve(), heard: performance.now() };
      // Where all of them were lost there is nothing to send.
      if (envelopes.length === 0) flight.outcomes = [];
      else {
        const heard = () => {
          flight.heard = performance.now();
        };
        flight.sent = this.target.send(envelopes, this.how, heard).then((outcomes) => {
          flight.outcomes ??= outcomes;
          this.look();
        });
      }
      this.flights.push(flight);
      this.position = to;
    }
  }

  /** ms that may yet pass before the oldest flight is given up. */
  private silence({ heard }: Flight): number {
    const patience = Math.min(LONGEST_SILENCE, this.target.patience * 2 ** this.silences);
    return heard + patience - performance.now();
  }

  /** Nothing is acknowledged: the session is cut, and what is on its way counts as not arrived. */
  private async cut(): Promise<void> {
    const [head] = this.flights;
    const seconds = (performance.now() - head.heard) / 1000;
    const error = `nothing was acknowledged for ${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
    this.silences++;
    this.report({ kind: 'silent', error });
    this.target.cut(error);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CUT_WAIT);
    });
    await Promise.race([Promise.all(this.flights.map(({ sent }) => sent)), late, this.end]);
    clearTimeout(timer);
    for (const flight of this.flights) flight.outcomes ??= all(flight.envelopes, { state: 'retry', error });
  }

  private report(trouble: Trouble | undefined): void {
    if (trouble?.kind === this.trouble?.kind) return;
    this.trouble = trouble;
    this.listener.trouble(trouble);
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
        this.listener.rejected(outcome.error);
      } else this.counters.delivered++;
      const error = outcome.state === 'rejected' ? outcome.error : undefined;
      settled.push([envelope, outcome.state, (this.attempts.get(envelope.seq) ?? 0) + 1, error]);
      this.attempts.delete(envelope.seq);
    }
    this.outbox.settle(envelopes.slice(0, n), retry ? envelopes[n].seq : to);
    for (const one of settled) this.listener.settled(...one);
    if (n > 0) {
      this.failures = 0;
      this.silences = 0;
      this.stuck = { seq: -1, times: 0 };
    }
    if (n > 0 && !retry) this.report(undefined);
    return retry;
  }

  private async goBack({ envelopes, outcomes = [] }: Flight, retry: Outcome & { state: 'retry' }) {
    // Those behind are let to their end: only then is it known that they are not on their way any more.
    await this.drain();
    const behind = this.flights.splice(0);
    const first = outcomes.findIndex(({ state }) => state === 'retry');
    // What was dropped meanwhile is never settled here.
    for (const seq of this.attempts.keys()) if (seq < this.outbox.first) this.attempts.delete(seq);
    for (const { seq } of [...envelopes.slice(first), ...behind.flatMap((flight) => flight.envelopes)]) {
      this.attempts.set(seq, (this.attempts.get(seq) ?? 0) + 1);
    }
    const { seq } = envelopes[first];
    this.stuck = { seq, times: seq === this.stuck.seq ? this.stuck.times + 1 : 1 };
    this.position = seq;
    this.counters.retries++;
    this.failures++;
    // A session that we cut ourselves ends with words of ours.
    if (this.trouble?.kind !== 'silent' || retry.refused) {
      this.report({ kind: retry.refused ? 'refused' : 'failed', error: retry.error });
    }
    // A target that is away says itself when it is back.
    if (!this.target.ready) return;
    this.hurry = false;
    await this.rest(Math.max(retry.after ?? 0, growingPause(PAUSE, this.failures)));
    while (retry.refused && !this.stopped && !(await this.admitted())) {
      this.failures++;
      this.hurry = false;
      await this.rest(growingPause(PAUSE, this.failures));
    }
  }

  /** Waits for what is on its way, as long as something of it is still heard of. */
  private async drain(): Promise<void> {
    const [oldest] = this.flights;
    while (!this.stopped && this.flights.some(({ outcomes }) => !outcomes)) {
      oldest.heard = Math.max(...this.flights.map(({ heard }) => heard));
      const left = this.silence(oldest);
      if (left <= 0) return await this.cut();
      this.awake = false;
      if (this.flights.some(({ outcomes }) => !outcomes)) await this.sleep(left);
    }
  }

  /** Whether a target that has refused us lets us in now, as far as it can be asked without sending it records. */
  private async admitted(): Promise<boolean> {
    if (!this.target.probe || this.paused) return true;
    const ended = this.end.then((): Outcome => ({ state: 'delivered' }));
    const answer = await Promise.race([this.target.probe(), ended]);
    return answer.state !== 'retry' || !answer.refused;
  }

  /** A pause that an impatient operator can end. */
  private async rest(ms: number): Promise<void> {
    const until = performance.now() + ms;
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
