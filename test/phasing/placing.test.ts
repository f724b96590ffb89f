import assert from 'node:assert/strict';
import { PhaseCorrelator, readCorrelatorSettings } from '../../src/phasing';
import { randoms } from '../power/tones';
import type { MadeTransformer, NetworkOptions } from './network';
import { makeNetwork } from './network';
import { correlatorOf } from './scenarios';

const row = (
  count: number,
  customers: number,
  references = '',
  phases: (k: number) => string = () => 'abc',
  feeder = 'F1',
): MadeTransformer[] =>
  Array.from({ length: count }, (_, k) => ({
    name: `${feeder}T${String(k).padStart(3, '0')}`,
    feeder,
    phases: phases(k),
    customers,
    references,
  }));
const single = (k: number) => 'abc'[k % 3];
const sensors = { F1: 'abc' };

/** Networks, with the least part of the misplaced meters that must be found: 0 where it is only printed. */
const CASES: [string, Omit<NetworkOptions, 'seed'>, number, { power?: boolean; noFeeders?: boolean }?][] = [
  ['55 meters, own references', { transformers: row(6, 55, 'abc') }, 1],
  ['55 meters, sensors, common mode', { transformers: row(6, 55), sensors, common: 4 }, 1],
  ['55 meters, strong drops', { transformers: row(6, 55, 'abc'), strength: 3 }, 1],
  ['12 meters, own references', { transformers: row(12, 12, 'abc') }, 0.9],
  ['12 meters, three transformers', { transformers: row(3, 12, 'abc') }, 0.5],
  ['12 meters, steps of 1 V', { transformers: row(12, 12, 'abc'), resolution: 1 }, 0.9],
  ['12 meters, 30 minutes', { transformers: row(12, 12, 'abc'), interval: 1800 }, 0.6],
  ['12 meters, class 1', { transformers: row(12, 12, 'abc'), accuracy: 1 }, 0.4],
  [
    '12 meters, class 1, power known',
    { transformers: row(12, 12, 'abc'), accuracy: 1 },
    0.6,
    { power: true },
  ],
  ['12 meters, a day', { transformers: row(12, 12, 'abc'), days: 1 }, 0],
  [
    'two feeders without names',
    { transformers: [...row(6, 12, 'abc'), ...row(6, 12, 'abc', undefined, 'F2')] },
    0.8,
    { noFeeders: true },
  ],
  ['service transformers of 6', { transformers: row(20, 6, '', single), sensors }, 0.7],
  ['service transformers of 4', { transformers: row(40, 4, '', single), sensors }, 0.7],
  ['service transformers of 4, no references', { transformers: row(40, 4, '', single) }, 0.6],
  ['service transformers of 2', { transformers: row(60, 2, '', single), sensors }, 0],
  ['4 meters on three phases', { transformers: row(40, 4), sensors }, 0],
];
const SEEDS = [5, 6, 7];
const PART = 0.05;

/** Runs a network in whose records some meters are at another transformer. */
function run([, options, , given = {}]: (typeof CASES)[number], seed: number, part: number) {
  const network = makeNetwork({ ...options, seed });
  const random = randoms(seed * 7919);
  const truth = new Map(network.meters.map(({ meter, transformer }) => [meter, transformer]));
  const names = [...new Set(truth.values())];
  const count = Math.ceil(part * network.meters.length);
  for (let n = 0; n < count; ) {
    const one = network.meters[Math.floor(random() * network.meters.length)];
    const other = names[Math.floor(random() * names.length)];
    if (one.transformer !== truth.get(one.meter) || other === one.transformer) continue;
    one.transformer = other;
    n++;
  }
  if (given.noFeeders) for (const one of [...network.meters, ...network.references]) one.feeder = '';
  const { correlator, now } = correlatorOf(network, {}, { power: given.power });
  const { map, diagnostics } = correlator.run(now);
  const moved = map.assignments.filter((a) => truth.get(a.meter) !== a.transformer);
  const named = map.assignments.filter((a) => a.betterTransformer !== undefined);
  return {
    meters: map.assignments.length,
    misplaced: moved.length,
    found: named.filter((a) => a.betterTransformer === truth.get(a.meter)).length,
    wrong: named.filter((a) => a.betterTransformer !== truth.get(a.meter)).length,
    named,
    diagnostics,
  };
}

describe('meters at another transformer than recorded', function () {
  this.timeout(300_000);

  it('5 % of them misplaced: most are found, nobody else is accused', () => {
    let wrong = 0;
    let all = 0;
    for (const one of CASES) {
      const sum = { misplaced: 0, found: 0, wrong: 0 };
      for (const seed of SEEDS) {
        const { misplaced, found, wrong: falsely, meters } = run(one, seed, PART);
        sum.misplaced += misplaced;
        sum.found += found;
        sum.wrong += falsely;
        all += meters;
      }
      wrong += sum.wrong;
      console.log(
        `      ${one[0].padEnd(42)} ${sum.found} of ${sum.misplaced} found, ${sum.wrong} wrongly named`,
      );
      assert.ok(sum.found >= one[2] * sum.misplaced, one[0]);
    }
    assert.ok(wrong <= all / 2000, `${wrong} of ${all} wrongly named`);
  });

  it('nobody misplaced: nobody is accused', () => {
    for (const one of CASES) {
      for (const seed of SEEDS) assert.deepEqual(run(one, seed + 100, 0).named, [], one[0]);
    }
  });

  it('are listed with the largest margin first', () => {
    const { diagnostics, named } = run(CASES[0], 5, PART);
    const found = diagnostics.find(({ code }) => code === 'WRONG_TRANSFORMER');
    assert.ok(found);
    const { meters } = found.detail as { meters: { meter: string; betterMargin: number }[] };
    assert.equal(meters.length, named.length);
    for (let k = 1; k < meters.length; k++) assert.ok(meters[k - 1].betterMargin >= meters[k].betterMargin);
  });

  it('one that has nothing in common with any phase where it is recorded is looked for on every phase', () => {
    const random = randoms(5);
    const [step, count, start] = [300_000, 576, 1_700_006_400_000];
    const rows = (names: readonly string[]) =>
      ['T1', 'T2'].flatMap((transformer) =>
        names.map((name, k) => ({
          meter: `${transformer}-${name}`,
          transformer,
          feeder: 'F1',
          phase: 'abc'[k % 3],
        })),
      );
    const numbers = Array.from({ length: 12 }, (_, k) => String(k));
    const correlator = new PhaseCorrelator(
      readCorrelatorSettings({ days: 2, references: rows(['A', 'B', 'C']), meters: rows(numbers) }),
    );
    const level: Record<string, number[]> = { T1: [0, 0, 0], T2: [0, 0, 0] };
    for (let slot = 0; slot < count; slot++) {
      const time = start + slot * step;
      const push = (meter: string, va: number) =>
        correlator.push({ kind: 'reading', meter, time, values: { va }, quality: 'good' }, time);
      for (const name of ['T1', 'T2']) {
        for (let p = 0; p < 3; p++) {
          level[name][p] = 0.95 * level[name][p] + 1.2 * (random() - 0.5);
          push(`${name}-${'ABC'[p]}`, 231 + level[name][p] + 0.1 * random());
        }
      }
      for (const name of ['T1', 'T2']) {
        // The last one of each is at the other transformer.
        for (const k of numbers.keys()) {
          const at = k === 11 ? { T1: 'T2', T2: 'T1' }[name] : name;
          push(`${name}-${k}`, 230 + level[String(at)][k % 3] + 0.5 * random());
        }
      }
    }
    const { assignments } = correlator.run(start + count * step).map;
    assert.deepEqual(
      assignments.flatMap((a) => (a.betterTransformer ? [[a.meter, a.betterTransformer]] : [])),
      [
        ['T1-11', 'T2'],
        ['T2-11', 'T1'],
      ],
    );
  });
});
