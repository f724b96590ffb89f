import { type Gap, gapsOf, headerRates, stampsOf, timesOf } from './shapes/clock';
import { Dice } from './shapes/dice';
import { drawShape, type Shape } from './shapes/draw';
import { unitFactor } from './shapes/naming';
import type { Content } from './shapes/signal';
import { type Files, type StoredChannel, type StoredRecord, singleFile, writeFiles } from './shapes/writer';

/** A channel of the record: what it holds, and its values, V or A, as they are stored; NaN where missing. */
export interface TrueChannel {
  content: Content;
  name: string;
  values: Float64Array;
}

/** What is known of a record because it was made so. */
export interface Truth {
  /** In the order of the file. */
  channels: TrueChannel[];
  /** s from the first sample, of each sample. */
  times: Float64Array;
  gaps: Gap[];
  /** Declared voltage of the channels that are judged, V. */
  nominal: number;
  station: string;
}

/** One record: its bytes, its shape for messages and for reading it again, and what is true of it. */
export interface ShapedRecord {
  shape: Shape;
  source: { name: string; cfg: Uint8Array; dat: Uint8Array } | { name: string; cff: Uint8Array };
  truth: Truth;
}

const STATIONS: Record<string, string> = {
  gbk: '邯郸变电站',
  'windows-1251': 'Подстанция Заречная',
  'windows-1252': 'Umspannwerk Süd',
};

/** The record of a seed, the same bytes every time. */
export function makeRecord(seed: number): ShapedRecord {
  const shape = drawShape(seed);
  const dice = new Dice(seed + 1_000_000);
  const { sections, system, channels, clock, fault, date } = shape;
  const times = timesOf(sections);
  const stored = channels.map((channel) => storedChannel(dice, shape, channel, times));
  if (shape.hasMissingValues) leaveOut(dice, shape, stored, times);
  const isToNeutral = channels.some(({ content }) => content === 'va');
  const station = STATIONS[shape.encoding] ?? 'Grid edge 4';
  const isAscii = shape.format === 'ASCII';
  const record: StoredRecord = {
    revision: shape.revision,
    format: shape.format,
    station,
    device: 'Recorder 7',
    channels: stored,
    statusNames: Array.from({ length: shape.statusChannels }, (_, i) => `Trip ${i + 1}`),
    frequency: shape.headerFrequency,
    rates: headerRates(clock, sections, shape.countOff),
    withoutRates: clock.rates === 'none' && dice.chance(0.5),
    start: date.start,
    trigger: date.trigger,
    timeCode: date.timeCode,
    timeMultiplier: clock.multiplier,
    stamps: stampsOf(dice, clock, times, shape.trigger, isAscii),
    rows: times.length,
    lineEnd: shape.lineEnd,
    ctrlZ: shape.ctrlZ && fault === undefined,
    encoding: shape.encoding,
    surplus: fault === 'wrong width' ? dice.whole(1, 2) : 0,
    dataBytes: fault === 'no data' ? dice.whole(0, 5) : undefined,
  };
  const files = writeFiles(record);
  const truth: Truth = {
    channels: stored.map((channel, i) => trueChannel(channels[i].content, channel)),
    times,
    gaps: gapsOf(sections),
    nominal: system.level * (isToNeutral ? 1 : Math.sqrt(3)),
    station,
  };
  return { shape, source: sourceOf(shape, files, record), truth };
}

function sourceOf({ seed, isSingleFile }: Shape, files: Files, record: StoredRecord): ShapedRecord['source'] {
  const name = `shape-${seed}`;
  return isSingleFile ? { name, cff: singleFile(files, record) } : { name, ...files };
}

function storedChannel(
  dice: Dice,
  { system, sections, slowValue, format, revision, side }: Shape,
  { content, name, phase, unit }: Shape['channels'][number],
  times: Float64Array,
): StoredChannel {
  const factor = unitFactor(unit) ?? 1;
  const size = system.sizeOf(content) / factor;
  // Room for swells, for currents of faults and for what is between lines.
  const full = size * 6.5;
  const isReal = format === 'FLOAT32' || (format === 'ASCII' && revision > 1991 && dice.chance(0.2));
  const codes = { ASCII: 90_000, BINARY: 32_000, BINARY32: 8_000_000, FLOAT32: 1 }[format];
  const multiplier = isReal ? 1 : Number((full / codes).toPrecision(7));
  const offset = isReal || dice.chance(0.6) ? 0 : Number((full * dice.between(-0.1, 0.1)).toPrecision(5));
  const isSteady = ['magnitude', 'angle', 'frequency'].includes(content);
  const noise = content === 'spare' ? 0.002 * size : isSteady ? 0 : system.noise * size;
  const values = new Float64Array(times.length);
  let n = 0;
  for (const { kind, count } of sections) {
    for (const end = n + count; n < end; n++) {
      const isSlow = kind === 'slow';
      const peak = isSlow && slowValue === 'peak' ? Math.SQRT2 : 1;
      const exact = isSlow ? peak * system.rmsAt(content, times[n]) : system.at(content, times[n]);
      const value = exact / factor + noise * dice.noise() * (isSlow ? 0.2 : 1);
      values[n] = isReal ? realCode(value, format, full) : Math.round((value - offset) / multiplier);
    }
  }
  const isVoltage = content[0] === 'v';
  const [primary, secondary] =
    side === 'S'
      ? isVoltage
        ? [110_000, 100]
        : [600, 5]
      : dice.pick([
          [1, 1],
          [400, 1],
        ]);
  return { name, phase, unit, multiplier, offset, primary, secondary, side, codes: values };
}

function realCode(value: number, format: StoredRecord['format'], full: number): number {
  if (format === 'FLOAT32') return Math.fround(value);
  const decimals = Math.max(0, 5 - Math.floor(Math.log10(full)));
  return Number(value.toFixed(decimals));
}

/** A few values of one channel are missing, away from the event and from edges. */
function leaveOut(
  dice: Dice,
  { system, sections, channels }: Shape,
  stored: StoredChannel[],
  times: Float64Array,
): void {
  const { frequency, disturbance } = system;
  const slowest = Math.min(
    ...sections.filter(({ kind }) => kind === 'fast').map(({ rate }) => rate / frequency),
  );
  // With few samples a cycle a missing one is a disturbance by itself.
  const able = stored.filter((_, i) => slowest >= 20 || channels[i].content[0] !== 'v');
  if (able.length === 0) return;
  const { codes } = dice.pick(able);
  const reach = 3 / frequency;
  for (let k = dice.whole(1, 4); k > 0; k--) {
    const n = dice.whole(0, codes.length - 1);
    const t = times[n];
    const isNear = disturbance && t > disturbance.from - reach && t < disturbance.to + reach;
    const isEdge = Math.abs(times[Math.max(0, n - 2)] - t) > 0.005 || n < 3 || n > codes.length - 3;
    if (!isNear && !isEdge) codes[n] = Number.NaN;
  }
}

function trueChannel(
  content: Content,
  { name, unit, multiplier, offset, codes }: StoredChannel,
): TrueChannel {
  const factor = unitFactor(unit) ?? 1;
  const scale = (code: number) => (multiplier * code + offset) * factor;
  return { content, name, values: codes.map(scale) };
}
