import type { ComtradeRecord } from '../comtrade';
import type { Channel, ChannelFacts, Doubt, MeterFacts } from '../record';
import { magnitude } from '../signal';
import type { ChannelMap } from './channel-map';
import type { FoundMeter } from './channels/finder';
import { unitOf } from './channels/names';
import { ALTERNATING, angleAgainst, type ChannelSignal, sineLevels } from './channels/signal';
import { RecordError } from './error';
import { readSpan } from './probes';
import type { Section } from './timeline';

/** Symmetrical to this part, a stretch is no fault. */
const UNDISTURBED = 0.97;
/** Cycles at the start of a record that its level is looked for in, and how far two of them may differ. */
const LEVEL_CYCLES = 12;
const SAME_LEVEL = 0.005;

export function mappedMeter(map: ChannelMap, record: ComtradeRecord): FoundMeter {
  const { analog } = record.config;
  const channels: Partial<Record<Channel, number>> = {};
  for (const [name, wanted] of Object.entries(map) as [Channel, string][]) {
    const place = analog.findIndex(({ index, id }) => String(index) === wanted || id.trim() === wanted);
    if (place < 0) {
      const known = analog.slice(0, 12).map(({ index, id }) => `${index} ${id.trim()}`);
      throw new RecordError(
        'CHANNEL_MISSING',
        `channels: ${JSON.stringify(wanted)} is not in the file, which has ${known.join(', ')}${analog.length > 12 ? ' ...' : ''}`,
      );
    }
    channels[name] = place;
  }
  return { channels, label: '', reason: 'given', confidence: 1 };
}

/** Names of the meters: as given, or of station and device; several ones with what their channels are called. */
export function meterNames(
  meters: readonly FoundMeter[],
  given: string | undefined,
  station: string,
  device: string,
  file: string,
): string[] {
  const words = [station, device].map((text) => text.replace(/[\p{Cc}\s]+/gu, ' ').trim());
  if (words[0].includes(words[1])) words[1] = '';
  const base = (given || words.filter(Boolean).join(' ') || file.replace(/\.[^.]*$/, '')).slice(0, 120);
  if (meters.length === 1) return [base];
  const names: string[] = [];
  meters.forEach(({ label }, i) => {
    const name = `${base} ${label.slice(0, 80) || i + 1}`;
    names.push(names.includes(name) ? `${name} ${i + 1}` : name);
  });
  return names;
}

export async function meterFacts(
  { channels, reason, confidence }: FoundMeter,
  meter: string,
  record: ComtradeRecord,
  signals: readonly ChannelSignal[],
  first: { section: Section | undefined; perCycle: number },
  given: number | undefined,
  doubts: Doubt[],
): Promise<MeterFacts> {
  const { analog } = record.config;
  const toNeutral = (['va', 'vb', 'vc'] as Channel[]).filter((name) => channels[name] !== undefined);
  const judged = toNeutral.length
    ? toNeutral
    : (['vab', 'vbc', 'vca'] as Channel[]).filter((name) => channels[name] !== undefined);
  for (const [name, place] of Object.entries(channels)) {
    const { unit, id, index } = analog[place];
    const kind = unitOf(unit)?.kind;
    const expected = name[0] === 'v' ? 'v' : 'i';
    if (kind === expected) continue;
    doubts.push({
      code: 'UNIT',
      text: `channel ${index} ${id.trim()} is taken for ${name} and has the unit ${JSON.stringify(unit)}: taken as ${expected === 'v' ? 'V' : 'A'}`,
    });
  }
  const places = judged.map((name) => channels[name] as number);
  const level = isDead(places, record, signals) ? undefined : await levelOf(places, record, signals, first);
  const guessed = level === undefined ? undefined : Number(level.rms.toPrecision(4));
  if (given === undefined && level) {
    doubts.push({
      code: level.how === 'undisturbed' ? 'NOMINAL' : 'NOMINAL_DOUBTFUL',
      text: `${meter}: declared voltage not given: ${guessed} V, ${HOW[level.how]}`,
    });
  }
  const nominal = given ?? guessed;
  return {
    meter,
    channels: Object.fromEntries(
      Object.entries(channels).map(([name, place]) => [name, analog[place].index]),
    ),
    ...(level && { level: level.rms }),
    ...(nominal !== undefined && nominal > 0 && { nominal }),
    reason,
    confidence: Number(confidence.toFixed(2)),
  };
}

/** Where a level comes from. */
type LevelSource = 'undisturbed' | 'disturbed' | 'later';
const HOW: Record<LevelSource, string> = {
  undisturbed: 'the level of its first undisturbed cycles',
  disturbed: 'the level that it begins with, which is not undisturbed',
  later: 'the highest level that it reaches: it begins with less than half of that',
};

/** A channel below this part of the others of its set carries nothing. */
const LIVE = 0.1;
/** A record that begins with less than this part of what it reaches begins dead. */
const BEGINS_DEAD = 0.5;
/** Levels below this part of the full scale are noise of the converter. */
const NOISE = 0.002;
/** Largest count of a converter of a recorder; ASCII files go up to 99,999. */
const MOST_COUNTS = 99_999;

const scaleOf = (record: ComtradeRecord, place: number) =>
  unitOf(record.config.analog[place].unit)?.scale ?? 1;
const strongest = ({ phasors }: ChannelSignal) => Math.max(0, ...phasors.map(magnitude));

/** Nothing but noise in these channels: no sine, or one far below what the converter takes. */
function isDead(
  places: readonly number[],
  record: ComtradeRecord,
  signals: readonly ChannelSignal[],
): boolean {
  return places.every((place) => {
    const { multiplier, offset, min, max } = record.config.analog[place];
    const full = Math.max(Math.abs(multiplier * max + offset), Math.abs(multiplier * min + offset));
    // Ranges of 32 bits are those of the format, not of a converter.
    const isConverter = max > min && max <= MOST_COUNTS && record.config.format !== 'FLOAT32';
    const isFaint = isConverter && strongest(signals[place]) < NOISE * full;
    return signals[place].share < ALTERNATING || isFaint;
  });
}

/**
 * Level of the first two cycles on end that are alike, of all channels that carry something: a fault some cycles after
 * the start does not matter. Of a record that begins dead, the highest level that it reaches.
 * @returns undefined where there is no waveform
 */
async function levelOf(
  places: readonly number[],
  record: ComtradeRecord,
  signals: readonly ChannelSignal[],
  { section, perCycle }: { section: Section | undefined; perCycle: number },
): Promise<{ rms: number; how: LevelSource } | undefined> {
  if (places.length === 0 || !section) return undefined;
  const highest = Math.max(...places.map((place) => strongest(signals[place])));
  const live = places.filter((place) => strongest(signals[place]) >= LIVE * highest);
  const samples = await readSpan(
    record,
    live,
    section.from,
    Math.min(section.to, section.from + Math.ceil(LEVEL_CYCLES * perCycle)),
  );
  const courses = samples.map((own) => sineLevels(own, perCycle));
  const count = courses[0]?.length ?? 0;
  if (count === 0) return undefined;
  const alike = (k: number) => {
    const levels = courses.map((course) => course[k]);
    const isSteady = courses.every(
      (course) => course[k] > 0 && Math.abs(course[k + 2] / course[k] - 1) < SAME_LEVEL,
    );
    return isSteady && Math.min(...levels) > UNDISTURBED * Math.max(...levels);
  };
  let first = 0;
  while (first + 2 < count && !alike(first)) first++;
  const isUndisturbed = first + 2 < count;
  const begins = meanOf(
    courses.map((course) => (isUndisturbed ? (course[first] + course[first + 2]) / 2 : course[0])),
  );
  const reaches = Math.max(
    ...signals[live[0]].phasors.map((_, k) =>
      meanOf(live.map((place) => magnitude(signals[place].phasors[k]))),
    ),
  );
  const factor = scaleOf(record, places[0]);
  if (begins < BEGINS_DEAD * reaches) return { rms: reaches * factor, how: 'later' };
  return { rms: begins * factor, how: isUndisturbed ? 'undisturbed' : 'disturbed' };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

export function channelFacts(
  record: ComtradeRecord,
  signals: readonly ChannelSignal[],
  meters: readonly FoundMeter[],
  names: readonly string[],
): ChannelFacts[] {
  // Angles count from the first channel that is used, or that alternates.
  const first = signals.findIndex(({ share }) => share >= ALTERNATING);
  const reference = meters[0] ? Object.values(meters[0].channels)[0] : first < 0 ? undefined : first;
  return record.config.analog.map(({ index, id, phase, unit }, place) => {
    const { rms, mean, share } = signals[place];
    const angle =
      share > 0.2 && reference !== undefined ? angleAgainst(signals[place], signals[reference]) : undefined;
    const m = meters.findIndex(({ channels }) => Object.values(channels).includes(place));
    const as = m < 0 ? undefined : Object.entries(meters[m].channels).find(([, own]) => own === place)?.[0];
    return {
      index,
      name: id.replace(/\s+/g, ' ').trim(),
      phase: phase.trim(),
      unit: unit.trim(),
      rms,
      mean,
      ...(angle !== undefined && { angle }),
      ...(as && { as: as as Channel, meter: names[m] }),
    };
  });
}
