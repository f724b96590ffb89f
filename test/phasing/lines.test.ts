import assert from 'node:assert/strict';
import { PhaseCorrelator, readCorrelatorSettings } from '../../src/phasing';
import type { Assignment } from '../../src/record';
import { makeNetwork, type Network } from './network';

const PAIRS = { ab: ['a', 'b'], bc: ['b', 'c'], ca: ['c', 'a'] } as const;
const INTERVAL = 300_000;

/** Voltages of the sensors of a feeder, as z of a phase at 0 V of load: what meters between phases follow. */
function phasesOf(network: Network): Record<'a' | 'b' | 'c', Float64Array> {
  const of = (phase: string) => network.series.get(`S-F1-${phase}`) as Float64Array;
  return { a: of('a'), b: of('b'), c: of('c') };
}

/** RMS between two phases 120 degrees apart. */
const between = (x: number, y: number) => Math.sqrt(x * x + y * y + x * y);

function run(series: Map<string, Record<string, Float64Array>>, settings: object): Map<string, Assignment> {
  const correlator = new PhaseCorrelator(readCorrelatorSettings({ days: 7, ...settings }));
  const start = 1_700_006_400_000;
  const length = 2016;
  for (const [meter, values] of series) {
    for (let i = 0; i < length; i++) {
      correlator.push(
        {
          kind: 'reading',
          meter,
          time: start + i * INTERVAL,
          values: Object.fromEntries(Object.entries(values).map(([name, row]) => [name, row[i]])),
          quality: 'good',
        },
        start + length * INTERVAL,
      );
    }
  }
  const { map } = correlator.run(start + length * INTERVAL);
  return new Map(map.assignments.map((one) => [one.meter, one]));
}

describe('meters between phases, and split phases', function () {
  this.timeout(60_000);

  const transformers = [{ name: 'T1', feeder: 'F1', phases: 'abc', customers: 3 }];
  const network = makeNetwork({ seed: 8, transformers, sensors: { F1: 'abc' } });
  const phases = phasesOf(network);
  let state = 7;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const line = (pair: keyof typeof PAIRS, noise: number) => {
    const [x, y] = PAIRS[pair];
    return phases[x].map((v, i) => (between(v, phases[y][i]) * 230) / 11_547 + noise * random());
  };
  const pairs = Object.keys(PAIRS) as (keyof typeof PAIRS)[];

  it('line-to-line meters are found on ab, bc, ca, by references and by records, apart from the others', () => {
    const series = new Map<string, Record<string, Float64Array>>();
    for (const pair of pairs) series.set(`R${pair}`, { [`v${pair}`]: line(pair, 0.1) });
    for (let k = 0; k < 9; k++) series.set(`L${k}`, { vab: line(pairs[k % 3], 0.6) });
    for (const phase of 'abc' as unknown as 'a'[])
      series.set(`R${phase}`, { va: phases[phase].map((x) => (x * 230) / 11_547) });
    for (let k = 0; k < 3; k++) {
      const row = phases['abc'[k] as 'a'];
      series.set(`N${k}`, { va: row.map((x) => x * (230 / 11_547) + 0.5 * random()) });
    }
    const meters = [
      ...Array.from({ length: 9 }, (_, k) => ({ meter: `L${k}`, transformer: 'T1', feeder: 'F1' })),
      ...[0, 1, 2].map((k) => ({ meter: `N${k}`, transformer: 'T1', feeder: 'F1' })),
    ];
    const references = ['a', 'b', 'c', 'ab', 'cb', 'ca'].map((phase) => ({
      meter: `R${phase === 'cb' ? 'bc' : phase}`,
      transformer: 'T1',
      feeder: 'F1',
      phase,
    }));
    const found = run(series, { references, meters });
    for (let k = 0; k < 9; k++) assert.equal(found.get(`L${k}`)?.phase, pairs[k % 3], `L${k}`);
    for (let k = 0; k < 3; k++) assert.equal(found.get(`N${k}`)?.phase, 'abc'[k]);
    // By records alone, one of them wrong.
    const recorded = meters.slice(0, 9).map((row, k) => ({ ...row, phase: k === 4 ? 'ab' : pairs[k % 3] }));
    const named = run(series, { meters: recorded });
    for (let k = 0; k < 9; k++) assert.equal(named.get(`L${k}`)?.phase, pairs[k % 3], `L${k} by records`);
    assert.deepEqual([named.get('L4')?.recorded, named.get('L4')?.agrees], ['ab', false]);
  });

  it('the halves of a split phase are not two phases', () => {
    const series = new Map<string, Record<string, Float64Array>>();
    for (const phase of 'abc' as unknown as 'a'[]) series.set(`S${phase}`, { va: phases[phase] });
    const leg = (phase: 'a' | 'b' | 'c') => phases[phase].map((x) => x * (120 / 11_547) + 0.3 * random());
    series.set('split', { va: leg('b'), vb: leg('b') });
    series.set('network', { va: leg('c'), vb: leg('a') });
    const references = ['a', 'b', 'c'].map((phase) => ({ meter: `S${phase}`, feeder: 'F1', phase }));
    const meters = ['split', 'network'].map((meter, k) => ({ meter, transformer: `X${k}`, feeder: 'F1' }));
    const found = run(series, { references, meters });
    assert.equal(found.get('split')?.phase, 'bb');
    assert.match(found.get('split')?.reason ?? '', /the halves of a split phase/);
    assert.equal(found.get('network')?.phase, 'ca');
    assert.equal(found.get('network')?.inputs, 2);
    assert.doesNotMatch(found.get('network')?.reason ?? '', /split/);
  });
});
