import type { Dice } from './dice';
import type { Disturbance } from './signal';

/** A stretch of one rate; `slow` holds one RMS or peak value a cycle. */
export interface Section {
  kind: 'fast' | 'slow';
  /** s from the first sample of the record to its first one. */
  time: number;
  /** Hz. */
  rate: number;
  count: number;
}

export type Layout = 'one' | 'gaps' | 'drift' | 'mixed' | 'slow';

/** Samples of each channel, at most about: what keeps 300 records quick. */
const MOST = 16_000;

/** Time just after the last sample of a section. */
export function endOf({ time, rate, count }: Section): number {
  return time + count / rate;
}

/**
 * Sections of a record.
 * @param longestGap s @param nominal frequency that the recorder was made for, Hz
 */
export function drawSections(
  dice: Dice,
  layout: Layout,
  rate: number,
  nominal: number,
  longestGap: number,
): Section[] {
  const most = layout === 'one' ? 1 : dice.whole(2, layout === 'slow' ? 4 : 8);
  const perCycle = rate / nominal;
  const number = Math.max(layout === 'one' ? 1 : 2, Math.min(most, Math.floor(MOST / (11 * perCycle))));
  const longest = Math.min(60, Math.max(12, MOST / number / perCycle));
  const sections: Section[] = [];
  let time = 0;
  const add = (kind: Section['kind'], itsRate: number, seconds: number): void => {
    const count = Math.round(seconds * itsRate);
    sections.push({ kind, time, rate: itsRate, count });
    time += count / itsRate;
  };
  let drifting = rate;
  for (let i = 0; i < number; i++) {
    const seconds = dice.between(11, longest) / nominal;
    if (layout === 'gaps' && i > 0) time += dice.byMagnitude(0.05, longestGap);
    if (layout === 'drift' && i > 0)
      drifting = Math.round(1000 * rate * (1 + dice.between(-0.0035, 0.0035))) / 1000;
    if (layout === 'slow' && i % 2 === 1) add('slow', nominal, dice.whole(12, 60) / nominal);
    else if (layout === 'mixed' && i % 2 === 1) add('fast', rate * 4, seconds / 3 + 8 / nominal);
    else add('fast', drifting, seconds);
  }
  return sections;
}

/** Where the event begins and how long it lasts, s; undefined for a record without one. */
export function drawTimes(
  dice: Dice,
  sections: Section[],
  cycle: number,
): Pick<Disturbance, 'from' | 'to'> | undefined {
  const fast = sections.filter(({ kind }) => kind === 'fast');
  const last = fast[fast.length - 1];
  const place = dice.pick(['none', 'early', 'late', 'edge', 'edge', 'inside', 'inside', 'inside']);
  const lengthIn = (section: Section): number => {
    const room = (endOf(section) - section.time) / cycle - 6.6;
    return cycle * dice.byMagnitude(1.5, Math.max(1.6, Math.min(12, room)));
  };
  if (place === 'none') return undefined;
  if (place === 'early') {
    const from = fast[0].time + dice.between(2.5, 3) * cycle;
    return { from, to: from + lengthIn(fast[0]) };
  }
  if (place === 'late') {
    const to = endOf(last) - dice.between(3, 3.5) * cycle;
    return { from: to - lengthIn(last), to };
  }
  const edges = sections.flatMap(({ kind }, i) =>
    kind === 'fast' && sections[i + 1]?.kind === 'fast' ? [i] : [],
  );
  if (place === 'edge' && edges.length > 0) {
    const i = dice.pick(edges);
    const from = endOf(sections[i]) - dice.between(0.5, 4) * cycle;
    const over = sections[i + 1].time;
    const ends = dice.chance(0.7)
      ? over + dice.between(0.5, 4) * cycle
      : dice.between(endOf(sections[i]), over);
    return { from, to: Math.max(from + 1.5 * cycle, ends) };
  }
  const section = dice.pick(fast);
  const length = lengthIn(section);
  const from = dice.between(section.time + 3 * cycle, endOf(section) - length - 3 * cycle);
  return { from, to: from + length };
}
