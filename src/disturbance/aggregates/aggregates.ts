import type { QuantityName, Rms, RmsWindow, Values } from '../../record';

/** Measured part of an interval from which on it counts as whole. */
const WHOLE = 0.99;
/** 10/12-cycle values in a 150/180-cycle value. */
const SHORT_COUNT = 15;
export const TEN_MINUTES = 600_000;
const TWO_HOURS = 7_200_000;

/** One 10/12-cycle value. */
export interface Measured {
  values: Values;
  flagged: boolean;
  /** ms since 1970. */
  start: number;
  end: number;
}

/** Mean over an interval: of squares and then the root, of frequency the plain one (IEC 61000-4-30, 4.5.1). */
class Mean {
  private readonly sums = new Map<QuantityName, { sum: number; count: number }>();
  flagged = false;
  count = 0;
  /** ms that were measured. */
  measured = 0;

  add(values: Values, flagged: boolean, milliseconds: number): void {
    for (const name in values) {
      const quantity = name as QuantityName;
      const value = values[quantity] as number;
      const entry = this.sums.get(quantity) ?? { sum: 0, count: 0 };
      entry.sum += quantity === 'f' ? value : value * value;
      entry.count++;
      this.sums.set(quantity, entry);
    }
    this.flagged ||= flagged;
    this.count++;
    this.measured += milliseconds;
  }

  get values(): Values {
    const values: Values = {};
    for (const [name, { sum, count }] of this.sums) {
      values[name] = name === 'f' ? sum / count : Math.sqrt(sum / count);
    }
    return values;
  }
}

/** An interval of the clock that is being filled. */
interface Interval {
  mean: Mean;
  /** ms since 1970 of its end. */
  end: number;
}

/**
 * Values over longer times, made of the 10/12-cycle values of one meter (IEC 61000-4-30, 4.5): 150/180
 * cycles, begun anew at each 10-minute tick of the clock (UTC); 10 minutes from tick to tick; 2 hours of
 * twelve of those. Flagged where anything in them is. An interval that was not measured whole says which
 * part of it was (`coverage`); one that nothing was measured in is not reported.
 */
export class Aggregates {
  private short: Mean[] = [];
  private tenMinutes: Interval | undefined;
  private twoHours: Interval | undefined;

  constructor(
    private readonly meter: string,
    private readonly output: (rms: Rms) => void,
  ) {}

  /** The next 10/12-cycle value; one that lies over a tick belongs to the interval in which it began. */
  add({ values, flagged, start, end }: Measured): void {
    const interval = (Math.floor(start / TEN_MINUTES) + 1) * TEN_MINUTES;
    if (this.tenMinutes?.end !== interval) {
      this.endTenMinutes();
      this.tenMinutes = { mean: new Mean(), end: interval };
      // What was begun before the tick goes on until it is full, beside what begins now (4.5.2, overlap 2).
      this.short.push(new Mean());
    }
    this.tenMinutes.mean.add(values, flagged, end - start);
    if (this.short.length === 0) this.short.push(new Mean());
    for (const mean of this.short) mean.add(values, flagged, end - start);
    for (const mean of this.short.filter(({ count }) => count === SHORT_COUNT)) {
      this.emit('150-cycle', end, mean);
    }
    this.short = this.short.filter(({ count }) => count < SHORT_COUNT);
  }

  /** Samples are missing here: a value of 150/180 cycles that is not full is none. */
  break(): void {
    this.short = [];
  }

  private endTenMinutes(): void {
    if (!this.tenMinutes) return;
    const { mean, end } = this.tenMinutes;
    this.tenMinutes = undefined;
    this.emit('10-min', end, mean, TEN_MINUTES);
    const interval = Math.ceil(end / TWO_HOURS) * TWO_HOURS;
    if (this.twoHours && this.twoHours.end !== interval) this.endTwoHours();
    this.twoHours ??= { mean: new Mean(), end: interval };
    this.twoHours.mean.add(mean.values, mean.flagged, Math.min(mean.measured, TEN_MINUTES));
    if (end === interval) this.endTwoHours();
  }

  private endTwoHours(): void {
    if (!this.twoHours) return;
    this.emit('2-h', this.twoHours.end, this.twoHours.mean, TWO_HOURS);
    this.twoHours = undefined;
  }

  private emit(window: RmsWindow, time: number, mean: Mean, length?: number): void {
    const { meter } = this;
    const rms: Rms = { kind: 'rms', meter, time, window, values: mean.values, flagged: mean.flagged };
    const coverage = length === undefined ? 1 : mean.measured / length;
    if (coverage < WHOLE) rms.coverage = coverage;
    this.output(rms);
  }
}
