/** Share of a line's time for units that have not answered the last time, and for those never heard of. */
const SILENT_SHARE = 0.1;
const UNKNOWN_SHARE = 0.125;
/** Time without pauses, ms, and the part of it that is kept for units never heard of: they may be there. */
const CREDIT = 1500;
const RESERVE = 1200;

/** What the turns are measured by. */
export interface ProbedLine {
  /** ms that the line has spent on requests without an answer. */
  readonly silentTime: number;
  /** Somebody answers, whom the silent ones keep from it. */
  readonly isAnswering: boolean;
}

interface Turn {
  isUnknown: boolean;
  begin(): void;
}

/**
 * Turns of the units of one line that do not answer: one at a time, and with such pauses that all of them together cost
 * a tenth of the line's time, however many they are. Where nobody answers there is nobody to spare, and no pause.
 */
export class ProbeTurns {
  private readonly row: Turn[] = [];
  private isBusy = false;
  private timer: NodeJS.Timeout | undefined;
  /** ms that may be spent, as of `creditAt`. */
  private credit = CREDIT;
  private creditAt = performance.now();

  constructor(private readonly line: ProbedLine) {}

  /** Units that wait for their turn. */
  get length(): number {
    return this.row.length;
  }

  /**
   * Waits for a turn.
   * @param isUnknown the unit has not been heard of yet
   * @param given up where it is no longer wanted: the promise is then rejected
   * @returns what ends the turn; it must be called
   */
  async take(isUnknown: boolean, given: AbortSignal): Promise<() => void> {
    given.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const giveUp = () => {
        const at = this.row.indexOf(turn);
        if (at >= 0) this.row.splice(at, 1);
        reject(given.reason);
      };
      const turn: Turn = {
        isUnknown,
        begin: () => {
          given.removeEventListener('abort', giveUp);
          resolve();
        },
      };
      given.addEventListener('abort', giveUp, { once: true });
      this.row.push(turn);
      this.next();
    });
    const before = this.line.silentTime;
    return () => this.end(this.line.silentTime - before);
  }

  /** No turn begins any more. */
  close(): void {
    clearTimeout(this.timer);
    this.isBusy = true;
  }

  private next(): void {
    if (this.isBusy || this.timer || this.row.length === 0) return;
    const [share, least] = this.row[0].isUnknown ? [UNKNOWN_SHARE, 0] : [SILENT_SHARE, RESERVE];
    const now = performance.now();
    this.credit = Math.min(CREDIT, this.credit + share * (now - this.creditAt));
    this.creditAt = now;
    if (this.credit < least && this.line.isAnswering) {
      this.timer = setTimeout(
        () => {
          this.timer = undefined;
          this.next();
        },
        (least - this.credit) / share,
      ).unref();
      return;
    }
    this.isBusy = true;
    this.row.shift()?.begin();
  }

  private end(cost: number): void {
    this.isBusy = false;
    // What was spent while nobody answered is nobody's loss.
    if (this.line.isAnswering) this.credit -= cost;
    this.next();
  }
}
