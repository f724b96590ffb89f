import type { Finding } from '../../record';

/** Number of the newest entry before and now: what happened in between. */
export interface CountMovement {
  /** Entries that were added. */
  added: number;
  finding?: Finding;
}

/** Counts of entries run from 0 to just below this. */
export const COUNT_RANGE = 2 ** 32;
/** A count that falls from within this below the wrap to within this above 0 has run over. */
const WRAP_ZONE = 2 ** 20;

/** Judges a 32-bit count that only rises while the meter runs. */
export function countMovement(before: number, now: number): CountMovement {
  if (now >= before) return { added: now - before };
  const detail = { before, count: now };
  if (before >= COUNT_RANGE - WRAP_ZONE && now < WRAP_ZONE) {
    return {
      added: now + COUNT_RANGE - before,
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
