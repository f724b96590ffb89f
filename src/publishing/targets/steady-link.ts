import { growingPause } from '../../shared';
import type { TargetListener, TargetState } from './target';
import { RefusedError } from './verdict';

/** One connection, from the moment it is usable. */
export interface Session {
  /** Resolves with the reason when it is over; an empty one where that was meant. */
  readonly ended: Promise<string>;
  close(): Promise<void>;
  /** Ends it at once, without a word to the other side. */
  cut(reason: string): void;
}

/** A farewell may take this long, ms. */
const GOODBYE = 1500;
const PAUSE = { first: 500, growth: 2, longest: 30_000, jitter: 0.3 };
/** To connect, log in and set up what is needed may take this long, ms. */
const DIAL = 20_000;
/** A session that lasted so long was a good one, ms. */
const GOOD = 30_000;

/** A connection that is made again after it was lost, for ever, with growing pauses. */
export class SteadyLink<S extends Session> {
  session: S | undefined;
  private closing = false;
  private failures = 0;
  private lastReason = '';
  private wake: () => void = () => {};
  private readonly running: Promise<void>;
  private abort = new AbortController();
  state: TargetState = 'connecting';

  /**
   * @param dial makes a connection, and resolves when it is usable; rejects with the reason
   * @param listener hears how it stands
   * @param within ms that `dial` may take
   */
  constructor(
    private readonly dial: (aborted: AbortSignal) => Promise<S>,
    private readonly listener: TargetListener,
    private readonly within = DIAL,
  ) {
    this.running = this.run();
  }

  /** Something was acknowledged: the session is a good one. */
  good(): void {
    this.failures = 0;
  }

  /** Ends the connection and tries no more. */
  async close(): Promise<void> {
    this.closing = true;
    this.wake();
    if (this.session) await farewell(this.session);
    this.abort.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    // Listeners are told of the first state after the constructor has returned.
    await Promise.resolve();
    while (!this.closing) {
      this.tell(this.failures > 0 ? 'disconnected' : 'connecting');
      try {
        const session = await this.dialInTime();
        if (this.closing) {
          await farewell(session);
          break;
        }
        this.session = session;
        const since = performance.now();
        this.lastReason = '';
        this.tell('connected');
        const reason = await session.ended;
        this.session = undefined;
        // One that is lost soon, with nothing acknowledged, counts as a failure.
        if (performance.now() - since > GOOD) this.failures = 0;
        this.failures++;
        if (!this.closing) {
          this.tell('disconnected');
          if (reason) this.failed(reason);
        }
        await farewell(session);
      } catch (error) {
        this.failures++;
        if (!this.closing) {
          this.tell('disconnected');
          this.failed((error as Error).message, error instanceof RefusedError);
        }
      }
      if (!this.closing) await this.pause(growingPause(PAUSE, this.failures));
    }
  }

  /** A server may take the connection and then say nothing for ever. */
  private async dialInTime(): Promise<S> {
    const abort = new AbortController();
    this.abort = abort;
    const dialed = this.dial(abort.signal);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new Error(`the other side set up no session within ${this.within / 1000} s`)),
        this.within,
      );
    });
    try {
      return await Promise.race([dialed, late]);
    } catch (error) {
      abort.abort();
      void dialed.then(
        (session) => session.cut(''),
        () => undefined,
      );
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  private tell(state: TargetState): void {
    if (state === this.state && state !== 'connecting') return;
    this.state = state;
    this.listener.state(state);
  }

  private failed(reason: string, refused = false): void {
    if (reason !== this.lastReason) this.listener.failed(reason, refused);
    this.lastReason = reason;
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Says goodbye; where that is not answered in time, the connection ends all the same. */
async function farewell(session: Session): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, GOODBYE);
  });
  await Promise.race([session.close().catch(() => undefined), late]);
  clearTimeout(timer);
  session.cut('');
}
