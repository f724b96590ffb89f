import type { QuantityName, Values } from '../record';
import {
  blocksBetween,
  encode,
  encodeStatus,
  FIFO,
  factorOf,
  type Profile,
  type RegisterLine,
  TYPE_LENGTH,
} from '../registers';
import { BlockFifo, HALF_RANGE } from './block-fifo';
import { Decimator } from './decimator';
import { EigLogs } from './eig-logs';
import { Measurement } from './measurement';
import type { MeterLog } from './meter-log';
import { NumberedLog } from './numbered-log';
import type { Section, SignalSource } from './signal-source';
import { VoltageWatch } from './voltage-watch';

/** A request that a meter refuses, by the exception code of the Modbus specification, section 7. */
export class ModbusException extends Error {
  constructor(readonly modbusErrorCode: number) {
    super(`Modbus exception ${modbusErrorCode}`);
  }
}
const ILLEGAL_FUNCTION = 1;
const ILLEGAL_ADDRESS = 2;
const ILLEGAL_VALUE = 3;

export interface SimulatedMeterOptions {
  profile: Profile;
  source: SignalSource;
  nominal: number;
  /** Blocks that the waveform memory holds. */
  fifoBlocks: number;
  /** Time at which sampling begins, ms. */
  start: number;
  /** Number of the log's entry before the first: 0 for a new meter. */
  logged?: number;
  /** Number of the first waveform block: 0 where it is left out. */
  firstBlock?: number;
}

/** Samples that are made at once. */
const CHUNK = 1024;
/** A meter whose host slept longer than this does not make up for it: its waveform has a gap. */
const MAX_BEHIND = 10_000;
/** Largest LOG_DIVIDER. */
const MAX_DIVIDER = 16;
/** Counts of a full converter. */
const FULL_SCALE = 32767;

/**
 * A power-quality meter that exists only in memory: samples its source in step with the clock it is
 * given, keeps the waveform in a FIFO of numbered blocks, and answers register requests as its profile
 * says. It has no clock of its own: {@link advance} tells it what time it is.
 */
export class SimulatedMeter {
  private readonly words = new Map<number, number>();
  private readonly fifo: BlockFifo;
  private section: Section | undefined;
  private measurement: Measurement | undefined;
  private watch: VoltageWatch | undefined;
  private readonly log: MeterLog | undefined;
  private buffers: Float32Array[] = [];
  /** What makes fewer samples for the waveform FIFO, where LOG_DIVIDER asks for that. */
  private decimator: Decimator | undefined;
  /** Start of the present section, ms, and samples taken of it. */
  private sectionStart: number;
  private taken = 0;
  private now: number;
  /** The meter's clock less that of the host, ms. */
  private clockOffset = 0;

  constructor(private readonly options: SimulatedMeterOptions) {
    this.fifo = new BlockFifo(options.fifoBlocks, options.firstBlock);
    this.log = this.createLog();
    this.sectionStart = this.now = options.start;
    for (const [name, line] of Object.entries(options.profile.registers)) this.put(name, line.initial ?? 0);
    this.put('FIFO_POINTER', this.fifo.pointer);
    for (const line of Object.values(options.profile.quantities)) {
      for (let i = 0; i < TYPE_LENGTH[line.type]; i++) this.words.set(line.address + i, 0);
    }
    this.nextSection();
  }

  /** All of the signal has been sampled. */
  get ended(): boolean {
    return this.section === undefined;
  }

  /** Blocks that no reader has had yet. */
  get unread(): number {
    const { next, oldest } = this.fifo.status();
    const behind = blocksBetween(this.fifo.pointer, next);
    // A pointer ahead of the newest block: all are read.
    return behind < HALF_RANGE ? Math.min(blocksBetween(oldest, next), behind) : 0;
  }

  /** Samples up to `now`, ms. */
  advance(now: number): void {
    this.now = now;
    if (this.section && now - this.position > MAX_BEHIND) this.skipTo(now);
    while (this.section) {
      const { rate } = this.section;
      const due = Math.floor(((now - this.position) / 1000) * rate);
      if (due <= 0) return;
      const wanted = Math.min(CHUNK, due);
      const out = this.buffers.map((buffer) => buffer.subarray(0, wanted));
      const count = this.section.read(out);
      if (this.isLogging) this.keep(out, count);
      this.watch?.push(out, count, this.stamp);
      this.measurement?.push(out, count);
      this.log?.sampled(this.section.channels, out, count, this.stamp, rate);
      this.taken += count;
      if (count < wanted) {
        this.sectionStart = this.position;
        this.nextSection();
      }
    }
  }

  /**
   * Holding registers as they stand.
   * @throws ModbusException 2 where an address is not in the map
   */
  read(address: number, count: number): number[] {
    const { status, statusLength, window, windowBlocks, blockLength } = FIFO;
    if (this.options.profile.waveformFifo) {
      if (address >= window && address + count <= window + windowBlocks * blockLength) {
        return this.readWindow(address - window, count);
      }
      if (address >= status && address + count <= status + statusLength) {
        return Array.from(
          encodeStatus(this.fifo.status()).subarray(address - status, address - status + count),
        );
      }
    }
    const logged = this.log?.read(address, count);
    if (logged) return logged;
    if (count > (this.options.profile.maxRead ?? count)) throw new ModbusException(ILLEGAL_VALUE);
    this.refresh();
    return Array.from({ length: count }, (_, i) => {
      const word = this.words.get(address + i);
      if (word === undefined) throw new ModbusException(ILLEGAL_ADDRESS);
      return word;
    });
  }

  /**
   * The same registers several times, one after the other (function code 0x23).
   * @throws ModbusException 1 where the meter does not know that, 2 for other registers
   */
  readRepeated(address: number, count: number, repeats: number): number[] {
    if (!this.log?.readRepeated) throw new ModbusException(ILLEGAL_FUNCTION);
    const words = this.log.readRepeated(address, count, repeats);
    if (!words) throw new ModbusException(ILLEGAL_ADDRESS);
    return words;
  }

  /**
   * Writes holding registers; all of them or none.
   * @throws ModbusException 2 where an address is not in the map or not writable, 3 for a value out of range
   */
  write(address: number, values: number[]): void {
    if (this.log?.write(address, values)) return;
    const lines = Object.entries(this.options.profile.registers).filter(([, line]) => line.writable);
    const writable = new Set(
      lines.flatMap(([, line]) => Array.from({ length: TYPE_LENGTH[line.type] }, (_, i) => line.address + i)),
    );
    if (values.some((_, i) => !writable.has(address + i))) throw new ModbusException(ILLEGAL_ADDRESS);
    const percent = (name: string) => this.options.profile.registers[name]?.address;
    values.forEach((value, i) => {
      const at = address + i;
      if ((at === percent('V_SAG_VAL') || at === percent('V_SWELL_VAL')) && (value < 1 || value > 300)) {
        throw new ModbusException(ILLEGAL_VALUE);
      }
      if (at === percent('CLEAR_OVERFLOW') && value !== 0xff00) throw new ModbusException(ILLEGAL_VALUE);
      if (at === percent('LOG_DIVIDER') && (value < 1 || value > MAX_DIVIDER)) {
        throw new ModbusException(ILLEGAL_VALUE);
      }
    });
    const divider = this.get('LOG_DIVIDER');
    values.forEach((value, i) => {
      if (address + i === percent('CLEAR_OVERFLOW')) this.fifo.overflow = false;
      else this.words.set(address + i, value);
    });
    this.fifo.pointer = this.get('FIFO_POINTER');
    if (!this.isLogging) this.fifo.end();
    if (this.get('LOG_DIVIDER') !== divider) this.setFormat();
    this.fifo.sampling = this.isLogging && !this.ended;
    if (this.log instanceof NumberedLog) this.log.pointer = this.get('EVENT_POINTER');
  }

  /** Samples for the waveform FIFO. */
  private keep(samples: readonly Float32Array[], count: number): void {
    const { decimator } = this;
    if (!decimator) {
      this.fifo.push(samples, 0, count, this.stamp);
      return;
    }
    const made = decimator.push(samples, count);
    const { rate } = this.section as Section;
    if (made.count) this.fifo.push(decimator.out, 0, made.count, this.stamp + (made.first / rate) * 1000);
  }

  /** A stretch of samples is missing. */
  private interrupt(): void {
    this.fifo.interrupt();
    this.setFormat();
  }

  /** Tells the waveform FIFO what comes from now on. */
  private setFormat(): void {
    if (!this.section) return;
    const { rate, channels, fullScale } = this.section;
    const divider = this.get('LOG_DIVIDER') || 1;
    // A low-pass begins empty: no block goes over that.
    if (this.decimator) this.fifo.interrupt();
    this.decimator = divider > 1 ? new Decimator(divider, channels.length, CHUNK) : undefined;
    const scales = fullScale.map((x) => Math.fround(x / FULL_SCALE));
    this.fifo.setFormat({ rate: rate / divider, channels, scales });
    this.fifo.delay = this.decimator ? this.decimator.delay / rate : 0;
  }

  /** Blocks are made: bit 0 of LOG_CTRL, where the profile has that register. */
  private get isLogging(): boolean {
    return !this.options.profile.registers.LOG_CTRL || (this.get('LOG_CTRL') & 1) === 1;
  }

  private get position(): number {
    return this.section ? this.sectionStart + (this.taken / this.section.rate) * 1000 : this.sectionStart;
  }

  /** Time of the next sample by the meter's own clock. */
  private get stamp(): number {
    return this.position + this.clockOffset;
  }

  private nextSection(): void {
    const before = this.section;
    this.section = this.options.source.next();
    this.taken = 0;
    if (!this.section) {
      this.fifo.end();
      return;
    }
    const { rate, channels, clock, pause = 0 } = this.section;
    if (pause > 0) this.interrupt();
    this.sectionStart += pause;
    this.clockOffset = clock === undefined ? 0 : clock - this.sectionStart;
    this.setFormat();
    this.fifo.sampling = this.isLogging;
    if (before?.rate === rate && before.channels.join() === channels.join()) return;
    this.buffers = channels.map(() => new Float32Array(CHUNK));
    const limits = () => ({
      low: this.get('V_SAG_VAL') / 100 || 0.9,
      high: this.get('V_SWELL_VAL') / 100 || 1.1,
    });
    const watch = new VoltageWatch(rate, channels, this.options.nominal, limits, {
      changed: (event, phase, out, time) => this.log?.changed(event, phase, out, time, watch.isQuiet),
    });
    this.watch = watch;
    this.measurement = new Measurement(rate, channels, () => watch.frequency);
  }

  private createLog(): MeterLog | undefined {
    const { profile, nominal, logged } = this.options;
    switch (profile.eventLog?.strategy) {
      case 'numbered':
        return new NumberedLog(profile.eventLog, this.fifo, nominal, logged);
      case 'eig':
        return new EigLogs(profile.eventLog, nominal, logged);
      default:
        return undefined;
    }
  }

  /** The host slept: the signal goes on now, and what was missed is missing. */
  private skipTo(now: number): void {
    this.interrupt();
    this.sectionStart += now - this.position;
  }

  private readWindow(at: number, count: number): number[] {
    const words: number[] = [];
    const { blockLength } = FIFO;
    while (words.length < count) {
      const index = Math.floor((at + words.length) / blockLength);
      const from = (at + words.length) % blockLength;
      const block = this.fifo.block(this.fifo.pointer + index);
      // A block that is not held has the number 0xFFFFFFFF and zeros: its count tells it from a real block of
      // that number.
      const part = block ?? new Uint16Array(blockLength).fill(0xffff, 0, 2);
      words.push(...part.subarray(from, Math.min(blockLength, from + count - words.length)));
    }
    return words;
  }

  /** Brings measured values into their registers, with one exponent for all powers. */
  private refresh(): void {
    const { profile } = this.options;
    this.put('CLOCK', this.now + this.clockOffset);
    this.put('EVENT_COUNT', this.log?.count ?? 0);
    if (this.log instanceof NumberedLog) this.put('EVENT_OLDEST', this.log.oldest);
    const values: Values = this.measurement?.values() ?? {};
    const largest = Math.max(1, ...(['p', 'q', 's'] as const).map((name) => Math.abs(values[name] ?? 0)));
    const exponent = Math.ceil(Math.log10(largest / 32000));
    this.put('POWER_EXPONENT', exponent);
    for (const [name, line] of Object.entries(profile.quantities)) {
      const value = values[name as QuantityName];
      const power = line.exponent === undefined ? 0 : toInt16(this.words.get(line.exponent) ?? 0);
      const stored =
        value === undefined
          ? (line.missing ?? Number.NaN)
          : value / (line.scale ?? 1) / factorOf(line.unit) / 10 ** power;
      this.encodeAt(line, stored);
    }
  }

  private get(name: string): number {
    const line = this.options.profile.registers[name];
    if (!line) return 0;
    let value = 0;
    for (let i = 0; i < TYPE_LENGTH[line.type]; i++)
      value = value * 0x10000 + (this.words.get(line.address + i) ?? 0);
    return value;
  }

  private put(name: string, value: number): void {
    const line = this.options.profile.registers[name];
    if (line) this.encodeAt(line, value);
  }

  private encodeAt(line: RegisterLine, value: number): void {
    const words: number[] = [];
    encode(value, line.type, words, 0, line.order ?? this.options.profile.order);
    words.forEach((word, i) => {
      this.words.set(line.address + i, word);
    });
  }
}

function toInt16(word: number): number {
  return (word << 16) >> 16;
}
