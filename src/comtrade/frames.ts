import { CHANNELS, type Channel, isChannel, WaveformFrame } from '../record';
import type { AnalogChannel } from './config';
import { ComtradeError } from './error';
import { type Recording, sideValues } from './recording';

/** Which analogue channel (number or name in the file) is which channel of ours. */
export type ChannelMap = Partial<Record<Channel, number | string>>;

export interface FrameOptions {
  meter: string;
  /** Left out: found by unit and phase, see {@link findChannels}. */
  channels?: ChannelMap;
  /** Side of the instrument transformers; default as recorded. */
  side?: 'P' | 'S';
  /** Time of the first sample, ms; default that of the file, or 0. */
  time?: number;
}

/** Largest difference of neighbouring sampling rates that is drift of one clock, not a change of rate. */
const DRIFT = 0.001;

/**
 * The record as waveform frames: one for each stretch of one sampling rate. Segments whose rates differ
 * by less than 0.1 % are one stretch, at their mean rate. Missing samples take the value before them,
 * and `filled` says how many, per channel.
 * @throws ComtradeError for a channel that is not there, for no channel at all, for a varying rate
 */
export function toFrames(
  recording: Recording,
  options: FrameOptions,
): { frames: WaveformFrame[]; channels: ChannelMap; filled: Partial<Record<Channel, number>> } {
  const map = options.channels ?? findChannels(recording);
  const names = (Object.keys(map) as Channel[]).filter(isChannel);
  if (names.length === 0) {
    throw new ComtradeError(
      'channels',
      'none is a voltage or current of phase A, B or C: name them yourself',
    );
  }
  const filled: Partial<Record<Channel, number>> = {};
  const values = names.map((name) => {
    const channel = findChannel(recording, map[name] as number | string);
    const side = options.side ?? channel.side;
    const scaled = sideValues(channel, recording.analog[recording.config.analog.indexOf(channel)], side);
    const factor = unitFactor(channel.unit);
    const { held, missing } = holdLast(scaled, factor?.unit === CHANNELS[name] ? factor.scale : 1);
    if (missing) filled[name] = missing;
    return held;
  });
  const start = options.time ?? recording.config.start ?? 0;
  const frames = stretches(recording).map(({ rate, from, to }) => {
    const time = start + recording.times[from] * 1000;
    return WaveformFrame.build({ meter: options.meter, time, rate }, names, to - from, (views) => {
      views.forEach((view, i) => {
        view.set(values[i].subarray(from, to));
      });
    });
  });
  return { frames, channels: map, filled };
}

/**
 * The channels a reader would take first: for each phase the first voltage to neutral and the first
 * current, known by unit and by phase field or, where that is empty, by the name's last letter.
 */
export function findChannels(recording: Recording): ChannelMap {
  const map: ChannelMap = {};
  for (const channel of recording.config.analog) {
    const unit = unitFactor(channel.unit)?.unit;
    const phase = phaseFrom(channel.phase) ?? phaseFrom(channel.id);
    if (!unit || !phase) continue;
    const name = `${unit === 'V' ? 'v' : 'i'}${phase}`;
    if (isChannel(name) && map[name] === undefined) map[name] = channel.index;
  }
  return map;
}

function findChannel(recording: Recording, wanted: number | string): AnalogChannel {
  const channel = recording.config.analog.find(
    ({ index, id }) => String(index) === String(wanted) || id === wanted,
  );
  if (channel) return channel;
  const known = recording.config.analog.slice(0, 8).map(({ index, id }) => `${index} ${id}`);
  throw new ComtradeError(
    'channels',
    `${JSON.stringify(wanted)} is not in the file, which has ${known.join(', ')} ...`,
  );
}

const PHASES: [RegExp, string][] = [
  [/^(?:.*[^A-Z])?(?:[UVI]?_?)(?:AB|12|RS)$/i, 'ab'],
  [/^(?:.*[^A-Z])?(?:[UVI]?_?)(?:BC|23|ST)$/i, 'bc'],
  [/^(?:.*[^A-Z])?(?:[UVI]?_?)(?:CA|31|TR)$/i, 'ca'],
  [/^(?:.*[^A-Z0-9])?(?:[UVI]?_?L?)(?:A|1|R)$/i, 'a'],
  [/^(?:.*[^A-Z0-9])?(?:[UVI]?_?L?)(?:B|2|S)$/i, 'b'],
  [/^(?:.*[^A-Z0-9])?(?:[UVI]?_?L?)(?:C|3|T)$/i, 'c'],
  [/^(?:.*[^A-Z0-9])?(?:[UVI]?_?)(?:N|4|0|G)$/i, 'n'],
];

function phaseFrom(text: string): string | undefined {
  return PHASES.find(([pattern]) => pattern.test(text.trim()))?.[1];
}

const PREFIXES: Record<string, number> = { '': 1, k: 1e3, K: 1e3, M: 1e6, m: 1e-3 };

/** Volt or ampere with its prefix, as recorders write it: V, kV, volt, mA, ampere, kiloamps ... */
function unitFactor(unit: string): { unit: 'V' | 'A'; scale: number } | undefined {
  const match = /^(k|K|M|m|kilo|milli|mega)?\s*(v|volts?|a|amps?|amperes?)$/i.exec(unit.trim());
  if (!match) return undefined;
  const words: Record<string, string> = { kilo: 'k', milli: 'm', mega: 'M' };
  const prefix = match[1] ?? '';
  const scale = PREFIXES[words[prefix.toLowerCase()] ?? prefix] ?? 1;
  return { unit: match[2][0].toLowerCase() === 'v' ? 'V' : 'A', scale };
}

function holdLast(values: Float64Array, scale: number): { held: Float32Array; missing: number } {
  const held = new Float32Array(values.length);
  let previous = 0;
  let missing = 0;
  for (let n = 0; n < values.length; n++) {
    if (Number.isNaN(values[n])) missing++;
    else previous = values[n] * scale;
    held[n] = previous;
  }
  return { held, missing };
}

function stretches(recording: Recording): { rate: number; from: number; to: number }[] {
  const { segments, times } = recording;
  if (segments.some(({ rate }) => rate === 0)) return [byStamps(times)];
  const merged: { first: number; rate: number; from: number; to: number; seconds: number }[] = [];
  for (const { rate, from, to } of segments) {
    const open = merged[merged.length - 1];
    if (open && Math.abs(rate / open.first - 1) < DRIFT) {
      open.seconds += (to - from) / rate;
      open.to = to;
      open.rate = (open.to - open.from) / open.seconds;
    } else {
      merged.push({ first: rate, rate, from, to, seconds: (to - from) / rate });
    }
  }
  return merged;
}

/** Without a rate in the header: one stretch, if the time stamps are even enough to call it a rate. */
function byStamps(times: Float64Array): { rate: number; from: number; to: number } {
  const last = times.length - 1;
  const step = times[last] / last;
  for (let n = 1; n <= last; n++) {
    if (!(Math.abs(times[n] - n * step) < step)) {
      throw new ComtradeError(`sample ${n + 1}`, 'the time stamps give no even sampling rate');
    }
  }
  return { rate: 1 / step, from: 0, to: times.length };
}

/**
 * A channel map from text such as `va=1, vb=Ub, ia=4`; empty text gives none.
 * @throws ComtradeError for anything else
 */
export function readChannelMap(text: string): ChannelMap | undefined {
  const map: ChannelMap = {};
  for (const part of text.split(/[,;]/)) {
    if (part.trim() === '') continue;
    const [name, wanted, ...more] = part.split('=').map((side) => side.trim());
    if (!isChannel(name) || !wanted || more.length) {
      throw new ComtradeError('channels', `expected pairs such as va=1, got ${JSON.stringify(part.trim())}`);
    }
    map[name] = wanted;
  }
  return Object.keys(map).length ? map : undefined;
}
