/** A piece of work of one unit; it never fails. */
type Work = () => Promise<void>;

/**
 * Work that waits for one line: units take turns, one piece each, so that a unit with much to do (or one
 * that is silent) delays the others by one piece and no more. Each unit's own pieces keep their order.
 */
export class FairQueue {
  private readonly lines = new Map<number, Work[]>();
  private busy = false;
  private count = 0;

  /** @param pause after each piece, ms */
  constructor(private readonly pause: number) {}

  /** Pieces that wait. */
  get length(): number {
    return this.count;
  }

  push(unit: number, work: Work): void {
    const line = this.lines.get(unit);
    if (line) line.push(work);
    else this.lines.set(unit, [work]);
    this.count++;
    if (!this.busy) void this.run();
  }

  private async run(): Promise<void> {
    this.busy = true;
    // Whoever pushes goes on first: what is pushed together is seen together.
    await undefined;
    for (let next = this.take(); next; next = this.take()) {
      await next();
      if (this.pause > 0) await new Promise((resolve) => setTimeout(resolve, this.pause));
    }
    this.busy = false;
  }

  /** The next unit's next piece; the unit goes to the back of the row. */
  private take(): Work | undefined {
    for (const [unit, line] of this.lines) {
      this.lines.delete(unit);
      const work = line.shift();
      if (line.length) this.lines.set(unit, line);
      if (!work) continue;
      this.count--;
      return work;
    }
    return undefined;
  }
}
