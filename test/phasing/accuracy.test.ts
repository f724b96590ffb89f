import assert from 'node:assert/strict';
import type { Assignment } from '../../src/record';
import { itWith } from '../shared-data';
import { type Feeder, type Outcome, readFeeder, runFeeder, type Variant } from './feeder';

const DATA = 'phase-id/voltages.csv.gz';

/** Phase that a meter is on at the end of the window. */
function phaseAtEnd({ truth }: Outcome, meter: string, days: number): string {
  const { phase, anomaly } = truth.get(meter) ?? { phase: '', anomaly: '' };
  const moved = /moved to phase (.) at the start of day (\d)/.exec(anomaly);
  return moved && days >= Number(moved[2]) ? moved[1] : phase;
}

const share = (part: number, all: number) => (100 * part) / all;

describe('phases of the week of ../shared/phase-id', function () {
  this.timeout(120_000);
  let feeder: Feeder;
  const rows: string[] = [];

  const VARIANTS: [string, Variant, number][] = [
    ['as it is', {}, 100],
    ['without references', { references: false }, 97],
    ['one day', { days: 1 }, 0],
    ['5 % of the cells blank', { blank: 0.05 }, 97],
    ['10 % blank', { blank: 0.1 }, 97],
    ['10 % blank, maxGap 12', { blank: 0.1, settings: { maxGap: 12 } }, 97],
    ['0.5 % noise', { noise: 0.005 }, 97],
    ['that, 3 components', { noise: 0.005, settings: { components: 3 } }, 97],
    ['that, low pass of 5', { noise: 0.005, settings: { lowPass: 5 } }, 97],
    ['steps of 1 V', { resolution: 1 }, 97],
    ['30 % of the records wrong', { wrongRecords: 0.3 }, 97],
    ['that, without references', { references: false, wrongRecords: 0.3 }, 97],
  ];
  for (const [name, variant, least] of VARIANTS) {
    itWith(DATA, `${name}: ${least || 'stated, not less than 90'} % of the eligible meters right`, (path) => {
      feeder ??= readFeeder(path);
      const outcome = runFeeder(feeder, variant);
      const eligible = outcome.assignments.filter(({ grade }) => grade !== 'excluded');
      const right = eligible.filter(
        ({ meter, phase }) => phase === phaseAtEnd(outcome, meter, variant.days ?? 7),
      );
      const graded = (grade: string) =>
        share(eligible.filter((a) => a.grade === grade).length, eligible.length).toFixed(0);
      const numbers = [
        outcome.assignments.length - eligible.length,
        eligible.length,
        share(right.length, eligible.length).toFixed(1),
        graded('match'),
        graded('suspect'),
        graded('low'),
      ];
      rows.push(name.padEnd(28) + numbers.map((n) => String(n).padStart(10)).join(''));
      assert.ok(
        share(right.length, eligible.length) >= (least || 90),
        `${right.length} of ${eligible.length}`,
      );
    });
  }

  itWith(DATA, 'every anomaly is found, with at most 1 % false alarms', (path) => {
    feeder ??= readFeeder(path);
    const outcome = runFeeder(feeder);
    const { assignments, truth } = outcome;
    const kinds: [string, RegExp, (a: Assignment) => boolean][] = [
      [
        'gap',
        /gap of 40/,
        ({ grade, reason }) => grade === 'excluded' && /^gap of 4\d intervals/.test(reason),
      ],
      [
        'stuck',
        /stuck/,
        ({ grade, reason }) => grade === 'excluded' && /stuck value|never changes/.test(reason),
      ],
      ['late clock', /late/, ({ clockLate = 0 }) => Math.abs(clockLate - 300) <= 15],
      ['reads high', /high/, ({ level = 0 }) => Math.abs(level - 0.013) < 0.002],
      ['moved', /moved/, (a) => a.moved !== undefined],
    ];
    for (const [name, pattern, isFound] of kinds) {
      const has = ({ meter }: Assignment) => pattern.test(truth.get(meter)?.anomaly ?? '');
      assert.deepEqual(
        assignments.filter((a) => has(a) && !isFound(a)).map(({ meter }) => meter),
        [],
        name,
      );
      const alarms = assignments.filter((a) => !has(a) && isFound(a));
      assert.ok(alarms.length <= 0.01 * assignments.length, `${name}: ${alarms.map(({ meter }) => meter)}`);
    }
    // Nobody else is left out; of the gaps of two some run together to three and more.
    for (const { meter, grade, reason } of assignments) {
      if (grade === 'excluded')
        assert.match(truth.get(meter)?.anomaly ?? '', /gap|stuck/, `${meter}: ${reason}`);
    }
    for (const { meter, moved, phase } of assignments) {
      if (!moved) continue;
      const [, to, day] =
        /moved to phase (.) at the start of day (\d)/.exec(truth.get(meter)?.anomaly ?? '') ?? [];
      assert.equal(phase, to);
      assert.equal(moved.from, truth.get(meter)?.phase);
      const start = feeder.times[0] + (Number(day) - 1) * 86_400_000;
      assert.ok(
        Math.abs(moved.time - start) <= 86_400_000,
        `${meter}: ${new Date(moved.time).toISOString()}`,
      );
    }
  });

  itWith(DATA, 'at least 93 % are a match, and every wrong record is listed, none that is right', (path) => {
    feeder ??= readFeeder(path);
    for (const wrongRecords of [0, 0.3]) {
      const outcome = runFeeder(feeder, { wrongRecords });
      const eligible = outcome.assignments.filter(({ grade }) => grade !== 'excluded');
      assert.ok(share(eligible.filter(({ grade }) => grade === 'match').length, eligible.length) >= 93);
      for (const { meter, agrees, recorded, reason, confidence } of eligible) {
        assert.equal(agrees, recorded === phaseAtEnd(outcome, meter, 7), meter);
        assert.equal(/differs from the recorded phase/.test(reason), !agrees, reason);
        assert.ok((confidence ?? 0) > 0.9, `${meter}: ${confidence}`);
      }
    }
  });

  itWith(DATA, 'meters under the wrong transformer are told the right one, and nobody else is', (path) => {
    feeder ??= readFeeder(path);
    const misplaced: Record<string, string> = {};
    for (const [k, meter] of ['M005', 'M010', 'M020', 'M030', 'M002', 'M033'].entries()) {
      misplaced[`T0${k + 1}-${meter}`] = `T0${((k + 3) % 8) + 1}`;
    }
    const { assignments } = runFeeder(feeder, { misplaced });
    const told = assignments.filter(({ betterTransformer }) => betterTransformer !== undefined);
    assert.deepEqual(
      told.map(({ meter, betterTransformer }) => [meter, betterTransformer]).sort(),
      Object.keys(misplaced).map((meter) => [meter, meter.slice(0, 3)]),
    );
    assert.ok(told.every(({ reason }) => /more like the meters of T0\d$/.test(reason)));
  });

  itWith(
    DATA,
    'a tap that moves inside the window shows as a fall of one transformer against the others',
    (path) => {
      feeder ??= readFeeder(path);
      const codes = ({ diagnostics }: Outcome) =>
        diagnostics.filter(({ code }) => code === 'TRANSFORMER_CORRELATION').map(({ meter }) => meter);
      assert.deepEqual(codes(runFeeder(feeder)), []);
      const change = (meter: string, interval: number, volts: number) =>
        meter.startsWith('T03') && interval > 900 ? 0.975 * volts : volts;
      const outcome = runFeeder(feeder, { change });
      assert.deepEqual(codes(outcome), ['T03']);
      // Among each other its meters are still alike: their phases are right.
      const wrong = outcome.assignments.filter(
        ({ meter, phase, grade }) => grade !== 'excluded' && phase !== phaseAtEnd(outcome, meter, 7),
      );
      assert.deepEqual(wrong, []);
    },
  );

  after(() => {
    if (rows.length === 0) return;
    const head = ['left out', 'eligible', 'right %', 'match %', 'suspect %', 'low %'];
    console.log(`      ${''.padEnd(28)}${head.map((name) => name.padStart(10)).join('')}`);
    for (const row of rows) console.log(`      ${row}`);
  });
});
