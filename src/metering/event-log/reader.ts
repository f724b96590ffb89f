import type { Finding, PqEvent } from '../../record';
import type { ModbusLink } from '../link';

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
