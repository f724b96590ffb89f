import type { PqEvent } from '../record';
import { CHANNELS, type Interval, LAST_ORDER, THD_TO } from './interval';
import { WEEK_MS } from './settings';

/** One requirement of EN 50160 and how the week stood against it. */
export interface Verdict {
  /** `voltage`, `voltage-extreme`, `frequency`, `frequency-extreme`, `unbalance`, `thd`, `h2` ... `h25`. */
  quantity: string;
  /** Smallest and largest value allowed, in `unit`. */
  min?: number;
  max: number;
  unit: 'V' | 'Hz' | '%';
  /** Part of the values that must keep to it, percent. */
  required: number;
  /** Part that did; undefined where nothing was measured. */
  found?: number;
  /** The worst value, and of the harmonics and voltages its channel, 0 to 2. */
  worst?: number;
  channel?: number;
  /** Values judged. */
  count: number;
  /** Undefined where nothing was measured, or not what the standard asks: then `insufficient` says why. */
  passed?: boolean;
  /** THD was measured to this order only; the standard asks it to order 40. */
  insufficient?: { toOrder: number };
}

/** Dips and swells by the cells of the tables 2 and 5, interruptions by their length, rapid changes. */
export interface EventTally {
  cells: Record<string, number>;
  shortInterruptions: number;
  longInterruptions: number;
  rapidChanges: number;
}

export interface WeekAssessment {
  meter: string;
  /** ms since 1970. */
  from: number;
  to: number;
  /** Ten-minute intervals with values, of 1008; those that are flagged and so not judged (IEC 61000-4-30, 4.7). */
  intervals: number;
  flagged: number;
  verdicts: Verdict[];
  events: EventTally;
  /** All that could be judged keeps to its limit; undefined where nothing could. */
  passed?: boolean;
}

/** Individual limits, percent of the fundamental (EN 50160:2010, table 1): the same table as the calculator's. */
export type HarmonicLimit = (order: number) => number | undefined;

export interface AssessmentOptions {
  /** V and Hz. */
  nominal: number;
  frequency: number;
  limit: HarmonicLimit;
}

const LONG_INTERRUPTION = 180;

/**
 * A week of low-voltage supply against EN 50160:2010, 4.2 and 4.3. Flicker is not measured. The standard asks 99.5 %
 * of a year of the frequency; here it is judged over the week.
 * @param intervals ten minutes each, in order
 * @param events that began in the week
 */
export function assessWeek(
  meter: string,
  from: number,
  intervals: readonly Interval[],
  events: readonly PqEvent[],
  { nominal, frequency, limit }: AssessmentOptions,
): WeekAssessment {
  const measured = intervals.filter(({ coverage, thd }) => coverage > 0 || thd.some(isNumber));
  const judged = measured.filter(({ flagged }) => !flagged);
  const perChannel = (pick: (interval: Interval) => Float32Array) =>
    judged.flatMap((interval) => [...pick(interval)].map((value, channel) => ({ value, channel })));
  const voltages = perChannel(({ voltages: found }) => found);
  const verdicts = [
    // 4.2.2.2: 95 % of the means within 10 %, all within +10 % and -15 %.
    within('voltage', voltages, 'V', 95, 1.1 * nominal, 0.9 * nominal, nominal),
    within('voltage-extreme', voltages, 'V', 100, 1.1 * nominal, 0.85 * nominal, nominal),
    ...ofFrequency(intervals, frequency),
    within(
      'unbalance',
      judged.map(({ unbalance }) => ({ value: unbalance })),
      '%',
      95,
      2,
    ),
    ofThd(
      within(
        'thd',
        perChannel(({ thd }) => thd),
        '%',
        95,
        8,
      ),
      judged,
    ),
  ];
  for (let order = 2; order <= LAST_ORDER; order++) {
    const max = limit(order);
    if (max === undefined) continue;
    const values = judged.flatMap((interval) =>
      Array.from({ length: CHANNELS }, (_, channel) => ({
        value: interval.harmonics(channel)[order - 2],
        channel,
      })),
    );
    verdicts.push(within(`h${order}`, values, '%', 95, max));
  }
  const known = verdicts.filter(({ passed }) => passed !== undefined);
  return {
    meter,
    from,
    to: from + WEEK_MS,
    intervals: measured.length,
    flagged: measured.length - judged.length,
    verdicts,
    events: tally(events),
    ...(known.length && { passed: known.every(({ passed }) => passed) }),
  };
}

/** THD of fewer orders than the standard asks can show that the limit is not kept, never that it is. */
function ofThd(verdict: Verdict, intervals: readonly Interval[]): Verdict {
  const orders = intervals.flatMap(({ thd, thdTo }) =>
    thdTo !== undefined && thd.some(isNumber) ? [thdTo] : [],
  );
  const toOrder = Math.min(THD_TO, ...orders);
  if (toOrder === THD_TO || !verdict.passed) return verdict;
  const { passed: _, ...rest } = verdict;
  return { ...rest, insufficient: { toOrder } };
}

interface Value {
  value: number;
  channel?: number;
}

/** How many values lie within limits; each channel must keep to them by itself, so the worst one counts. */
function within(
  quantity: string,
  values: readonly Value[],
  unit: Verdict['unit'],
  required: number,
  max: number,
  min?: number,
  middle = 0,
): Verdict {
  const verdict: Verdict = { quantity, max, unit, required, count: 0, ...(min !== undefined && { min }) };
  const kept = new Map<number, [good: number, all: number]>();
  let farthest = -1;
  for (const { value, channel } of values) {
    if (!isNumber(value)) continue;
    verdict.count++;
    const counts = kept.get(channel ?? -1) ?? [0, 0];
    counts[1]++;
    if (value <= max && value >= (min ?? Number.NEGATIVE_INFINITY)) counts[0]++;
    kept.set(channel ?? -1, counts);
    if (Math.abs(value - middle) <= farthest) continue;
    farthest = Math.abs(value - middle);
    verdict.worst = value;
    if (channel !== undefined) verdict.channel = channel;
  }
  if (verdict.count === 0) return verdict;
  verdict.found = Math.min(...[...kept.values()].map(([good, all]) => (100 * good) / all));
  verdict.passed = verdict.found >= required;
  return verdict;
}

/** 4.2.1: 50 Hz ± 1 % during 99.5 %, + 4 % / - 6 % during 100 % of the ten-second values. */
function ofFrequency(intervals: readonly Interval[], nominal: number): Verdict[] {
  let [count, near, wide] = [0, 0, 0];
  let worst: number | undefined;
  for (const { frequency } of intervals) {
    count += frequency.count;
    near += frequency.near;
    wide += frequency.wide;
    for (const value of [frequency.min, frequency.max]) {
      if (isNumber(value) && (worst === undefined || Math.abs(value - nominal) > Math.abs(worst - nominal)))
        worst = value;
    }
  }
  const verdict = (quantity: string, required: number, good: number, low: number, high: number): Verdict => ({
    quantity,
    min: low * nominal,
    max: high * nominal,
    unit: 'Hz',
    required,
    count,
    ...(count > 0 && { found: (100 * good) / count, worst, passed: (100 * good) / count >= required }),
  });
  return [verdict('frequency', 99.5, near, 0.99, 1.01), verdict('frequency-extreme', 100, wide, 0.94, 1.04)];
}

function tally(events: readonly PqEvent[]): EventTally {
  const result: EventTally = { cells: {}, shortInterruptions: 0, longInterruptions: 0, rapidChanges: 0 };
  for (const { type, category, duration, state } of events) {
    if (state !== 'end') continue;
    if (type === 'rvc') result.rapidChanges++;
    else if (type === 'interruption') {
      if (duration > LONG_INTERRUPTION) result.longInterruptions++;
      else result.shortInterruptions++;
    }
    // A dip that holds an interruption is in the table by itself.
    if (category.en50160 && type !== 'interruption')
      result.cells[category.en50160] = (result.cells[category.en50160] ?? 0) + 1;
  }
  return result;
}

function isNumber(value: number): boolean {
  return Number.isFinite(value);
}
