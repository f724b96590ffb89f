import type { PqEvent } from '../../record';
import type { Finding } from '../finding';
import type { FleetMeter } from '../fleet';
import type { ModbusLink } from '../link';
import { CountReader } from './count-only';
import { EigLogReader } from './eig';
import { NumberedLogReader } from './numbered';

/** What one look into a meter's event log brought. */
export interface LogBatch {
  /** New events, oldest first. */
  events: PqEvent[];
  findings: Finding[];
  /** What keeps the log from being read, for as long as it does. */
  standing?: Finding;
  /** More waits at the meter than one turn reads. */
  more: boolean;
}

/**
 * Reads the event log of one meter. Where it stands in the log is its position: plain data, kept by whoever
 * owns the reader, so that a restart neither repeats nor misses an entry.
 */
export interface EventLogReader {
  readonly position: unknown;
  /** New entries since the last look. @throws the fault of the link; entries not handed over come again */
  read(link: ModbusLink): Promise<LogBatch>;
  /** The newest entries again, with their captures, oldest first. @throws the fault of the link */
  latest(link: ModbusLink, count: number): Promise<PqEvent[]>;
}

/** @param position of an earlier reader of the same meter, as it was kept; anything else begins anew */
export function createEventLogReader(meter: FleetMeter, position: unknown): EventLogReader | undefined {
  const { eventLog, registers } = meter.profile;
  switch (eventLog?.strategy) {
    case 'numbered':
      return new NumberedLogReader(meter, eventLog, position);
    case 'eig':
      return new EigLogReader(meter, eventLog, position);
    default:
      return registers.EVENT_COUNT ? new CountReader(meter, position) : undefined;
  }
}

/** Number of the newest entry before and now: what happened in between. */
export interface CountMovement {
  /** Entries that were added. */
  added: number;
  finding?: Finding;
}

const WRAP = 2 ** 32;
/** A count that falls from within this below the wrap to within this above 0 has run over. */
const WRAP_ZONE = 2 ** 20;

/** Judges a 32-bit count that only rises while the meter runs. */
export function countMovement(before: number, now: number): CountMovement {
  if (now >= before) return { added: now - before };
  const detail = { before, count: now };
  if (before >= WRAP - WRAP_ZONE && now < WRAP_ZONE) {
    return {
      added: now + WRAP - before,
      finding: {
        code: 'EVENT_COUNT_WRAPPED',
        severity: 'info',
        text: `the meter's event count ran over its 32 bits, from ${before} to ${now}`,
        hint: 'Nothing to do: no entry is lost by it.',
        detail,
      },
    };
  }
  return {
    added: now,
    finding: {
      code: 'EVENT_COUNT_RESET',
      severity: 'warning',
      text: `the meter's event count went back from ${before} to ${now}; how many entries came between is not known`,
      hint: 'The meter was restarted or its log cleared: look at its power supply and who has access.',
      detail,
    },
  };
}

export function overrun(lost: number, detail: Record<string, unknown>): Finding {
  return {
    code: 'EVENT_LOG_OVERRUN',
    severity: 'warning',
    text: `${lost} entries of the meter's event log were overwritten before they were read`,
    hint: 'Look into the log more often (event interval), or widen the thresholds of the meter.',
    detail: { ...detail, lost },
  };
}

export function firstContact(held: number): Finding | undefined {
  if (held === 0) return undefined;
  return {
    code: 'EVENT_LOG_BEGUN',
    severity: 'info',
    text: `the meter's event log holds ${held} entries from before`,
    hint: 'Only new entries are sent; the command "capture" fetches older ones.',
    detail: { held },
  };
}
