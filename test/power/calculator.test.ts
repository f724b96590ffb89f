import assert from 'node:assert/strict';
import { PowerCalculator, readCalculatorSettings } from '../../src/power';
import { type Channel, type Power, parseRecord, WaveformFrame } from '../../src/record';
import { seeded, wave } from '../signal/signals';

interface Load {
  rate: number;
  frequency: number;
  /** Degrees by which the current lags. */
  lag: number;
  current?: number;
  seconds?: number;
  harmonics?: [number, number, number][];
}

/** Three phases, 230 V, with the same load each. */
function frameOf({ rate, frequency, lag, current = 5, seconds = 1.5, harmonics = [] }: Load): WaveformFrame {
  const channels: Partial<Record<Channel, Float32Array>> = {};
  (['a', 'b', 'c'] as const).forEach((phase, k) => {
    const at = { rate, seconds, frequency };
    channels[`v${phase}`] = wave({ ...at, rms: 230, phase: 20 - 120 * k, harmonics: [[5, 0.05, 0]] });
    channels[`i${phase}`] = wave({ ...at, rms: current, phase: 20 - 120 * k - lag, harmonics });
  });
  return WaveformFrame.from({ kind: 'waveform', meter: 'm1', time: 1000, rate, channels });
}

function calculate(frame: WaveformFrame, settings: object = {}, cut = () => 640): Power[] {
  const found: Power[] = [];
  const calculator = new PowerCalculator(readCalculatorSettings(settings), {
    power: (power) => found.push(parseRecord(power) as Power),
    finding() {},
  });
  for (let at = 0; at < frame.length; ) {
    const to = Math.min(frame.length, at + Math.max(1, cut()));
    calculator.push(frame.slice(at, to));
    at = to;
  }
  return found;
}

describe('var calculator', () => {
  for (const frequency of [42.5, 49.9, 60, 69]) {
    for (const lag of [0, 30, 60, -45, 150]) {
      it(`gives P, Q1, S and both power factors at ${frequency} Hz, ${lag} degrees`, () => {
        const powers = calculate(
          frameOf({
            rate: 6400,
            frequency,
            lag,
            harmonics: [
              [5, 0.2, 70],
              [7, 0.1, 0],
            ],
          }),
        );
        assert.ok(powers.length >= 4);
        const s1 = 230 * 5;
        const p1 = s1 * Math.cos((lag * Math.PI) / 180);
        const q1 = s1 * Math.sin((lag * Math.PI) / 180);
        // The fifth harmonic of the voltage lags by 5 * lag - 70 degrees behind that of the current.
        const p5 = 230 * 0.05 * 5 * 0.2 * Math.cos(((5 * lag - 70) * Math.PI) / 180);
        const s = 230 * Math.hypot(1, 0.05) * 5 * Math.hypot(1, 0.2, 0.1);
        for (const power of powers) {
          assert.ok(Math.abs((power.frequency ?? 0) - frequency) < 0.002, `${power.frequency} Hz`);
          assert.ok(Math.abs((power.window ?? 0) - (frequency > 55 ? 12 : 10) / frequency) < 1e-4);
          for (const phase of ['a', 'b', 'c']) {
            const found = power.phases[phase];
            const near = (x: number | undefined, truth: number, scale: number, what: string) =>
              assert.ok(
                Math.abs((x as number) - truth) < 2e-4 * scale,
                `${what} of ${phase}: ${x} for ${truth}`,
              );
            near(found.p, p1 + p5, s1, 'P');
            near(found.q, q1, s1, 'Q1');
            near(found.s, s, s1, 'S');
            near(found.p1, p1, s1, 'P1');
            near(found.pf, (p1 + p5) / s, 1, 'power factor');
            near(found.dpf, Math.cos((lag * Math.PI) / 180), 1, 'displacement power factor');
            near(found.angle, lag, 100, 'angle');
            near(found.thdI, 100 * Math.hypot(0.2, 0.1), 100, 'THD of current');
            near(found.thdV, 5, 100, 'THD of voltage');
          }
          assert.ok(Math.abs(power.total.q - 3 * q1) < 6e-4 * s1);
          assert.ok(Math.abs((power.phases.b.v1?.angle ?? 0) + 120) < 0.02);
        }
      });
    }
  }

  it('keeps harmonic current out of Q1', () => {
    const clean = calculate(frameOf({ rate: 6400, frequency: 50, lag: 90 }))[0];
    const dirty = calculate(
      frameOf({
        rate: 6400,
        frequency: 50,
        lag: 90,
        harmonics: [
          [3, 0.5, 20],
          [5, 0.3, 0],
        ],
      }),
    )[0];
    assert.ok(Math.abs(dirty.phases.a.q - clean.phases.a.q) < 0.05);
    assert.ok(dirty.phases.a.s > 1.1 * clean.phases.a.s);
  });

  it('measures harmonics up to the 63rd at 10 kHz, and says how far the rate lets it', () => {
    const harmonics: [number, number, number][] = [
      [25, 0.02, 10],
      [49, 0.02, 20],
      [63, 0.02, 30],
    ];
    const [power] = calculate(frameOf({ rate: 10_000, frequency: 50, lag: 0, harmonics }));
    assert.equal(power.harmonics.ia.length, 64);
    for (const order of [25, 49, 63])
      assert.ok(Math.abs(power.harmonics.ia[order] - 0.1) < 0.0005, String(order));
    assert.deepEqual(power.flags, []);
    const [slow] = calculate(frameOf({ rate: 3200, frequency: 50, lag: 0 }));
    assert.equal(slow.harmonics.ia.length, 29);
    assert.deepEqual(slow.flags, ['harmonics to order 28: sampling rate']);
  });

  it('scales by CT and PT ratio, and leaves out power factor and THD without load', () => {
    const [power] = calculate(frameOf({ rate: 6400, frequency: 50, lag: 30 }), { ct: 20, pt: 10 });
    assert.ok(
      Math.abs((power.phases.a.v1?.mag ?? 0) - 2300) < 0.5 &&
        Math.abs((power.phases.a.i1?.mag ?? 0) - 100) < 0.02,
    );
    for (const current of [0, 0.02]) {
      const [idle] = calculate(frameOf({ rate: 6400, frequency: 50, lag: 0, current }));
      const { pf, dpf, angle, thdI, q } = idle.phases.a;
      assert.deepEqual([pf, dpf, angle, thdI], [undefined, undefined, undefined, undefined]);
      assert.ok(Number.isFinite(q));
      assert.equal(idle.total.pf, undefined);
      assert.ok(!JSON.stringify(idle).includes('null'));
    }
  });

  it('measures the phases of its wiring, of those that are there', () => {
    const frame = frameOf({ rate: 6400, frequency: 50, lag: 0 });
    assert.deepEqual(Object.keys(calculate(frame, { wiring: '1P2W' })[0].phases), ['a']);
    assert.deepEqual(Object.keys(calculate(frame, { wiring: '1P3W' })[0].phases), ['a', 'b']);
    assert.deepEqual(Object.keys(calculate(frame)[0].phases), ['a', 'b', 'c']);
  });

  it('gives the same windows however the stream is cut, one after the other without a gap', () => {
    const frame = frameOf({ rate: 3200, frequency: 50.3, lag: 25 });
    const whole = calculate(frame, {}, () => frame.length);
    const random = seeded(5);
    for (const longest of [7, 100, 1000]) {
      const cut = calculate(frame, {}, () => random(longest));
      assert.equal(cut.length, whole.length);
      cut.forEach((power, i) => {
        assert.ok(Math.abs(power.time - whole[i].time) < 0.01);
        assert.ok(Math.abs(power.total.p - whole[i].total.p) < 0.01);
      });
    }
    for (let i = 1; i < whole.length; i++) {
      assert.ok(Math.abs(whole[i].time - whole[i - 1].time - 1000 * (whole[i].window ?? 0)) < 0.01);
    }
  });

  it('never makes a window over missing or doubled samples', () => {
    const frame = frameOf({ rate: 6400, frequency: 50, lag: 30, seconds: 2 });
    const found: Power[] = [];
    const calculator = new PowerCalculator(readCalculatorSettings({}), {
      power: (power) => found.push(power),
      finding() {},
    });
    for (let at = 0; at + 640 <= frame.length; at += 640) {
      if (at === 3200 || at === 6400) continue;
      calculator.push(frame.slice(at, at + 640));
      calculator.push(frame.slice(at, at + 640));
    }
    const { framesRepeated, gaps } = calculator.counters;
    assert.deepEqual({ framesRepeated, gaps }, { framesRepeated: 18, gaps: 2 });
    assert.ok(found.length >= 4);
    for (const power of found) {
      const [from, to] = [power.time - 1000 * (power.window ?? 0), power.time];
      for (const hole of [1500, 2000]) assert.ok(to <= hole + 0.5 || from >= hole + 99.5, `${from} to ${to}`);
      assert.ok(Math.abs((power.phases.a.angle as number) - 30) < 0.01);
    }
  });

  it('gives whole records of a dead supply too: zeros, no NaN', () => {
    const zeros = () => new Float32Array(6400);
    const frame = WaveformFrame.from({
      kind: 'waveform',
      meter: 'm1',
      time: 0,
      rate: 6400,
      channels: { va: zeros(), ia: zeros() },
    });
    const powers = calculate(frame);
    assert.ok(powers.length >= 3);
    for (const { phases, total } of powers) {
      assert.deepEqual(
        [phases.a.p, phases.a.q, phases.a.thdV, phases.a.pf, total.pf],
        [0, 0, undefined, undefined, undefined],
      );
    }
  });

  it('refuses frames without a voltage and its current', () => {
    const calculator = new PowerCalculator(readCalculatorSettings({}), { power() {}, finding() {} });
    const frame = (channels: object, rate = 6400) =>
      WaveformFrame.from({ kind: 'waveform', meter: 'm', time: 0, rate, channels });
    assert.throws(
      () => calculator.push(frame({ va: [1] })),
      /payload\.channels: expected a voltage and its current \(3P4W: e\.g\. va and ia\), got "va"/,
    );
    assert.throws(() => calculator.push(frame({ va: [1], ib: [1] })), /payload\.channels/);
    assert.throws(
      () => calculator.push(frame({ va: [1], ia: [1] }, 100)),
      /payload\.rate: expected at least 960 Hz, got 100/,
    );
  });

  it('names the setting that cannot be', () => {
    assert.throws(
      () => readCalculatorSettings({ window: 7 }),
      /settings\.window: expected one of 5, 10, got 7/,
    );
    assert.throws(() => readCalculatorSettings({ harmonics: 64 }), /settings\.harmonics: .* got 64/);
    assert.throws(() => readCalculatorSettings({ wiring: '4P' }), /settings\.wiring: expected one of 1P2W/);
    assert.throws(() => readCalculatorSettings({ ct: 0 }), /settings\.ct: .*above 0/);
  });
});
