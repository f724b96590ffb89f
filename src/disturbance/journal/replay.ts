import { categorise, type EventType } from '../../record';
import { type Disturbance, PolyphaseDetector } from '../polyphase';
import type { DetectorSettings } from '../settings';
import { type Excursion, LONGEST, MOST_READINGS, READING } from './excursion';

/** How many events of each type, and of each category of IEEE 1159. */
export interface Counts {
  types: Partial<Record<EventType, number>>;
  categories: Record<string, number>;
}

/** What other thresholds would have given. */
export interface ReplayResult {
  counts: Counts;
  /** Excursions looked at. */
  excursions: number;
  /** Why the counts may not be exact; empty where they are. */
  doubts: string[];
}

/**
 * What the detector would have told of past excursions under other thresholds. Rapid voltage changes are not
 * among it: they are told by voltages inside the watch band.
 *
 * Exact while thresholds and their hysteresis lie at or outside of the watch band; `doubts` says where not.
 */
export async function replay(
  excursions: AsyncIterable<Excursion> | Iterable<Excursion>,
  settings: DetectorSettings,
): Promise<ReplayResult> {
  const result: ReplayResult = { counts: { types: {}, categories: {} }, excursions: 0, doubts: [] };
  const doubts = new Map<string, number>();
  for await (const excursion of excursions) {
    result.excursions++;
    for (const doubt of doubtsOf(excursion, settings)) doubts.set(doubt, (doubts.get(doubt) ?? 0) + 1);
    for (const { type, start, end, extreme } of judge(excursion, settings)) {
      const seconds = (end - start) / 1000;
      const { category } = categorise(type, extreme, seconds, seconds * excursion.frequency);
      tally(result.counts, type, category.ieee1159);
    }
  }
  result.doubts = [...doubts].map(([doubt, count]) => `${doubt} (${count} excursions)`);
  return result;
}

function judge(excursion: Excursion, settings: DetectorSettings): Disturbance[] {
  const { phases, channels, ends, lengths, values, declared, halfCycles } = excursion;
  const ended: Disturbance[] = [];
  const listener = { started: () => undefined, ended: (disturbance: Disturbance) => ended.push(disturbance) };
  const detector = new PolyphaseDetector(phases, settings, { minute: 60_000, halfCycles }, listener);
  for (let k = 0; k < channels.length; k++) {
    detector.push(channels[k], ends[k] - lengths[k], ends[k], values[k], declared[k] ?? values[k]);
  }
  // Of an excursion that came back nothing is open, unless the thresholds lie inside the band.
  detector.finish(ends[ends.length - 1]);
  return ended;
}

function* doubtsOf(excursion: Excursion, settings: DetectorSettings): Generator<string> {
  const { low, high, hysteresis, truncated, paused, mode } = excursion;
  const { sag, swell } = settings;
  if (sag > low) yield `sag ${sag} pu is above the watch band, which began at ${low} pu`;
  else if (sag + settings.hysteresis > low + hysteresis)
    yield 'the hysteresis of sags is wider than recorded';
  if (swell < high) yield `swell ${swell} pu is below the watch band, which ended at ${high} pu`;
  else if (swell - settings.hysteresis < high - hysteresis)
    yield 'the hysteresis of swells is wider than recorded';
  if (paused) yield 'an event that went on over a pause or a restart counts as two';
  if (truncated) {
    const kept = excursion.halfCycles === READING ? `${MOST_READINGS} readings` : `${LONGEST} s`;
    yield `of what lasted longer, only ${kept} are kept`;
  }
  if (mode !== settings.mode) yield `the values were recorded in mode ${mode}`;
}

/** One more event of a type and category. */
export function tally({ types, categories }: Counts, type: EventType, category: string | undefined): void {
  types[type] = (types[type] ?? 0) + 1;
  if (category !== undefined) categories[category] = (categories[category] ?? 0) + 1;
}
