import assert from 'node:assert/strict';
import { HalfCycleRms, HalfPeriods, PolyphaseHalfCycles } from '../../src/signal';
import { seeded, wave } from './signals';

function measure(samples: Float32Array, rate: number, frequency = 55, pieces: number[] = []) {
  const values: { start: number; end: number; rms: number }[] = [];
  const rms = new HalfCycleRms({ rate, frequency, floor: 5 }, (start, end, value) =>
    values.push({ start, end, rms: value }),
  );
  let at = 0;
  for (const length of pieces) {
    rms.push(samples, at, Math.min(samples.length, at + length));
    at = Math.min(samples.length, at + length);
  }
  rms.push(samples, at, samples.length);
  rms.finish();
  return { values, frequency: rms.halfPeriods.frequency };
}

describe('Urms(1/2)', () => {
  const HARMONICS: [number, number, number][] = [
    [3, 0.1, 30],
    [5, 0.07, 170],
    [11, 0.03, 80],
  ];
  for (const frequency of [42.5, 49.87, 50, 55.3, 60, 69]) {
    for (const rate of [2560, 10_000]) {
      it(`is right within 0.01 % at ${frequency} Hz and ${rate} samples/s, with harmonics and DC`, () => {
        const samples = wave({
          rate,
          seconds: 1,
          frequency,
          rms: 230,
          phase: 33,
          harmonics: HARMONICS,
          dc: 4,
        });
        const truth = Math.hypot(230, 23, 16.1, 6.9, 4);
        const { values, frequency: found } = measure(samples, rate);
        // The whole second is measured, but for what is shorter than a cycle at its ends.
        assert.ok(values.length >= 2 * frequency - 4, `${values.length} values`);
        for (const { rms } of values) assert.ok(Math.abs(rms / truth - 1) < 1e-4, `${rms} for ${truth}`);
        assert.ok(Math.abs(found - frequency) < 0.005);
        // Half cycles lie at the zero crossings of the fundamental: angle 33 degrees + n * 180.
        const { start } = values[10];
        const angle = (start / rate) * frequency * 360 + 33;
        assert.ok(Math.abs(angle / 180 - Math.round(angle / 180)) < 0.01, `begins at ${angle % 180} degrees`);
      });
    }
  }

  it('lies within 0.1 % even at 24 samples a cycle', () => {
    const { values } = measure(wave({ rate: 1200, seconds: 2, frequency: 49.3, rms: 100 }), 1200);
    for (const { rms } of values) assert.ok(Math.abs(rms - 100) < 0.1);
  });

  it('goes on through an interruption at the last good period', () => {
    const gain = (t: number) => (t >= 0.5 && t < 1.5 ? 0 : 1);
    const { values } = measure(wave({ rate: 6400, seconds: 2, frequency: 50, rms: 230, gain }), 6400);
    for (let i = 1; i < values.length; i++) {
      const step = (values[i].end - values[i - 1].end) / 6400;
      assert.ok(step > 0.006 && step < 0.016, `step of ${step} s at ${values[i].end / 6400}`);
    }
    const inside = values.filter(({ start, end }) => start > 0.51 * 6400 && end < 1.49 * 6400);
    assert.ok(inside.length >= 94, `${inside.length} values`);
    for (const { rms } of inside) assert.ok(rms < 0.01);
    const after = values.filter(({ start }) => start > 1.53 * 6400);
    for (const { rms } of after) assert.ok(Math.abs(rms - 230) < 0.1);
  });

  it('measures a stream that begins without any voltage', () => {
    const gain = (t: number) => (t < 1 ? 0 : 1);
    const { values } = measure(wave({ rate: 6400, seconds: 2, frequency: 50, rms: 230, gain }), 6400);
    assert.ok(values[0].start < 64);
    assert.ok(values.filter(({ rms }) => rms < 1).length > 90);
    assert.ok(values.filter(({ rms }) => Math.abs(rms - 230) < 0.1).length > 90);
  });

  it('gives the same values however the stream is cut', () => {
    const gain = (t: number) => (t > 0.3 && t < 0.45 ? 0.3 : 1);
    const samples = wave({ rate: 3200, seconds: 1, frequency: 50.2, rms: 230, gain, harmonics: HARMONICS });
    const whole = measure(samples, 3200);
    const random = seeded(7);
    for (let round = 0; round < 20; round++) {
      const pieces = Array.from({ length: 100 }, () => random(round % 2 ? 5 : 200));
      assert.deepEqual(measure(samples, 3200, 55, pieces), whole);
    }
  });

  it('bounds what it finds: never more than a boundary in 6 ms, whatever comes', () => {
    const random = seeded(3);
    const noise = Float32Array.from({ length: 64_000 }, () => random(2000) - 1000);
    const positions: number[] = [];
    const halves = new HalfPeriods({ rate: 6400, frequency: 50, floor: 1 });
    halves.push(noise, 0, noise.length, (position) => positions.push(position));
    for (let i = 1; i < positions.length; i++) assert.ok(positions[i] > positions[i - 1]);
    assert.ok(positions.length < 10 / 0.0033 && positions.length > 10 / 0.017, String(positions.length));
  });

  it('comes in the order of its ends from all channels, also where one of them is late, however cut', () => {
    const signal = { rate: 6400, seconds: 1.5, frequency: 50, rms: 230 };
    const jump = (t: number) => (t > 0.5 && t < 0.9 ? 35 : 0);
    const gain = (t: number) => (t > 0.5 && t < 0.9 ? 0.4 : 1);
    const channels = [
      wave({ ...signal, phase: 0, gain, jump }),
      wave({ ...signal, phase: -120 }),
      wave({ ...signal, phase: 120, gain: (t) => (t > 1 ? 0 : 1) }),
    ];
    const told = (cut: () => number) => {
      const values: [number, number, number][] = [];
      const options = { rate: 6400, frequency: 55, floor: 5 };
      const all = new PolyphaseHalfCycles(3, options, (channel, _start, end, rms) =>
        values.push([channel, end, rms]),
      );
      for (let at = 0; at < channels[0].length; ) {
        const to = Math.min(channels[0].length, at + cut());
        all.push(channels, at, to);
        at = to;
      }
      all.finish();
      return values;
    };
    const whole = told(() => 1e6);
    for (let i = 1; i < whole.length; i++) assert.ok(whole[i][1] >= whole[i - 1][1], `value ${i}`);
    for (let channel = 0; channel < 3; channel++) {
      const count = whole.filter(([from]) => from === channel).length;
      assert.ok(Math.abs(count - 147) <= 2, `${count} values of channel ${channel}`);
    }
    const random = seeded(11);
    for (let round = 0; round < 10; round++)
      assert.deepEqual(
        told(() => 1 + random(round % 2 ? 40 : 900)),
        whole,
      );
  });

  it('keeps whole cycles on both sides of a jump of phase', () => {
    for (const degrees of [-60, -20, 7, 45]) {
      for (let phase = 5; phase < 180; phase += 25) {
        const at = 0.5 - 0.5 / 6400;
        const jump = (t: number) => (t > at ? degrees : 0);
        const { values } = measure(
          wave({ rate: 6400, seconds: 1, frequency: 50, rms: 230, phase, jump }),
          6400,
        );
        const apart = values.filter(
          ({ start, end }) => end < (at - 0.01) * 6400 || start > (at + 0.01) * 6400,
        );
        assert.ok(apart.length >= values.length - 5);
        for (const { start, rms } of apart) {
          assert.ok(Math.abs(rms / 230 - 1) < 5e-4, `${rms} at ${start}, ${degrees} degrees at ${phase}`);
        }
      }
    }
  });
});
