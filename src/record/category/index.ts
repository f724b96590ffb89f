import type { EventType, PqEvent } from '../records';
import { en50160 } from './en50160';
import { ieee1159 } from './ieee1159';
import { itic, sagSeverity, semiF47 } from './ride-through';

export * from './en50160';
export * from './ieee1159';
export * from './ride-through';

/** What a voltage event is called by the standards. */
export interface Verdict {
  category: PqEvent['category'];
  /** `outside table` where the table of IEEE 1159 has no cell for it. */
  flags: string[];
  /** Severity by IEEE 1564; of sags and interruptions alone. */
  severity?: number;
}

/**
 * Categories of an event by all standards that know its kind.
 * @param extreme lowest or highest Urms(1/2), pu
 * @param seconds duration
 * @param cycles the same in cycles
 */
export function categorise(type: EventType, extreme: number, seconds: number, cycles: number): Verdict {
  const category: PqEvent['category'] = {};
  const flags: string[] = [];
  if (type !== 'rvc') {
    const { category: name, inTable } = ieee1159(type, extreme, seconds, cycles);
    category.ieee1159 = name;
    if (!inTable) flags.push('outside table');
  }
  const cell = en50160(type, extreme, seconds);
  if (cell) category.en50160 = cell;
  if (type === 'rvc') return { category, flags };
  category.itic = itic(extreme, seconds);
  const side = semiF47(extreme, seconds);
  if (side) category.semiF47 = side;
  const severity = sagSeverity(extreme, seconds);
  return severity === undefined ? { category, flags } : { category, flags, severity };
}
