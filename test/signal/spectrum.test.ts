import assert from 'node:assert/strict';
import { resample, resampleMargin, Spectrum } from '../../src/signal';
import { wave } from './signals';

describe('spectrum and resampling', () => {
  it('finds lines, subgroups and THD of a closed-form window', () => {
    const harmonics: [number, number, number][] = [
      [3, 0.1, 0],
      [7.1, 0.02, 0],
      [63, 0.05, 90],
    ];
    const points = wave({ rate: 10_240, seconds: 0.2, frequency: 50, rms: 100, phase: 90, harmonics, dc: 3 });
    const spectrum = new Spectrum(2048, 10);
    spectrum.transform(Float64Array.from(points));
    assert.ok(Math.abs(spectrum.line(0) - 3) < 1e-4);
    assert.ok(Math.abs(spectrum.line(10) - 100) < 1e-4);
    assert.ok(Math.abs(spectrum.angle(1)) < 1e-6);
    assert.ok(Math.abs(spectrum.subgroup(63) - 5) < 1e-4);
    // The interharmonic at 7.1 stands one line beside order 7, and belongs to its subgroup (IEC 61000-4-7, 5.6).
    assert.ok(Math.abs(spectrum.subgroup(7) - 2) < 1e-4);
    assert.ok(Math.abs(spectrum.thd(63) - Math.hypot(10, 2, 5)) < 1e-3);
  });

  it('resamples within 1e-4 up to three quarters of the lower Nyquist frequency', () => {
    for (const [rate, points] of [
      [2560, 2048],
      [10_000, 2048],
      [100_000, 2048],
    ] as const) {
      const ratio = (rate * 0.2) / points;
      const nyquist = Math.min(rate, points / 0.2) / 2;
      for (const part of [0.01, 0.3, 0.6, 0.75]) {
        const frequency = part * nyquist;
        const samples = wave({ rate, seconds: 0.5, frequency, rms: 1 });
        const start = resampleMargin(ratio) + 0.37;
        const out = new Float64Array(Math.min(points, Math.floor((samples.length - 2 * start) / ratio)));
        resample(samples, start, ratio, out);
        let worst = 0;
        out.forEach((value, k) => {
          const t = (start + k * ratio) / rate;
          worst = Math.max(worst, Math.abs(value - Math.SQRT2 * Math.sin(2 * Math.PI * frequency * t)));
        });
        assert.ok(worst < 1.5e-4, `${rate} Hz, ${part} of Nyquist: ${worst}`);
      }
    }
  });
});
