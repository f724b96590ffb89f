import { harmonicBars, magnitudeDuration, PRINT, trend } from '../plots';
import { en50160Harmonics, type PqEvent } from '../record';
import type { Cell, Document } from './document';
import { assessWeek, type Verdict, type WeekAssessment } from './en50160';
import { CHANNELS, type Interval, LAST_ORDER } from './interval';
import type { ReporterSettings } from './settings';
import { filled, plotWords, type Words, wordsOf } from './words';

const CHANNEL_NAMES = ['va', 'vb', 'vc'];
const WEEK_INTERVALS = 1008;
/** Columns of the tables of EN 50160, ms, and their rows, percent. */
const DIP_COLUMNS = ['10 – 200', '200 – 500', '500 – 1000', '1000 – 5000', '5000 – 60000'];
const DIP_ROWS: [string, string][] = [
  ['A', '90 > u ≥ 80'],
  ['B', '80 > u ≥ 70'],
  ['C', '70 > u ≥ 40'],
  ['D', '40 > u ≥ 5'],
  ['X', '5 > u'],
];
const SWELL_COLUMNS = ['10 – 500', '500 – 5000', '5000 – 60000'];
const SWELL_ROWS: [string, string][] = [
  ['S', 'u ≥ 120'],
  ['T', '120 > u > 110'],
];

/** A week of a meter: how it stands against EN 50160, and the report of it. */
export interface WeekReport {
  assessment: WeekAssessment;
  document: Document;
  /** SVG by name: `voltage`, `thd`, `harmonics`, `events`. */
  figures: Record<string, string>;
}

/**
 * The report of a week.
 * @param from ms since 1970, on a boundary of ten minutes
 * @param intervals those of the week, in order; @param events that began in it
 * @param now ms, of issue
 */
export function weekReport(
  meter: string,
  from: number,
  intervals: readonly Interval[],
  events: readonly PqEvent[],
  settings: ReporterSettings,
  now: number,
): WeekReport {
  const { nominal, frequency, language, issuer } = settings;
  const words = wordsOf(language);
  const assessment = assessWeek(meter, from, intervals, events, {
    nominal,
    frequency,
    limit: en50160Harmonics.of,
  });
  const figures = figuresOf(intervals, events, settings, words);
  const { passed, intervals: count, flagged } = assessment;
  const percent = ((100 * count) / WEEK_INTERVALS).toFixed(1);
  const captions: [string, string][] = [
    ['voltage', words.tenMinutes],
    ['thd', words.thdCourse],
    ['harmonics', words.harmonicBars],
    ['events', words.magnitudeDuration],
  ];
  const document: Document = {
    title: words.week,
    subtitle: `${meter}, ${day(from)} ${words.to} ${day(assessment.to)} (UTC)`,
    footer: [`${words.issued} ${new Date(now).toISOString()}`, issuer && `${words.by} ${issuer}`]
      .filter(Boolean)
      .join(' '),
    language,
    blocks: [
      {
        kind: 'verdict',
        text: passed === undefined ? words.empty : passed ? words.passed : words.failed,
        passed,
      },
      {
        kind: 'paragraph',
        text: filled(words.measured, { intervals: count, percent, flagged, nominal, frequency }),
      },
      { kind: 'paragraph', text: `${words.notMeasured} ${words.yearly}` },
      { kind: 'heading', text: words.summary },
      {
        kind: 'table',
        head: [words.quantity, words.limit, words.required, words.found, words.worst, words.result],
        rows: assessment.verdicts.map((verdict) => verdictRow(verdict, words)),
      },
      { kind: 'heading', text: words.dips },
      cellTable(words.residual, DIP_COLUMNS, DIP_ROWS, assessment),
      { kind: 'heading', text: words.swells },
      cellTable(words.highestVoltage, SWELL_COLUMNS, SWELL_ROWS, assessment),
      { kind: 'heading', text: words.other },
      {
        kind: 'facts',
        facts: (['shortInterruptions', 'longInterruptions', 'rapidChanges'] as const).map((name) => [
          words[name],
          String(assessment.events[name]),
        ]),
      },
      { kind: 'heading', text: words.figures },
      ...captions
        .filter(([name]) => figures[name])
        .map(([name, caption]) => ({ kind: 'figure' as const, svg: figures[name], caption })),
    ],
  };
  return { assessment, document, figures };
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 16).replace('T', ' ');
}

function verdictRow(verdict: Verdict, words: Words): Cell[] {
  const { quantity, min, max, unit, required, found, worst, channel } = verdict;
  const order = /^h(\d+)$/.exec(quantity)?.[1];
  const name = order ? filled(words.harmonic, { order }) : words[quantity as keyof Words];
  const limit = min === undefined ? `≤ ${short(max)} ${unit}` : `${short(min)} – ${short(max)} ${unit}`;
  if (found === undefined || worst === undefined) return [name, limit, `${required} %`, '–', '–', words.none];
  return [
    name,
    limit,
    `${required} %`,
    // Not rounded up to what it just does not reach.
    `${(Math.floor(found * 100) / 100).toFixed(2)} %`,
    `${short(worst)} ${unit}${channel === undefined ? '' : ` (${'abc'[channel]})`}`,
    resultOf(verdict, words),
  ];
}

function resultOf({ passed, insufficient }: Verdict, words: Words): Cell {
  if (insufficient) return filled(words.toOrder, insufficient);
  return passed ? { text: words.kept, good: true } : { text: words.broken, bad: true };
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function cellTable(
  name: string,
  columns: readonly string[],
  rows: readonly [string, string][],
  { events: { cells } }: WeekAssessment,
): Document['blocks'][number] {
  return {
    kind: 'table',
    head: [name, ...columns.map((column) => `${column} ms`)],
    rows: rows.map(([letter, range]) => [
      range,
      ...columns.map((_, k) => `${letter}${k + 1}: ${cells[`${letter}${k + 1}`] ?? 0}`),
    ]),
  };
}

function figuresOf(
  intervals: readonly Interval[],
  events: readonly PqEvent[],
  { nominal }: ReporterSettings,
  words: Words,
): Record<string, string> {
  const times = Float64Array.from(intervals, ({ end }) => end);
  const series = (pick: (interval: Interval) => Float32Array) =>
    Object.fromEntries(
      CHANNEL_NAMES.map(
        (name, channel) =>
          [name, Float64Array.from(intervals, (interval) => pick(interval)[channel])] as const,
      ).filter(([, values]) => values.some(Number.isFinite)),
    );
  const figures: Record<string, string> = {};
  const voltages = series((interval) => interval.voltages);
  if (Object.keys(voltages).length > 0) {
    const limits = [0.9 * nominal, 1.1 * nominal];
    figures.voltage = trend(times, voltages, { ink: PRINT, limits, unit: 'V', title: words.tenMinutes });
  }
  const thd = series((interval) => interval.thd);
  if (Object.keys(thd).length > 0)
    figures.thd = trend(times, thd, { ink: PRINT, limits: [8], unit: '%', title: words.thdCourse });
  const percentiles = harmonicPercentiles(intervals);
  if (percentiles) {
    const limits = Array.from({ length: LAST_ORDER + 1 }, (_, order) => en50160Harmonics.of(order));
    figures.harmonics = harmonicBars(percentiles, {
      ink: PRINT,
      width: 640,
      limits,
      title: words.harmonicBars,
    });
  }
  if (events.some(({ type }) => type !== 'rvc'))
    figures.events = magnitudeDuration(events, {
      ink: PRINT,
      width: 640,
      title: words.magnitudeDuration,
      words: plotWords(words),
    });
  return figures;
}

/** 95th percentile of each order, by channel. */
function harmonicPercentiles(intervals: readonly Interval[]): Record<string, number[]> | undefined {
  const found: Record<string, number[]> = {};
  for (let channel = 0; channel < CHANNELS; channel++) {
    const orders = [0, 100];
    for (let order = 2; order <= LAST_ORDER; order++) {
      const values = intervals
        .filter(({ flagged }) => !flagged)
        .map((interval) => interval.harmonics(channel)[order - 2])
        .filter(Number.isFinite)
        .sort((a, b) => a - b);
      if (values.length > 0) orders[order] = values[Math.ceil(0.95 * values.length) - 1];
    }
    if (orders.length > 2) found[CHANNEL_NAMES[channel]] = orders;
  }
  return Object.keys(found).length > 0 ? found : undefined;
}
