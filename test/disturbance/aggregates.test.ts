import assert from 'node:assert/strict';
import { unbalanceOfMagnitudes } from '../../src/disturbance/aggregates';
import type { Rms, Values } from '../../src/record';
import { wave } from '../signal/signals';
import { collect, frameOf } from './helpers';

const RATE = 1600;
const TEN_MINUTES = 600_000;

interface Supply {
  from: number;
  seconds: number;
  frequency?: number;
  /** RMS of each phase at a time in s since 1970. */
  volts?: (t: number) => number;
  scale?: number[];
  angles?: number[];
  settings?: object;
  /** Left out of the stream, s since 1970. */
  missing?: [number, number];
}

/** All that comes out of a supply that begins at `from` s since 1970, in frames of a second. */
function run({
  from,
  seconds,
  frequency = 50,
  volts = () => 230,
  scale = [1, 1, 1],
  angles = [0, -120, 120],
  settings,
  missing,
}: Supply) {
  const { detector, found } = collect({ rvc: 0, ...settings });
  for (let s = from; s < from + seconds; s++) {
    if (missing && s >= missing[0] && s < missing[1]) continue;
    const [va, vb, vc] = scale.map((k, i) =>
      wave({
        rate: RATE,
        seconds: Math.min(1, from + seconds - s),
        frequency,
        rms: 1,
        phase: angles[i] + 360 * ((frequency * (s - from)) % 1),
        gain: (t) => k * volts(s + t),
      }),
    );
    detector.push(frameOf({ va, vb, vc }, RATE, s * 1000));
  }
  return { found, detector, of: (window: string) => found.rms.filter((rms) => rms.window === window) };
}

const near = (a: unknown, b: number, by: number) =>
  assert.ok(Math.abs((a as number) - b) <= by, `${a} instead of ${b}`);
const v = (rms: Rms, name: keyof Values) => rms.values[name] as number;

describe('values over longer times', () => {
  it('follow the clock: 10-cycle values begin anew at each tick, with an overlap and without a gap', () => {
    // 20 s before a tick, at a frequency whose windows do not fit; the voltage changes at the tick.
    const tick = 1_200_000 / 1000;
    const { of } = run({
      from: tick - 20.07,
      seconds: 40,
      frequency: 49.7,
      volts: (t) => (t < tick ? 230 : 235),
    });
    const windows = of('10-cycle').map((rms) => ({ ...rms, start: rms.time - 10_000 / 49.7 }));
    const first = windows.findIndex(({ start }) => start >= tick * 1000 - 0.5);
    near(windows[first].start, tick * 1000, 10.1);
    assert.ok(windows[first - 1].time > tick * 1000, 'the one before lies over the tick');
    for (let i = 1; i < windows.length; i++) {
      if (i !== first) near(windows[i].start, windows[i - 1].time, 0.01);
    }
    for (const window of windows.slice(first)) near(window.values.va, 235, 0.05);
    near(windows[3].values.f, 49.7, 0.001);
  });

  it('are the root of the mean of squares, complete from tick to tick, and say what part was measured', () => {
    // 30 minutes and some; half of the second ten minutes at another voltage.
    const from = 3 * 600 - 100;
    const { of } = run({
      from,
      seconds: 1900 + 150,
      volts: (t) => (t >= 2400 && t < 2700 ? 240 : 230),
    });
    const tens = of('10-min');
    assert.deepEqual(
      tens.map(({ time }) => time / TEN_MINUTES),
      [3, 4, 5, 6],
    );
    near(tens[0].coverage, 100 / 600, 0.002);
    for (const ten of tens.slice(1)) assert.equal(ten.coverage, undefined);
    near(tens[1].values.va, 230, 0.02);
    near(tens[2].values.va, Math.sqrt((240 ** 2 + 230 ** 2) / 2), 0.03);
    near(tens[2].values.f, 50, 0.001);
    const shorts = of('150-cycle');
    // Fifteen 10-cycle values each, and one that began before each tick and went on beside the next.
    near(shorts.length, 2050 / 3 + 3, 4);
    for (const { values } of shorts)
      assert.ok(v({ values } as Rms, 'vb') > 229.9 && v({ values } as Rms, 'vb') < 240.1);
  });

  // Two hours of signal: a guard against hanging, not a bound.
  it('make two hours of twelve, flagged where anything in them is', function () {
    this.timeout(120_000);
    const { of } = run({
      from: 7200 - 1,
      seconds: 7200 + 3,
      volts: (t) => (t >= 9001 && t < 9001.3 ? 180 : 230),
    });
    const twos = of('2-h');
    assert.deepEqual(
      twos.map(({ time }) => time / 7_200_000),
      [1, 2],
    );
    assert.equal(twos[1].coverage, undefined);
    assert.equal(twos[1].flagged, true);
    near(twos[1].values.va, 230, 0.05);
    const tens = of('10-min').filter(({ time }) => time > 7_200_000);
    assert.equal(tens.length, 12);
    assert.deepEqual(
      tens.filter(({ flagged }) => flagged).map(({ time }) => time / 1000),
      [9600],
    );
    const flagged = of('10-cycle').filter((rms) => rms.flagged);
    // The sag touches two or three windows of 0.2 s, and no other is flagged.
    assert.ok(flagged.length >= 2 && flagged.length <= 4, `${flagged.length}`);
    for (const { time } of flagged)
      assert.ok(time >= 9_001_000 - 20 && time <= 9_001_000 + 700, String(time));
    assert.ok(of('10-s').filter((rms) => rms.flagged).length <= 2);
  });

  it('go on over a gap, which costs the 150-cycle value it falls into and shows in the coverage', () => {
    const { of, found } = run({ from: 600, seconds: 602, missing: [700, 760] });
    assert.equal(found.diagnostics.filter(({ code }) => code === 'WAVEFORM_GAP').length, 1);
    const [ten] = of('10-min');
    near(ten.coverage, 0.9, 0.002);
    near(ten.values.va, 230, 0.01);
    for (const { time } of of('150-cycle')) assert.ok(time <= 700_000 || time >= 762_900, String(time));
  });

  it('count the frequency over 10 s of the clock to a millihertz', () => {
    for (const frequency of [42.7, 49.987, 57.3, 60.013]) {
      const { of } = run({ from: 1007, seconds: 35, frequency });
      const tens = of('10-s');
      assert.deepEqual(
        tens.map(({ time }) => time),
        [1_010_000, 1_020_000, 1_030_000, 1_040_000],
      );
      near(tens[0].coverage, 0.3, 0.02);
      for (const { values, flagged } of tens.slice(1)) {
        near(values.f, frequency, 0.001);
        assert.equal(flagged, false);
      }
    }
  });
});

describe('half-cycle values', () => {
  it('are sent of what leaves the watch band, and of nothing else', () => {
    const { of } = run({ from: 1000, seconds: 6, volts: (t) => (t >= 1002 && t < 1002.5 ? 210 : 230) });
    const [trace, ...more] = of('half-cycle');
    assert.deepEqual(more, []);
    near(trace.step, 0.01, 1e-5);
    near(trace.time, 1_002_010, 12);
    const [va, vb] = [trace.values.va, trace.values.vb] as number[][];
    // Half a second, a value each half cycle, and those that touch its edges.
    assert.ok(va.length >= 50 && va.length <= 54, `${va.length}`);
    assert.ok(Math.abs(va.length - vb.length) <= 1);
    for (const u of va.slice(2, -3)) near(u, 210, 0.05);
  });
});

describe('unbalance', () => {
  /** Sequence magnitudes of three phasors, by Fortescue's definition. */
  function truth(scale: number[], angles: number[]) {
    const sum = (turn: number) => {
      const at = angles.map((angle, i) => ((angle + turn * i) * Math.PI) / 180);
      return Math.hypot(
        scale.reduce((s, k, i) => s + k * Math.cos(at[i]), 0),
        scale.reduce((s, k, i) => s + k * Math.sin(at[i]), 0),
      );
    };
    return { u2: (100 * sum(-120)) / sum(120), u0: (100 * sum(0)) / sum(120) };
  }

  it('of negative and zero sequence is within 0.15 % of its definition, at any frequency', () => {
    for (const frequency of [42.5, 50, 52.3, 60, 69]) {
      for (const [scale, angles] of [
        [
          [1, 1, 1],
          [0, -120, 120],
        ],
        [
          [1, 0.97, 1.02],
          [0, -118, 121],
        ],
        [
          [1, 0.9, 1.1],
          [0, -125, 118],
        ],
      ]) {
        const { of } = run({
          from: 1000,
          seconds: 4,
          frequency,
          scale,
          angles,
          settings: { sag: 0.5, swell: 2 },
        });
        const { u2, u0 } = truth(scale, angles);
        const last = of('10-cycle').at(-1) as Rms;
        near(last.values.u2, u2, 0.02);
        near(last.values.u0, u0, 0.02);
        near(of('150-cycle')[0].values.u2, u2, 0.02);
      }
    }
  });

  it('beyond PHASE_TOLERANCE is told when it begins and when it is over', () => {
    const { detector, found } = run({
      from: 1000,
      seconds: 10,
      scale: [1, 0.93, 1],
      settings: { phaseTolerance: 0.02 },
    });
    const codes = found.diagnostics.map(({ code, severity }) => `${code} ${severity}`);
    assert.deepEqual(codes, ['PHASE_TOLERANCE warning']);
    assert.match(found.diagnostics[0].text, /voltage unbalance 2\.39 %, PHASE_TOLERANCE is 2\.00 %/);
    detector.configure({ phaseTolerance: 0.03 });
    for (let s = 1010; s < 1014; s++) {
      const [va, vb, vc] = [1, 0.93, 1].map((k, i) =>
        wave({ rate: RATE, seconds: 1, frequency: 50, rms: 230 * k, phase: -120 * i }),
      );
      detector.push(frameOf({ va, vb, vc }, RATE, s * 1000));
    }
    assert.equal(found.diagnostics.at(-1)?.severity, 'info');
    assert.match(found.diagnostics.at(-1)?.text ?? '', /^over: /);
    assert.equal(found.diagnostics.length, 2);
  });

  it('is had from two line voltages, and from three magnitudes by the formula of the standard', () => {
    // Phases 1, 0.97 at -118, 1.02 at 121 degrees: line voltages as differences, no zero sequence in them.
    const point = (k: number, degrees: number) => [
      k * Math.cos((degrees * Math.PI) / 180),
      k * Math.sin((degrees * Math.PI) / 180),
    ];
    const [a, b, c] = [point(1, 0), point(0.97, -118), point(1.02, 121)];
    const lines = [
      [a, b],
      [b, c],
      [c, a],
    ].map(([p, q]) => [p[0] - q[0], p[1] - q[1]]);
    const mags = lines.map(([x, y]) => Math.hypot(x, y));
    const angles = lines.map(([x, y]) => (Math.atan2(y, x) * 180) / Math.PI);
    const { u2 } = truth([1, 0.97, 1.02], [0, -118, 121]);
    near(unbalanceOfMagnitudes({ vab: mags[0], vbc: mags[1], vca: mags[2] }), u2, 0.001);
    const { detector, found } = collect({ nominal: 400, rvc: 0 });
    const [vab, vbc] = [0, 1].map((i) =>
      wave({ rate: RATE, seconds: 3, frequency: 50, rms: (400 * mags[i]) / Math.sqrt(3), phase: angles[i] }),
    );
    detector.push(frameOf({ vab, vbc }, RATE));
    near(found.rms.filter(({ window }) => window === '10-cycle').at(-1)?.values.u2, u2, 0.02);
    near(unbalanceOfMagnitudes({ va: 230, vb: 225, vc: 235 }), 500 / 230, 1e-9);
    assert.equal(unbalanceOfMagnitudes({ va: 230, vb: 225 }), undefined);
  });
});
