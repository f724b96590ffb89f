import assert from 'node:assert/strict';
import { fundamentalOf, Spectrum } from '../../src/signal';

/** Samples of a sum of cosines: [Hz, RMS, rad] each. */
function cosines(rate: number, length: number, parts: [number, number, number][]): Float64Array {
  return Float64Array.from({ length }, (_, n) =>
    parts.reduce(
      (sum, [f, rms, at]) => sum + rms * Math.SQRT2 * Math.cos((2 * Math.PI * f * n) / rate + at),
      0,
    ),
  );
}

describe('spectrum of a window at any rate', () => {
  // Rate, frequency, points, cycles, highest order: from fewer samples than points to fifty times as many.
  for (const [rate, frequency, points, cycles, top] of [
    [2500, 50, 512, 10, 22],
    [2500, 69, 512, 12, 16],
    [3200, 50, 1024, 10, 28],
    [10_000, 42.5, 2048, 10, 63],
    [10_000, 50, 2048, 10, 63],
    [10_000, 60, 2048, 12, 63],
    [10_000, 69, 2048, 12, 62],
    [25_600, 50, 2048, 10, 63],
    [100_000, 57.3, 2048, 12, 63],
    [10_000, 50, 1024, 5, 63],
  ] as const) {
    it(`${rate} Hz, ${frequency} Hz, ${points} points: lines to order ${top} within 2e-4, fundamentals within 2e-6`, () => {
      const length = (cycles * rate) / frequency;
      const start = 20.37 + rate / 1000;
      const rms = (order: number) => (order === 1 ? 1 : 0.1);
      const angle = (order: number, channel: number) => (channel + 1) * 0.7 * order * order;
      const channels = [0, 1].map((channel) => {
        const parts = Array.from({ length: top }, (_, k): [number, number, number] => [
          (k + 1) * frequency,
          rms(k + 1),
          angle(k + 1, channel),
        ]);
        return cosines(rate, Math.ceil(length + 2 * start), parts);
      });
      const count = Math.min(points / 2, Math.ceil((top + 0.5) * cycles) + 1);
      const highest = Math.min(0.45, ((top + 0.5) * cycles) / Math.min(length, points));
      const spectra = new Spectrum(points, cycles, count, 1).of(channels, start, length, highest);
      spectra.forEach(({ re, im }, channel) => {
        for (let k = 0; k < count; k++) {
          const found = Math.hypot(re[k], im[k]);
          const order = k / cycles;
          if (!Number.isInteger(order) || order === 0) {
            // Images of the highest orders, where they reach up to 45 % of the rate.
            assert.ok(found < (rate < 5000 ? 2e-4 : 5e-5), `line ${k}: ${found}`);
            continue;
          }
          const turned = angle(order, channel) + (2 * Math.PI * order * frequency * start) / rate;
          const error = Math.hypot(
            re[k] - rms(order) * Math.cos(turned),
            im[k] - rms(order) * Math.sin(turned),
          );
          assert.ok(error < (order === 1 ? 2e-6 : 2e-4 * rms(order)), `order ${order}: ${error}`);
        }
      });
    });
  }

  it('keeps DC apart', () => {
    const samples = cosines(10_000, 2100, [[50, 230, 1]]).map((x) => x + 3);
    const [{ re, im }] = new Spectrum(2048, 10, 650, 1).of([samples, samples], 30, 2000, 0.32);
    assert.ok(Math.abs(re[0] - 3) < 1e-6 && im[0] === 0);
    assert.ok(Math.abs(Math.hypot(re[10], im[10]) - 230) < 1e-4);
  });
});

describe('frequency of the fundamental', () => {
  for (const frequency of [42.5, 50, 55.001, 60, 69]) {
    it(`is found at ${frequency} Hz from 55 Hz, through harmonics, DC and an interharmonic on no line`, () => {
      const parts: [number, number, number][] = [[frequency, 1, 0.3]];
      for (let order = 2; order < 40; order++) parts.push([order * frequency, 0.1, order]);
      parts.push([1.57 * frequency, 0.1, 2]);
      const samples = cosines(10_000, 3400, parts).map((x) => x + 0.2);
      let guess = 55 / 10_000;
      for (let step = 0; step < 10; step++) {
        guess =
          Math.min(72, Math.max(40, 10_000 * fundamentalOf(samples, 12.3, 10 / guess, guess).frequency)) /
          10_000;
      }
      assert.ok(Math.abs(guess * 10_000 - frequency) < 0.002, `${guess * 10_000} Hz`);
    });
  }
});
