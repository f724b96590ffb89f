import type { Finding } from '../../record';
import { type PqEvent, voltageEvent, type WaveformFrame } from '../../record';
import {
  decode,
  decodeLogEntry,
  decodeLogNumber,
  encode,
  LOG_ENTRY_LENGTH,
  LOG_WINDOW_ENTRIES,
  type LogEntry,
  type NumberedLogTable,
  TYPE_LENGTH,
} from '../../registers';
import { FifoAccess } from '../fifo-access';
import type { FleetMeter } from '../fleet';
import type { ModbusLink } from '../link';
import { COUNT_RANGE, countMovement, firstContact, overrun } from './entry-count';
import type { EventLogReader, LogBatch } from './reader';

/** The log of the reference meter (see registers/numbered-log.ts). */
export class NumberedLogReader implements EventLogReader {
  /** Number of the newest entry read. */
  position: { count: number } | undefined;
  private readonly fifo: FifoAccess | undefined;

  constructor(
    private readonly meter: FleetMeter,
    private readonly table: NumberedLogTable,
    position: unknown,
  ) {
    const count = (position as { count?: unknown } | undefined)?.count;
    if (typeof count === 'number' && Number.isInteger(count) && count >= 0) this.position = { count };
    if (meter.profile.waveformFifo) this.fifo = new FifoAccess(meter.profile, meter);
  }

  async read(link: ModbusLink): Promise<LogBatch> {
    const count = await this.register(link, this.table.count);
    const before = this.position?.count;
    if (before === count) return { events: [], findings: [], more: false };
    const oldest = await this.register(link, this.table.oldest);
    if (before === undefined) {
      this.position = { count };
      const begun = firstContact(distance(oldest, count + 1));
      return { events: [], findings: begun ? [begun] : [], more: false };
    }
    const findings: Finding[] = [];
    const { added, finding } = countMovement(before, count);
    if (finding) findings.push(finding);
    let next = (count - added + 1 + COUNT_RANGE) % COUNT_RANGE;
    const lost = Math.min(added, ahead(oldest, next));
    if (lost > 0) {
      findings.push(overrun(lost, { oldest, wanted: next }));
      next = (next + lost) % COUNT_RANGE;
    }
    const { events, read, strange } = await this.entries(
      link,
      next,
      Math.min(LOG_WINDOW_ENTRIES, added - lost),
    );
    if (strange.length) findings.push(unreadable(strange));
    // Overwritten while it was read: the next look finds out how many.
    this.position = { count: (next - 1 + read + COUNT_RANGE) % COUNT_RANGE };
    return { events, findings, more: read > 0 && this.position.count !== count };
  }

  async latest(link: ModbusLink, wanted: number): Promise<PqEvent[]> {
    const count = await this.register(link, this.table.count);
    const oldest = await this.register(link, this.table.oldest);
    const held = Math.min(wanted, distance(oldest, count + 1));
    const events: PqEvent[] = [];
    let looked = 0;
    while (looked < held) {
      const from = count - held + 1 + looked;
      const some = await this.entries(link, from, Math.min(LOG_WINDOW_ENTRIES, held - looked));
      if (some.read === 0) break;
      looked += some.read;
      events.push(...some.events);
    }
    return events;
  }

  /**
   * Entries from a number on, as many as the window shows; none beyond one that is not there.
   * @returns the events, how many entries were read, and the numbers of those that make no sense
   */
  private async entries(
    link: ModbusLink,
    from: number,
    count: number,
  ): Promise<{ events: PqEvent[]; read: number; strange: number[] }> {
    const found = { events: [] as PqEvent[], read: 0, strange: [] as number[] };
    if (count <= 0) return found;
    const { unit, profile } = this.meter;
    const pointer = profile.registers[this.table.pointer];
    const words: number[] = [];
    encode(from, pointer.type, words, 0, profile.order);
    await link.write(unit, pointer.address, words);
    const window = await link.read(unit, this.table.window, LOG_WINDOW_ENTRIES * LOG_ENTRY_LENGTH);
    for (; found.read < count; found.read++) {
      const offset = found.read * LOG_ENTRY_LENGTH;
      const number = (from + found.read) % COUNT_RANGE;
      // Another reader may have moved the window.
      if (decodeLogNumber(window, offset) !== number) break;
      const entry = decodeLogEntry(window, offset);
      if (entry) found.events.push(await this.toEvent(link, entry));
      else found.strange.push(number);
    }
    return found;
  }

  private async toEvent(link: ModbusLink, entry: LogEntry): Promise<PqEvent> {
    const { id: meter, pt } = this.meter;
    const { type, time, duration, extreme } = entry;
    const flags = ['meter log'];
    const capture = entry.capture && (await this.capture(link, entry.capture));
    if (entry.capture && !capture) flags.push('capture overwritten');
    if (capture && capture.endTime < time + duration * 1000) flags.push('capture truncated');
    return voltageEvent({
      meter,
      time,
      type,
      state: 'end',
      duration,
      cycles: duration * (entry.frequency ?? 50),
      reference: entry.reference * pt,
      extreme,
      perPhase: entry.perPhase as PqEvent['perPhase'],
      flags,
      capture,
    });
  }

  private async capture(
    link: ModbusLink,
    blocks: { first: number; count: number },
  ): Promise<WaveformFrame | undefined> {
    if (!this.fifo) return undefined;
    const status = await this.fifo.point(link, blocks.first);
    const { blocks: read } = await this.fifo.blocks(link, blocks.first, blocks.count, status);
    return this.fifo.frames(status, read)[0];
  }

  private async register(link: ModbusLink, name: string): Promise<number> {
    const { unit, profile } = this.meter;
    const { address, type } = profile.registers[name];
    return decode(await link.read(unit, address, TYPE_LENGTH[type]), 0, type, profile.order);
  }
}

function unreadable(numbers: number[]): Finding {
  return {
    code: 'EVENT_LOG_UNREADABLE',
    severity: 'warning',
    text: `entries of the meter's event log that make no sense: ${numbers.join(', ')}`,
    hint: 'Check that the profile fits the firmware of the meter.',
    detail: { numbers },
  };
}

/** How far `to` lies behind `from` on a ring of 32 bits. */
function distance(from: number, to: number): number {
  return (((to - from) % COUNT_RANGE) + COUNT_RANGE) % COUNT_RANGE;
}

/** By how much `a` is ahead of `b`: 0 where it is not. */
function ahead(a: number, b: number): number {
  const d = distance(b, a);
  return d < COUNT_RANGE / 2 ? d : 0;
}
