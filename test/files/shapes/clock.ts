import type { Dice } from './dice';
import type { Fault } from './faults';
import { endOf, type Layout, type Section } from './sections';
import type { Revision } from './writer';

/** How a record tells the time of its samples. */
export interface Clock {
  /** One line for all, one for each section, or 0: by the stamps alone. */
  rates: 'one' | 'each' | 'none';
  stamps: 'true' | 'missing' | 'random';
  /** 1e-6 or 1e-9 s. */
  unit: number;
  multiplier: number;
  /** Stamps are whole milliseconds. */
  isCoarse: boolean;
  first: 'zero' | 'positive' | 'negative' | 'wraps';
}

const COUNTER = 2 ** 32;

export function drawClock(
  dice: Dice,
  {
    revision,
    isAscii,
    layout,
    rate,
    fault,
  }: { revision: Revision; isAscii: boolean; layout: Layout; rate: number; fault?: Fault },
): Clock {
  const hasGaps = layout === 'gaps' || layout === 'slow';
  const isPlain = layout === 'one' || layout === 'gaps';
  let stamps: Clock['stamps'] = !hasGaps && dice.chance(0.12) ? 'missing' : 'true';
  let rates: Clock['rates'] = dice.chance(0.25) ? 'none' : isPlain && dice.chance(0.7) ? 'one' : 'each';
  if (fault === 'no clock') [stamps, rates] = ['missing', 'none'];
  else if (fault === 'random stamps') [stamps, rates] = ['random', dice.pick(['one', 'none'])];
  else if (stamps === 'missing' && rates === 'none') rates = isPlain ? 'one' : 'each';
  const unit = revision === 2013 && dice.chance(0.3) ? 1e-9 : 1e-6;
  // Ticks stay finer than the samples.
  const isRoomy = unit * 100 < 0.2 / (rate * 4);
  const multiplier = revision > 1991 && isRoomy && dice.chance(0.25) ? dice.pick([10, 100]) : 1;
  const isLegible = rates !== 'none' || (isPlain && rate <= 3000);
  const isCoarse = unit === 1e-6 && multiplier === 1 && isLegible && dice.chance(0.15);
  const first = dice.pick([
    'zero',
    'zero',
    'zero',
    'positive',
    'wraps',
    isAscii ? 'negative' : 'zero',
  ] as const);
  return { rates, stamps, unit, multiplier, isCoarse, first };
}

/** Times of all samples, s from the first one. */
export function timesOf(sections: Section[]): Float64Array {
  return Float64Array.from(
    sections.flatMap(({ time, rate, count }) => Array.from({ length: count }, (_, n) => time + n / rate)),
  );
}

/** The stamp of each sample as it is stored, beginning at `zero` s where the first one is negative. */
export function stampsOf(
  dice: Dice,
  clock: Clock,
  times: Float64Array,
  beforeTrigger: number,
  isAscii: boolean,
): number[] | undefined {
  const { unit, multiplier, isCoarse, first, stamps } = clock;
  if (stamps === 'missing') return undefined;
  if (stamps === 'random') return Array.from(times, () => dice.whole(0, 4_000_000_000));
  const tick = unit * multiplier;
  const ticksOf = (t: number) => (isCoarse ? 1000 * Math.floor(t * 1000 + 1e-6) : Math.round(t / tick));
  const span = ticksOf(times[times.length - 1]);
  const zero = {
    zero: 0,
    positive: dice.whole(1, 100_000_000),
    negative: -ticksOf(beforeTrigger),
    wraps: COUNTER - Math.max(1, Math.round(span * dice.between(0.1, 0.9))),
  }[first];
  const isCounter = !isAscii || first === 'wraps';
  return Array.from(times, (t) => (isCounter ? (zero + ticksOf(t)) % COUNTER : zero + ticksOf(t)));
}

/** Rates as the header has them, with the number of the last sample at each. */
export function headerRates(
  clock: Clock,
  sections: Section[],
  offBy: number,
): { rate: string; end: number }[] {
  const total = sections.reduce((sum, { count }) => sum + count, 0) + offBy;
  if (clock.rates === 'none') return [{ rate: '0', end: total }];
  const text = (rate: number) => String(Number(rate.toFixed(4)));
  if (clock.rates === 'one') return [{ rate: text(sections[0].rate), end: total }];
  let end = 0;
  return sections.map(({ rate, count }, i) => {
    end += count;
    return { rate: text(rate), end: i === sections.length - 1 ? total : end };
  });
}

/** A pause of the recorder: the first sample after it, and the seconds without samples. */
export interface Gap {
  sample: number;
  seconds: number;
}

export function gapsOf(sections: Section[]): Gap[] {
  let sample = 0;
  return sections.flatMap((section, i) => {
    const seconds = i === 0 ? 0 : section.time - endOf(sections[i - 1]);
    const gap = { sample, seconds };
    sample += section.count;
    return seconds > 1e-9 ? [gap] : [];
  });
}
