import assert from 'node:assert/strict';
import { makeNetwork } from './network';
import { correlatorOf, runNetwork, SCENARIOS, type Tally } from './scenarios';

/** How much customers draw, and how little phases differ: from a calm town to the end of a long line. */
const NETWORKS = [
  { strength: 1, own: 1 },
  { strength: 2, own: 0.6 },
  { strength: 4, own: 0.3 },
  { strength: 6, own: 0.6 },
];
/** Steps of the confidence, and cases from which a step is held to what it says. */
const STEPS = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.99];
const CASES = 300;

/** Right where it says so: how often each step of the confidence was. */
class Reliability {
  readonly steps = STEPS.map(() => ({ cases: 0, said: 0, right: 0 }));

  add(confidence: number, isRight: boolean): void {
    const k = STEPS.findLastIndex((step) => confidence >= step);
    if (k < 0) return;
    this.steps[k].cases++;
    this.steps[k].said += confidence;
    this.steps[k].right += isRight ? 1 : 0;
  }
}

describe('phases of made-up networks, beside bare Pearson', function () {
  this.timeout(300_000);
  const rows: string[] = [];
  const reliability = { 'with references': new Reliability(), 'without references': new Reliability() };

  for (const [i, [name, options, given]] of SCENARIOS.entries()) {
    it(`${name}: nothing wrong is called certain, no fewer are right than by Pearson`, () => {
      const sum = { meters: 0, right: 0, match: 0, surelyWrong: 0, levels: 0, differences: 0 };
      NETWORKS.forEach((network, n) => {
        const made = makeNetwork({ ...options, ...network, seed: 1000 * n + i + 1 });
        const tally = runNetwork(made, {}, given);
        for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += tally[key];
        count(tally, made.truth, made.references.length > 0);
        const wrong = tally.assignments.filter(
          ({ grade, confidence, meter, phase }) =>
            /^[abc]$/.test(phase ?? '') &&
            phase !== made.truth.get(meter) &&
            (grade === 'match' || (confidence ?? 0) >= 0.99),
        );
        assert.deepEqual(wrong, []);
      });
      rows.push(
        name.padEnd(50) +
          [sum.meters, sum.right, sum.match, sum.surelyWrong, sum.levels, sum.differences]
            .map((x) => String(x).padStart(8))
            .join(''),
      );
      const isComparable = !/references on|no references/.test(name);
      if (isComparable) {
        assert.ok(
          sum.right >= Math.max(sum.levels, sum.differences),
          `${sum.right} right, Pearson ${sum.levels}`,
        );
      }
    });
  }

  function count({ assignments }: Tally, truth: ReadonlyMap<string, string>, hasReferences: boolean): void {
    const kind = hasReferences ? 'with references' : 'without references';
    for (const { meter, phase, confidence } of assignments) {
      if (/^[abc]$/.test(phase ?? '')) reliability[kind].add(confidence ?? 0, phase === truth.get(meter));
    }
  }

  after(() => {
    const head = ['meters', 'right', 'match', 'wrong*', 'levels', 'diff.'].map((x) => x.padStart(8)).join('');
    console.log(`      ${' '.repeat(50)}${head}\n${rows.map((row) => `      ${row}`).join('\n')}`);
    console.log('      * with match, or with a confidence of 0.99 and more\n');
    for (const [kind, { steps }] of Object.entries(reliability)) {
      console.log(`      confidence ${kind}: cases, said, right`);
      steps.forEach(({ cases, said, right }, k) => {
        if (cases === 0) return;
        const share = (x: number) => ((100 * x) / cases).toFixed(1).padStart(8);
        console.log(`      ${STEPS[k].toFixed(2)}${String(cases).padStart(8)}${share(said)}${share(right)}`);
      });
    }
  });

  it('a confidence is no higher than what comes true, within 3 points', () => {
    for (const [kind, { steps }] of Object.entries(reliability)) {
      steps.forEach(({ cases, said, right }, k) => {
        if (cases >= CASES) assert.ok(right / cases > said / cases - 0.03, `${kind}, ${STEPS[k]}`);
      });
    }
  });

  it('records of a whole transformer that are permuted are one alarm, and no corrections', () => {
    const transformers = ['T1', 'T2'].map((name) => ({
      name,
      feeder: 'F1',
      phases: 'abc',
      customers: 50,
      references: 'abc',
    }));
    const network = makeNetwork({ seed: 4, transformers });
    const turned = { a: 'b', b: 'c', c: 'a' } as Record<string, string>;
    for (const row of network.meters) if (row.transformer === 'T2') row.phase = turned[row.phase];
    const { right, assignments, diagnostics, changes } = runNetwork(network);
    assert.equal(right, 100);
    const alarms = diagnostics.filter(({ code }) => code === 'PHASE_PERMUTATION');
    assert.deepEqual(
      alarms.map(({ meter, detail }) => [meter, detail.phases, detail.records]),
      [['T2', ['a', 'b', 'c'], ['b', 'c', 'a']]],
    );
    const corrected = changes.trim().split('\r\n').slice(1);
    assert.ok(corrected.length > 0 && corrected.every((row) => /^T1-/.test(row)), changes);
    const count = assignments.filter(({ agrees, permuted }) => agrees === false && permuted).length;
    assert.ok(count > 40);
  });

  it('a meter that hangs at another transformer of its feeder is found, also from a small one; never on another feeder', () => {
    const large = (name: string, feeder: string) => ({
      ...{ name, feeder, phases: 'abc', customers: 30, references: 'abc' },
    });
    const transformers = [
      ...['T1', 'T2', 'T3'].map((name) => large(name, 'F1')),
      ...['U1', 'U2'].map((name) => large(name, 'F2')),
      ...['X1', 'X2', 'X3'].map((name) => ({ name, feeder: 'F1', phases: 'b', customers: 3 })),
    ];
    const network = makeNetwork({ seed: 7, transformers, strength: 2, sensors: { F1: 'abc' } });
    const moved: Record<string, [string, string]> = {
      'T1-M004': ['T2', 'F1'],
      'T2-M008': ['X1', 'F1'],
      'T3-M010': ['U1', 'F2'],
    };
    for (const row of network.meters) {
      const to = moved[row.meter];
      if (to) [row.transformer, row.feeder] = to;
    }
    const { assignments } = runNetwork(network);
    const found = assignments.filter(({ betterTransformer }) => betterTransformer !== undefined);
    assert.deepEqual(found.map(({ meter, betterTransformer }) => [meter, betterTransformer]).sort(), [
      ['T1-M004', 'T1'],
      ['T2-M008', 'T2'],
    ]);
  });

  it('references that fall silent after a day are still heard where they spoke, else nothing is certain', () => {
    for (const silent of [1, 0.3]) {
      const transformers = [{ name: 'T1', feeder: 'F1', phases: 'abc', customers: 12, references: 'abc' }];
      const network = makeNetwork({ seed: 6, transformers, strength: 3 });
      // And all records, where there are any, are wrong the same way.
      const turned = { a: 'b', b: 'c', c: 'a' } as Record<string, string>;
      for (const row of network.meters) row.phase = turned[row.phase];
      for (const { meter } of network.references) {
        const series = network.series.get(meter) as Float64Array;
        series.fill(Number.NaN, Math.floor((1 - silent) * series.length));
      }
      const { surelyWrong, right, named } = runNetwork(network, {}, { records: silent < 1 });
      assert.equal(surelyWrong, 0);
      // Where nothing tells their names, clusters have none.
      assert.deepEqual([named, right], silent < 1 ? [12, 12] : [0, 0]);
    }
  });

  it('meters with gaps at random are kept by a mask, and are right', () => {
    const transformers = [0, 1].map((k) => ({
      name: `T${k}`,
      feeder: 'F1',
      phases: 'abc',
      customers: 55,
      references: 'abc',
    }));
    const network = makeNetwork({ seed: 3, transformers, strength: 2, blank: 0.15 });
    const excluded = runNetwork(network);
    const out = excluded.assignments.filter(({ grade }) => grade === 'excluded').length;
    assert.ok(out > 80, `${out} left out`);
    const said = excluded.diagnostics.find(({ code }) => code === 'GAPS_EXCLUDE');
    assert.equal(said?.detail.excluded, out);
    const masked = runNetwork(network, { gaps: 'mask' });
    assert.equal(masked.right, 110);
    for (const { reason, missing = 0, score } of masked.assignments) {
      if (/compared over/.test(reason)) {
        assert.match(
          reason,
          new RegExp(`compared over ${(100 * (1 - missing)).toFixed(0)} % of the intervals`),
        );
      }
      assert.ok((score ?? 0) > 0.6);
    }
    assert.equal(masked.diagnostics.filter(({ code }) => code === 'GAPS_EXCLUDE').length, 0);
  });

  it('feeders of one name at two substations are two; a transformer on two feeders is refused', () => {
    const transformers = ['T1', 'T2'].map((name) => ({
      name,
      feeder: name,
      phases: 'abc',
      customers: 12,
      references: name === 'T1' ? 'abc' : '',
    }));
    const network = makeNetwork({ seed: 3, transformers });
    const substation = (row: { transformer: string }) => (row.transformer === 'T1' ? 'North' : 'South');
    const rows = (of: { transformer: string }[]) =>
      of.map((row) => ({
        ...row,
        phase: (row as { phase?: string }).phase,
        feeder: 'F1',
        substation: substation(row),
      }));
    const because = (meters: object[], references: object[]) => {
      const { correlator, now } = correlatorOf(network, { meters, references });
      return correlator.run(now).map.transformers.map((one) => [one.feeder, one.because]);
    };
    const bare = (of: object[]) => of.map((row) => ({ ...row, substation: undefined }));
    const [meters, references] = [rows(network.meters), rows(network.references)];
    const own = /^a reference on each phase/;
    const [first, second] = because(meters, references);
    assert.equal(first[0], 'North / F1');
    assert.match(String(first[1]), own);
    assert.equal(second[0], 'South / F1');
    assert.match(String(second[1]), /^no usable reference/);
    assert.match(String(because(bare(meters), bare(references))[1][1]), /^references of the feeder/);
    const torn = meters.map((row, k) => (k === 5 ? { ...row, feeder: 'F2' } : row));
    assert.throws(() => because(torn, references), /settings\.meters\[5\]\.feeder.*North \/ F1/);
  });
});
