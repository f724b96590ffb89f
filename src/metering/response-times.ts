/** Weights of a new response in mean and deviation (as in RFC 6298, 2.3). */
const MEAN_WEIGHT = 1 / 8;
const DEVIATION_WEIGHT = 1 / 4;
/** A probe waits at least so long, ms: less than any device needs is no test. */
const SHORTEST_PROBE = 100;
/** A first request waits at least so long, ms, where others wait for the line. */
const SHORTEST_FIRST = 120;
/** Probes wait for so many times what answers usually take. */
const PROBE_FACTOR = 4;
/** Every so many probes one waits for the whole timeout, for a device that is that slow. */
const WHOLE_EVERY = 16;

interface Unit {
  /** ms; 0 where it is not known. */
  mean: number;
  deviation: number;
  /** Requests without an answer since the last one that had one. */
  unanswered: number;
}

/**
 * How long answers take on one link, by unit: what is worth waiting for. A unit that answers is given
 * the whole timeout; one that has just been silent is only probed, for a few times what answers on this
 * link usually take, since every moment spent on it is taken from its neighbours. One whose answer came late is given
 * the time that it took.
 */
export class ResponseTimes {
  private readonly units = new Map<number, Unit>();
  private answering = 0;

  /** @param timeout the longest wait, ms */
  constructor(private readonly timeout: number) {}

  /** Units that were asked. */
  get size(): number {
    return this.units.size;
  }

  /** Some unit has answered its last request. */
  get someAnswer(): boolean {
    return this.answering > 0;
  }

  /**
   * ms that the next request to a unit may take.
   * @param isShared others wait for the line
   * @param patience of a gateway in between, ms, which takes no other request for so long
   */
  allowance(unit: number, isShared: boolean, patience = 0): number {
    const known = this.units.get(unit);
    if (!known && !isShared) return this.timeout;
    if (known && (known.unanswered === 0 || known.unanswered % WHOLE_EVERY === 0)) return this.timeout;
    const own = known && known.mean > 0 ? known.mean + 4 * known.deviation : 0;
    const usual = Math.max(own, this.slowest());
    const least = known ? SHORTEST_PROBE : SHORTEST_FIRST;
    return Math.min(this.timeout, Math.max(least, PROBE_FACTOR * usual, patience));
  }

  /** The unit has answered its last request. */
  isAnswering(unit: number): boolean {
    return this.units.get(unit)?.unanswered === 0;
  }

  /** Requests to a unit without an answer since the last one that had one. */
  silence(unit: number): number {
    return this.units.get(unit)?.unanswered ?? 0;
  }

  /** ms that an answer of a unit takes; undefined where it is not known. */
  usual(unit: number): number | undefined {
    return this.units.get(unit)?.mean || undefined;
  }

  /** @param ms the answer took; undefined where something else made it wait */
  answered(unit: number, ms: number | undefined): void {
    const known = this.unit(unit);
    if (known.unanswered > 0) {
      known.unanswered = 0;
      this.answering++;
    }
    if (ms !== undefined) this.learn(known, ms);
  }

  /** An answer came so many ms after its question, when it had been given up. */
  late(unit: number, ms: number): void {
    const known = this.unit(unit);
    known.mean = Math.max(known.mean, ms);
    known.deviation = Math.max(known.deviation, ms / 4);
  }

  unanswered(unit: number): void {
    const known = this.unit(unit);
    if (known.unanswered === 0) this.answering--;
    known.unanswered++;
  }

  /** The unit, as one that answers where it is new. */
  private unit(unit: number): Unit {
    let known = this.units.get(unit);
    if (!known) {
      known = { mean: 0, deviation: 0, unanswered: 0 };
      this.units.set(unit, known);
      this.answering++;
    }
    return known;
  }

  private learn(known: Unit, ms: number): void {
    if (known.mean === 0) {
      known.mean = ms;
      known.deviation = ms / 2;
      return;
    }
    known.deviation += DEVIATION_WEIGHT * (Math.abs(ms - known.mean) - known.deviation);
    known.mean += MEAN_WEIGHT * (ms - known.mean);
  }

  /** ms that the slowest of those that answer usually takes, with its deviation. */
  private slowest(): number {
    let slowest = 0;
    for (const { mean, deviation, unanswered } of this.units.values()) {
      if (unanswered === 0) slowest = Math.max(slowest, mean + 4 * deviation);
    }
    return slowest;
  }
}
