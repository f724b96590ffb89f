/** Bursts that went well after which more at once are tried again. */
const PROVEN_BURSTS = 1000;

/**
 * How many requests the other side takes at once, found out by trying: twice as many after each burst that was
 * answered, one at a time after one that was not, and then no more than half of what failed, until many bursts have
 * gone well (as RFC 5681, 3.1, does it for a network whose room is not known).
 */
export class InFlight {
  private allowed = 1;
  private ceiling = Number.POSITIVE_INFINITY;
  private proven = 0;
  private failures = 0;

  /** Requests of the next burst. @param most what the wire carries */
  size(most: number): number {
    return Math.min(most, this.ceiling, this.allowed);
  }

  /** @param count requests of the burst, all answered. @param most what the wire carries */
  answered(count: number, most: number): void {
    if (count < this.size(most)) return;
    this.allowed = Math.min(most, 2 * this.allowed);
    if (this.ceiling >= most || ++this.proven < PROVEN_BURSTS * 2 ** this.failures) return;
    this.ceiling *= 2;
    this.proven = 0;
  }

  /** @param count requests of the burst, of which some had no answer */
  failed(count: number): void {
    if (count < 2) return;
    this.ceiling = Math.floor(count / 2);
    this.allowed = 1;
    this.proven = 0;
    this.failures = Math.min(this.failures + 1, 10);
  }
}
