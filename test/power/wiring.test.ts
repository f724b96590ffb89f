import assert from 'node:assert/strict';
import { diagnose, type Hypothesis, type Measured } from '../../src/power';
import type { Complex } from '../../src/signal';
import { randoms } from './tones';

const polar = (mag: number, degrees: number): Complex => ({
  re: mag * Math.cos((degrees * Math.PI) / 180),
  im: mag * Math.sin((degrees * Math.PI) / 180),
});
const times = ({ re, im }: Complex, factor: number): Complex => ({ re: re * factor, im: im * factor });

const PERMUTATIONS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
];
const SIGNS = Array.from({ length: 8 }, (_, bits) => [0, 1, 2].map((k) => (bits & (1 << k) ? -1 : 1)));

interface Plant {
  voltages: Complex[];
  currents: Complex[];
}

/** Input k gets what phase `order[k]` has, times `signs[k]`. */
const lead = (phases: readonly Complex[], order: readonly number[], signs: readonly number[]) =>
  order.map((phase, k) => times(phases[phase], signs[k]));

function measured(plant: Plant, more: Partial<Measured> = {}): Measured {
  return {
    wiring: '3P4W',
    load: 'mixed',
    measuredCurrents: [true, true, true],
    noLoad: 0.025,
    ...plant,
    ...more,
  };
}

/** A plant as they are: voltages and currents not quite alike, each phase with a power factor of its own. */
function realistic(random: () => number, lags: readonly [number, number] = [-10, 40]): Plant {
  const voltages = [0, 1, 2].map((k) => polar(230 * (0.97 + 0.06 * random()), -120 * k + 4 * random() - 2));
  const currents = voltages.map((v) => {
    const lag = lags[0] + (lags[1] - lags[0]) * random();
    return polar(2 + 6 * random(), (Math.atan2(v.im, v.re) * 180) / Math.PI - lag);
  });
  return { voltages, currents };
}

/**
 * Whether following the advice makes the measurement right: each current is paired with the voltage of its own
 * phase, with the sign it has; the voltages follow each other as a-b-c; only the names of the phases, and all signs
 * together, may differ from the truth.
 */
function mends(
  wiring: Hypothesis,
  order: { v: number[]; i: number[] },
  signs: { v: number[]; i: number[] },
): boolean {
  const place = (leads: { readonly phases: readonly number[] }, truth: number[]) =>
    [0, 1, 2].map((phase) => truth[leads.phases.indexOf(phase)]);
  const sign = (leads: Hypothesis['voltages'], truth: number[]) =>
    [0, 1, 2].map((phase) => {
      const input = leads.phases.indexOf(phase);
      return leads.signs[input] * truth[input];
    });
  const v = place(wiring.voltages, order.v);
  const i = place(wiring.currents, order.i);
  const rolled = v.every((phase, k) => phase === (v[0] + k) % 3);
  const vSigns = sign(wiring.voltages, signs.v);
  const iSigns = sign(wiring.currents, signs.i);
  return (
    rolled &&
    v.every((phase, k) => phase === i[k]) &&
    vSigns.every((s, k) => s === vSigns[0] && s === iSigns[k])
  );
}

describe('wiring doctor', () => {
  it('of all orders and signs of voltages and currents names the fault or says that it cannot tell', function () {
    this.timeout(60_000);
    const random = randoms(11);
    const loads = 3;
    const counts = { named: 0, unclear: 0, healthy: 0 };
    for (const v of PERMUTATIONS) {
      for (const i of PERMUTATIONS) {
        for (const vs of SIGNS) {
          for (const is of SIGNS) {
            for (let load = 0; load < loads; load++) {
              const plant = realistic(random);
              const given = measured({
                voltages: lead(plant.voltages, v, vs),
                currents: lead(plant.currents, i, is),
              });
              const { findings, wiring } = diagnose(given);
              const what = JSON.stringify({ v, i, vs, is, findings });
              if (wiring) {
                counts.named++;
                assert.ok(mends(wiring, { v, i }, { v: vs, i: is }), what);
                assert.ok(findings.length > 0 && findings.every(({ hint }) => hint.length > 20), what);
              } else if (findings.length) {
                counts.unclear++;
                assert.deepEqual(
                  findings.map(({ code }) => code),
                  ['WIRING_UNCLEAR'],
                  what,
                );
              } else {
                counts.healthy++;
                // Nothing is said only where nothing is wrong, but for names of phases and all signs together.
                const right = { phases: [0, 1, 2], signs: [1, 1, 1] as const };
                const asIs: Hypothesis = { voltages: right, currents: right, direction: 1, mistakes: 0 };
                assert.ok(mends(asIs, { v, i }, { v: vs, i: is }), what);
              }
            }
          }
        }
      }
    }
    // Three ways to roll the names, each with both signs, measure right.
    assert.equal(counts.healthy, 6 * loads);
    assert.ok(counts.named > 0.95 * 2304 * loads, JSON.stringify(counts));
    console.log(`      2,304 connections, ${loads} loads each: ${JSON.stringify(counts)}`);
  });

  it('finds nothing wrong with a right connection, whatever the load', () => {
    const random = randoms(5);
    for (let k = 0; k < 500; k++) {
      const { findings } = diagnose(measured(realistic(random)));
      assert.deepEqual(findings, []);
    }
    for (let k = 0; k < 500; k++) {
      const { findings, wiring } = diagnose(measured(realistic(random, [-60, 85])));
      assert.equal(wiring, undefined, JSON.stringify(findings));
    }
    for (let k = 0; k < 500; k++) {
      const { wiring } = diagnose(measured(realistic(random, [30, 80]), { load: 'motor' }));
      assert.equal(wiring, undefined);
    }
    for (let k = 0; k < 500; k++) {
      const turn = k % 2 ? 180 : 0;
      const plant = realistic(random, [turn - 25, turn + 25]);
      assert.deepEqual(diagnose(measured(plant, { load: 'generation' })).findings, []);
    }
  });

  const plant: Plant = {
    voltages: [polar(230, 0), polar(229, -120), polar(231, 120)],
    currents: [polar(5, -20), polar(4, -145), polar(6, 95)],
  };
  const codes = (given: Partial<Measured>) =>
    diagnose({ ...measured(plant), ...given }).findings.map(({ code, detail }) => [code, detail.inputs]);

  it('names single faults, and what to move where', () => {
    const { voltages, currents } = plant;
    assert.deepEqual(codes({ currents: lead(currents, [0, 1, 2], [1, -1, 1]) }), [['CT_REVERSED', ['b']]]);
    assert.deepEqual(codes({ currents: lead(currents, [0, 2, 1], [1, 1, 1]) }), [
      ['CURRENTS_SWAPPED', ['b', 'c']],
    ]);
    assert.deepEqual(codes({ voltages: lead(voltages, [1, 0, 2], [1, 1, 1]) }), [
      ['PHASE_SEQUENCE', ['a', 'b']],
    ]);
    assert.deepEqual(codes({ voltages: lead(voltages, [0, 1, 2], [1, 1, -1]) }), [
      ['VOLTAGE_REVERSED', ['c']],
    ]);
    assert.deepEqual(
      codes({
        voltages: lead(voltages, [0, 2, 1], [1, 1, 1]),
        currents: lead(currents, [0, 2, 1], [1, 1, 1]),
      }),
      [['PHASE_SEQUENCE', ['a', 'b', 'c']]],
    );
    assert.deepEqual(codes({ currents: lead(currents, [1, 2, 0], [1, 1, 1]) }), [
      ['CURRENTS_SWAPPED', ['a', 'b', 'c']],
    ]);
    const [finding] = diagnose({
      ...measured(plant),
      currents: lead(currents, [0, 2, 1], [1, 1, -1]),
    }).findings;
    assert.equal(finding.text, 'current input b has phase c, current input c has phase b');
    assert.equal(finding.hint, 'Move current leads: the lead on b to c, the lead on c to b.');
  });

  it('tells what measures the same: all currents turned around, or all voltages', () => {
    const [finding] = diagnose({
      ...measured(plant),
      currents: plant.currents.map((i) => times(i, -1)),
    }).findings;
    assert.equal(finding.code, 'CT_REVERSED');
    assert.match(
      finding.text,
      /^current a, b, c turned around \(or, which measures the same: voltage a, b, c/,
    );
  });

  it('tells a missing phase and a lost neutral from leads', () => {
    const { voltages } = plant;
    assert.deepEqual(codes({ voltages: [voltages[0], polar(3, 50), voltages[2]] }), [
      ['PHASE_MISSING', undefined],
    ]);
    const shift = polar(60, 40);
    const floating = voltages.map(({ re, im }) => ({ re: re - shift.re, im: im - shift.im }));
    assert.deepEqual(codes({ voltages: floating }), [['NEUTRAL_LOST', undefined]]);
  });

  it('looks at what is there: currents below the no-load threshold, and those worked out, say nothing', () => {
    const idle = plant.currents.map((i) => times(i, 1e-3));
    assert.deepEqual(codes({ currents: idle }), []);
    assert.deepEqual(codes({ currents: [times(plant.currents[0], -1), idle[1], plant.currents[2]] }), [
      ['CT_REVERSED', ['a']],
    ]);
    // Two wattmeters: b is minus the sum of the others, and wrong when one of them is.
    const [ia, , ic] = plant.currents;
    const reversed = times(ia, -1);
    const worked = { re: -reversed.re - ic.re, im: -reversed.im - ic.im };
    assert.deepEqual(
      codes({ wiring: '3P3W', currents: [reversed, worked, ic], measuredCurrents: [true, false, true] }),
      [['CT_REVERSED', ['a']]],
    );
  });

  it('knows one phase and two', () => {
    const one = { wiring: '1P2W' as const, measuredCurrents: [true] };
    assert.deepEqual(codes({ ...one, voltages: [polar(230, 10)], currents: [polar(5, -10)] }), []);
    assert.deepEqual(codes({ ...one, voltages: [polar(230, 10)], currents: [polar(5, 170)] }), [
      ['CT_REVERSED', ['a']],
    ]);
    const two = {
      wiring: '1P3W' as const,
      measuredCurrents: [true, true],
      voltages: [polar(120, 0), polar(120, 180)],
    };
    assert.deepEqual(codes({ ...two, currents: [polar(5, -20), polar(8, 160)] }), []);
    assert.deepEqual(codes({ ...two, currents: [polar(5, -20), polar(8, -20)] }), [['CT_REVERSED', ['b']]]);
  });
});
