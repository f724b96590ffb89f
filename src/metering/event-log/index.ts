import type { FleetMeter } from '../fleet';
import { CountReader } from './count-only';
import { EigLogReader } from './eig';
import { NumberedLogReader } from './numbered';
import type { EventLogReader } from './reader';

export type { EventLogReader, LogBatch } from './reader';

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
