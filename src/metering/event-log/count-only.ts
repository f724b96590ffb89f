import { check, type PqEvent } from '../../record';
import { readLine, TYPE_LENGTH } from '../../registers';
import type { FleetMeter } from '../fleet';
import type { ModbusLink } from '../link';
import { countMovement } from './entry-count';
import type { EventLogReader, LogBatch } from './reader';

/** A meter that counts its events and does not hand them out: the count is told when it moves. */
export class CountReader implements EventLogReader {
  position: { count: number } | undefined;

  constructor(
    private readonly meter: FleetMeter,
    position: unknown,
  ) {
    const count = (position as { count?: unknown } | undefined)?.count;
    if (typeof count === 'number') this.position = { count };
  }

  async read(link: ModbusLink): Promise<LogBatch> {
    const { unit, profile } = this.meter;
    const line = profile.registers.EVENT_COUNT;
    const words = await link.read(unit, line.address, TYPE_LENGTH[line.type]);
    const count = check.number(
      readLine(line, profile.order, (address) => words[address - line.address] ?? 0),
      'EVENT_COUNT',
    );
    const before = this.position?.count;
    this.position = { count };
    if (before === undefined || before === count) return { events: [], findings: [], more: false };
    const { added, finding } = countMovement(before, count);
    const moved = {
      code: 'EVENT_COUNT',
      severity: 'info' as const,
      text: `${added} new in the meter's own event log, ${count} in all`,
      hint: "The profile does not say how this meter's log is read: look at the meter itself.",
      detail: { count, before },
    };
    return { events: [], findings: finding ? [finding] : [moved], more: false };
  }

  async latest(): Promise<PqEvent[]> {
    return [];
  }
}
