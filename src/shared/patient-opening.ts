import { growingPause } from './growing-pause';

const PAUSE = { first: 1000, growth: 2, longest: 60_000, jitter: 0.3 };

/**
 * Something that opens in the background and may not open yet, as a store on a full disk: it is tried again, with
 * growing pauses, until it opens or {@link close} ends it.
 */
export class PatientOpening<T> {
  private value: T | undefined;
  private error: Error | undefined;
  private closed = false;
  private timer: NodeJS.Timeout | undefined;
  private failures = 0;
  private trying: Promise<void>;
  private succeed: (value: T) => void = () => {};
  /** Resolves when it is open, however long that takes. */
  readonly whenOpen = new Promise<T>((resolve) => {
    this.succeed = resolve;
  });

  /**
   * @param open opens it; rejects with what keeps it from that
   * @param changed hears of that, each time another reason is given, and with undefined when it is open at last
   */
  constructor(
    private readonly open: () => Promise<T>,
    private readonly changed: (error: Error | undefined) => void = () => {},
  ) {
    this.trying = this.tryOnce();
  }

  /** What is open; undefined before. */
  get opened(): T | undefined {
    return this.value;
  }

  /**
   * Resolves when it is open; waits for the first try only.
   * @throws what keeps it from opening
   */
  async get(): Promise<T> {
    if (this.value === undefined && this.failures === 0) await this.trying;
    if (this.value !== undefined) return this.value;
    throw this.error ?? new Error('closed');
  }

  /** Tries no more; gives what is open. */
  async close(): Promise<T | undefined> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.trying;
    return this.value;
  }

  private async tryOnce(): Promise<void> {
    try {
      this.value = await this.open();
      this.succeed(this.value);
      const failed = this.error !== undefined;
      this.error = undefined;
      if (failed && !this.closed) this.changed(undefined);
    } catch (error) {
      const { message, cause } = error as Error & { cause?: unknown };
      const reason = cause instanceof Error ? `${message}: ${cause.message}` : message;
      const isNew = reason !== this.error?.message;
      this.error = new Error(reason, { cause: error });
      this.failures++;
      if (this.closed) return;
      if (isNew) this.changed(this.error);
      this.timer = setTimeout(
        () => {
          this.trying = this.tryOnce();
        },
        growingPause(PAUSE, this.failures),
      );
    }
  }
}
