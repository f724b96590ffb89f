import type { ComtradeRecord } from '../comtrade';
import type { Doubt, MeterFacts, RecordSummary, SectionFacts } from '../record';
import { readChannelMap } from './channel-map';
import { type FoundMeter, findMeters } from './channels/finder';
import { isDerived, isResidual, kindOf } from './channels/names';
import { type ChannelSignal, probedFrequency, signalsOf } from './channels/signal';
import { listed } from './doubts';
import { RecordError } from './error';
import { channelFacts, mappedMeter, meterFacts, meterNames } from './meter-facts';
import { PROBE_SECONDS, probeAt, probesOf, silent } from './probes';
import { LEAST_PER_CYCLE, round, sectionFacts } from './section-facts';
import { type Section, timeAt, timelineOf } from './timeline';
import type { TrendScale } from './trend';

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
  /** All of them; the summary lists the first ones. */
  facts: SectionFacts[];
  /** Places in the header of each meter's channels. */
  meters: FoundMeter[];
  /** Places of all channels that are read. */
  places: number[];
  /** Of each section, by meter: how its slow values become RMS values. */
  trends: (TrendScale | undefined)[][];
}

/** Frequencies of a grid, Hz (IEC 61000-4-30, 5.1). */
const GRID = { lowest: 42.5, highest: 69 };
const DEFAULT_FREQUENCY = 50;
/** Sections that a summary lists. */
const MOST_SECTIONS = 1000;
/** Channels that an error lists. */
const MOST_LINES = 200;
/** Skews of less than this angle do not matter, degrees. */
const SKEWED = 0.01;

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
  const { meters: all } = map ? { meters: [mappedMeter(map, record)] } : found(record, signals, doubts);
  if (all.length === 0) throw nothingFound(record, file, signals);
  const section = sections.find(
    ({ rate, from, to }) => rate / perCycle >= LEAST_PER_CYCLE && to - from > (2 * rate) / perCycle,
  );
  const cycle = { section, perCycle: section ? section.rate / (frequency ?? perCycle) : 0 };
  const allNames = meterNames(all, options.meter, config.station, config.device, file);
  const allFacts: MeterFacts[] = [];
  for (const [i, meter] of all.entries()) {
    allFacts.push(await meterFacts(meter, allNames[i], record, signals, cycle, options.nominal, doubts));
  }
  // Without a declared voltage there is nothing to judge noise against.
  const isKnown = (i: number) => allFacts[i].nominal !== undefined || !section;
  const meters = all.filter((_, i) => isKnown(i));
  const names = allNames.filter((_, i) => isKnown(i));
  const facts = allFacts.filter((_, i) => isKnown(i));
  const unknown = allNames.filter((_, i) => !isKnown(i));
  if (meters.length === 0) {
    throw new RecordError(
      'NO_NOMINAL',
      `${file}: its voltages carry nothing but noise, so there is no level to judge events against: give the nominal voltage`,
      channelFacts(record, signals, all, allNames),
    );
  }
  if (unknown.length) {
    doubts.push({
      code: 'DEAD_CHANNELS',
      text: `nothing but noise in the voltages of ${unknown.join(', ')}: left out; with a nominal voltage they are measured`,
    });
  }
  const places = [...new Set(meters.flatMap(({ channels }) => Object.values(channels)))].sort(
    (a, b) => a - b,
  );
  const start = startOf(record, doubts);
  noteSkew(record, places, frequency ?? perCycle, doubts);
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
    sections: first.facts.slice(0, MOST_SECTIONS),
    doubts: listed(doubts),
  };
  if (first.facts.every(({ kind }) => kind === 'none')) {
    const why = first.facts.map(({ rate, samplesPerCycle, from, to }) =>
      samplesPerCycle >= LEAST_PER_CYCLE
        ? `${to - from} samples at ${round(rate)} Hz are less than a cycle`
        : `${round(rate)} Hz is ${Math.round(samplesPerCycle * 10) / 10} samples a cycle, and the values are no amplitudes`,
    );
    throw new RecordError(
      'NO_WAVEFORM',
      `${file}: no section can be measured: ${why.slice(0, 3).join('; ')}`,
    );
  }
  return { summary, sections, facts: first.facts, meters, places, trends: first.trends };
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

function nothingFound(record: ComtradeRecord, file: string, signals: readonly ChannelSignal[]): RecordError {
  const channels = channelFacts(record, signals, [], []);
  const lines = channels.map(({ index, name, phase, rms, mean, unit, angle }) => {
    const looks =
      angle === undefined
        ? `mean ${number(mean)}, RMS ${number(rms)} ${unit}, no sine`
        : `RMS ${number(rms)} ${unit}, ${angle.toFixed(0)} degrees`;
    return `  ${index} ${name}${phase ? ` (phase ${phase})` : ''}: ${looks}`;
  });
  const hasVoltage = record.config.analog.some((channel) => kindOf(channel) === 'v');
  const what = hasVoltage
    ? 'no set of voltages was found; name the channels, e.g. va=1, vb=2, vc=3'
    : 'there is no voltage in it, as units and names have it';
  const shown = lines.slice(0, MOST_LINES);
  if (lines.length > MOST_LINES) shown.push(`  and ${lines.length - MOST_LINES} more`);
  return new RecordError('NO_VOLTAGE', `${file}: ${what}. The file has\n${shown.join('\n')}`, channels);
}

/** Channels that were sampled one after the other, as the header says. */
function noteSkew(
  { config }: ComtradeRecord,
  places: readonly number[],
  frequency: number,
  doubts: Doubt[],
): void {
  const skews = places.map((place) => config.analog[place].skew);
  if (skews.some((skew) => Math.abs(skew) > 1e6 / frequency)) {
    doubts.push({
      code: 'SKEW_IGNORED',
      text: 'the header has channels sampled more than a cycle late: ignored',
    });
    return;
  }
  const apart = Math.max(...skews) - Math.min(...skews);
  const degrees = 360 * frequency * apart * 1e-6;
  if (!(degrees > SKEWED)) return;
  doubts.push({
    code: 'SKEW',
    text: `channels are sampled up to ${round(apart)} us apart (${round(degrees)} degrees), by the header: brought to the same instants`,
  });
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
    doubts.push({ code: 'TIME_ZONE', text: 'the file gives no time zone: its times are taken as UTC' });
  }
  return start;
}

function secondsOf(sections: readonly Section[]): number {
  const last = sections[sections.length - 1];
  return last ? timeAt(last, last.to - 1) : 0;
}

function number(value: number): string {
  return String(Number(value.toPrecision(4)));
}
