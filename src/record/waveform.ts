import { FieldError, number, object, text } from './check';
import { PACKING, unpackSamples } from './packed';
import { CHANNEL_NAMES, type Channel, isChannel } from './quantities';

/** The plain form of a waveform, as it comes from other nodes and as it travels in JSON. */
export interface PlainWaveform {
  kind: 'waveform';
  meter: string;
  time: number;
  rate: number;
  channels: Partial<Record<Channel, ArrayLike<number>>>;
  last?: boolean;
  resumes?: boolean;
  nominal?: number;
}

/** What a frame says beside its samples; see {@link WaveformFrame}. */
export interface FrameHead {
  meter: string;
  /** Time of the first sample, ms since 1970. */
  time: number;
  /** Samples per second per channel. */
  rate: number;
  last?: boolean;
  resumes?: boolean;
  nominal?: number;
}

/** Limits a frame must keep: what a hostile message could otherwise ask us to allocate. */
export const MAX_FRAME_SAMPLES = 4_000_000;
const MAX_RATE = 10_000_000;
const NOMINAL = { above: 0, max: 1e7, unit: 'V' } as const;

/**
 * Samples of all channels of one meter over one stretch of time, in one Buffer.
 *
 * Node-RED clones a message for each further wire; of a Buffer the clone shares the memory, so a frame
 * crosses a wire at the price of a few small fields. For that, every own enumerable property is a
 * scalar, a string or the Buffer, and views are made on demand by getters of the prototype (private
 * fields would not survive the clone). The price: a frame is never written after it was made.
 *
 * Shape: `names.length` channels of `length` float32 samples each, one channel after the other, in
 * machine byte order. Units: V and A; `time` is the Unix epoch in ms of the first sample, `rate` in
 * samples per second per channel. `last` marks the end of a stream: its source gives nothing further.
 * `resumes` marks the first frame after a pause of the recorder (or at another rate): nothing was lost
 * before it, the recorder did not record; an event in progress goes on. `nominal` is the declared voltage
 * of this meter, V, where its source knows it.
 */
export class WaveformFrame implements PlainWaveform {
  readonly kind = 'waveform' as const;
  declare readonly last?: boolean;
  declare readonly resumes?: boolean;
  declare readonly nominal?: number;

  private constructor(
    readonly meter: string,
    readonly time: number,
    readonly rate: number,
    /** Channel names, joined by a space, in the order in which they lie in the Buffer. */
    readonly layout: string,
    /** Samples per channel. */
    readonly length: number,
    readonly data: Buffer,
    { last, resumes, nominal }: FrameHead,
  ) {
    if (last) this.last = true;
    if (resumes) this.resumes = true;
    if (nominal !== undefined) this.nominal = number(nominal, 'nominal', NOMINAL);
  }

  /**
   * A new frame whose samples `fill` writes, before anybody else sees it.
   * @param head meter, time (ms), rate (Hz), and what else is known
   * @param names channels, each at most once
   * @param length samples per channel
   * @param fill called once with an array per channel, in the order of `names`
   * @throws FieldError when the head is not valid
   */
  static build(
    head: FrameHead,
    names: readonly Channel[],
    length: number,
    fill: (samples: Float32Array[]) => void,
  ): WaveformFrame {
    const memory = new ArrayBuffer(names.length * length * 4);
    const frame = new WaveformFrame(
      text(head.meter, 'meter'),
      number(head.time, 'time'),
      number(head.rate, 'rate', { above: 0, max: MAX_RATE, unit: 'Hz' }),
      names.join(' '),
      length,
      Buffer.from(memory),
      head,
    );
    fill(names.map((_, i) => new Float32Array(memory, i * length * 4, length)));
    return frame;
  }

  /**
   * The frame for a payload: a frame as it is, a plain or packed waveform copied into one.
   * @throws FieldError naming the field under `at`, e.g. `payload.channels.va[17]`
   */
  static from(value: unknown, at = 'payload'): WaveformFrame {
    // Only the class itself makes frames, so one that arrives was checked when it was made.
    if (value instanceof WaveformFrame) return value;
    const plain = object(value, at);
    if (plain.kind !== 'waveform') throw new FieldError(`${at}.kind`, 'waveform', plain.kind);
    const meter = text(plain.meter, `${at}.meter`);
    const time = number(plain.time, `${at}.time`, { unit: 'ms since 1970' });
    const rate = number(plain.rate, `${at}.rate`, { above: 0, max: MAX_RATE, unit: 'Hz' });
    const given = object(plain.channels, `${at}.channels`);
    const channels = plain.encoding === PACKING ? unpackSamples(given, `${at}.channels`) : given;
    const names = Object.keys(channels);
    if (names.length === 0) throw new FieldError(`${at}.channels`, 'at least one channel', channels);
    let length = -1;
    for (const name of names) {
      const field = `${at}.channels.${name}`;
      if (!isChannel(name)) throw new FieldError(field, `one of ${CHANNEL_NAMES.join(', ')}`, name);
      const samples = channels[name];
      if (!Array.isArray(samples) && !(ArrayBuffer.isView(samples) && !(samples instanceof DataView))) {
        throw new FieldError(field, 'an array of samples', samples);
      }
      const n = (samples as ArrayLike<number>).length;
      if (n === 0 || n > MAX_FRAME_SAMPLES)
        throw new FieldError(field, `1 to ${MAX_FRAME_SAMPLES} samples`, n);
      if (length >= 0 && n !== length) throw new FieldError(field, `${length} samples as in ${names[0]}`, n);
      length = n;
    }
    const head = {
      meter,
      time,
      rate,
      last: plain.last === true,
      resumes: plain.resumes === true,
      nominal: plain.nominal === undefined ? undefined : number(plain.nominal, `${at}.nominal`, NOMINAL),
    };
    return WaveformFrame.build(head, names as Channel[], length, (views) => {
      names.forEach((name, i) => {
        copyChecked(channels[name] as ArrayLike<number>, views[i], `${at}.channels.${name}`);
      });
    });
  }

  /** Channel names in the order in which they lie in memory. */
  get names(): Channel[] {
    return this.layout.split(' ') as Channel[];
  }

  /** Samples by channel, as views on the frame's memory: read only by agreement. */
  get channels(): Partial<Record<Channel, Float32Array>> {
    const views: Partial<Record<Channel, Float32Array>> = {};
    this.names.forEach((name, i) => {
      views[name] = this.view(i);
    });
    return views;
  }

  /** Samples of one channel, or undefined where the frame has none of that name. */
  channel(name: Channel): Float32Array | undefined {
    const i = this.names.indexOf(name);
    return i < 0 ? undefined : this.view(i);
  }

  /** Time just after the last sample, ms. */
  get endTime(): number {
    return this.time + (this.length / this.rate) * 1000;
  }

  /** Samples `[from, to)` as a frame of their own. */
  slice(from: number, to: number): WaveformFrame {
    const { meter, rate, nominal } = this;
    const head = { meter, time: this.time + (from / rate) * 1000, rate, nominal };
    return WaveformFrame.build(head, this.names, to - from, (views) => {
      for (let i = 0; i < views.length; i++) views[i].set(this.view(i).subarray(from, to));
    });
  }

  /** The same frame (of the same memory) as the last one of its stream. */
  asLast(): WaveformFrame {
    const { meter, time, rate, layout, length, data } = this;
    return new WaveformFrame(meter, time, rate, layout, length, data, { ...this, last: true });
  }

  toJSON(): PlainWaveform {
    const channels: Partial<Record<Channel, number[]>> = {};
    for (const [name, view] of Object.entries(this.channels)) channels[name as Channel] = Array.from(view);
    const { kind, meter, time, rate } = this;
    return { kind, meter, time, rate, channels, ...marksOf(this) };
  }

  /** Samples of the channel that lies at place `i` of {@link names}: for whoever looks at many frames of one layout. */
  view(i: number): Float32Array {
    return new Float32Array(this.data.buffer, this.data.byteOffset + i * this.length * 4, this.length);
  }
}

/** The optional fields of a frame, as its JSON has them: absent where they say nothing. */
export function marksOf({
  last,
  resumes,
  nominal,
}: WaveformFrame): Pick<PlainWaveform, 'last' | 'resumes' | 'nominal'> {
  return {
    ...(last && { last }),
    ...(resumes && { resumes }),
    ...(nominal !== undefined && { nominal }),
  };
}

/**
 * The meter whose stream ends with a waveform, however bad the rest of it is: its last frame ends it even
 * where it is refused.
 */
export function endedMeter(payload: unknown): string | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  const { kind, last, meter } = payload as Record<string, unknown>;
  return kind === 'waveform' && last === true && typeof meter === 'string' ? meter : undefined;
}

function copyChecked(from: ArrayLike<number>, to: Float32Array, field: string): void {
  for (let i = 0; i < to.length; i++) {
    const sample = from[i];
    const stored = typeof sample === 'number' ? Math.fround(sample) : Number.NaN;
    // Infinity minus itself is NaN: one test for both.
    if (stored - stored !== 0) throw new FieldError(`${field}[${i}]`, 'a finite number', sample);
    to[i] = stored;
  }
}
