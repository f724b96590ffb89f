/**
 * So many may work at once; the others wait in the order in which they came. Who takes longer than was expected of him,
 * as a meter that does not answer, gives his place up and goes on beside it: bounded, too, since whoever finds no room
 * there keeps his place until there is some.
 */
export class Semaphore {
  private readonly queue: (() => void)[] = [];
  /** Those who would give their place up. */
  private readonly overdue = new Set<() => void>();

  /**
   * @param free places
   * @param beside how many may go on beside them
   */
  constructor(
    private free: number,
    private beside = 8 * free,
  ) {}

  /** @param expected ms after which the place is given up */
  async run<T>(work: () => Promise<T>, expected = Number.POSITIVE_INFINITY): Promise<T> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.queue.push(resolve));
    let isBeside = false;
    const stepAside = () => {
      this.overdue.add(stepAside);
      if (this.beside === 0) return;
      this.overdue.delete(stepAside);
      this.beside--;
      isBeside = true;
      this.release();
    };
    const timer = Number.isFinite(expected) ? setTimeout(stepAside, expected) : undefined;
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      this.overdue.delete(stepAside);
      if (isBeside) {
        this.beside++;
        const [next] = this.overdue;
        next?.();
      } else this.release();
    }
  }

  private release(): void {
    const next = this.queue.shift();
    if (next) next();
    else this.free++;
  }
}
