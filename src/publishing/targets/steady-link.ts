import { growingPause } from '../../shared';
import type { TargetListener, TargetState } from './target';

/** One connection, from the moment it is usable. */
export interface Session {
  /** Resolves with the reason when it is over; an empty one where that was meant. */
  readonly ended: Promise<string>;
  close(): Promise<void>;
}

/** A farewell may take this long, ms. */
const GOODBYE = 1500;
const PAUSE = { first: 500, growth: 2, longest: 30_000, jitter: 0.3 };

/** A connection that is made again after it was lost, for ever, with growing pauses. */
export class SteadyLink<S extends Session> {
  session: S | undefined;
  private closing = false;
  private failures = 0;
  private lastReason = '';
  private wake: () => void = () => {};
  private readonly running: Promise<void>;
  state: TargetState = 'connecting';

  /**
   * @param dial makes a connection, and resolves when it is usable; rejects with an error that holds no secret
   * @param listener hears how it stands
   */
  constructor(
    private readonly dial: (aborted: AbortSignal) => Promise<S>,
    private readonly listener: TargetListener,
  ) {
    this.running = this.run();
  }

  private readonly abort = new AbortController();

  /** Ends the connection and tries no more. */
  async close(): Promise<void> {
    this.closing = true;
    this.wake();
    const closed = this.session?.close();
    if (closed) await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, GOODBYE).unref())]);
    this.abort.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    // Listeners are told of the first state after the constructor has returned.
    await Promise.resolve();
    while (!this.closing) {
      this.tell(this.failures > 0 ? 'disconnected' : 'connecting');
      try {
        const session = await this.dial(this.abort.signal);
        if (this.closing) {
          await session.close();
          break;
        }
        this.session = session;
        const since = performance.now();
        this.lastReason = '';
        this.tell('connected');
        const reason = await session.ended;
        this.session = undefined;
        // One that is lost at once is as good as none.
        this.failures = performance.now() - since > PAUSE.first ? 1 : this.failures + 1;
        if (!this.closing) {
          this.tell('disconnected');
          if (reason) this.failed(reason);
        }
        await session.close();
      } catch (error) {
        this.failures++;
        if (!this.closing) {
          this.tell('disconnected');
          this.failed((error as Error).message);
        }
      }
      if (!this.closing) await this.pause(growingPause(PAUSE, this.failures));
    }
  }

  private tell(state: TargetState): void {
    if (state === this.state && state !== 'connecting') return;
    this.state = state;
    this.listener.state(state);
  }

  private failed(reason: string): void {
    if (reason !== this.lastReason) this.listener.failed(reason);
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
