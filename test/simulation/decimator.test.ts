import assert from 'node:assert/strict';
import { Decimator } from '../../src/simulation/decimator';

const RATE = 10_000;

/** What a tone becomes: amplitude against what went in, and the largest error against the tone at the same times. */
function through(divider: number, frequency: number, piece: number) {
  const decimator = new Decimator(divider, 1, piece);
  const tone = (n: number) => Math.sin((2 * Math.PI * frequency * n) / RATE + 0.3);
  let largest = 0;
  let error = 0;
  let made = 0;
  for (let from = 0; from < 20_000; from += piece) {
    const { count, first } = decimator.push(
      [Float32Array.from({ length: piece }, (_, n) => tone(from + n))],
      piece,
    );
    for (let m = 0; m < count; m++) {
      largest = Math.max(largest, Math.abs(decimator.out[0][m]));
      error = Math.max(error, Math.abs(decimator.out[0][m] - tone(from + first + m * divider)));
    }
    made += count;
  }
  return { largest, error, made };
}

describe('decimator of the simulated meter', () => {
  for (const divider of [2, 3, 7, 16]) {
    it(`leaves ${divider} times fewer samples, of the same times and amplitudes, without aliases`, () => {
      const out = RATE / divider;
      for (const piece of [1, 13, 1024]) {
        const { error, made } = through(divider, 50, piece);
        assert.ok(error < 2e-4, `50 Hz: ${error} wrong`);
        const given = Math.ceil(20_000 / piece) * piece;
        assert.ok(Math.abs(made - given / divider) <= 34, `${made} samples`);
      }
      assert.ok(through(divider, 0.28 * out, 64).error < 2e-3, 'passed');
      for (const share of [0.51, 0.7, 1, 1.4]) {
        if (share * out >= RATE / 2) continue;
        const { largest } = through(divider, share * out + 3, 64);
        assert.ok(largest < 1e-3, `${share} of the rate: ${largest}`);
      }
    });
  }
});
