import { categorise, eventId, type PqEvent, WaveformFrame } from '../../record';
import {
  bytesOf,
  decodeEigCapture,
  decodeEigPq,
  decodeEigStatus,
  EIG,
  EIG_CAPTURE_BYTES,
  EIG_PQ_BYTES,
  EIG_TRIGGERS,
  type EigCapture,
  type EigLogTable,
  type EigPqRecord,
  type EigStatus,
} from '../../registers';
import { DeviceError } from '../diagnosis';
import type { Finding } from '../finding';
import type { FleetMeter } from '../fleet';
import type { ModbusLink } from '../link';
import { channelRatio } from '../readings';
import { countMovement, type EventLogReader, firstContact, type LogBatch, overrun } from './reader';

/** Checksum and sequence number that stand before a record in image scope, bytes. */
const IMAGE_HEADER = 6;
const RECORD = 6 + EIG_PQ_BYTES;
/** Records fetched in one turn. */
const MAX_RECORDS = 16;
/** Records looked at for the `capture` command. */
const MAX_BACK = 200;
/** Captures are numbered from 1 to this, and then anew. */
const LAST_CAPTURE = 255;
/** Looks at a window until the meter has filled it, and the longest pause between them, ms. */
const LOOKS = 40;
const LONGEST_PAUSE = 50;
/** 248 bytes of a window read four times: index, and a quarter of a waveform record. */
const QUARTER = 124;
const QUARTERS = 4;
/** Volts that are taken for nominal where the fleet table does not say. */
const NOMINAL = 120;

type Kind = 'sag' | 'swell';

/** An event that has begun and not ended: plain data, part of the position. */
interface Open {
  time: number;
  capture: number;
  tag: number;
  /** Worst RMS so far at the meter's terminals, V, and times, by phase. */
  phases: Record<string, { worst: number; time: number; end?: number }>;
}

interface Position {
  sequence: number;
  /** The status block at the last look: while it stands there is nothing new. */
  seen: string;
  open: Partial<Record<Kind, Open>>;
}

/** An event that is over, still without its capture. */
interface Finished {
  kind: Kind;
  open: Open;
  /** Of the record that ended it. */
  end: { time: number; capture: number; tag: number };
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
    const status = await this.status(link, this.table.events.status);
    const seen = JSON.stringify([status.used, status.first, status.last]);
    if (this.position?.seen === seen) return { events: [], findings: [], more: false };
    if (status.availability === 0xffff)
      return { events: [], findings: [], standing: UNAVAILABLE, more: false };
    const layout = this.layout(status);
    if (layout) return { events: [], findings: [], standing: layout, more: false };

    const { records, findings, next, complete } = await this.engaged(link, this.table.events, EIG.image, () =>
      this.fetch(link, status.used),
    );
    const open = structuredClone(this.position?.open ?? {});
    const finished = records.flatMap((record) => follow(open, record));
    const events = await this.toEvents(link, finished);
    // Only now: what failed on the way is fetched again the next time.
    this.position = { sequence: next, seen: complete ? seen : '', open };
    return { events, findings, more: !complete };
  }

  async latest(link: ModbusLink, count: number): Promise<PqEvent[]> {
    const status = await this.status(link, this.table.events.status);
    if (status.availability === 0xffff || this.layout(status)) return [];
    const from = Math.max(0, status.used - Math.min(MAX_BACK, 4 * count + 4));
    const records = await this.engaged(link, this.table.events, EIG.image, () =>
      this.records(link, from, status.used - from),
    );
    const open: Position['open'] = {};
    const finished = records.flatMap(({ record }) => follow(open, record)).slice(-count);
    return await this.toEvents(link, finished);
  }

  private layout({ recordSize }: EigStatus): Finding | undefined {
    if (recordSize === RECORD) return undefined;
    return {
      code: 'EVENT_LOG_LAYOUT',
      severity: 'error',
      text: `records of ${recordSize} bytes in the meter's event log, ${RECORD} are known`,
      hint: 'The firmware of the meter is of another kind: its log is not read, its readings are.',
      detail: { recordSize },
    };
  }

  /** What is new in the engaged log. */
  private async fetch(
    link: ModbusLink,
    used: number,
  ): Promise<{ records: EigPqRecord[]; findings: Finding[]; next: number; complete: boolean }> {
    const [newest] = used > 0 ? await this.records(link, used - 1, 1) : [];
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
    const found = await this.records(link, from, take);
    const next = found.length ? found[found.length - 1].sequence : last;
    return { records: found.map(({ record }) => record), findings, next, complete: take === wanted };
  }

  /** Records of the engaged log by index, oldest first; fillers are passed over. */
  private async records(
    link: ModbusLink,
    from: number,
    count: number,
  ): Promise<{ sequence: number; record: EigPqRecord }[]> {
    const size = RECORD + IMAGE_HEADER;
    const perWindow = Math.floor(EIG.windowBytes / size);
    const found: { sequence: number; record: EigPqRecord }[] = [];
    for (let index = from; index < from + count; index += perWindow) {
      const here = Math.min(perWindow, from + count - index);
      const bytes = await this.window(link, index, here);
      for (let i = 0; i < here; i++) {
        const image = bytes.subarray(i * size, (i + 1) * size);
        const record = image.subarray(IMAGE_HEADER);
        if (record.subarray(6).every((byte) => byte === 0xff)) continue;
        const sequence = new DataView(image.buffer, image.byteOffset).getUint32(2);
        found.push({ sequence, record: decodeEigPq(record) });
      }
    }
    return found;
  }

  /** One window of the engaged log: asked for, and read until it is ready and shows what was asked for. */
  private async window(link: ModbusLink, index: number, perWindow: number): Promise<Uint8Array> {
    const { unit } = this.meter;
    await this.request(link, index, perWindow, 1);
    for (let look = 0; look < LOOKS; look++) {
      const words = await link.read(unit, EIG.window, EIG.windowLength);
      if (isReady(words, index)) return bytesOf(words, 2);
      await pause(look);
      if (words[0] >> 8 !== EIG.notReady) await this.request(link, index, perWindow, 1);
    }
    throw notReady();
  }

  private async request(link: ModbusLink, index: number, perWindow: number, repeats: number): Promise<void> {
    const words = [(perWindow << 8) | repeats, index >> 16, index & 0xffff];
    await link.write(this.meter.unit, EIG.request, words);
  }

  /** Work while a log is engaged for this port; it is let go whatever happens. */
  private async engaged<T>(
    link: ModbusLink,
    { log, status }: { log: number; status: number },
    scope: number,
    work: () => Promise<T>,
  ): Promise<T> {
    const { unit } = this.meter;
    await link.write(unit, EIG.session, [(log << 8) | EIG.enable | scope]);
    try {
      const { availability } = await this.status(link, status);
      const [port] = await link.read(unit, EIG.port, 1);
      if (availability !== port) {
        const text = `the meter's log ${log} is in use by its port ${availability}`;
        throw new DeviceError(
          'EVENT_LOG_IN_USE',
          text,
          'Another program reads this log: only one can at a time.',
        );
      }
      return await work();
    } finally {
      // A meter that is gone lets go by itself after five minutes.
      await link.write(unit, EIG.session, [0]).catch(() => {});
    }
  }

  private async status(link: ModbusLink, address: number): Promise<EigStatus> {
    return decodeEigStatus(await link.read(this.meter.unit, address, EIG.statusLength));
  }

  private async toEvents(link: ModbusLink, finished: readonly Finished[]): Promise<PqEvent[]> {
    const wanted = new Set(finished.map(({ open }) => open.capture).filter((number) => number > 0));
    const captures = wanted.size ? await this.captures(link, wanted) : new Map<number, EigCapture>();
    return finished.map((one) => this.toEvent(one, captures.get(one.open.capture)));
  }

  private toEvent({ kind, open, end }: Finished, capture: EigCapture | undefined): PqEvent {
    const { id: meter, pt, nominal } = this.meter;
    const reference = nominal ?? NOMINAL * pt;
    const flags = ['meter log', 'time to 1 s'];
    if (nominal === undefined) flags.push('nominal voltage assumed');
    if (open.capture > 0 && !capture) flags.push('capture not available');
    const within = capture !== undefined && end.capture === open.capture && end.tag > open.tag;
    const duration =
      within && capture ? (end.tag - open.tag) / capture.rate : Math.max(0, (end.time - open.time) / 1000);
    if (!within) flags.push('duration to 1 s');
    const parts = Object.entries(open.phases).map(
      ([phase, { worst, time, end: until }]) =>
        [
          phase,
          {
            extreme: (worst * pt) / reference,
            time,
            duration: within ? duration : Math.max(0, ((until ?? end.time) - time) / 1000),
          },
        ] as const,
    );
    const extremes = parts.map(([, { extreme }]) => extreme);
    const extreme = kind === 'sag' ? Math.min(...extremes) : Math.max(...extremes);
    const type = kind === 'sag' && extreme < 0.1 ? 'interruption' : kind;
    const cycles = duration * 60;
    const { category, flags: further, severity } = categorise(type, extreme, duration, cycles);
    const event: PqEvent = {
      kind: 'event',
      meter,
      time: open.time,
      id: eventId(meter, type, open.time),
      type,
      state: 'end',
      phases: parts.map(([phase]) => phase).sort(),
      duration,
      cycles,
      reference,
      extreme,
      depth: Math.abs(1 - extreme),
      perPhase: Object.fromEntries(parts),
      category,
      flags: [...flags, ...further],
    };
    if (severity !== undefined) event.severity = severity;
    if (capture) event.capture = this.frame(capture, open.time);
    return event;
  }

  private frame(capture: EigCapture, time: number): WaveformFrame {
    const { rate, cycleTag, channels } = capture;
    const names = Object.keys(channels) as (keyof typeof channels)[];
    const head = { meter: this.meter.id, time: time - (cycleTag / rate) * 1000, rate };
    return WaveformFrame.build(head, names, EIG.samplesPerChannel, (views) => {
      names.forEach((name, c) => {
        const ratio = channelRatio(name, this.meter);
        channels[name]?.forEach((value, n) => {
          views[c][n] = value * ratio;
        });
      });
    });
  }

  /**
   * Captures by number, those that the meter still has.
   * @throws the fault of the link
   */
  private async captures(link: ModbusLink, wanted: ReadonlySet<number>): Promise<Map<number, EigCapture>> {
    const { waveforms } = this.table;
    const found = new Map<number, EigCapture>();
    const { used, recordSize } = await this.status(link, waveforms.status);
    const held = Math.floor(used / EIG.recordsPerCapture);
    if (recordSize !== EIG.waveformRecord || held === 0) return found;
    await this.engaged(link, waveforms, EIG.normal, async () => {
      const newest = (await this.waveformRecord(link, (held - 1) * EIG.recordsPerCapture))[6];
      for (const number of wanted) {
        const back = (newest - number + LAST_CAPTURE) % LAST_CAPTURE;
        if (back >= held) continue;
        const bytes = await this.captureBytes(link, number, (held - 1 - back) * EIG.recordsPerCapture);
        const capture = bytes && decodeEigCapture(bytes);
        if (capture) found.set(number, capture);
      }
    });
    return found;
  }

  /** The payloads of 26 records put together; undefined where they are not those of that capture. */
  private async captureBytes(
    link: ModbusLink,
    number: number,
    first: number,
  ): Promise<Uint8Array | undefined> {
    const bytes = new Uint8Array(EIG_CAPTURE_BYTES);
    for (let i = 0; i < EIG.recordsPerCapture; i++) {
      const record = await this.waveformRecord(link, first + i);
      if (record[6] !== number || record[7] !== i) return undefined;
      bytes.set(record.subarray(8), i * EIG.waveformPayload);
    }
    return bytes;
  }

  /** A record of the engaged waveform log, in four windows of one request. */
  private async waveformRecord(link: ModbusLink, index: number): Promise<Uint8Array> {
    await this.request(link, index, 1, QUARTERS);
    for (let look = 0; look < LOOKS; look++) {
      const windows = await link.readRepeated(this.meter.unit, EIG.window, QUARTER, QUARTERS);
      if (windows.every(([head]) => head >> 8 === 0)) {
        const bytes = new Uint8Array(QUARTERS * (2 * QUARTER - 4));
        windows.forEach((words, i) => {
          bytes.set(bytesOf(words, 2), i * (2 * QUARTER - 4));
        });
        return bytes.subarray(0, EIG.waveformRecord);
      }
      await pause(look);
    }
    throw notReady();
  }
}

/** What comes from a store may be anything. */
function isPosition(value: unknown): value is Position {
  const { sequence, seen, open } = (value ?? {}) as Partial<Position>;
  if (typeof sequence !== 'number' || typeof seen !== 'string' || typeof open !== 'object' || !open)
    return false;
  return Object.values(open).every(
    (event) =>
      [event?.time, event?.capture, event?.tag].every(Number.isFinite) &&
      typeof event?.phases === 'object' &&
      Object.values(event.phases ?? {}).every(
        (part) => Number.isFinite(part?.worst) && Number.isFinite(part?.time),
      ),
  );
}

const UNAVAILABLE: Finding = {
  code: 'EVENT_LOG_UNAVAILABLE',
  severity: 'warning',
  text: "the meter's event log is switched off",
  hint: 'Give memory to the power-quality log in the settings of the meter; it wants V-Switch 5 or 6.',
  detail: {},
};

function isReady(words: readonly number[], index: number): boolean {
  return words[0] >> 8 === 0 && ((words[0] & 0xff) << 16) + words[1] === index;
}

function notReady(): DeviceError {
  return new DeviceError(
    'EVENT_LOG_NOT_READY',
    "the window of the meter's log does not get ready",
    'Look into the log less often, or check whether another program reads it.',
  );
}

/** Short at first: most windows are ready by the second look. */
function pause(look: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.min(LONGEST_PAUSE, 2 ** look)));
}

/** Takes one record into what is open; gives what it ends. */
function follow(open: Position['open'], record: EigPqRecord): Finished[] {
  const finished: Finished[] = [];
  for (const kind of ['sag', 'swell'] as const) {
    const bits = EIG_TRIGGERS.map((trigger, bit) => ({ ...trigger, bit })).filter(
      ({ type, current }) => type === kind && !current,
    );
    const isSet = (states: number, bit: number) => (states & (1 << bit)) !== 0;
    const touched = bits.filter(({ bit }) => isSet(record.changed, bit));
    if (touched.length === 0) continue;
    for (const { bit, phase } of touched) {
      const out = isSet(record.present, bit);
      // A return whose beginning fell out of the log: nothing can be made of it.
      if (!out && !open[kind]?.phases[phase]) continue;
      open[kind] ??= { time: record.time, capture: record.capture, tag: record.cycleTag, phases: {} };
      const event = open[kind];
      event.phases[phase] ??= { worst: record.worst[bit], time: record.time };
      const part = event.phases[phase];
      const worst = record.worst[bit];
      // 0 where the meter has not measured the excursion yet: an RMS that is worse comes with the return.
      if (!out || (worst > 0 && isWorse(kind, worst, part.worst))) part.worst = worst;
      if (!out) part.end = record.time;
    }
    const event = open[kind];
    if (!event || bits.some(({ bit }) => isSet(record.present, bit))) continue;
    delete open[kind];
    finished.push({
      kind,
      open: event,
      end: { time: record.time, capture: record.capture, tag: record.cycleTag },
    });
  }
  return finished;
}

function isWorse(kind: Kind, a: number, b: number): boolean {
  return b === 0 || (kind === 'sag' ? a < b : a > b);
}
