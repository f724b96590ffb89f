import type { PqEvent } from '../record';
import type { HalfCycle } from '../signal';
import { eventOf } from './event-of';
import type { DetectorSettings } from './settings';
import { fromNulls, resumeEvents, type SuspendedEvent, type SuspendedMeter } from './suspension';

/** Longest pause of a recorder, ms, over which an event can go on. */
export const LONGEST_PAUSE = 60_000;

/** A Urms(1/2) as it was measured. */
export interface HalfCycleValue {
  channel: number;
  start: number;
  end: number;
  rms: number;
  half: HalfCycle;
}

/**
 * The first values after a pause of the recorder. They wait until there is one of every channel: then it is
 * known which of the events before the pause go on.
 */
export class FirstValues {
  private readonly values: HalfCycleValue[] = [];
  private readonly seen = new Set<number>();

  constructor(
    private readonly channels: number,
    readonly paused: SuspendedMeter,
  ) {}

  /** @returns whether every channel has been seen */
  add(value: HalfCycleValue): boolean {
    this.values.push({ ...value, half: { ...value.half } });
    this.seen.add(value.channel);
    return this.seen.size === this.channels;
  }

  /** All of them, in the order in which they came. */
  get all(): readonly HalfCycleValue[] {
    return this.values;
  }

  /** First value of each channel, pu of its reference; NaN where it has no value. */
  relativeTo(references: readonly number[]): number[] {
    return references.map((reference, i) => {
      const first = this.values.find(({ channel }) => channel === i);
      return first ? first.rms / reference : Number.NaN;
    });
  }
}

/** Parts a meter's events into those that go on after a pause and those that are over. */
export function partEvents(
  paused: SuspendedMeter,
  values: { relative: readonly number[]; declared: readonly number[] },
  settings: DetectorSettings,
): { goesOn: SuspendedMeter; over: SuspendedMeter } {
  const isOn = ({ type }: SuspendedEvent) => isStillBeyond(type, values, settings);
  return {
    goesOn: { ...paused, events: paused.events.filter(isOn) },
    over: { ...paused, events: paused.events.filter((event) => !isOn(event)) },
  };
}

function isStillBeyond(
  type: SuspendedEvent['type'],
  { relative, declared }: { relative: readonly number[]; declared: readonly number[] },
  { sag, swell, interruption, hysteresis }: DetectorSettings,
): boolean {
  switch (type) {
    case 'sag':
    case 'undervoltage':
      return relative.some((u) => u < sag + hysteresis);
    case 'swell':
    case 'overvoltage':
      return relative.some((u) => u > swell - hysteresis);
    case 'interruption':
      return declared.every((u) => u < interruption + hysteresis);
    default:
      return false;
  }
}

/** Flag of events of readings. @param interval ms from one to the next */
export function resolutionFlag(interval: number): string {
  return `resolution ${interval / 1000} s`;
}

/** Events that nothing goes on from, as they end where they stood. */
export function endEvents(state: SuspendedMeter, flag: string): PqEvent[] {
  const { meter, interval } = state;
  return resumeEvents(state, (time) => time, 1).map((entry) => {
    entry.flags.push(flag);
    if (interval !== undefined) entry.flags.push(resolutionFlag(interval));
    return eventOf(entry, 'end', { meter, rate: 1000 }, entry.early);
  });
}

/** Latest values of each voltage before the pause, pu. */
export function latestOf(state: SuspendedMeter): { latest: number[]; latestDeclared: number[] } {
  return { latest: fromNulls(state.latest), latestDeclared: fromNulls(state.latestDeclared) };
}
