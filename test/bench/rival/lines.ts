import { median } from '../report';
import type { Seen } from './host';

/** One line of the table. */
export interface Line {
  what: string;
  /** Infinity: not once. */
  ours: number;
  theirs: number;
  better: 'more' | 'less';
  /** A difference that does not count, in the unit of the line. */
  tolerance?: number;
  /** The same as a part of the lower value: a tenth unless given. */
  part?: number;
  digits?: number;
  /** What is printed in place of the numbers. */
  texts?: [ours: string, theirs: string];
}

export function print(line: Line): string[] {
  const { what, ours, theirs, digits = 0, texts } = line;
  const text = (value: number) => (Number.isFinite(value) ? value.toFixed(digits) : 'never');
  const [own, their] = texts ?? [text(ours), text(theirs)];
  return [what, own, their, verdict(line)];
}

function verdict({ ours, theirs, better, tolerance = 0, part = 0.1 }: Line): string {
  if (ours === theirs) return 'equal';
  const difference = Math.abs(ours - theirs);
  if (difference <= Math.max(tolerance, part * Math.min(ours, theirs))) return 'equal';
  return ours > theirs === (better === 'more') ? 'better' : 'worse';
}

/** Times of the readings of each meter. */
export function byTopic(seen: Seen[]): Map<string, number[]> {
  const times = new Map<string, number[]>();
  for (const [topic, at] of seen) {
    const list = times.get(topic);
    if (list) list.push(at);
    else times.set(topic, [at]);
  }
  return times;
}

/** How much longer than the interval it took from each reading to the next, ms: 99 % take no longer. */
export function lateness(seen: Seen[], interval: number): number {
  const late = [...byTopic(seen).values()].flatMap((times) =>
    times.slice(1).map((at, i) => Math.max(0, at - times[i] - 1000 * interval)),
  );
  late.sort((a, b) => a - b);
  return late.length ? late[Math.floor(0.99 * (late.length - 1))] : Number.POSITIVE_INFINITY;
}

/** s from each moment to the next reading of that meter; Infinity where there was none. */
export function delays(seen: Seen[], moments: Map<string, number>): number[] {
  const times = byTopic(seen);
  return [...moments].map(([topic, moment]) => {
    const next = times.get(topic)?.find((at) => at > moment);
    return next === undefined ? Number.POSITIVE_INFINITY : (next - moment) / 1000;
  });
}

/** s from each reading to the next of the same meter; Infinity for a meter without. */
export function gaps(seen: Seen[], topics: string[]): number[] {
  const times = byTopic(seen);
  return topics.flatMap((topic) => {
    const list = times.get(topic) ?? [];
    return list.length > 1 ? list.slice(1).map((at, i) => (at - list[i]) / 1000) : [Number.POSITIVE_INFINITY];
  });
}

/** Two lines of what several meters took, s: in the middle, and at the worst. */
export function delayLines(what: string, ours: number[], theirs: number[]): Line[] {
  const line = (name: string, of: (values: number[]) => number): Line => ({
    what: `${what}, s: ${name}`,
    ours: of(ours),
    theirs: of(theirs),
    better: 'less',
    tolerance: 0.3,
    digits: 1,
  });
  return [line('median', median), line('longest', (values) => Math.max(...values))];
}
