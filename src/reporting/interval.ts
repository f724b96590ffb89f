import { INTERVAL_MS } from './settings';

/** Orders of harmonics that EN 50160 has limits for. */
export const LAST_ORDER = 25;
/** Orders that count into THD (EN 50160:2010, 4.2.5: to order 40). */
export const THD_TO = 40;
export const CHANNELS = 3;

/** Where each number of an interval lies. */
const AT = {
  voltage: 0,
  unbalance: 3,
  thd: 4,
  /** Orders 2 to 25 of the first channel, then of the others. */
  harmonics: 7,
  frequency: 7 + CHANNELS * (LAST_ORDER - 1),
  flagged: 12 + CHANNELS * (LAST_ORDER - 1),
  coverage: 13 + CHANNELS * (LAST_ORDER - 1),
  thdTo: 14 + CHANNELS * (LAST_ORDER - 1),
} as const;
const LENGTH = AT.thdTo + 1;

/** Frequencies over ten seconds inside an interval. */
export interface TenSeconds {
  count: number;
  /** Those within 1 % of nominal, and within +4 % and -6 %. */
  near: number;
  wide: number;
  min: number;
  max: number;
}

/**
 * Ten minutes of one meter, on the clock: the values that EN 50160 judges, as numbers of single precision. What was
 * not measured is NaN.
 */
export class Interval {
  private constructor(
    /** Ten minutes since 1970. */
    readonly number: number,
    private readonly numbers: Float32Array,
  ) {}

  static empty(number: number): Interval {
    const numbers = new Float32Array(LENGTH).fill(Number.NaN);
    numbers.fill(0, AT.frequency, AT.frequency + 3);
    numbers[AT.flagged] = 0;
    return new Interval(number, numbers);
  }

  /** @throws RangeError where the bytes are not those of an interval */
  static decode(number: number, bytes: Buffer): Interval {
    const interval = Interval.empty(number);
    const found = new Float32Array(new Uint8Array(bytes).buffer, 0, Math.floor(bytes.length / 4));
    // An archive of before the order of THD was kept has one number less.
    if (bytes.length % 4 || found.length < LENGTH - 1 || found.length > LENGTH)
      throw new RangeError(`${bytes.length} bytes are no interval`);
    interval.numbers.set(found);
    return interval;
  }

  encode(): Buffer {
    const { buffer, byteOffset, byteLength } = this.numbers;
    return Buffer.from(Buffer.from(buffer, byteOffset, byteLength));
  }

  /** Its end, ms since 1970. */
  get end(): number {
    return (this.number + 1) * INTERVAL_MS;
  }

  /** V of the channels a, b, c (or ab, bc, ca). */
  get voltages(): Float32Array {
    return this.numbers.subarray(AT.voltage, AT.voltage + CHANNELS);
  }

  /** Percent. */
  get unbalance(): number {
    return this.numbers[AT.unbalance];
  }

  set unbalance(percent: number) {
    this.numbers[AT.unbalance] = percent;
  }

  /** Percent by channel. */
  get thd(): Float32Array {
    return this.numbers.subarray(AT.thd, AT.thd + CHANNELS);
  }

  /** Last order that is in THD; undefined where that is not known, as of a meter that gives nothing but THD. */
  get thdTo(): number | undefined {
    const order = this.numbers[AT.thdTo];
    return Number.isNaN(order) ? undefined : order;
  }

  set thdTo(order: number) {
    this.numbers[AT.thdTo] = order;
  }

  /** Percent of the fundamental of a channel; index 0 is order 2. */
  harmonics(channel: number): Float32Array {
    const from = AT.harmonics + channel * (LAST_ORDER - 1);
    return this.numbers.subarray(from, from + LAST_ORDER - 1);
  }

  get frequency(): TenSeconds {
    const [count, near, wide, min, max] = this.numbers.subarray(AT.frequency, AT.frequency + 5);
    return { count, near, wide, min, max };
  }

  /** One more frequency over ten seconds. */
  addFrequency(hertz: number, nominal: number): void {
    const { numbers } = this;
    const at = AT.frequency;
    const ratio = hertz / nominal - 1;
    numbers[at]++;
    // A hair more than the limit, for what single precision makes of 50.5.
    if (Math.abs(ratio) <= 0.01 + 1e-9) numbers[at + 1]++;
    if (ratio <= 0.04 + 1e-9 && ratio >= -0.06 - 1e-9) numbers[at + 2]++;
    numbers[at + 3] = Math.min(Number.isNaN(numbers[at + 3]) ? hertz : numbers[at + 3], hertz);
    numbers[at + 4] = Math.max(Number.isNaN(numbers[at + 4]) ? hertz : numbers[at + 4], hertz);
  }

  /** Whether a sag, swell or interruption falls into it (IEC 61000-4-30, 4.7). */
  get flagged(): boolean {
    return this.numbers[AT.flagged] === 1;
  }

  flag(): void {
    this.numbers[AT.flagged] = 1;
  }

  /** Part of it that was measured. */
  get coverage(): number {
    const part = this.numbers[AT.coverage];
    return Number.isNaN(part) ? 0 : part;
  }

  set coverage(part: number) {
    this.numbers[AT.coverage] = part;
  }

  /** Takes from another part of the same ten minutes what this one does not have. */
  fill(other: Interval): void {
    const { frequency } = other;
    const own = this.frequency;
    const merged = new Float32Array(other.numbers);
    for (let k = 0; k < LENGTH; k++) if (!Number.isNaN(this.numbers[k])) merged[k] = this.numbers[k];
    merged[AT.frequency] = own.count + frequency.count;
    merged[AT.frequency + 1] = own.near + frequency.near;
    merged[AT.frequency + 2] = own.wide + frequency.wide;
    const least = [own.min, frequency.min].filter((value) => !Number.isNaN(value));
    const most = [own.max, frequency.max].filter((value) => !Number.isNaN(value));
    merged[AT.frequency + 3] = least.length ? Math.min(...least) : Number.NaN;
    merged[AT.frequency + 4] = most.length ? Math.max(...most) : Number.NaN;
    merged[AT.flagged] = this.flagged || other.flagged ? 1 : 0;
    merged[AT.coverage] = Math.max(this.coverage, other.coverage);
    this.numbers.set(merged);
  }
}
