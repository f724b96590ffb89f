import assert from 'node:assert/strict';
import { PolyphaseHalfCycles, steadyFrequency } from '../../src/signal';
import { randoms } from '../power/tones';

/** Three phases with harmonics and noise; from `hit` s on at `depth` of their level, turned by `jump` rad. */
function phases(
  rate: number,
  hertz: number,
  seconds: number,
  { at = 0, hit = 9, depth = 1, jump = 0, seed = 1 },
) {
  const random = randoms(seed);
  return [0, -1, 1].map((k) =>
    Float32Array.from({ length: Math.round(seconds * rate) }, (_, n) => {
      const t = n / rate;
      const angle = 2 * Math.PI * hertz * t + at + (k * 2 * Math.PI) / 3 + (t >= hit ? jump : 0);
      const gain = t >= hit ? depth : 1;
      return 325 * gain * (Math.sin(angle) + 0.05 * Math.sin(3 * angle)) + 2 * (random() - 0.5) + 1;
    }),
  );
}

describe('the frequency of the first cycles', () => {
  it('is right to 0.2 Hz from 43 to 68 Hz, from 8 samples a cycle on, with a fault anywhere in them', () => {
    const random = randoms(5);
    let worst = 0;
    for (let i = 0; i < 120; i++) {
      const hertz = 43 + 25 * random();
      const rate = [8.2, 12, 24, 64, 400][i % 5] * hertz;
      const shape = {
        at: 6 * random(),
        hit: 0.065 + 0.17 * random(),
        depth: 0.2 + 0.7 * random(),
        jump: random(),
        seed: i,
      };
      const found = steadyFrequency(phases(rate, hertz, 0.24, shape), rate);
      assert.ok(found, `${hertz} Hz at ${rate} Hz`);
      worst = Math.max(worst, Math.abs(found.frequency - hertz));
    }
    assert.ok(worst < 0.2, `${worst} Hz`);
  });

  it('is not guessed from noise, from a constant, or from less than one and a half cycles', () => {
    const random = randoms(2);
    const noise = Float32Array.from({ length: 300 }, () => random() - 0.5);
    assert.equal(steadyFrequency([noise], 1200), undefined);
    assert.equal(steadyFrequency([new Float32Array(300).fill(7)], 1200), undefined);
    assert.equal(steadyFrequency([new Float32Array(0)], 1200), undefined);
    assert.equal(steadyFrequency([], 1200), undefined);
    assert.equal(steadyFrequency([phases(1200, 50, 0.025, {})[0]], 1200), undefined);
  });

  it('is known before the first half cycle is judged: values from the start of a stream are right at 60 Hz', () => {
    for (const cut of [1, 7, 160, 5000]) {
      const values: { start: number; rms: number }[] = [];
      const all = new PolyphaseHalfCycles(
        3,
        { rate: 960, frequency: 'auto', floor: 3 },
        (channel, start, _end, rms) => {
          if (channel === 0) values.push({ start, rms });
        },
      );
      const samples = phases(960, 60, 0.4, { at: 0.7, hit: 0.1, depth: 1.3 });
      for (let at = 0; at < samples[0].length; at += cut)
        all.push(samples, at, Math.min(samples[0].length, at + cut));
      all.finish();
      const level = (325 / Math.SQRT2) * Math.hypot(1, 0.05);
      assert.ok(values[0].start < 8.1, String(values[0].start));
      for (const { start, rms } of values) {
        const from = start / 960;
        if (from + 1 / 60 < 0.098) assert.ok(Math.abs(rms / level - 1) < 0.006, `${rms} at ${from} s`);
        if (from > 0.102) assert.ok(Math.abs(rms / level - 1.3) < 0.01, `${rms / level} at ${from} s`);
      }
      assert.ok(Math.abs(all.frequency - 60) < 0.2);
    }
  });
});
