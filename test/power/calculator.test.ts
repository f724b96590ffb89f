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
    for (const longest of [7, 100, 1000, 5000])
      assert.deepEqual(
        calculate(frame, {}, () => random(longest)),
        whole,
      );
    for (let i = 1; i < whole.length; i++) {
      assert.ok(Math.abs(whole[i].time - whole[i - 1].time - 1000 * (whole[i].window ?? 0)) < 0.01);
    }
  });

  it('gives the same windows however a stream is cut whose frequency and voltage jump', () => {
    const stretch = (frequency: number, rms: number) => ({
      va: wave({ rate: 3200, seconds: 1.3, frequency, rms, harmonics: [[5, 0.1, 30]] }),
      ia: wave({ rate: 3200, seconds: 1.3, frequency, rms: rms / 40, phase: -30 }),
    });
    const parts = [stretch(60, 230), stretch(42.5, 230), stretch(50, 0), stretch(69, 120)];
    const join = (name: 'va' | 'ia') => Float32Array.from(parts.flatMap((part) => Array.from(part[name])));
    const channels = { va: join('va'), ia: join('ia') };
    const frame = WaveformFrame.from({ kind: 'waveform', meter: 'm1', time: 1000, rate: 3200, channels });
    const whole = calculate(frame, { wiring: '1P2W' }, () => frame.length);
    assert.ok(whole.length > 15);
    const random = seeded(9);
    for (const longest of [1, 13, 300, 3000]) {
      assert.deepEqual(
        calculate(frame, { wiring: '1P2W' }, () => random(longest)),
        whole,
      );
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
    const counted = Object.entries(calculator.counters).filter(([, count]) => count > 0);
    assert.deepEqual(Object.fromEntries(counted), { framesRepeated: 18, gaps: 2, windowsGivenUp: 2 });
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

  describe('what is worth a diagnostic', () => {
    interface Stretch {
      seconds: number;
      lag?: number;
      /** Factors on ia and ib. */
      ia?: number;
      ib?: number;
      dc?: number;
      fifth?: number;
    }
    /** One stream of stretches, three phases of 230 V and 5 A; what is told, in order. */
    function told(stretches: Stretch[], settings: object = {}) {
      const found: [string, string, number][] = [];
      const powers: Power[] = [];
      const calculator = new PowerCalculator(readCalculatorSettings(settings), {
        power: (power) => powers.push(parseRecord(power) as Power),
        finding: (_meter, time, { code, severity }) => found.push([code, severity, time]),
      });
      const rate = 3200;
      let time = 0;
      for (const { seconds, lag = 20, ia = 1, ib = 1, dc = 0, fifth = 0 } of stretches) {
        const channels: Partial<Record<Channel, Float32Array>> = {};
        (['a', 'b', 'c'] as const).forEach((phase, k) => {
          const at = { rate, seconds, frequency: 50 };
          const harmonics: [number, number, number][] = fifth ? [[5, fifth, 0]] : [];
          channels[`v${phase}`] = wave({ ...at, rms: 230, phase: -120 * k, harmonics });
          const rms = 5 * { a: ia, b: ib, c: 1 }[phase];
          channels[`i${phase}`] = wave({ ...at, rms, phase: -120 * k - lag, dc: phase === 'b' ? dc : 0 });
        });
        calculator.push(WaveformFrame.from({ kind: 'waveform', meter: 'm', time, rate, channels }));
        time += 1000 * seconds;
      }
      return {
        found: found.map(([code, severity]) => `${code} ${severity}`),
        times: found.map(([, , t]) => t),
        powers,
      };
    }

    it('a wiring fault is told after three seconds, once, and when it is mended; the corrected values go with it', () => {
      const { found, times, powers } = told([{ seconds: 3 }, { seconds: 8, ia: -1 }, { seconds: 8 }], {
        corrected: true,
      });
      assert.deepEqual(found, ['CT_REVERSED warning', 'CT_REVERSED info']);
      assert.ok(times[0] > 5000 && times[0] < 7000, String(times[0]));
      assert.ok(times[1] > 13_000 && times[1] < 15_500, String(times[1]));
      const [wrong] = powers.filter(({ corrected }) => corrected);
      const s = 3 * 1150;
      assert.ok(Math.abs(wrong.total.p - (s / 3) * Math.cos(Math.PI / 9)) < 1);
      assert.ok(Math.abs((wrong.corrected?.total.p1 ?? 0) - s * Math.cos(Math.PI / 9)) < 1);
      assert.ok(Math.abs((wrong.corrected?.phases.a.angle ?? 0) - 20) < 0.01);
      assert.match(wrong.corrected?.moves[0] ?? '', /^turn the current transformer of a around/);
      assert.equal(powers[0].corrected, undefined);
    });

    it('a fault that goes to another input ends and begins anew', () => {
      const stretches = [{ seconds: 6, ia: -1 }, { seconds: 6, ib: -1 }, { seconds: 6 }];
      assert.deepEqual(told(stretches).found, [
        'CT_REVERSED warning',
        'CT_REVERSED info',
        'CT_REVERSED warning',
        'CT_REVERSED info',
      ]);
    });

    it('over a gap of the stream a fault that stands is not told again', () => {
      const found: string[] = [];
      const calculator = new PowerCalculator(readCalculatorSettings({ wiring: '1P2W' }), {
        power() {},
        finding: (_meter, _time, { code, severity }) => found.push(`${code} ${severity}`),
      });
      for (const time of [0, 20_000, 40_000]) {
        const at = { rate: 3200, seconds: 6, frequency: 50 };
        const channels = { va: wave({ ...at, rms: 230 }), ia: wave({ ...at, rms: 5, phase: 160 }) };
        calculator.push(WaveformFrame.from({ kind: 'waveform', meter: 'm', time, rate: 3200, channels }));
      }
      assert.equal(calculator.counters.gaps, 2);
      assert.deepEqual(found, ['CT_REVERSED warning']);
    });

    it('negative and missing reactive power are explained', () => {
      assert.deepEqual(told([{ seconds: 8, lag: -12 }]).found, ['NEGATIVE_VAR info']);
      assert.deepEqual(told([{ seconds: 8, lag: 0.5 }]).found, []);
      const motor = told([{ seconds: 8, lag: 0.5 }], { load: 'motor' }).found;
      assert.deepEqual(motor.sort(), ['WIRING_UNCLEAR info', 'ZERO_VAR warning']);
      // What comes and goes from window to window is not told.
      const flicker = Array.from({ length: 20 }, (_, k) => ({ seconds: 0.4, lag: k % 2 ? 20 : -12 }));
      assert.deepEqual(told(flicker, { doctor: true }).found, []);
    });

    it('DC is told, and kept out of Q1', () => {
      const { found, powers } = told([{ seconds: 6, dc: 0.5 }]);
      assert.deepEqual(found, ['DC_OFFSET info']);
      const { b } = powers[5].phases;
      assert.ok(Math.abs((b.dcI ?? 0) - 0.5) < 1e-4);
      assert.ok(Math.abs(b.q - 1150 * Math.sin(Math.PI / 9)) < 0.02);
      assert.ok(Math.abs(b.p - 1150 * Math.cos(Math.PI / 9)) < 0.02);
    });

    it('limits end when they are kept again', () => {
      const stretches = [{ seconds: 6, fifth: 0.07 }, { seconds: 6.5 }];
      assert.deepEqual(told(stretches, { limits: 'IEC 61000-2-2' }).found, [
        'HARMONIC_LIMIT warning',
        'HARMONIC_LIMIT info',
      ]);
    });
  });

  describe('follows the frequency', () => {
    const stream = (parts: [number, number, number][], settings: object = {}) => {
      const powers: Power[] = [];
      const calculator = new PowerCalculator(readCalculatorSettings({ wiring: '1P2W', ...settings }), {
        power: (power) => powers.push(parseRecord(power) as Power),
        finding() {},
      });
      let time = 0;
      for (const [frequency, rms, seconds] of parts) {
        const at = { rate: 6400, seconds, frequency };
        const channels = { va: wave({ ...at, rms }), ia: wave({ ...at, rms: rms / 46, phase: -30 }) };
        calculator.push(WaveformFrame.from({ kind: 'waveform', meter: 'm', time, rate: 6400, channels }));
        time += 1000 * seconds;
      }
      return powers;
    };

    it('from 50 to 60 Hz and back, from 69 to 42.5 Hz: right again after two windows, no window lost or doubled', () => {
      for (const [first, second] of [
        [50, 60],
        [60, 50],
        [69, 42.5],
        [42.5, 69],
      ]) {
        const powers = stream([
          [first, 230, 2],
          [second, 230, 2],
        ]);
        for (let i = 1; i < powers.length; i++) {
          const gap = powers[i].time - powers[i - 1].time - 1000 * (powers[i].window ?? 0);
          assert.ok(Math.abs(gap) < 0.01, `${gap} ms`);
        }
        const late = powers.filter(({ time, window = 0 }) => time - 1000 * window > 2000 + 500);
        assert.ok(late.length >= 4);
        for (const { frequency, phases } of late) {
          assert.ok(Math.abs((frequency ?? 0) - second) < 0.001, `${frequency} for ${second}`);
          assert.ok(Math.abs((phases.a.angle ?? 0) - 30) < 0.001);
        }
      }
    });

    it('carries it on through an interruption, and says so', () => {
      const powers = stream(
        [
          [50.2, 230, 1],
          [50.2, 0, 1.5],
          [50.2, 230, 1.5],
        ],
        { harmonics: 40 },
      );
      const dead = powers.filter(({ flags }) => flags.length > 0);
      assert.ok(dead.length >= 6);
      for (const { flags, frequency, phases, time, window = 0 } of dead) {
        assert.deepEqual(flags, ['no voltage to follow: frequency carried on']);
        assert.ok(Math.abs((frequency ?? 0) - 50.2) < 0.2, String(frequency));
        const isWhole = time - 1000 * window > 1000 && time < 2500;
        if (isWhole) assert.ok((phases.a.v ?? 9) < 1 && phases.a.pf === undefined);
      }
      const [last] = powers.slice(-1);
      assert.ok(Math.abs((last.frequency ?? 0) - 50.2) < 0.001);
    });

    it('keeps ten cycles or twelve near 55 Hz, as it began, and what the setting says', () => {
      const cyclesOf = ({ window = 0, frequency = 0 }: Power) => Math.round(window * frequency);
      assert.equal(cyclesOf(stream([[54.8, 230, 1]])[0]), 10);
      assert.equal(cyclesOf(stream([[55.2, 230, 1]])[0]), 12);
      // 54.5 to 56 Hz in six seconds.
      const angle = (t: number) => 2 * Math.PI * (54.5 * t + 0.125 * t * t);
      const va = Float32Array.from({ length: 6 * 6400 }, (_, n) => 325 * Math.sin(angle(n / 6400)));
      const powers: Power[] = [];
      const calculator = new PowerCalculator(readCalculatorSettings({ wiring: '1P2W' }), {
        power: (power) => powers.push(power),
        finding() {},
      });
      const channels = { va, ia: va };
      calculator.push(WaveformFrame.from({ kind: 'waveform', meter: 'm', time: 0, rate: 6400, channels }));
      assert.ok((powers[powers.length - 1].frequency ?? 0) > 55.9);
      assert.ok(powers.every((power) => cyclesOf(power) === 10));
      const set = stream([[57, 230, 1]], { frequency: 50 });
      assert.equal(Math.round((set[0].window ?? 0) * (set[0].frequency ?? 0)), 10);
    });
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
      /payload\.rate: expected at least 340 Hz, which is 8 samples a cycle, got 100/,
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
