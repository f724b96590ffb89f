import assert from 'node:assert/strict';
import { PowerCalculator, powerOfReading, readCalculatorSettings } from '../../src/power';
import {
  type Finding,
  type Power,
  parseRecord,
  type Reading,
  type Values,
  WaveformFrame,
} from '../../src/record';
import { sampled } from './tones';

const reading = (values: Values, more: Partial<Reading> = {}): Reading => ({
  kind: 'reading',
  meter: 'm',
  time: 1000,
  values,
  quality: 'good',
  ...more,
});

describe('meters that give readings only', () => {
  it('are taken as they are where P, Q and S agree', () => {
    const { power, inconsistent } = powerOfReading(
      reading({
        p: 800,
        q: 600,
        s: 1000,
        pf: 0.8,
        pa: 800,
        qa: 600,
        sa: 1000,
        va: 230,
        ia: 4.35,
        thd_va: 2,
        f: 50.01,
      }),
    );
    assert.equal(inconsistent, undefined);
    assert.deepEqual(parseRecord(power), {
      kind: 'power',
      meter: 'm',
      time: 1000,
      frequency: 50.01,
      phases: { a: { p: 800, q: 600, s: 1000, pf: 0.8, v: 230, i: 4.35, thdV: 2 } },
      total: { p: 800, q: 600, s: 1000, pf: 0.8 },
      harmonics: {},
      flags: ['from readings'],
    });
  });

  it('are completed, and what was worked out is named', () => {
    const cases: [Values, Partial<Power['total']>, string][] = [
      [{ p: 800, s: 1000 }, { q: 600 }, 'q: from s and p, sign unknown, distortion counted in'],
      [{ p: 800, q: -600 }, { s: 1000, pf: 0.8 }, 's: from p and q, without distortion'],
      [{ s: 1000, pf: -0.8 }, { p: -800 }, 'p: from s and pf'],
      [{ p: 800, pf: 0.8 }, { s: 1000 }, 's: from p and pf'],
    ];
    for (const [values, expected, flag] of cases) {
      const { power } = powerOfReading(reading(values));
      for (const [name, value] of Object.entries(expected)) {
        assert.ok(
          Math.abs((power?.total[name] ?? Number.NaN) - (value as number)) < 1e-9,
          `${name} of ${flag}`,
        );
      }
      assert.ok(power?.flags.includes(flag), JSON.stringify(power?.flags));
    }
    const { power } = powerOfReading(reading({ va: 230, ia: 5, pa: 1000, pb: 500, qb: 0, vb: 231, ib: 3 }));
    assert.equal(power?.phases.a.s, 1150);
    assert.equal(power?.total.p, 1500);
    assert.ok(power?.flags.includes('total: sum of the phases'));
  });

  it('are checked: S below the root of P² + Q², a power factor that is another one', () => {
    const wrong = powerOfReading(reading({ p: 800, q: 700, s: 1000, pf: 0.8 })).inconsistent;
    assert.equal(wrong?.code, 'INCONSISTENT_POWER');
    assert.equal(wrong?.text, 'the total: the root of P² + Q² is 1063, more than S, 1000 VA');
    assert.match(
      powerOfReading(reading({ p: 800, q: 600, s: 1000, pf: 0.95 })).inconsistent?.text ?? '',
      /^the total: power factor 0\.950, but P \/ S is 0\.800$/,
    );
    assert.match(
      powerOfReading(reading({ pa: 1200, sa: 1000 })).inconsistent?.text ?? '',
      /^phase a: P is 1200/,
    );
    // Harmonics make S larger: that is no contradiction.
    assert.equal(powerOfReading(reading({ p: 800, q: 500, s: 1100 })).inconsistent, undefined);
  });

  it('say nothing of power where too little is there; idle ones have no power factor', () => {
    for (const values of [{}, { va: 230 }, { p: 800 }, { q: 600 }, { s: 1000 }] as Values[]) {
      assert.equal(powerOfReading(reading(values)).power, undefined);
    }
    assert.deepEqual(powerOfReading(reading({ p: 0, q: 0, s: 0 })).power?.total, { p: 0, q: 0, s: 0 });
    assert.deepEqual(powerOfReading(reading({ p: 1, s: 2 }, { quality: 'bad' })).power?.flags.slice(-1), [
      'quality bad',
    ]);
  });

  it('go through the calculator; a contradiction is told once, and its end; waveforms go first', () => {
    const powers: Power[] = [];
    const found: Finding[] = [];
    const calculator = new PowerCalculator(readCalculatorSettings({ wiring: '1P2W' }), {
      power: (power) => powers.push(power),
      finding: (_meter, _time, finding) => found.push(finding),
    });
    const send = (values: Values) => calculator.pushReading(reading(values));
    assert.equal(send({ p: 800, q: 700, s: 1000 }), true);
    assert.equal(send({ p: 800, q: 700, s: 1000 }), true);
    assert.equal(send({ p: 800, q: 600, s: 1000 }), true);
    assert.equal(send({ va: 230 }), false);
    assert.equal(powers.length, 3);
    assert.deepEqual(
      found.map(({ code, severity }) => `${code} ${severity}`),
      ['INCONSISTENT_POWER warning', 'INCONSISTENT_POWER info'],
    );
    const va = sampled([{ hertz: 50, rms: 230, at: 0 }], 3200, 640);
    calculator.push(
      WaveformFrame.from({ kind: 'waveform', meter: 'm', time: 0, rate: 3200, channels: { va, ia: va } }),
    );
    assert.equal(send({ p: 800, q: 600, s: 1000 }), false);
  });
});
