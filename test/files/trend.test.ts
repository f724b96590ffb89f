import assert from 'node:assert/strict';
import { trendScale } from '../../src/files/trend';

/** Slow values around a level. */
const around = (level: number, spread = 0.01) =>
  Float64Array.from({ length: 50 }, (_, n) => level * (1 + spread * Math.sin(n)));
const three = (level: number) => [around(level), around(level), around(level)];

describe('files: slow values', () => {
  it('are RMS values where they are those of the waveform beside them', () => {
    assert.equal(trendScale(three(230), [[231, 229, 230]])?.factor, 1);
    assert.match(trendScale(three(230), [[231, 229, 230]])?.why ?? '', /RMS values, as in the waveform/);
  });

  it('are peak values where they are higher by the root of two', () => {
    const found = trendScale(three(230 * Math.SQRT2), [[231, 229, 230]]);
    assert.ok(Math.abs((found?.factor ?? 0) - Math.sqrt(0.5)) < 1e-12);
    assert.match(found?.why ?? '', /peak values/);
  });

  it('are judged by the waveform after them where the one before them does not fit', () => {
    // Before them lies a fault.
    assert.equal(
      trendScale(three(230), [
        [40, 240, 180],
        [230, 230, 230],
      ])?.factor,
      1,
    );
    const peaks = trendScale(three(325), [
      [40, 240, 180],
      [230, 230, 230],
    ]);
    assert.ok(Math.abs((peaks?.factor ?? 0) - Math.SQRT1_2) < 1e-12);
  });

  it('are judged by the channels that carry something', () => {
    const slow = [around(230), around(230), around(0.02)];
    assert.equal(trendScale(slow, [[230, 230, 0.5]])?.factor, 1);
  });

  it('are no amplitudes where no waveform beside them fits', () => {
    assert.equal(trendScale(three(230), [[120, 120, 120]]), undefined);
    assert.equal(trendScale(three(275), [[230, 230, 230]]), undefined);
    // One of them differs.
    assert.equal(trendScale([around(230), around(230), around(325)], [[230, 230, 230]]), undefined);
  });

  it('are no amplitudes where some of them are negative: samples of a waveform, far apart', () => {
    const samples = Float64Array.from({ length: 50 }, (_, n) => 325 * Math.sin(n * 1.3));
    assert.equal(trendScale([samples, samples, samples], [[230, 230, 230]]), undefined);
    assert.equal(trendScale([samples, samples, samples], []), undefined);
    const few = around(230);
    few[3] = -230;
    assert.equal(trendScale([around(230), few, around(230)], [[230, 230, 230]]), undefined);
  });

  it('may miss some, and are none where all are missing', () => {
    const holed = around(230).fill(Number.NaN, 10, 30);
    assert.equal(trendScale([holed, around(230), around(230)], [[230, 230, 230]])?.factor, 1);
    const gone = new Float64Array(50).fill(Number.NaN);
    assert.equal(trendScale([gone, gone, gone], [[230, 230, 230]]), undefined);
  });

  it('are taken for RMS values with nothing beside them where they are alike and not nought', () => {
    const found = trendScale(three(63_500), []);
    assert.equal(found?.factor, 1);
    assert.match(found?.why ?? '', /nothing beside them tells/);
    assert.equal(trendScale([around(230), around(230), around(100)], []), undefined);
    assert.equal(trendScale(three(0), []), undefined);
  });

  it('ride over a fault of some of them: the middle one tells', () => {
    const slow = three(230).map((own) => own.fill(50, 20, 35));
    assert.equal(trendScale(slow, [[230, 230, 230]])?.factor, 1);
  });
});
