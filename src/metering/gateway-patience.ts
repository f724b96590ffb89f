/** A gateway waits at least so long for a device, ms. */
const SHORTEST = 100;
/** An answer is late by more than this, ms, and this part of the time waited: the gateway was still busy. */
const LATE = 50;
const LATE_PART = 0.2;
/** Probes without any delay behind them after which a shorter time is tried, doubled each time that was too short. */
const FIRST_TRIES = 3;
const MOST_TRIES = 64;
const SHORTER = 0.8;

/**
 * How long a gateway waits for a unit that does not answer, measured by how late the next answer comes. Until then it
 * takes no other request, and who asks sooner only fills its queue.
 */
export class GatewayPatience {
  /** ms */
  value: number;
  private quiet = 0;
  private tries = FIRST_TRIES;

  /** @param timeout of the link, ms: what a gateway is taken for at first */
  constructor(private readonly timeout: number) {
    this.value = timeout;
  }

  /**
   * An answer came to the first request behind one that had none.
   * @param waited ms from the request without an answer to this one
   * @param excess ms that its answer took longer than usual
   */
  observe(waited: number, excess: number): void {
    if (excess > Math.max(LATE, LATE_PART * waited)) {
      this.value = Math.min(waited + excess, 4 * this.timeout);
      this.quiet = 0;
      this.tries = Math.min(2 * this.tries, MOST_TRIES);
    } else if (++this.quiet >= this.tries) {
      this.quiet = 0;
      this.value = Math.max(SHORTEST, SHORTER * Math.min(this.value, waited));
    }
  }
}
