/** Longest time that a record waits for others to share a sync with, ms. */
const GATHER = 10;
/** With so many they wait no longer. */
const MANY = 100;

/** What is to be written. */
export interface WriteSource {
  /** Records that wait. */
  waiting(): number;
  /** Whether there is anything to write. */
  pending(): boolean;
  /** Writes some of it; never rejects. */
  write(): Promise<void>;
}

/** One batch is written at a time; what comes meanwhile, or shortly before, shares the next. */
export class WriteTurns {
  private timer: NodeJS.Timeout | undefined;
  private immediate: NodeJS.Immediate | undefined;
  private turn: Promise<void> | undefined;
  private stopped = false;

  constructor(private readonly source: WriteSource) {}

  /** Something is to be written. */
  soon(): void {
    if (this.turn || this.stopped) return;
    if (this.source.waiting() >= MANY) {
      clearTimeout(this.timer);
      this.timer = undefined;
      this.immediate ??= setImmediate(() => {
        this.immediate = undefined;
        void this.now();
      });
      return;
    }
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.now();
    }, GATHER);
  }

  /** Resolves when all that is pending is written. */
  async now(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.turn) return await this.turn;
    if (!this.source.pending()) return;
    await this.take(async () => {
      while (this.source.pending() && !this.stopped) await this.source.write();
    });
  }

  /** Does something while no batch is written; rejects as it does. */
  async exclusively(action: () => Promise<void>): Promise<void> {
    while (this.turn) await this.turn;
    await this.take(action);
  }

  /** Writes what is pending, and then nothing more. */
  async stop(): Promise<void> {
    await this.now();
    this.stopped = true;
    await this.turn;
  }

  /** What comes while it lasts waits until it is over; only who asked for it hears of an error. */
  private async take(action: () => Promise<void>): Promise<void> {
    const done = action();
    this.turn = done
      .catch(() => undefined)
      .then(() => {
        this.turn = undefined;
        if (this.source.pending()) this.soon();
      });
    await done;
  }
}
