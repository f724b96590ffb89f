import type { Power, Reading, Rms, Values } from '../record';
import { CHANNELS, Interval, LAST_ORDER, THD_TO } from './interval';
import { INTERVAL_MS } from './settings';

const PHASE = ['va', 'vb', 'vc'] as const;
const LINE = ['vab', 'vbc', 'vca'] as const;

/**
 * Sums of the squares of harmonics by channel and order, over the windows of ten minutes. An order that a window does not
 * have, since the meter samples too slowly for it, is not measured there: that is not 0.
 */
class HarmonicSums {
  private readonly squares = Array.from({ length: CHANNELS }, () => new Float64Array(THD_TO + 1));
  /** Squares of the fundamental in the windows that have the order. */
  private readonly beside = Array.from({ length: CHANNELS }, () => new Float64Array(THD_TO + 1));

  add({ harmonics, window = 0 }: Power): void {
    if (!(window > 0)) return;
    const names = channelsOf(harmonics);
    if (!names) return;
    names.forEach((name, channel) => {
      const orders = harmonics[name] ?? [];
      const [squares, beside] = [this.squares[channel], this.beside[channel]];
      for (let order = 1; order <= THD_TO && order < orders.length; order++) {
        squares[order] += orders[order] ** 2 * window;
        beside[order] += orders[1] ** 2 * window;
      }
    });
  }

  /** Writes RMS over the ten minutes in percent of the fundamental; NaN where an order was not measured. */
  into(interval: Interval): void {
    this.squares.forEach((squares, channel) => {
      const beside = this.beside[channel];
      if (!(squares[1] > 0)) return;
      let total = 0;
      let last = 1;
      const harmonics = interval.harmonics(channel);
      for (let order = 2; order <= THD_TO && beside[order] > 0; order++) {
        const square = squares[order] / beside[order];
        total += square;
        last = order;
        if (order <= LAST_ORDER) harmonics[order - 2] = 100 * Math.sqrt(square);
      }
      if (last === 1) return;
      interval.thd[channel] = 100 * Math.sqrt(total);
      interval.thdTo = Math.min(interval.thdTo ?? last, last);
    });
  }
}

/** Means of what meters without a waveform give. */
class ReadingSums {
  private readonly sums = new Float64Array(2 * CHANNELS);
  private readonly counts = new Float64Array(2 * CHANNELS);

  add(values: Values): void {
    const names = channelsOf(values) ?? PHASE;
    names.forEach((name, channel) => {
      this.put(channel, (values[name as keyof Values] ?? Number.NaN) ** 2);
      this.put(CHANNELS + channel, values[`thd_${name}` as keyof Values] ?? Number.NaN);
    });
  }

  into(interval: Interval): void {
    for (let channel = 0; channel < CHANNELS; channel++) {
      const { sums, counts } = this;
      const thd = CHANNELS + channel;
      if (Number.isNaN(interval.voltages[channel]) && counts[channel] > 0) {
        interval.voltages[channel] = Math.sqrt(sums[channel] / counts[channel]);
        interval.coverage = Math.max(interval.coverage, 1);
      }
      if (Number.isNaN(interval.thd[channel]) && counts[thd] > 0)
        interval.thd[channel] = sums[thd] / counts[thd];
    }
  }

  private put(at: number, value: number): void {
    if (!Number.isFinite(value)) return;
    this.sums[at] += value;
    this.counts[at]++;
  }
}

/** The ten minutes of a meter that are under way. */
export class Gathering {
  private readonly interval: Interval;
  private readonly harmonics = new HarmonicSums();
  private readonly readings = new ReadingSums();

  constructor(number: number) {
    this.interval = Interval.empty(number);
  }

  get number(): number {
    return this.interval.number;
  }

  addRms({ window, values, flagged, coverage }: Rms, nominalFrequency: number): void {
    const { interval } = this;
    if (window === '10-s') {
      if (typeof values.f === 'number') interval.addFrequency(values.f, nominalFrequency);
      return;
    }
    if (window !== '10-min') return;
    const names = channelsOf(values) ?? PHASE;
    names.forEach((name, channel) => {
      const value = values[name as keyof Values];
      if (typeof value === 'number') interval.voltages[channel] = value;
    });
    const { u2 } = values as { u2?: unknown };
    if (typeof u2 === 'number') interval.unbalance = u2;
    if (flagged) interval.flag();
    interval.coverage = coverage ?? 1;
  }

  addPower(power: Power): void {
    this.harmonics.add(power);
  }

  addReading({ values, quality }: Reading): void {
    if (quality !== 'bad') this.readings.add(values);
  }

  flag(): void {
    this.interval.flag();
  }

  /** What was gathered, as it stands. */
  result(): Interval {
    const result = Interval.decode(this.interval.number, this.interval.encode());
    this.harmonics.into(result);
    this.readings.into(result);
    return result;
  }
}

/** Names of the three voltages, to neutral or, where there are none, between lines. */
function channelsOf(values: object): readonly string[] | undefined {
  if (PHASE.some((name) => name in values)) return PHASE;
  return LINE.some((name) => name in values) ? LINE : undefined;
}

/**
 * Number of the ten minutes that something falls into.
 * @param time of its end, ms: what ends on the boundary belongs to the ten minutes before
 */
export function intervalOf(time: number): number {
  return Math.ceil(time / INTERVAL_MS) - 1;
}
