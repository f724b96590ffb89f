import { decode, encode } from './codec';

/**
 * The event log of the reference meter: entries that carry their number, seen through a window.
 *
 * EVENT_COUNT (4010) is the number of the newest entry; the first after a start is 1, and 0 follows 2^32 - 1. EVENT_OLDEST (4140)
 * is the oldest still held. EVENT_POINTER (4142) is the number of the first entry in the window at 4300,
 * which holds three entries, one request long.
 *
 * ENTRY (40 registers)
 * | at | type    | what |
 * |  0 | uint32  | number |
 * |  2 | uint16  | 0 no entry, 1 sag, 2 swell, 3 interruption |
 * |  3 | uint16  | phases that took part: bit 0 = a, 1 = b, 2 = c |
 * |  4 | uint64  | start, microseconds since 1970 |
 * |  8 | uint32  | duration, tenths of a millisecond |
 * | 10 | float32 | reference voltage, V |
 * | 12 | float32 | lowest or highest Urms(1/2), pu |
 * | 14 | uint32  | number of the first waveform block of its capture (modulo 2^32) |
 * | 16 | uint16  | blocks of the capture; 0 for no capture, and then 14 is 0xFFFFFFFF |
 * | 36 | float32 | frequency when it began, Hz; NaN where it is not known |
 * | 18 | 3 x (float32, uint32, uint32) | of each phase: extreme pu, start after the entry's, duration, tenths of a ms |
 *
 * Source: docs/generic-pq.md of this project.
 */
export interface NumberedLogTable {
  strategy: 'numbered';
  /** Names of the profile's registers. */
  count: string;
  oldest: string;
  pointer: string;
  /** Address of the window. */
  window: number;
}

export const LOG_ENTRY_LENGTH = 40;
export const LOG_WINDOW_ENTRIES = 3;
const NONE = 0xffffffff;
const TYPES = ['sag', 'swell', 'interruption'] as const;
const PHASES = ['a', 'b', 'c'] as const;
/** No date lies beyond this, ms since 1970 (ECMA-262, 21.4.1.1), even with the length of an event added. */
const LATEST = 8e15;
/** Tenths of a millisecond in a second. */
const TICKS = 10_000;

export interface LogEntry {
  number: number;
  type: (typeof TYPES)[number];
  /** Start, ms since 1970. */
  time: number;
  /** Seconds. */
  duration: number;
  /** V. */
  reference: number;
  /** pu. */
  extreme: number;
  /** Hz; absent where the meter does not know it. */
  frequency?: number;
  perPhase: Partial<Record<(typeof PHASES)[number], { extreme: number; time: number; duration: number }>>;
  /** Blocks of the waveform FIFO. */
  capture?: { first: number; count: number };
}

export function encodeLogEntry(entry: LogEntry): Uint16Array {
  const words = new Uint16Array(LOG_ENTRY_LENGTH);
  encode(entry.number, 'uint32', words, 0);
  words[2] = TYPES.indexOf(entry.type) + 1;
  encode(entry.time * 1000, 'uint64', words, 4);
  encode(entry.duration * TICKS, 'uint32', words, 8);
  encode(entry.reference, 'float32', words, 10);
  encode(entry.extreme, 'float32', words, 12);
  encode(entry.capture?.first ?? NONE, 'uint32', words, 14);
  words[16] = entry.capture?.count ?? 0;
  encode(entry.frequency ?? Number.NaN, 'float32', words, 36);
  PHASES.forEach((phase, i) => {
    const part = entry.perPhase[phase];
    if (!part) return;
    words[3] |= 1 << i;
    encode(part.extreme, 'float32', words, 18 + 6 * i);
    encode((part.time - entry.time) * (TICKS / 1000), 'uint32', words, 20 + 6 * i);
    encode(part.duration * TICKS, 'uint32', words, 22 + 6 * i);
  });
  return words;
}

/** The number of the entry there; undefined where there is none. */
export function decodeLogNumber(words: ArrayLike<number>, offset = 0): number | undefined {
  return words[offset + 2] === 0 ? undefined : decode(words, offset, 'uint32');
}

/** @returns undefined where the registers hold no entry, or none that can be understood */
export function decodeLogEntry(words: ArrayLike<number>, offset = 0): LogEntry | undefined {
  const number = decodeLogNumber(words, offset);
  const type = TYPES[words[offset + 2] - 1];
  const time = decode(words, offset + 4, 'uint64') / 1000;
  if (number === undefined || !type || time > LATEST) return undefined;
  const first = decode(words, offset + 14, 'uint32');
  const entry: LogEntry = {
    number,
    type,
    time,
    duration: decode(words, offset + 8, 'uint32') / TICKS,
    reference: decode(words, offset + 10, 'float32'),
    extreme: decode(words, offset + 12, 'float32'),
    perPhase: {},
  };
  PHASES.forEach((phase, i) => {
    if (!(words[offset + 3] & (1 << i))) return;
    entry.perPhase[phase] = {
      extreme: decode(words, offset + 18 + 6 * i, 'float32'),
      time: time + decode(words, offset + 20 + 6 * i, 'uint32') / (TICKS / 1000),
      duration: decode(words, offset + 22 + 6 * i, 'uint32') / TICKS,
    };
  });
  const frequency = decode(words, offset + 36, 'float32');
  if (frequency > 0) entry.frequency = frequency;
  const blocks = words[offset + 16];
  if (blocks > 0) entry.capture = { first, count: blocks };
  const numbers = [entry.reference, entry.extreme, ...Object.values(entry.perPhase).map((x) => x.extreme)];
  return numbers.every(Number.isFinite) && entry.reference > 0 ? entry : undefined;
}
