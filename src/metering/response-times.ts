/** Weights of a new response in mean and deviation (as in RFC 6298, 2.3). */
const MEAN_WEIGHT = 1 / 8;
const DEVIATION_WEIGHT = 1 / 4;
/** A probe waits at least so long, ms: less than any device needs is no test. */
const SHORTEST_PROBE = 100;
/** A first request waits at least so long, ms. */
const SHORTEST_FIRST = 250;
/** Every so many probes one waits for the whole timeout, for a device that is that slow. */
const WHOLE_EVERY = 16;

interface Unit {
  mean: number;
  deviation: number;
  /** Requests without an answer since the last one that had one. */
  unanswered: number;
}

/**
 * How long answers take on one link, by unit: what is worth waiting for. A unit that answers is given
 * the whole timeout; one that has just been silent is only probed, for a few times what answers on this
 * link usually take, since every moment spent on it is taken from its neighbours.
 */
export class ResponseTimes {
  private readonly units = new Map<number, Unit>();
  private slowest = 0;

  /** @param timeout the longest wait, ms */
  constructor(private readonly timeout: number) {}

  /**
   * ms that the next request to a unit may take.
   * @param busy the line may still be taken up by a request that was given up
   */
  allowance(unit: number, busy: boolean): number {
    const known = this.units.get(unit);
    if (!known) {
      // Not heard of yet, while others answer: if it is there it will not be many times slower.
      if (busy || this.slowest === 0) return this.timeout;
      return Math.min(this.timeout, Math.max(SHORTEST_FIRST, 8 * this.slowest));
    }
    if (known.unanswered === 0 || known.unanswered % WHOLE_EVERY === 0) return this.timeout;
    const usual = Math.max(known.mean + 4 * known.deviation, this.slowest);
    return Math.min(this.timeout, Math.max(SHORTEST_PROBE, 4 * usual));
  }

  /** The unit has answered its last request. */
  isAnswering(unit: number): boolean {
    return this.units.get(unit)?.unanswered === 0;
  }

  /** @param ms the answer took; undefined where something else made it wait */
  answered(unit: number, ms: number | undefined): void {
    const known = this.units.get(unit);
    if (ms === undefined) {
      if (known) known.unanswered = 0;
      else this.units.set(unit, { mean: 0, deviation: 0, unanswered: 0 });
      return;
    }
    if (!known || known.mean === 0) {
      this.units.set(unit, { mean: ms, deviation: ms / 2, unanswered: 0 });
    } else {
      known.deviation += DEVIATION_WEIGHT * (Math.abs(ms - known.mean) - known.deviation);
      known.mean += MEAN_WEIGHT * (ms - known.mean);
      known.unanswered = 0;
    }
    this.slowest = Math.max(...[...this.units.values()].map(({ mean, deviation }) => mean + 4 * deviation));
  }

  unanswered(unit: number): void {
    const known = this.units.get(unit);
    if (known) known.unanswered++;
    else this.units.set(unit, { mean: 0, deviation: 0, unanswered: 1 });
  }
}
