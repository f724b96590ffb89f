import type { Finding, PqEvent } from '../../record';
import type { EigLogTable, EigPqRecord, EigStatus } from '../../registers';
import type { FleetMeter } from '../fleet';
import type { ModbusLink } from '../link';
import { eigEvent, type FinishedEvent, followRecord, isOpenEvents, type OpenEvents } from './eig-events';
import { EIG_EVENT_RECORD, EigRetrieval } from './eig-retrieval';
import { countMovement, firstContact, overrun } from './entry-count';
import type { EventLogReader, LogBatch } from './reader';

/** Records fetched in one turn. */
const MAX_RECORDS = 16;
/** Records looked at for the `capture` command. */
const MAX_BACK = 200;

interface Position {
  sequence: number;
  /** The status block at the last look: while it stands there is nothing new. */
  seen: string;
  open: OpenEvents;
}

/** Event and waveform log of Electro Industries meters (see registers/eig-log.ts). */
export class EigLogReader implements EventLogReader {
  position: Position | undefined;

  constructor(
    private readonly meter: FleetMeter,
    private readonly table: EigLogTable,
    position: unknown,
  ) {
    if (isPosition(position)) this.position = position;
  }

  async read(link: ModbusLink): Promise<LogBatch> {
    const log = new EigRetrieval(link, this.meter.unit, this.table);
    const status = await log.eventStatus();
    const seen = JSON.stringify([status.used, status.first, status.last]);
    if (this.position?.seen === seen) return { events: [], findings: [], more: false };
    if (status.availability === 0xffff)
      return { events: [], findings: [], standing: UNAVAILABLE, more: false };
    const layout = this.layout(status);
    if (layout) return { events: [], findings: [], standing: layout, more: false };

    const { records, findings, next, complete } = await log.inEventLog(() => this.fetch(log, status.used));
    const open = structuredClone(this.position?.open ?? {});
    const finished = records.flatMap((record) => followRecord(open, record));
    const events = await this.toEvents(log, finished);
    // Only now: what failed on the way is fetched again the next time.
    this.position = { sequence: next, seen: complete ? seen : '', open };
    return { events, findings, more: !complete };
  }

  async latest(link: ModbusLink, count: number): Promise<PqEvent[]> {
    const log = new EigRetrieval(link, this.meter.unit, this.table);
    const status = await log.eventStatus();
    if (status.availability === 0xffff || this.layout(status)) return [];
    const from = Math.max(0, status.used - Math.min(MAX_BACK, 4 * count + 4));
    const records = await log.inEventLog(() => log.records(from, status.used - from));
    const open: OpenEvents = {};
    const finished = records.flatMap(({ record }) => followRecord(open, record)).slice(-count);
    return await this.toEvents(log, finished);
  }

  private layout({ recordSize }: EigStatus): Finding | undefined {
    if (recordSize === EIG_EVENT_RECORD) return undefined;
    return {
      code: 'EVENT_LOG_LAYOUT',
      severity: 'error',
      text: `records of ${recordSize} bytes in the meter's event log, ${EIG_EVENT_RECORD} are known`,
      hint: 'The firmware of the meter is of another kind: its log is not read, its readings are.',
      detail: { recordSize },
    };
  }

  /** What is new in the engaged log. */
  private async fetch(
    log: EigRetrieval,
    used: number,
  ): Promise<{ records: EigPqRecord[]; findings: Finding[]; next: number; complete: boolean }> {
    const [newest] = used > 0 ? await log.records(used - 1, 1) : [];
    const before = this.position?.sequence;
    const last = newest?.sequence ?? 0;
    if (before === undefined || !newest) {
      const begun = before === undefined ? firstContact(newest ? used : 0) : undefined;
      return { records: [], findings: begun ? [begun] : [], next: last, complete: true };
    }
    const { added, finding } = countMovement(before, last);
    const findings = finding ? [finding] : [];
    const wanted = Math.min(added, used);
    if (added > used) findings.push(overrun(added - used, { used }));
    const take = Math.min(wanted, MAX_RECORDS);
    const from = used - wanted;
    const found = await log.records(from, take);
    const next = found.length ? found[found.length - 1].sequence : last;
    return { records: found.map(({ record }) => record), findings, next, complete: take === wanted };
  }

  private async toEvents(log: EigRetrieval, finished: readonly FinishedEvent[]): Promise<PqEvent[]> {
    const wanted = new Set(finished.map(({ open }) => open.capture).filter((number) => number > 0));
    const captures = await log.captures(wanted);
    return finished.map((one) => eigEvent(this.meter, one, captures.get(one.open.capture)));
  }
}

/** What comes from a store may be anything. */
function isPosition(value: unknown): value is Position {
  const { sequence, seen, open } = (value ?? {}) as Partial<Position>;
  return typeof sequence === 'number' && typeof seen === 'string' && isOpenEvents(open);
}

const UNAVAILABLE: Finding = {
  code: 'EVENT_LOG_UNAVAILABLE',
  severity: 'warning',
  text: "the meter's event log is switched off",
  hint: 'Give memory to the power-quality log in the settings of the meter; it wants V-Switch 5 or 6.',
  detail: {},
};
