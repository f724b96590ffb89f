import type { ComtradeRecord } from '../comtrade';
import type { Doubt, SectionFacts } from '../record';
import type { FoundMeter } from './channels/finder';
import { readSpan } from './probes';
import type { Section } from './timeline';
import { type TrendScale, trendScale } from './trend';

/** Samples a cycle from which RMS values are measured, a little below 8 for a frequency that wanders. */
export const LEAST_PER_CYCLE = 7.85;

export async function sectionFacts(
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
  const slow = await readSpan(record, places, from, Math.min(to, from + 4096));
  const beside: Float64Array[][] = [];
  const before = facts.slice(0, i).findLast(({ kind }) => kind === 'waveform');
  const after = facts.slice(i + 1).find(({ kind }) => kind === 'waveform');
  const cycles = (rate: number, perCycle: number) => Math.max(1, Math.round((2 * rate) / (rate / perCycle)));
  if (before)
    beside.push(
      await readSpan(record, places, before.to - cycles(before.rate, before.samplesPerCycle), before.to),
    );
  if (after)
    beside.push(
      await readSpan(record, places, after.from, after.from + cycles(after.rate, after.samplesPerCycle)),
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

/** Five digits are enough for people. */
export function round(value: number): string {
  return String(Number(value.toPrecision(5)));
}
