import assert from 'node:assert/strict';
import { ValueWatch } from '../../src/metering';
import type { Values } from '../../src/record';
import { Conditions, type Finding } from '../../src/record';
import { seeded } from '../signal/signals';

const START = 1_700_000_000_000;

describe('values watched', () => {
  /** Readings every `step` seconds; the verdict of the last. */
  function run(watch: ValueWatch, count: number, step: number, values: (i: number) => Values) {
    let last = watch.judge(values(0), [], START);
    for (let i = 1; i < count; i++) last = watch.judge(values(i), [], START + i * step * 1000);
    return last;
  }
  const random = seeded(2);
  const alive = (i: number): Values => ({ va: 230 + random(100) / 100, vb: 231, f: 50 + (i % 7) / 1000 });

  it('finds nothing wrong with a live meter', () => {
    assert.deepEqual(
      run(new ValueWatch(230), 100, 1, (i) => ({ va: 230 + (i % 9) / 10, vb: 231 + (i % 5) / 10, p: 1000 })),
      { quality: 'good', problems: {} },
    );
  });

  it('takes out what no grid can have, and says that the reading is bad', () => {
    const cases: [Values, string[]][] = [
      [{ va: 230, f: 5e30 }, ['f']],
      [{ va: -3, vb: 230 }, ['va']],
      [{ va: 5000 }, ['va']],
      [{ pf: 1.5, va: 230 }, ['pf']],
      [{ p: 1e20, q: -1e20 }, ['p', 'q']],
      [{ thd_va: -1 }, ['thd_va']],
    ];
    for (const [values, wrong] of cases) {
      const given = { ...values };
      const { quality, problems } = new ValueWatch(230).judge(given, [], START);
      assert.equal(quality, 'bad');
      assert.deepEqual(problems.VALUE_IMPLAUSIBLE, wrong);
      for (const name of wrong) assert.ok(!(name in given), name);
    }
    // A swell, or a dead phase, can be.
    assert.equal(new ValueWatch(230).judge({ va: 420, vb: 0, f: 47 }, [], START).quality, 'good');
  });

  it('takes an energy that leaps up for wrong, one that was reset for right', () => {
    const watch = new ValueWatch();
    assert.equal(watch.judge({ energy_import: 1e6 }, [], START).quality, 'good');
    assert.equal(watch.judge({ energy_import: 1e6 + 50 }, [], START + 10_000).quality, 'good');
    assert.equal(watch.judge({ energy_import: 9e14 }, [], START + 20_000).quality, 'bad');
    assert.equal(watch.judge({ energy_import: 1e6 + 100 }, [], START + 30_000).quality, 'good');
    assert.equal(watch.judge({ energy_import: 0 }, [], START + 40_000).quality, 'good');
  });

  it('finds a voltage that stands still while its neighbours move, after ten minutes', () => {
    const watch = new ValueWatch(230);
    assert.equal(run(watch, 60, 10, alive).quality, 'good');
    const later = new ValueWatch(230);
    assert.deepEqual(run(later, 80, 10, alive), { quality: 'uncertain', problems: { VALUE_STUCK: ['vb'] } });
    // A phase without voltage stands still by right.
    assert.equal(run(new ValueWatch(230), 80, 10, (i) => ({ ...alive(i), vb: 0 })).quality, 'good');
  });

  it('finds readings that do not move at all, after a minute', () => {
    const still = () => ({ va: 230.1, vb: 230.2, f: 50 });
    assert.equal(run(new ValueWatch(230), 50, 1, still).quality, 'good');
    assert.deepEqual(Object.keys(run(new ValueWatch(230), 70, 1, still).problems), ['READINGS_FROZEN']);
    // It moves again: over at once.
    const watch = new ValueWatch(230);
    run(watch, 70, 1, still);
    assert.equal(watch.judge({ va: 230, vb: 230.2, f: 50 }, [], START + 71_000).quality, 'good');
  });

  it('names registers that hold no number', () => {
    assert.deepEqual(new ValueWatch().judge({ va: 230 }, ['vb'], START), {
      quality: 'uncertain',
      problems: { VALUE_NAN: ['vb'] },
    });
  });

  it('tells a condition when it begins and when it ends, and a new kind of it as a new one', () => {
    const told: [string, string][] = [];
    const conditions = new Conditions(({ code, severity }) => told.push([code, severity]));
    const finding = (code: string): Finding => ({
      code,
      severity: 'warning',
      text: 'x',
      hint: 'y',
      detail: {},
    });
    for (let i = 0; i < 3; i++) conditions.set('a', finding('ONE'));
    conditions.set('a', finding('TWO'));
    conditions.set('a', undefined);
    conditions.set('a', undefined);
    assert.deepEqual(told, [
      ['ONE', 'warning'],
      ['ONE', 'info'],
      ['TWO', 'warning'],
      ['TWO', 'info'],
    ]);
  });
});
