import {
  encodeLogEntry,
  LOG_ENTRY_LENGTH,
  LOG_WINDOW_ENTRIES,
  type LogEntry,
  type NumberedLogTable,
} from '../registers';
import type { BlockFifo } from './block-fifo';
import type { MeterLog } from './meter-log';
import type { MeterEvent, Phase } from './voltage-watch';

/** Entries that the meter holds. */
const CAPACITY = 100;
/** Of the capture, before and after the event: ten cycles of 50 Hz, ms. */
const MARGIN = 200;
const EMPTY = new Uint16Array(LOG_ENTRY_LENGTH);
/** Blocks of a capture: as many as the window of the FIFO shows. */
const MAX_BLOCKS = 400;

/** The log of the reference meter (see registers/numbered-log.ts); captures point into its waveform FIFO. */
export class NumberedLog implements MeterLog {
  private readonly entries = new Map<number, Uint16Array>();
  private readonly pending: LogEntry[] = [];
  /** Number of the first entry in the window. */
  pointer = 1;

  /** @param first number before that of the first entry: a meter that has run for long has a high one */
  constructor(
    private readonly table: NumberedLogTable,
    private readonly fifo: BlockFifo,
    private readonly nominal: number,
    private number = 0,
  ) {}

  get count(): number {
    return this.number;
  }

  /** Number of the oldest entry held; the next one where there is none. */
  get oldest(): number {
    return (this.number - this.entries.size + 1) >>> 0;
  }

  changed(event: MeterEvent, _phase: Phase, _out: boolean, _time: number, over: boolean): void {
    if (!over) return;
    const parts = Object.entries(event.phases);
    const extremes = parts.map(([, { extreme }]) => extreme);
    const extreme = event.kind === 'sag' ? Math.min(...extremes) : Math.max(...extremes);
    this.pending.push({
      number: 0,
      type: event.kind === 'sag' && extreme < 0.1 ? 'interruption' : event.kind,
      time: event.time,
      duration: (event.end - event.time) / 1000,
      reference: this.nominal,
      extreme,
      frequency: event.frequency,
      perPhase: Object.fromEntries(
        parts.map(([phase, part]) => [
          phase,
          { extreme: part.extreme, time: part.time, duration: (part.end - part.time) / 1000 },
        ]),
      ),
    });
  }

  /** An entry is written when the last block of its capture is complete. */
  sampled(_channels: unknown, _samples: unknown, count: number, time: number, rate: number): void {
    const now = time + (count / rate) * 1000;
    const wait = MARGIN + (this.fifo.blockDuration + this.fifo.delay) * 1000;
    while (this.pending.length && now > this.pending[0].time + this.pending[0].duration * 1000 + wait) {
      this.append(this.pending.shift() as LogEntry);
    }
  }

  private append(entry: LogEntry): void {
    this.number = (this.number + 1) >>> 0;
    const end = entry.time + entry.duration * 1000;
    const capture = this.fifo.covering(entry.time - MARGIN, end + MARGIN);
    if (capture) capture.count = Math.min(MAX_BLOCKS, capture.count);
    this.entries.set(this.number, encodeLogEntry({ ...entry, number: this.number, capture }));
    if (this.entries.size > CAPACITY) this.entries.delete((this.number - CAPACITY) >>> 0);
  }

  read(address: number, count: number): number[] | undefined {
    const { window } = this.table;
    const length = LOG_WINDOW_ENTRIES * LOG_ENTRY_LENGTH;
    if (address < window || address + count > window + length) return undefined;
    const words: number[] = [];
    for (let i = 0; i < LOG_WINDOW_ENTRIES; i++) {
      words.push(...(this.entries.get((this.pointer + i) >>> 0) ?? EMPTY));
    }
    return words.slice(address - window, address - window + count);
  }

  write(): boolean {
    return false;
  }
}
