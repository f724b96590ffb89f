/** The clock of the stream is looked at again after so many ms at the latest: sample clocks drift. */
const LOOK_AGAIN = 10_000;

/** Finds where in a stream of samples the ticks of the clock lie. */
export class ClockTicks {
  /** Nothing to look at before this position. */
  private position = Number.NEGATIVE_INFINITY;
  private tick = Number.NaN;

  /** @param interval from tick to tick, ms; ticks lie at whole multiples since 1970 (UTC) */
  constructor(private readonly interval: number) {}

  /**
   * The tick that lies between the position asked for last and this one.
   * @param timeOf gives the time of a position, ms
   * @returns its time, ms; undefined where there is none
   */
  passed(position: number, rate: number, timeOf: (position: number) => number): number | undefined {
    if (position < this.position) return undefined;
    const now = timeOf(position);
    const { tick, interval } = this;
    if (!(now < tick)) this.tick = (Math.floor(now / interval) + 1) * interval;
    this.position = position + (Math.min(LOOK_AGAIN, this.tick - now) * rate) / 1000;
    return now >= tick ? tick : undefined;
  }
}
