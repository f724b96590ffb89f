import type { ComtradeRecord } from '../comtrade';
import type { Channel, ChannelFacts, Doubt, MeterFacts, RecordSummary, SectionFacts } from '../record';
import { cycleRms } from '../signal';
import { type ChannelMap, readChannelMap } from './channel-map';
import { type FoundMeter, findMeters } from './channels/finder';
import { isDerived, isResidual, kindOf, unitOf } from './channels/names';
import { angleAgainst, type ChannelSignal, type Probe, probedFrequency, signalsOf } from './channels/signal';
import { RecordError } from './error';
import { type Section, timeAt, timelineOf } from './timeline';
import { type TrendScale, trendScale } from './trend';

export interface SurveyOptions {
  /** Name of the meter; by station and device where absent. */
  meter?: string;
  /** Channels by number or name, e.g. `va=1, vb=Ub`; found where absent. */
  channels?: string;
  /** Declared voltage, V; the level that the record begins with where absent. */
  nominal?: number;
}

/** What a file holds, before its samples are read. */
export interface Survey {
  summary: RecordSummary;
  sections: Section[];
  /** Places in the header of each meter's channels. */
  meters: FoundMeter[];
  /** Places of all channels that are read. */
  places: number[];
  /** Of each section, by meter: how its slow values become RMS values. */
  trends: (TrendScale | undefined)[][];
}

/** Stretches that are looked at, s, and how many of them. */
const PROBE_SECONDS = 0.065;
const MOST_PROBES = 12;
/** Samples a cycle that are looked at. */
const PROBED_PER_CYCLE = 48;
/** Rates from here on may show a cycle: slower sections are not probed. */
const PROBED_RATE = 300;
/** Samples a cycle from which RMS values are measured, a little below 8 for a frequency that wanders. */
const LEAST_PER_CYCLE = 7.85;
/** Frequencies of a grid, Hz (IEC 61000-4-30, 5.1). */
const GRID = { lowest: 42.5, highest: 69 };
const DEFAULT_FREQUENCY = 50;
/** Symmetrical to this part, a stretch is no fault. */
const UNDISTURBED = 0.97;

/**
 * Looks a record through: times, channels, frequency, sections.
 * @throws RecordError with the reason where nothing in it can be measured
 */
export async function survey(record: ComtradeRecord, file: string, options: SurveyOptions): Promise<Survey> {
  const { config, data, rates, encoding } = record;
  const doubts: Doubt[] = record.warnings.map((text) => ({ code: 'FORMAT', text }));
  const { analog } = config;
  if (analog.length === 0)
    throw new RecordError(
      'NO_CHANNELS',
      `${file}: no analogue channels, ${config.status.length} status channels`,
    );
  const likely = likelyVoltages(analog);
  const timeline = await timelineOf(rates, record.stamps, async (from, to, rate) => {
    const probe = await probeAt(record, from, Math.min(to, from + Math.round(rate * PROBE_SECONDS)), rate);
    const frequency = probedFrequency([probe], likely);
    return frequency !== undefined && frequency >= GRID.lowest && frequency <= GRID.highest;
  }).catch((error: Error) => {
    throw new RecordError('NO_TIME', `${file}: ${error.message}`);
  });
  doubts.push(...timeline.doubts);
  const { sections } = timeline;
  const probes = await probesOf(record, sections);
  const frequency = probedFrequency(probes, likely);
  const signals = probes.length ? signalsOf(probes, frequency) : silent(analog.length);
  const perCycle = frequencyFor(frequency, config.frequency, doubts);
  const map = readChannelMap(options.channels ?? '');
  const { meters } = map ? { meters: [mappedMeter(map, record)] } : found(record, signals, doubts);
  if (meters.length === 0) throw nothingFound(record, file, signals);
  const names = meterNames(meters, options.meter, config.station, config.device, file);
  const places = [...new Set(meters.flatMap(({ channels }) => Object.values(channels)))].sort(
    (a, b) => a - b,
  );
  const section = sections.find(
    ({ rate, from, to }) => rate / perCycle >= LEAST_PER_CYCLE && to - from > (2 * rate) / perCycle,
  );
  const cycle = { section, perCycle: section ? section.rate / (frequency ?? perCycle) : 0 };
  const facts: MeterFacts[] = [];
  for (const [i, meter] of meters.entries())
    facts.push(await meterFacts(meter, names[i], record, cycle, options.nominal, doubts));
  const start = startOf(record, doubts);
  const first = await sectionFacts(record, sections, perCycle, start, meters, places, doubts);
  const summary: RecordSummary = {
    kind: 'summary',
    meter: names[0],
    time: start,
    file,
    format: `COMTRADE ${config.revision} ${config.format}`,
    station: config.station,
    device: config.device,
    encoding,
    start: config.startText,
    trigger: config.triggerText,
    seconds: secondsOf(sections),
    samples: data.count,
    ...(frequency !== undefined && { frequency }),
    channels: channelFacts(record, signals, meters, names),
    meters: facts,
    sections: first.facts,
    doubts,
  };
  if (first.facts.every(({ kind }) => kind === 'none')) {
    throw new RecordError(
      'NO_WAVEFORM',
      `${file}: no section can be measured: ${first.facts
        .map(({ rate, samplesPerCycle }) => `${round(rate)} Hz is ${round(samplesPerCycle)} samples a cycle`)
        .slice(0, 3)
        .join(', ')}, and the values are no amplitudes`,
    );
  }
  return { summary, sections, meters, places, trends: first.trends };
}

function found(record: ComtradeRecord, signals: readonly ChannelSignal[], doubts: Doubt[]) {
  const result = findMeters(record.config.analog, signals);
  doubts.push(...result.doubts);
  return result;
}

/** Places of voltages first, then of currents: what tells the frequency. */
function likelyVoltages(analog: ComtradeRecord['config']['analog']): number[] {
  const of = (kind: 'v' | 'i') =>
    analog.flatMap((channel, place) =>
      kindOf(channel) === kind && !isDerived(channel) && !isResidual(channel) ? [place] : [],
    );
  return [...of('v'), ...of('i')];
}

async function probeAt(record: ComtradeRecord, from: number, to: number, rate: number): Promise<Probe> {
  const samples = record.config.analog.map(() => new Float64Array(to - from));
  const analog = samples.map((_, place) => place);
  for await (const { values, count, first } of record.data.rows({ analog, from, to })) {
    values.forEach((own, place) => {
      samples[place].set(own.subarray(0, count), first - from);
    });
  }
  const by = Math.max(1, Math.floor(rate / DEFAULT_FREQUENCY / PROBED_PER_CYCLE));
  return { rate: rate / by, samples: by === 1 ? samples : samples.map((own) => averaged(own, by)) };
}

/** Means of so many samples each; missing ones are left out. */
function averaged(samples: Float64Array, by: number): Float64Array {
  return Float64Array.from({ length: Math.floor(samples.length / by) }, (_, k) => {
    let sum = 0;
    let n = 0;
    for (let i = k * by; i < (k + 1) * by; i++) {
      if (Number.isNaN(samples[i])) continue;
      sum += samples[i];
      n++;
    }
    return n ? sum / n : Number.NaN;
  });
}

/** The start of each fast section, and places in between, spread over the record. */
async function probesOf(record: ComtradeRecord, sections: readonly Section[]): Promise<Probe[]> {
  const fast = sections.filter(({ rate }) => rate >= PROBED_RATE);
  const samples = fast.reduce((sum, { from, to }) => sum + to - from, 0);
  const places: { from: number; to: number; rate: number }[] = [];
  for (const { from, to, rate } of fast) {
    const length = Math.min(to - from, Math.round(rate * PROBE_SECONDS));
    const count = Math.max(1, Math.round((MOST_PROBES * (to - from)) / samples));
    for (let k = 0; k < count; k++) {
      const at = count === 1 ? from : from + Math.floor((k * (to - from - length)) / (count - 1));
      places.push({ from: at, to: at + length, rate });
    }
  }
  const probes: Probe[] = [];
  for (const { from, to, rate } of places.slice(0, 2 * MOST_PROBES))
    probes.push(await probeAt(record, from, to, rate));
  return probes;
}

function silent(count: number): ChannelSignal[] {
  return Array.from({ length: count }, () => ({ rms: 0, mean: 0, phasors: [], share: 0 }));
}

/** Cycles a second that samples are counted by: those measured, where they can be of a grid. */
function frequencyFor(measured: number | undefined, claimed: number | undefined, doubts: Doubt[]): number {
  const isGrid = measured !== undefined && measured >= GRID.lowest && measured <= GRID.highest;
  if (measured !== undefined && !isGrid) {
    doubts.push({
      code: 'FREQUENCY',
      text: `the voltage has ${round(measured)} Hz, which is no frequency of a grid: a machine that runs away, or a wrong sampling rate`,
    });
  } else if (measured !== undefined && claimed !== undefined && Math.abs(measured - claimed) > 3) {
    doubts.push({
      code: 'FREQUENCY',
      text: `the header says ${claimed} Hz, the signal has ${round(measured)} Hz`,
    });
  }
  return isGrid ? measured : (claimed ?? DEFAULT_FREQUENCY);
}

function mappedMeter(map: ChannelMap, record: ComtradeRecord): FoundMeter {
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

function nothingFound(record: ComtradeRecord, file: string, signals: readonly ChannelSignal[]): RecordError {
  const lines = record.config.analog.map(({ index, id, unit, phase }, place) => {
    const { rms, mean, share } = signals[place];
    const looks = share >= 0.5 ? `${number(rms)} RMS` : `mean ${number(mean)}, RMS ${number(rms)}, no sine`;
    return `  ${index} ${id.trim()}${phase.trim() ? ` (phase ${phase.trim()})` : ''}: ${looks} ${unit}`;
  });
  return new RecordError(
    'NO_VOLTAGE',
    `${file}: no set of voltages was found; name the channels, e.g. va=1, vb=2, vc=3. The file has\n${lines.join('\n')}`,
  );
}

/** Names of the meters: as given, or of station and device; several ones with what their channels are called. */
function meterNames(
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
    const name = `${base} ${label || i + 1}`;
    names.push(names.includes(name) ? `${name} ${i + 1}` : name);
  });
  return names;
}

async function meterFacts(
  { channels, reason, confidence }: FoundMeter,
  meter: string,
  record: ComtradeRecord,
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
  const level = await levelOf(
    judged.map((name) => channels[name] as number),
    record,
    first.section,
    first.perCycle,
  );
  const guessed = level === undefined ? undefined : Number(level.rms.toPrecision(4));
  if (given === undefined && level) {
    doubts.push({
      code: 'NOMINAL',
      text: `${meter}: declared voltage not given: ${guessed} V, the level ${level.undisturbed ? 'of its first undisturbed cycles' : 'that it begins with, which is not undisturbed'}`,
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

/** Cycles at the start of a record that its level is looked for in, and how far two of them may differ. */
const LEVEL_CYCLES = 12;
const SAME_LEVEL = 0.005;

/**
 * Level of the first two cycles on end that are alike, of all channels: a fault some cycles after the start does not
 * matter. @returns undefined where there is no waveform
 */
async function levelOf(
  places: readonly number[],
  record: ComtradeRecord,
  section: Section | undefined,
  perCycle: number,
): Promise<{ rms: number; undisturbed: boolean } | undefined> {
  if (places.length === 0 || !section) return undefined;
  const samples = await read(
    record,
    places,
    section.from,
    Math.min(section.to, section.from + Math.ceil(LEVEL_CYCLES * perCycle)),
  );
  const courses = samples.map(
    (own) =>
      cycleRms(
        own.map((value) => (Number.isNaN(value) ? 0 : value)),
        perCycle,
      ).values,
  );
  const count = courses[0].length;
  if (count === 0) return undefined;
  const alike = (k: number) =>
    courses.every((course) => course[k] > 0 && Math.abs(course[k + 2] / course[k] - 1) < SAME_LEVEL) &&
    Math.min(...courses.map((course) => course[k])) >
      UNDISTURBED * Math.max(...courses.map((course) => course[k]));
  let first = 0;
  while (first + 2 < count && !alike(first)) first++;
  const undisturbed = first + 2 < count;
  const at = undisturbed ? first : 0;
  const mean =
    courses.reduce((sum, course) => sum + (undisturbed ? (course[at] + course[at + 2]) / 2 : course[at]), 0) /
    courses.length;
  const factor = unitOf(record.config.analog[places[0]].unit)?.scale ?? 1;
  return { rms: mean * factor, undisturbed };
}

/** ms since 1970 of the first sample. */
function startOf({ config }: ComtradeRecord, doubts: Doubt[]): number {
  const { start, trigger, hasTimeCode } = config;
  if (start === undefined) {
    const why = trigger === undefined ? 'times count from 1970' : 'the time of the trigger is taken for it';
    doubts.push({ code: 'NO_START_TIME', text: `no time of the first sample in the file: ${why}` });
    return trigger ?? 0;
  }
  if (!hasTimeCode) {
    doubts.push({ code: 'TIME_ZONE', text: 'the file does not say how its times lie to UTC: taken for UTC' });
  }
  return start;
}

async function sectionFacts(
  record: ComtradeRecord,
  sections: readonly Section[],
  frequency: number,
  start: number,
  meters: readonly FoundMeter[],
  places: readonly number[],
  doubts: Doubt[],
): Promise<{ facts: SectionFacts[]; trends: (TrendScale | undefined)[][] }> {
  const facts = sections.map((section): SectionFacts => {
    const samplesPerCycle = section.rate / frequency;
    const isWave = samplesPerCycle >= LEAST_PER_CYCLE && section.to - section.from >= samplesPerCycle;
    return {
      from: section.from,
      to: section.to,
      time: start + section.at * 1000,
      rate: section.rate,
      gap: section.gap,
      samplesPerCycle,
      kind: isWave ? 'waveform' : 'none',
    };
  });
  const trends: (TrendScale | undefined)[][] = sections.map(() => []);
  for (const [i, section] of sections.entries()) {
    if (section.gap > 0) {
      doubts.push({
        code: 'GAP',
        text: `${section.gap.toFixed(3)} s without samples before sample ${section.from + 1}`,
      });
    }
    if (section.pieces.length > 1) {
      const rates = section.pieces.map(({ rate }) => rate);
      const [low, high] = [Math.min(...rates), Math.max(...rates)];
      if (high / low - 1 > 1e-6) {
        doubts.push({
          code: 'RATE_DRIFT',
          text: `the sampling rate drifts from ${round(low)} to ${round(high)} Hz: one stream at ${round(section.rate)} Hz, frequencies in it are off by as much`,
        });
      }
    }
    if (facts[i].kind === 'waveform') continue;
    if (section.rate / frequency >= LEAST_PER_CYCLE) {
      doubts.push({
        code: 'SHORT_SECTION',
        text: `samples ${section.from + 1} to ${section.to} are less than a cycle: not measured`,
      });
      continue;
    }
    trends[i] = await trendsOf(record, sections, facts, i, meters, places);
    const scale = trends[i].find((one) => one !== undefined);
    if (scale) facts[i].kind = 'trend';
    doubts.push({
      code: scale ? 'TREND' : 'NO_WAVEFORM',
      text: `samples ${section.from + 1} to ${section.to} have ${round(facts[i].samplesPerCycle)} values a cycle: ${scale ? scale.why : 'neither a waveform nor amplitudes; not measured'}`,
    });
  }
  return { facts, trends };
}

/** Slow values, each meter's against the waveforms before and after them. */
async function trendsOf(
  record: ComtradeRecord,
  sections: readonly Section[],
  facts: readonly SectionFacts[],
  i: number,
  meters: readonly FoundMeter[],
  places: readonly number[],
): Promise<(TrendScale | undefined)[]> {
  const { from, to } = sections[i];
  const slow = await read(record, places, from, Math.min(to, from + 4096));
  const beside: Float64Array[][] = [];
  const before = facts.slice(0, i).findLast(({ kind }) => kind === 'waveform');
  const after = facts.slice(i + 1).find(({ kind }) => kind === 'waveform');
  const cycles = (rate: number, perCycle: number) => Math.max(1, Math.round((2 * rate) / (rate / perCycle)));
  if (before)
    beside.push(
      await read(record, places, before.to - cycles(before.rate, before.samplesPerCycle), before.to),
    );
  if (after)
    beside.push(
      await read(record, places, after.from, after.from + cycles(after.rate, after.samplesPerCycle)),
    );
  return meters.map(({ channels }) => {
    const voltages = Object.entries(channels).flatMap(([name, place]) =>
      name[0] === 'v' && name !== 'vn' ? [places.indexOf(place)] : [],
    );
    return trendScale(
      voltages.map((place) => slow[place]),
      beside.map((own) => voltages.map((place) => rmsOf(own[place]))),
    );
  });
}

async function read(
  record: ComtradeRecord,
  places: readonly number[],
  from: number,
  to: number,
): Promise<Float64Array[]> {
  const first = Math.max(0, from);
  const all = places.map(() => new Float64Array(Math.max(0, to - first)));
  for await (const { values, count, first: at } of record.data.rows({ analog: places, from: first, to })) {
    values.forEach((own, place) => {
      all[place].set(own.subarray(0, count), at - first);
    });
  }
  return all;
}

function rmsOf(values: Float64Array): number {
  let squares = 0;
  let n = 0;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    squares += value * value;
    n++;
  }
  return n ? Math.sqrt(squares / n) : 0;
}

function channelFacts(
  record: ComtradeRecord,
  signals: readonly ChannelSignal[],
  meters: readonly FoundMeter[],
  names: readonly string[],
): ChannelFacts[] {
  const reference = meters[0] && Object.values(meters[0].channels)[0];
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

function secondsOf(sections: readonly Section[]): number {
  const last = sections[sections.length - 1];
  return last ? timeAt(last, last.to - 1) : 0;
}

function round(value: number): string {
  return String(Number(value.toPrecision(5)));
}

function number(value: number): string {
  return String(Number(value.toPrecision(4)));
}
