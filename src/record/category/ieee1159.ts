import type { EventType } from '../records';

/**
 * Category of a voltage event by IEEE 1159-2019, table 2: what it is and how long it lasted.
 *
 * The table has holes (1.5 pu for 5 s fits no cell): then the nearest duration class is named and
 * `inTable` is false.
 * @param type what was found
 * @param extreme lowest or highest Urms(1/2), pu
 * @param seconds duration
 * @param cycles the same in cycles
 */
export function ieee1159(
  type: Exclude<EventType, 'rvc'>,
  extreme: number,
  seconds: number,
  cycles: number,
): { category: string; inTable: boolean } {
  if (type === 'interruption') {
    if (seconds > 60) return { category: 'sustained interruption', inTable: true };
    const length = seconds > 3 ? 'temporary' : 'momentary';
    return { category: `${length} interruption`, inTable: cycles >= 0.5 && extreme < 0.1 };
  }
  const low = type === 'sag' || type === 'undervoltage';
  if (seconds > 60) {
    return low
      ? { category: 'undervoltage', inTable: extreme >= 0.8 && extreme <= 0.9 }
      : { category: 'overvoltage', inTable: extreme >= 1.1 && extreme <= 1.2 };
  }
  const length = seconds > 3 ? 'temporary' : cycles > 30 ? 'momentary' : 'instantaneous';
  const highest = { instantaneous: 1.8, momentary: 1.4, temporary: 1.2 }[length];
  const inCell = low ? extreme >= 0.1 && extreme <= 0.9 : extreme >= 1.1 && extreme <= highest;
  return { category: `${length} ${low ? 'sag' : 'swell'}`, inTable: inCell && cycles >= 0.5 };
}
