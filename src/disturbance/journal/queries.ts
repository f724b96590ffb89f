import { check } from '../../record';
import type { JournalQuery, JournalSettings } from './journal';

export const JOURNAL_DEFAULTS: JournalSettings & { journal: boolean } = {
  journal: true,
  maxDays: 30,
  maxBytes: 500e6,
};
const MEGA = 1e6;
/** Events that one answer may hold. */
const MOST = 10_000;
const MOST_WITH_SAMPLES = 100;

/**
 * Whether there is a journal, and its bounds, from a panel: `journal`, `journalDays`, `journalSize` (MB).
 * @throws FieldError that names the setting
 */
export function readJournalSettings(given: unknown, at = 'settings'): JournalSettings & { journal: boolean } {
  const g = check.object(given, at);
  return {
    journal: check.boolean(g.journal ?? JOURNAL_DEFAULTS.journal, `${at}.journal`),
    maxDays: check.setting(g.journalDays, `${at}.journalDays`, JOURNAL_DEFAULTS.maxDays, {
      above: 0,
      max: 3660,
      unit: 'days',
    }),
    maxBytes:
      MEGA *
      check.setting(g.journalSize, `${at}.journalSize`, JOURNAL_DEFAULTS.maxBytes / MEGA, {
        min: 1,
        max: 1e6,
        unit: 'MB',
      }),
  };
}

/** What part of the past is asked for, and how much of it. */
export interface HistoryQuery extends JournalQuery {
  /** Events at most; the newest where there are more. */
  limit: number;
  captures: boolean;
  traces: boolean;
}

/**
 * `{from, to, meter, limit, captures, traces}` of a command, each of which may be missing: all there is, of
 * all meters, 100 events (with captures or traces at most 100), without those. Times in ms or as ISO 8601 text.
 * @throws FieldError that names the field
 */
export function readHistoryQuery(given: unknown, at = 'payload'): HistoryQuery {
  const g = check.object(given ?? {}, at);
  const captures = check.boolean(g.captures ?? false, `${at}.captures`);
  const traces = check.boolean(g.traces ?? false, `${at}.traces`);
  const most = captures || traces ? MOST_WITH_SAMPLES : MOST;
  return {
    from: readTime(g.from, `${at}.from`, 0),
    to: readTime(g.to, `${at}.to`, Number.MAX_SAFE_INTEGER),
    ...(g.meter !== undefined && { meter: check.text(g.meter, `${at}.meter`) }),
    limit: check.integer(g.limit ?? 100, `${at}.limit`, { min: 1, max: most }),
    captures,
    traces,
  };
}

function readTime(value: unknown, field: string, fallback: number): number {
  if (value === undefined || value === '') return fallback;
  const time = typeof value === 'string' ? Date.parse(value) : value instanceof Date ? +value : value;
  return check.number(time, field, { unit: 'ms since 1970, or ISO 8601' });
}
