import type { EventType } from '../records';

/** Longest duration of each column, s (EN 50160:2010, tables 2 and 5), and the first letter of each row. */
const SHORTEST = 0.01;
const DIP_COLUMNS = [0.2, 0.5, 1, 5, 60];
const SWELL_COLUMNS = [0.5, 5, 60];
/** Rows of dips by the residual voltage at and above which they begin, pu. */
const DIP_ROWS: [row: string, from: number][] = [
  ['A', 0.8],
  ['B', 0.7],
  ['C', 0.4],
  ['D', 0.05],
  ['X', 0],
];

/**
 * Cell of the tables of EN 50160 that a dip or swell falls into, e.g. `C2`.
 * @param extreme lowest or highest Urms(1/2), pu of the declared voltage
 * @param seconds duration
 * @returns undefined for what the tables do not hold: shorter than 10 ms, longer than a minute, or not a
 *   dip or swell
 */
export function en50160(type: EventType, extreme: number, seconds: number): string | undefined {
  if (seconds < SHORTEST) return undefined;
  if (type === 'swell') {
    const column = SWELL_COLUMNS.findIndex((longest) => seconds <= longest) + 1;
    return column && extreme > 1.1 ? `${extreme >= 1.2 ? 'S' : 'T'}${column}` : undefined;
  }
  if (type !== 'sag' && type !== 'interruption') return undefined;
  const column = DIP_COLUMNS.findIndex((longest) => seconds <= longest) + 1;
  const [row] = DIP_ROWS.find(([, from]) => extreme >= from) ?? [];
  return column && row && extreme < 0.9 ? `${row}${column}` : undefined;
}
