import assert from 'node:assert/strict';
import { PowerCalculator, readCalculatorSettings } from '../../src/power';
import {
  type Channel,
  type Diagnostic,
  en50160Harmonics,
  iec61000v2v2,
  ieee519Current,
  ieee519Voltage,
  type Power,
  parseRecord,
  WaveformFrame,
} from '../../src/record';
import { randoms, sampled, type Tone } from './tones';

function run(
  channels: Partial<Record<Channel, Tone[]>>,
  settings: object = {},
  seconds = 0.6,
  rate = 12_800,
) {
  const powers: Power[] = [];
  const found: Pick<Diagnostic, 'code' | 'text' | 'hint' | 'detail'>[] = [];
  const calculator = new PowerCalculator(readCalculatorSettings({ wiring: '1P2W', ...settings }), {
    power: (power) => powers.push(parseRecord(JSON.parse(JSON.stringify(power))) as Power),
    finding: (_meter, _time, finding) => found.push(finding),
  });
  const samples = Object.fromEntries(
    Object.entries(channels).map(([name, tones]) => [name, sampled(tones, rate, Math.ceil(seconds * rate))]),
  );
  calculator.push(WaveformFrame.from({ kind: 'waveform', meter: 'm', time: 0, rate, channels: samples }));
  return { powers, found };
}

const at = (hertz: number, rms: number, degrees = 0): Tone => ({ hertz, rms, at: degrees });
const near = (found: number | undefined, truth: number, tolerance: number, what: string) =>
  assert.ok(Math.abs((found ?? Number.NaN) - truth) <= tolerance, `${what}: ${found} for ${truth}`);

describe('harmonics', () => {
  it('are within Class I of IEC 61000-4-7 to order 63, from 0.1 % to 10 %, at any frequency', () => {
    const random = randoms(2);
    for (let k = 0; k < 40; k++) {
      const frequency = 42.5 + 26.5 * random();
      const orders = Array.from({ length: 62 }, () => 230 * 0.1 * 10 ** (-2 * random()));
      const va = [
        at(frequency, 230, 77),
        ...orders.map((rms, i) => at((i + 2) * frequency, rms, 360 * random())),
      ];
      const { powers } = run({ va, ia: [at(frequency, 5)] });
      orders.forEach((rms, i) => {
        // 5 % of the reading from 1 % of nominal up, 0.05 % of nominal below (IEC 61000-4-7, table 1).
        const allowed = rms >= 2.3 ? 0.05 * rms : 0.0005 * 230;
        near(powers[0].harmonics.va[i + 2], rms, allowed / 10, `order ${i + 2} at ${frequency} Hz`);
      });
    }
  });

  for (const [hertz, window, cycles] of [
    [50, 10, 10],
    [60, 10, 12],
    [50, 5, 5],
    [60, 5, 6],
  ] as const) {
    it(`subgroups, groups and interharmonics of ${cycles} cycles of ${hertz} Hz (IEC 61000-4-7, 5.6)`, () => {
      const line = hertz / cycles;
      // Order 5; its neighbour line; one in the middle between 5 and 6; one at the edge of the group where there is one.
      const middle = Math.floor(cycles / 2);
      const va = [
        at(hertz, 230),
        at(5 * hertz, 10),
        at(5 * hertz + line, 4),
        at(5 * hertz + middle * line, 6),
      ];
      const { powers } = run({ va, ia: [at(hertz, 5)] }, { window, detail: true });
      const [{ harmonics, groups, interharmonics }] = powers;
      near(powers[0].window, cycles / hertz, 1e-4, 'window');
      near(harmonics.va[5], Math.hypot(10, 4), 0.01, 'subgroup');
      const edge = cycles % 2 === 0;
      near(groups?.va[5], Math.sqrt(100 + 16 + (edge ? 18 : 36)), 0.01, 'group 5');
      near(groups?.va[6], edge ? Math.sqrt(18) : 0, 0.01, 'group 6');
      near(interharmonics?.va[5], 6, 0.01, 'between 5 and 6');
      near(interharmonics?.va[4], 0, 0.01, 'between 4 and 5');
      assert.equal(interharmonics?.va.length, 63);
    });
  }

  it('THD, TDD, K-factor and crest factor of a current', () => {
    const parts: [number, number][] = [
      [1, 10],
      [5, 2],
      [7, 1],
    ];
    const ia = parts.map(([order, rms]) => at(50 * order, rms));
    const [power] = run({ va: [at(50, 230)], ia }, { demand: 20 }).powers;
    const { thdI, tdd, kFactor, crestI, crestV } = power.phases.a;
    near(thdI, 10 * Math.hypot(2, 1), 0.01, 'THD');
    near(tdd, 5 * Math.hypot(2, 1), 0.01, 'TDD');
    near(kFactor, (100 + 4 * 25 + 49) / 105, 0.001, 'K');
    // All cosines stand at their crest together.
    near(crestI, (Math.SQRT2 * 13) / Math.sqrt(105), 0.002, 'crest factor');
    near(crestV, Math.SQRT2, 0.001, 'crest factor of the voltage');
  });
});

describe('limits of harmonics', () => {
  it('are those of the tables', () => {
    const of = (limits: { of(order: number): number | undefined }, orders: number[]) =>
      orders.map((h) => limits.of(h));
    assert.deepEqual(of(en50160Harmonics, [2, 3, 5, 6, 9, 15, 17, 21, 24, 25, 27]), [
      2,
      5,
      6,
      0.5,
      1.5,
      0.5,
      2,
      0.5,
      0.5,
      1.5,
      undefined,
    ]);
    assert.deepEqual(of(iec61000v2v2, [3, 5, 7, 11, 13, 15, 17, 21, 27, 51]), [
      5,
      6,
      5,
      3.5,
      3,
      0.4,
      2,
      0.3,
      0.2,
      undefined,
    ]);
    near(iec61000v2v2.of(25), 2.27 * (17 / 25) - 0.27, 1e-9, 'order 25');
    near(iec61000v2v2.of(10), 0.5, 1e-9, 'order 10');
    assert.deepEqual(
      [480, 13_800, 115_000, 230_000].map((v) => [ieee519Voltage(v).of(5), ieee519Voltage(v).total]),
      [
        [5, 8],
        [3, 5],
        [1.5, 2.5],
        [1, 1.5],
      ],
    );
    const table2 = [10, 30, 70, 500, 2000].map((ratio) => {
      const limits = ieee519Current(ratio, 2014);
      return [...of(limits, [5, 11, 17, 23, 35]), limits.total];
    });
    assert.deepEqual(table2, [
      [4, 2, 1.5, 0.6, 0.3, 5],
      [7, 3.5, 2.5, 1, 0.5, 8],
      [10, 4.5, 4, 1.5, 0.7, 12],
      [12, 5.5, 5, 2, 1, 15],
      [15, 7, 6, 2.5, 1.4, 20],
    ]);
    assert.deepEqual(of(ieee519Current(10, 2014), [4, 12]), [1, 0.5]);
    assert.deepEqual(of(ieee519Current(10, 2022), [4, 12]), [2, 2]);
  });

  it('are judged by three seconds, and told once', () => {
    const va = [at(50, 230), at(250, 0.062 * 230), at(450, 0.016 * 230)];
    const { powers, found } = run({ va, ia: [at(50, 5)] }, { limits: 'EN 50160' }, 7);
    const judged = powers.filter(({ limits }) => limits);
    assert.equal(judged.length, 2);
    assert.deepEqual(
      judged[0].limits?.exceeded.map(({ channel, order, limit }) => [channel, order, limit]),
      [
        ['va', 5, 6],
        ['va', 9, 1.5],
      ],
    );
    near(judged[0].limits?.exceeded[0].value, 6.2, 0.005, 'percent');
    assert.deepEqual(
      found.map(({ code, text }) => [code, text]),
      [
        [
          'HARMONIC_LIMIT',
          'harmonics above EN 50160 for three seconds: va order 9 1.60 % (limit 1.50 %), va order 5 6.20 % (limit 6.00 %)',
        ],
      ],
    );
  });

  it('IEEE 519 judges currents by the demand current, and totals', () => {
    const ia = [at(60, 10), at(300, 1.5), at(420, 0.9)];
    const { powers } = run(
      { va: [at(60, 277)], ia },
      { limits: 'IEEE 519-2022', demand: 20, shortCircuit: 30 },
      3.4,
    );
    const exceeded = powers.find(({ limits }) => limits)?.limits?.exceeded ?? [];
    assert.deepEqual(
      exceeded.map(({ channel, order, limit }) => [channel, order, limit]),
      [
        ['ia', 5, 7],
        ['ia', 'tdd', 8],
      ],
    );
    near(exceeded[0].value, 7.5, 0.01, 'percent of IL');
  });
});

describe('compensation', () => {
  const s = 3 * 230 * 5;
  const threePhase = (lag: number, fifth: number) => {
    const channels: Partial<Record<Channel, Tone[]>> = {};
    ['a', 'b', 'c'].forEach((phase, k) => {
      channels[`v${phase}` as Channel] = [at(50, 230, -120 * k)];
      channels[`i${phase}` as Channel] = [at(50, 5, -120 * k - lag), at(250, fifth, -600 * k)];
    });
    return channels;
  };

  it('gives the capacitor that brings the power factor to its target', () => {
    const [{ compensation, total }] = run(threePhase(45, 0), { wiring: '3P4W', targetPf: 0.95 }).powers;
    const p = s * Math.SQRT1_2;
    near(compensation?.size, p * (1 - Math.tan(Math.acos(0.95))), 0.5, 'size');
    assert.equal(compensation?.resonance, undefined);
    // With it, the displacement power factor is what was asked for.
    near(
      (total.p1 ?? 0) / Math.hypot(total.p1 ?? 0, total.q - (compensation?.size ?? 0)),
      0.95,
      1e-5,
      'reached',
    );
    const [good] = run(threePhase(10, 0), { wiring: '3P4W', targetPf: 0.95 }).powers;
    assert.equal(good.compensation?.size, 0);
    const [given] = run(threePhase(170, 0), { wiring: '3P4W', targetPf: 0.95 }).powers;
    assert.equal(given.compensation, undefined);
  });

  it('warns of a resonance where the currents have harmonics, or says that it cannot be told', () => {
    const settings = { wiring: '3P4W', targetPf: 0.95, doctor: false };
    const [{ compensation }] = run(threePhase(45, 0.5), settings).powers;
    // Short-circuit power for a resonance at order 5: 25 times the bank; IL is 5 A.
    const shortCircuit = (25 * (compensation?.size ?? 0)) / s;
    const near5 = run(threePhase(45, 0.5), { ...settings, shortCircuit }, 4);
    near(near5.powers[0].compensation?.resonance, 5, 0.01, 'order');
    assert.deepEqual(
      near5.found.map(({ code }) => code),
      ['RESONANCE'],
    );
    assert.match(
      near5.found[0].text,
      /^a bank of 1\.64 kvar would resonate at order 5\.0, where the currents have order 5$/,
    );
    assert.deepEqual(run(threePhase(45, 0.5), { ...settings, shortCircuit: 4 * shortCircuit }, 4).found, []);
    const unknown = run(threePhase(45, 0.5), settings, 4).found;
    assert.deepEqual(
      unknown.map(({ code }) => code),
      ['RESONANCE_UNKNOWN'],
    );
  });
});
