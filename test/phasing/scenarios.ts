import { atOnce, changesText, PhaseCorrelator, readCorrelatorSettings } from '../../src/phasing';
import type { Assignment, Diagnostic } from '../../src/record';
import { type MadeTransformer, makeNetwork, type Network, type NetworkOptions } from './network';

/** What a run made of a network. */
export interface Tally {
  meters: number;
  /** Named a, b or c, and rightly. */
  right: number;
  named: number;
  match: number;
  /** Wrong, and a match or with a confidence of 0.99 and more. */
  surelyWrong: number;
  /** Right by bare Pearson with the references of the transformer, else of the feeder. */
  levels: number;
  differences: number;
  assignments: Assignment[];
  diagnostics: Diagnostic[];
  transformers: Record<string, unknown>[];
  /** CSV for the GIS. */
  changes: string;
}

/** A correlator that has heard all of a network, and the time then. */
export function correlatorOf(
  network: Network,
  settings: object = {},
  { references = true, records = true, power = false } = {},
): { correlator: PhaseCorrelator; now: number } {
  const { interval, series, start } = network;
  const length = [...series.values()][0].length;
  const correlator = new PhaseCorrelator(
    readCorrelatorSettings({
      interval,
      days: (length * interval) / 86_400,
      references: references ? network.references : [],
      meters: records ? network.meters : network.meters.map(({ phase: _, ...row }) => row),
      ...settings,
    }),
  );
  const first = Math.ceil(start / (interval * 1000)) * interval * 1000;
  const now = first + length * interval * 1000;
  for (const [meter, volts] of series) {
    volts.forEach((va, i) => {
      if (Number.isNaN(va)) return;
      const time = first + i * interval * 1000;
      const s = power ? network.power.get(meter)?.[i] : undefined;
      const values = s === undefined ? { va } : { va, s };
      correlator.push({ kind: 'reading', meter, time, values, quality: 'good' }, now);
    });
  }
  return { correlator, now };
}

/** Runs the correlator over a network. */
export function runNetwork(
  network: Network,
  settings: object = {},
  given: { references?: boolean; records?: boolean } = {},
): Tally {
  const { references = true } = given;
  const { truth } = network;
  const { correlator, now } = correlatorOf(network, settings, given);
  const { map, diagnostics } = correlator.run(now);
  const isRight = ({ meter, phase }: Assignment) => phase === truth.get(meter);
  const isNamed = ({ phase }: Assignment) => phase !== null && /^[abc]$/.test(phase);
  const { assignments } = map;
  const baseline = references ? pearson(network) : { levels: 0, differences: 0 };
  return {
    meters: assignments.length,
    right: assignments.filter(isRight).length,
    named: assignments.filter(isNamed).length,
    match: assignments.filter(({ grade }) => grade === 'match').length,
    surelyWrong: assignments.filter(
      (a) => isNamed(a) && !isRight(a) && (a.grade === 'match' || (a.confidence ?? 0) >= 0.99),
    ).length,
    ...baseline,
    assignments,
    transformers: map.transformers,
    changes: atOnce(changesText('csv', map, [], now)).text,
    diagnostics,
  };
}

/** Meters that are right by the correlation with the references alone, in levels and in differences. */
export function pearson({ series, meters, references, truth }: Network): {
  levels: number;
  differences: number;
} {
  const differences = new Map(
    [...series].map(([name, row]) => [name, row.map((x, i) => (i ? x - row[i - 1] : Number.NaN))]),
  );
  const rightBy = (of: ReadonlyMap<string, Float64Array>) =>
    meters.filter(({ meter, transformer, feeder }) => {
      const own = references.filter((one) => one.transformer === transformer);
      const there = own.length === 3 ? own : references.filter((one) => one.feeder === feeder);
      const likeness = { a: [], b: [], c: [] } as Record<string, number[]>;
      for (const one of there) {
        likeness[one.phase].push(
          correlation(of.get(meter) as Float64Array, of.get(one.meter) as Float64Array),
        );
      }
      const mean = (all: number[]) => (all.length ? all.reduce((a, b) => a + b, 0) / all.length : -2);
      const best = ['a', 'b', 'c'].reduce((x, y) => (mean(likeness[y]) > mean(likeness[x]) ? y : x));
      return there.length > 0 && best === truth.get(meter);
    }).length;
  return { levels: rightBy(series), differences: rightBy(differences) };
}

function correlation(a: Float64Array, b: Float64Array): number {
  let [n, x, y, xx, yy, xy] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    if (Number.isNaN(a[i]) || Number.isNaN(b[i])) continue;
    n++;
    x += a[i];
    y += b[i];
    xx += a[i] * a[i];
    yy += b[i] * b[i];
    xy += a[i] * b[i];
  }
  return (n * xy - x * y) / Math.sqrt((n * xx - x * x) * (n * yy - y * y));
}

const times = (count: number, make: (k: number) => MadeTransformer) =>
  Array.from({ length: count }, (_, k) => make(k));
const named = (feeder: string, k: number) => `${feeder}T${String(k + 1).padStart(2, '0')}`;

/** The cases of the table. */
export const SCENARIOS: [string, Omit<NetworkOptions, 'seed'>, Parameters<typeof runNetwork>[2]?][] = [
  ...[1, 2, 3, 4, 6, 12, 55].map((customers): (typeof SCENARIOS)[number] => [
    `${customers} meters a transformer, own references`,
    {
      transformers: times(Math.max(2, Math.round(48 / customers)), (k) => ({
        name: named('F1', k),
        feeder: 'F1',
        phases: 'abc',
        customers,
        references: 'abc',
      })),
    },
  ]),
  ...[1, 2, 3, 4, 6, 12, 55].map((customers): (typeof SCENARIOS)[number] => [
    `${customers} meters a transformer, sensors on the feeder`,
    {
      transformers: times(Math.max(2, Math.round(48 / customers)), (k) => ({
        name: named('F1', k),
        feeder: 'F1',
        phases: 'abc',
        customers,
      })),
      sensors: { F1: 'abc' },
    },
  ]),
  [
    '220 meters a transformer, own references',
    { transformers: [{ name: 'F1T01', feeder: 'F1', phases: 'abc', customers: 220, references: 'abc' }] },
  ],
  ...['a', 'b'].map((phases): (typeof SCENARIOS)[number] => [
    `12 meters all on ${phases}, no references`,
    { transformers: times(6, (k) => ({ name: named('F1', k), feeder: 'F1', phases, customers: 12 })) },
  ]),
  [
    '12 meters all on one phase, sensors',
    {
      transformers: times(6, (k) => ({
        name: named('F1', k),
        feeder: 'F1',
        phases: 'abc'[k % 3],
        customers: 12,
      })),
      sensors: { F1: 'abc' },
    },
  ],
  [
    'two feeders, references on one',
    {
      transformers: ['F1', 'F2'].flatMap((feeder) =>
        times(4, (k) => ({
          name: named(feeder, k),
          feeder,
          phases: 'abc',
          customers: 12,
          references: feeder === 'F1' ? 'abc' : '',
        })),
      ),
    },
  ],
  [
    'two feeders, references on one, no records',
    {
      transformers: ['F1', 'F2'].flatMap((feeder) =>
        times(4, (k) => ({
          name: named(feeder, k),
          feeder,
          phases: 'abc',
          customers: 12,
          references: feeder === 'F1' ? 'abc' : '',
        })),
      ),
    },
    { records: false },
  ],
  ...['a', 'ab'].map((references): (typeof SCENARIOS)[number] => [
    `12 meters, references on ${references}`,
    {
      transformers: times(4, (k) => ({
        name: named('F1', k),
        feeder: 'F1',
        phases: 'abc',
        customers: 12,
        references,
      })),
    },
  ]),
  ...['a', 'ab'].map((references): (typeof SCENARIOS)[number] => [
    `12 meters, references on ${references}, no records`,
    {
      transformers: times(4, (k) => ({
        name: named('F1', k),
        feeder: 'F1',
        phases: 'abc',
        customers: 12,
        references,
      })),
    },
    { records: false },
  ]),
  [
    '12 meters, no references',
    { transformers: times(6, (k) => ({ name: named('F1', k), feeder: 'F1', phases: 'abc', customers: 12 })) },
  ],
  [
    '12 meters, no references, 30 % wrong records',
    {
      transformers: times(6, (k) => ({ name: named('F1', k), feeder: 'F1', phases: 'abc', customers: 12 })),
      wrongRecords: 0.3,
    },
  ],
  ...[1, 2, 3, 4].map((customers): (typeof SCENARIOS)[number] => [
    `service transformers of ${customers}, sensors`,
    {
      transformers: times(Math.round(60 / customers), (k) => ({
        name: named('F1', k),
        feeder: 'F1',
        phases: 'abc'[(k * 7) % 3],
        customers,
      })),
      sensors: { F1: 'abc' },
    },
  ]),
  ...[1, 4].map((customers): (typeof SCENARIOS)[number] => [
    `service transformers of ${customers}, no references`,
    {
      transformers: times(Math.round(60 / customers), (k) => ({
        name: named('F1', k),
        feeder: 'F1',
        phases: 'abc'[(k * 7) % 3],
        customers,
      })),
    },
  ]),
  ...[0.2, 0.5, 1].map((accuracy): (typeof SCENARIOS)[number] => [
    `class ${accuracy}, 55 meters, own references`,
    {
      transformers: times(2, (k) => ({
        name: named('F1', k),
        feeder: 'F1',
        phases: 'abc',
        customers: 55,
        references: 'abc',
      })),
      accuracy,
    },
  ]),
  [
    'class 1, 12 meters, sensors',
    {
      transformers: times(4, (k) => ({ name: named('F1', k), feeder: 'F1', phases: 'abc', customers: 12 })),
      accuracy: 1,
      sensors: { F1: 'abc' },
    },
  ],
  ...[900, 1800].map((interval): (typeof SCENARIOS)[number] => [
    `${interval / 60} minutes, 12 meters, own references`,
    {
      transformers: times(4, (k) => ({
        name: named('F1', k),
        feeder: 'F1',
        phases: 'abc',
        customers: 12,
        references: 'abc',
      })),
      interval,
    },
  ]),
  [
    '30 minutes, 12 meters, no references',
    {
      transformers: times(4, (k) => ({ name: named('F1', k), feeder: 'F1', phases: 'abc', customers: 12 })),
      interval: 1800,
    },
  ],
  [
    'common mode, 12 meters, own references',
    {
      transformers: times(4, (k) => ({
        name: named('F1', k),
        feeder: 'F1',
        phases: 'abc',
        customers: 12,
        references: 'abc',
      })),
      common: 4,
    },
  ],
  [
    'common mode, 50 meters, sensors',
    {
      transformers: times(4, (k) => ({ name: named('F1', k), feeder: 'F1', phases: 'abc', customers: 50 })),
      common: 4,
      sensors: { F1: 'abc' },
    },
  ],
  [
    'common mode, 12 meters, no references',
    {
      transformers: times(4, (k) => ({ name: named('F1', k), feeder: 'F1', phases: 'abc', customers: 12 })),
      common: 4,
    },
  ],
  [
    '1 V steps, 12 meters, own references',
    {
      transformers: times(4, (k) => ({
        name: named('F1', k),
        feeder: 'F1',
        phases: 'abc',
        customers: 12,
        references: 'abc',
      })),
      resolution: 1,
    },
  ],
  [
    'a day, 12 meters, own references',
    {
      transformers: times(4, (k) => ({
        name: named('F1', k),
        feeder: 'F1',
        phases: 'abc',
        customers: 12,
        references: 'abc',
      })),
      days: 1,
    },
  ],
];

/** One scenario with a seed. */
export function runScenario(
  [, options, given]: (typeof SCENARIOS)[number],
  seed: number,
  settings: object = {},
): Tally {
  return runNetwork(makeNetwork({ ...options, seed }), settings, given);
}
