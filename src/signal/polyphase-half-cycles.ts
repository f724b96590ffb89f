import type { Complex } from './complex';
import { type HalfCycle, HalfCycleRms } from './half-cycle-rms';
import type { HalfPeriodOptions } from './half-periods';
import { steadyFrequency } from './steady-frequency';

/** As for one channel; with `auto` the frequency is measured before the first half cycle is judged. */
export interface PolyphaseOptions extends Omit<HalfPeriodOptions, 'frequency'> {
  frequency: number | 'auto';
  /** Hz, of an earlier stretch: taken where `auto` finds no voltage in the first cycles. */
  earlier?: number;
}

/** Seconds at the start of a stream from which its frequency is measured: 12 cycles of 50 Hz. */
const FIRST_LOOK = 0.24;
/** Hz, where those hold no voltage: midway between 50 and 60, both of which the filter then follows. */
const MIDDLE = 55;

/** Receives one Urms(1/2) of a channel: sample positions of the start and end of its cycle, its value, its later half. */
export type PolyphaseListener = (
  channel: number,
  start: number,
  end: number,
  rms: number,
  half: HalfCycle,
) => void;

/** Values of a channel that wait for those of the others; more, and they go on without them. */
const MAX_WAITING = 256;
/** Numbers of a value that waits: start, end, RMS, energy, length, frequency. */
const FIELDS = 6;
/** Cycles of all channels that are looked at in one go: few enough that nothing has to wait for long. */
const CYCLES = 8;

/**
 * Urms(1/2) of all channels of one stream, each on its own crossings, told in the order of their ends:
 * a channel whose signal changes tells its values late, and those of the others wait for them. So the
 * order, and all that is made of it, is the same however the stream is cut.
 */
export class PolyphaseHalfCycles {
  private channels: HalfCycleRms[] = [];
  private readonly waiting: Waiting[];
  private stretch = 1;
  private readonly half: HalfCycle = { energy: 0, length: 0 };
  /** Samples that are held until the frequency is known. */
  private first: { samples: Float32Array[]; count: number } | undefined;
  /** Fundamental of the first channel at the newest value told, Hz; the expected one before that. */
  frequency: number;

  /** @param channels how many */
  constructor(
    channels: number,
    private readonly options: PolyphaseOptions,
    private readonly listener: PolyphaseListener,
  ) {
    const { frequency, rate } = options;
    this.waiting = Array.from({ length: channels }, () => new Waiting());
    this.frequency = frequency === 'auto' ? (options.earlier ?? MIDDLE) : frequency;
    if (frequency !== 'auto') {
      this.begin(frequency);
      return;
    }
    const room = Math.ceil(FIRST_LOOK * rate);
    this.first = { samples: this.waiting.map(() => new Float32Array(room)), count: 0 };
  }

  /** Whether a fundamental was found in the samples: otherwise {@link frequency} is only expected. */
  get isMeasured(): boolean {
    return this.channels.some(({ halfPeriods }) => halfPeriods.isMeasured);
  }

  /** Phasor of a channel's fundamental, see {@link HalfCycleRms.phasor}. */
  phasor(channel: number, from: number, to: number, cycles: number): Complex {
    return this.channels[channel].phasor(from, to, cycles);
  }

  /** Samples by which the values told may lie behind the newest sample. */
  get reach(): number {
    return this.first?.samples[0]?.length ?? this.channels[0]?.halfPeriods.reach ?? 0;
  }

  /** Samples `[from, to)` of each channel's array, the next ones of the stream. */
  push(samples: readonly Float32Array[], from: number, to: number): void {
    const at = this.first ? this.hold(this.first, samples, from, to) : from;
    this.take(samples, at, to);
  }

  /** The stream ends here: what can still be measured of it is told. */
  finish(): void {
    if (this.first) this.measureFirst(this.first);
    for (const channel of this.channels) channel.finish();
    while (this.waiting.some(isWaiting)) this.tellEarliest();
  }

  /** Keeps samples until there are enough to tell the frequency; returns where those begin that are still to come. */
  private hold(
    first: { samples: Float32Array[]; count: number },
    samples: readonly Float32Array[],
    from: number,
    to: number,
  ): number {
    const room = first.samples[0]?.length ?? 0;
    const taken = Math.min(to - from, room - first.count);
    first.samples.forEach((kept, i) => {
      kept.set(samples[i].subarray(from, from + taken), first.count);
    });
    first.count += taken;
    if (first.count === room) this.measureFirst(first);
    return from + taken;
  }

  private measureFirst({ samples, count }: { samples: Float32Array[]; count: number }): void {
    this.first = undefined;
    const found = steadyFrequency(samples, this.options.rate, 0, count);
    this.begin(found?.frequency ?? this.options.earlier ?? MIDDLE);
    this.take(samples, 0, count);
  }

  private begin(frequency: number): void {
    const { rate, floor } = this.options;
    this.frequency = frequency;
    this.stretch = Math.ceil((CYCLES * rate) / frequency);
    this.channels = this.waiting.map((waiting) => {
      const rms = new HalfCycleRms({ rate, floor, frequency }, (start, end, value, half) => {
        if (waiting.count === MAX_WAITING) this.tellEarliest();
        waiting.add(start, end, value, half, rms.halfPeriods.frequency);
      });
      return rms;
    });
  }

  private take(samples: readonly Float32Array[], from: number, to: number): void {
    for (let at = from; at < to; at += this.stretch) {
      const end = Math.min(to, at + this.stretch);
      for (let i = 0; i < this.channels.length; i++) this.channels[i].push(samples[i], at, end);
      while (this.waiting.length && this.waiting.every(isWaiting)) this.tellEarliest();
    }
  }

  private tellEarliest(): void {
    let earliest = 0;
    let end = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.waiting.length; i++) {
      if (this.waiting[i].count === 0 || this.waiting[i].field(1) >= end) continue;
      earliest = i;
      end = this.waiting[i].field(1);
    }
    const first = this.waiting[earliest];
    const [start, rms] = [first.field(0), first.field(2)];
    this.half.energy = first.field(3);
    this.half.length = first.field(4);
    if (earliest === 0) this.frequency = first.field(5);
    first.drop();
    this.listener(earliest, start, end, rms, this.half);
  }
}

function isWaiting(waiting: Waiting): boolean {
  return waiting.count > 0;
}

/** The values of one channel that wait, oldest first. */
class Waiting {
  /** Room for as many as usually wait, a power of two; it grows where a signal changes for long. */
  private room = 32;
  private fields = new Float64Array(this.room * FIELDS);
  private first = 0;
  count = 0;

  add(start: number, end: number, rms: number, half: HalfCycle, frequency: number): void {
    if (this.count === this.room) this.grow();
    const at = ((this.first + this.count++) & (this.room - 1)) * FIELDS;
    const { fields } = this;
    fields[at] = start;
    fields[at + 1] = end;
    fields[at + 2] = rms;
    fields[at + 3] = half.energy;
    fields[at + 4] = half.length;
    fields[at + 5] = frequency;
  }

  /** A field of the oldest. */
  field(n: number): number {
    return this.fields[this.first * FIELDS + n];
  }

  drop(): void {
    this.first = (this.first + 1) & (this.room - 1);
    this.count--;
  }

  private grow(): void {
    const larger = new Float64Array(2 * this.fields.length);
    const split = this.first * FIELDS;
    larger.set(this.fields.subarray(split));
    larger.set(this.fields.subarray(0, split), this.fields.length - split);
    this.fields = larger;
    this.first = 0;
    this.room *= 2;
  }
}
