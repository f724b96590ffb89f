import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { PhaseCorrelator, readCorrelatorSettings } from '../../src/phasing';
import type { Assignment, Diagnostic } from '../../src/record';
import { randoms } from '../power/tones';

/** The week of ../shared/phase-id: what was measured, what the records say, what is true. */
export interface Feeder {
  meters: string[];
  times: number[];
  /** Volts by meter and interval, NaN where nothing came. */
  volts: Float64Array[];
  table: { meter: string; transformer: string; phase: string }[];
  truth: Map<string, { phase: string; anomaly: string }>;
}

export function readFeeder(path: string): Feeder {
  const rows = (name: string) =>
    readFileSync(join(dirname(path), name), 'utf8')
      .trim()
      .split(/\r?\n/)
      .slice(1)
      .map((line) => line.split(','));
  const [head, ...lines] = gunzipSync(readFileSync(path)).toString().trim().split(/\r?\n/);
  const meters = head.split(',').slice(1);
  const volts = meters.map(() => new Float64Array(lines.length).fill(Number.NaN));
  const times = lines.map((line, i) => {
    const [time, ...cells] = line.split(',');
    cells.forEach((cell, k) => {
      if (cell !== '') volts[k][i] = Number(cell);
    });
    return Date.parse(time);
  });
  return {
    meters,
    times,
    volts,
    table: rows('meters.csv').map(([meter, transformer, phase]) => ({ meter, transformer, phase })),
    truth: new Map(
      rows('truth.csv').map(([meter, phase, anomaly]) => [meter, { phase, anomaly: anomaly ?? '' }]),
    ),
  };
}

/** What is done to the data before a run. */
export interface Variant {
  /** Days from the start; all without. */
  days?: number;
  /** Part of the cells blanked, at random. */
  blank?: number;
  /** Noise added, parts of the voltage (standard deviation). */
  noise?: number;
  /** Steps of the values, V. */
  resolution?: number;
  /** Part of the records that are made wrong. */
  wrongRecords?: number;
  references?: boolean;
  settings?: object;
  /** Meters that the records have under another transformer. */
  misplaced?: Record<string, string>;
  /** Voltage of a meter in an interval, changed. */
  change?: (meter: string, interval: number, volts: number) => number;
}

export interface Outcome {
  assignments: Assignment[];
  truth: Feeder['truth'];
  /** Records as they were given. */
  recorded: Map<string, string>;
  run: Record<string, unknown>;
  diagnostics: Diagnostic[];
}

export function runFeeder(feeder: Feeder, variant: Variant = {}): Outcome {
  const { meters, times, volts, table, truth } = feeder;
  const { days = 7, blank = 0, noise = 0, resolution = 0, wrongRecords = 0, references = true } = variant;
  const random = randoms(17);
  const gauss = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const isReference = (meter: string) => truth.get(meter)?.anomaly === 'reference';
  const rows = table
    .filter(({ meter }) => !isReference(meter))
    .map((row) => ({ ...row, transformer: variant.misplaced?.[row.meter] ?? row.transformer }))
    .map((row) => {
      if (random() >= wrongRecords) return row;
      const right = truth.get(row.meter)?.phase ?? 'a';
      return { ...row, phase: 'abc'.replace(right, '')[random() < 0.5 ? 0 : 1] };
    });
  const settings = readCorrelatorSettings({
    days,
    references: references ? table.filter(({ meter }) => isReference(meter)) : [],
    meters: rows,
    ...variant.settings,
  });
  const correlator = new PhaseCorrelator(settings);
  const count = Math.round((days * 86_400) / 300);
  const now = times[times.length - 1] + 1000;
  meters.forEach((meter, k) => {
    if (!references && isReference(meter)) return;
    for (let i = 0; i < Math.min(count, times.length); i++) {
      let va = volts[k][i];
      if (Number.isNaN(va) || random() < blank) continue;
      if (variant.change) va = variant.change(meter, i, va);
      if (noise) va *= 1 + noise * gauss();
      if (resolution) va = Math.round(va / resolution) * resolution;
      correlator.push({ kind: 'reading', meter, time: times[i], values: { va }, quality: 'good' }, now);
    }
  });
  const { map, diagnostics } = correlator.run(now);
  return {
    assignments: map.assignments,
    truth,
    recorded: new Map(rows.map(({ meter, phase }) => [meter, phase])),
    run: map.run,
    diagnostics,
  };
}
