import type { Channel } from '../record';
import {
  EIG,
  EIG_CALIBRATION,
  EIG_CHANNELS,
  EIG_PQ_BYTES,
  EIG_TRIGGERS,
  type EigLogTable,
  encodeEigCapture,
  encodeEigPq,
  encodeEigStatus,
  putEigTime,
  wordsOf,
} from '../registers';
import type { MeterLog } from './meter-log';
import type { MeterEvent, Phase } from './voltage-watch';

/** Records and captures that the meter holds. */
const MAX_RECORDS = 256;
const MAX_CAPTURES = 16;
/** Samples of a capture a cycle of 60 Hz: 2 to the power of this, and those before the trigger. */
const LOG2 = 7;
const PRETRIGGER = 512;
/** Port that Modbus TCP has in this meter. */
const PORT = 4;
/** Words of calibration: 0.054 V and 0.0065 A a count, and an offset of the converter that readers take off. */
const CALIBRATION = { va: 54_049, ia: 6508, vb: 54_000, ib: 6512, vc: 54_100, ic: 6899 };
const OFFSET = { va: 120, ia: -80, vb: 95, ib: -60, vc: 110, ic: -75 };
/** Looks until a window is filled: the meter takes its time. */
const LOOKS_UNTIL_READY = 1;

type Name = (typeof EIG_CHANNELS)[number];

/** A capture that still wants samples. */
interface Waiting {
  number: number;
  trigger: number;
  /** Of sample 0 of the capture, ms since 1970. */
  time: number;
  counts: Record<Name, Int16Array>;
  filled: number;
}

/**
 * Event log (10) and waveform log (11) of a Shark 200 behind its retrieval block, written from the manual
 * (E149701, appendix B.5): one log is engaged at a time, its oldest record latched as number 0.
 */
export class EigLogs implements MeterLog {
  private readonly events: { sequence: number; time: number; bytes: Uint8Array }[] = [];
  private readonly captures: { number: number; time: number; bytes: Uint8Array }[] = [];
  private session: { log: number; scope: number; records: Uint8Array[] } | undefined;
  private perWindow = 1;
  private repeats = 1;
  private index = 0;
  private looks = 0;
  private present = 0;
  private waiting: Waiting[] = [];
  private newest: Record<Name, Float32Array> | undefined;
  private ring: { time: number; rate: number; length: number } = { time: 0, rate: 0, length: 0 };

  /** @param sequence of the record before the first: a meter that has run for long has a high one */
  constructor(
    private readonly table: EigLogTable,
    private readonly nominal: number,
    private sequence = 0,
  ) {}

  get count(): number {
    return this.sequence;
  }

  changed(event: MeterEvent, phase: Phase, out: boolean, time: number): void {
    const bit = EIG_TRIGGERS.findIndex((t) => t.phase === phase && t.type === event.kind && !t.current);
    const mask = 1 << bit;
    this.present = out ? this.present | mask : this.present & ~mask;
    const capture = this.capturing(time) ?? (out ? this.begin(mask, time) : undefined);
    const worst = EIG_TRIGGERS.map((_, i) =>
      i === bit ? (event.phases[phase]?.extreme ?? 0) * this.nominal : 0,
    );
    const cycleTag = capture ? Math.round(((time - capture.time) / 1000) * 2 ** LOG2 * 60) : 0;
    this.sequence = (this.sequence + 1) >>> 0;
    const record = {
      time,
      present: this.present,
      changed: mask,
      capture: capture?.number ?? 0,
      cycleTag,
      worst,
    };
    this.events.push({ sequence: this.sequence, time, bytes: encodeEigPq(record, CALIBRATION) });
    if (this.events.length > MAX_RECORDS) this.events.shift();
  }

  /** The capture that this moment falls into. */
  private capturing(time: number): Waiting | undefined {
    const span = (EIG.samplesPerChannel / (2 ** LOG2 * 60)) * 1000;
    return this.waiting.find((one) => time >= one.time && time < one.time + span);
  }

  private begin(trigger: number, time: number): Waiting {
    const last =
      this.waiting[this.waiting.length - 1]?.number ?? this.captures[this.captures.length - 1]?.number ?? 0;
    const counts = Object.fromEntries(
      EIG_CHANNELS.map((name) => [name, new Int16Array(EIG.samplesPerChannel).fill(OFFSET[name])]),
    ) as Waiting['counts'];
    const start = time - (PRETRIGGER / (2 ** LOG2 * 60)) * 1000;
    const waiting = { number: (last % 255) + 1, trigger, time: start, counts, filled: 0 };
    this.waiting.push(waiting);
    return waiting;
  }

  /** Keeps the newest quarter of a second, and fills captures from it, at the sampling rate of the meter. */
  sampled(
    channels: readonly Channel[],
    samples: readonly Float32Array[],
    count: number,
    time: number,
    rate: number,
  ): void {
    const size = Math.ceil(rate / 2);
    if (this.ring.rate !== rate || !this.newest) {
      this.newest = Object.fromEntries(EIG_CHANNELS.map((name) => [name, new Float32Array(size)])) as Record<
        Name,
        Float32Array
      >;
      this.ring = { time, rate, length: 0 };
    }
    for (const name of EIG_CHANNELS) {
      const from = samples[channels.indexOf(name)];
      const ring = this.newest[name];
      if (from) for (let n = 0; n < count; n++) ring[(this.ring.length + n) % size] = from[n];
    }
    this.ring.length += count;
    // Time of sample 0 of the ring's count, so that every sample has its own.
    this.ring.time = time + (count / rate) * 1000 - (this.ring.length / rate) * 1000;
    this.fill(size);
  }

  private fill(size: number): void {
    const { ring, newest } = this;
    for (const one of this.waiting) {
      for (; one.filled < EIG.samplesPerChannel; one.filled++) {
        const at = one.time + (one.filled / (2 ** LOG2 * 60)) * 1000;
        const position = ((at - ring.time) / 1000) * ring.rate;
        if (position > ring.length - 2) break;
        if (position < Math.max(0, ring.length - size) || !newest) continue;
        const n = Math.floor(position);
        const part = position - n;
        for (const name of EIG_CHANNELS) {
          const value = newest[name][n % size] * (1 - part) + newest[name][(n + 1) % size] * part;
          one.counts[name][one.filled] =
            Math.round(value / (CALIBRATION[name] * EIG_CALIBRATION)) + OFFSET[name];
        }
      }
    }
    for (const done of this.waiting.filter(({ filled }) => filled === EIG.samplesPerChannel)) {
      const head = { number: done.number, log2: LOG2, cycleTag: PRETRIGGER, trigger: done.trigger };
      const bytes = encodeEigCapture(head, CALIBRATION, done.counts);
      this.captures.push({ number: done.number, time: done.time, bytes });
      if (this.captures.length > MAX_CAPTURES) this.captures.shift();
    }
    this.waiting = this.waiting.filter(({ filled }) => filled < EIG.samplesPerChannel);
  }

  read(address: number, count: number): number[] | undefined {
    if (address === EIG.port && count === 1) return [PORT];
    for (const { log, status } of [this.table.events, this.table.waveforms]) {
      if (address === status && count <= EIG.statusLength) return this.status(log).slice(0, count);
    }
    if (address >= EIG.window && address + count <= EIG.window + EIG.windowLength) {
      const words = this.windows(EIG.windowLength, 1)[0];
      return words.slice(address - EIG.window, address - EIG.window + count);
    }
    return undefined;
  }

  readRepeated(address: number, count: number, repeats: number): number[] | undefined {
    if (address !== EIG.window || count > EIG.windowLength || repeats !== this.repeats) return undefined;
    return this.windows(count, repeats).flat();
  }

  write(address: number, values: readonly number[]): boolean {
    if (address === EIG.session && values.length === 1) {
      const log = values[0] >> 8;
      this.session =
        values[0] & EIG.enable
          ? { log, scope: values[0] & 0x7f, records: this.records(log, values[0] & 0x7f) }
          : undefined;
      return true;
    }
    if (address === EIG.request && values.length === 3) {
      this.perWindow = values[0] >> 8;
      this.repeats = values[0] & 0xff;
      this.index = ((values[1] & 0xff) << 16) | values[2];
      this.looks = 0;
      return true;
    }
    return false;
  }

  /** The data of so many windows that follow one another, each with status and index before it. */
  private windows(length: number, repeats: number): number[][] {
    const ready = this.looks++ >= LOOKS_UNTIL_READY && this.session !== undefined;
    const bytes = new Uint8Array(repeats * (2 * length - 4)).fill(0xff);
    if (ready) {
      let at = 0;
      for (let i = 0; i < this.perWindow; i++) {
        const record = this.session?.records[this.index + i];
        if (record) bytes.set(record.subarray(0, bytes.length - at), at);
        at += record?.length ?? 0;
      }
    }
    return Array.from({ length: repeats }, (_, i) => [
      ((ready ? 0 : EIG.notReady) << 8) | (this.index >> 16),
      this.index & 0xffff,
      ...wordsOf(bytes.subarray(i * (2 * length - 4), (i + 1) * (2 * length - 4))),
    ]);
  }

  private records(log: number, scope: number): Uint8Array[] {
    if (log === this.table.events.log) {
      return this.events.map(({ sequence, bytes }) =>
        scope === EIG.image ? imageOf(sequence, bytes) : bytes,
      );
    }
    if (log !== this.table.waveforms.log) return [];
    return this.captures.flatMap(({ number, time, bytes }) =>
      Array.from({ length: EIG.recordsPerCapture }, (_, i) => {
        const record = new Uint8Array(EIG.waveformRecord);
        putEigTime(time, record);
        record[6] = number;
        record[7] = i;
        record.set(bytes.subarray(i * EIG.waveformPayload, (i + 1) * EIG.waveformPayload), 8);
        return record;
      }),
    );
  }

  private status(log: number): number[] {
    const isEvents = log === this.table.events.log;
    const held = isEvents ? this.events : this.captures;
    const engaged = this.session?.log === log;
    const perEntry = isEvents ? 1 : EIG.recordsPerCapture;
    return encodeEigStatus({
      max: (isEvents ? MAX_RECORDS : MAX_CAPTURES) * perEntry,
      used: held.length * perEntry,
      recordSize: isEvents ? 6 + EIG_PQ_BYTES : EIG.waveformRecord,
      availability: engaged ? PORT : 0,
      first: held[0]?.time ?? 0,
      last: held[held.length - 1]?.time ?? 0,
    });
  }
}

/** The record as it lies in memory: checksum, sequence number, record. */
function imageOf(sequence: number, bytes: Uint8Array): Uint8Array {
  const image = new Uint8Array(6 + bytes.length);
  new DataView(image.buffer).setUint32(2, sequence);
  image.set(bytes, 6);
  return image;
}
