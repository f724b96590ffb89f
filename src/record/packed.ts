import { FieldError } from './check';
import { CHANNEL_NAMES, type Channel, isChannel } from './quantities';
import { marksOf, type WaveformFrame } from './waveform';

/** How the samples of a packed waveform are written: IEEE 754 single precision, little endian, in base64. */
export const PACKING = 'float32le';

/** A waveform as it travels in JSON where it must be small. */
export interface PackedWaveform {
  kind: 'waveform';
  meter: string;
  time: number;
  rate: number;
  encoding: typeof PACKING;
  /** Samples per channel. */
  length: number;
  channels: Partial<Record<Channel, string>>;
  last?: boolean;
  resumes?: boolean;
  nominal?: number;
}

/** The packed form of a frame: a third of the length of its decimal numbers, and exact. */
export function packSamples(frame: WaveformFrame): PackedWaveform {
  const { kind, meter, time, rate, length } = frame;
  const channels: PackedWaveform['channels'] = {};
  for (const [name, view] of Object.entries(frame.channels)) {
    channels[name as Channel] = Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('base64');
  }
  return { kind, meter, time, rate, encoding: PACKING, length, channels, ...marksOf(frame) };
}

/**
 * Samples of packed channels, by channel.
 * @throws FieldError naming the channel under `at`
 */
export function unpackSamples(channels: Record<string, unknown>, at: string): Record<string, Float32Array> {
  const samples: Record<string, Float32Array> = {};
  for (const [name, text] of Object.entries(channels)) {
    if (!isChannel(name)) throw new FieldError(`${at}.${name}`, `one of ${CHANNEL_NAMES.join(', ')}`, name);
    const bytes = typeof text === 'string' ? Buffer.from(text, 'base64') : undefined;
    if (!bytes || bytes.length % 4 !== 0)
      throw new FieldError(`${at}.${name}`, 'float32 samples in base64', text);
    // A copy, for it to begin at a multiple of four.
    samples[name] = new Float32Array(new Uint8Array(bytes).buffer);
  }
  return samples;
}
