import assert from 'node:assert/strict';
import { findShortDisturbance } from '../../src/signal';
import { seeded } from './signals';

const CYCLE = 197.3;
const LAST = 3 * CYCLE;
const NEXT = 9 * CYCLE;

/** A waveform with a third harmonic and DC; between two samples another angle and size. */
function waveform(from: number, to: number, gain: number, lag: number, noise = 0): Float32Array {
  const random = seeded(3);
  return Float32Array.from({ length: Math.ceil(11 * CYCLE) }, (_, n) => {
    const inside = n >= from && n < to;
    const angle = (2 * Math.PI * (n - (inside ? lag : 0))) / CYCLE;
    const wave = 325 * (Math.sin(angle) + 0.1 * Math.sin(3 * angle + 1));
    return (inside ? gain : 1) * wave + 4 + 325 * noise * (random(2000) / 1000 - 1);
  });
}

const find = (samples: Float32Array) => findShortDisturbance({ samples, mask: -1 }, LAST, NEXT, NEXT, CYCLE);

describe('a disturbance too short for a filter', () => {
  it('is found with its start, its end and its angle', () => {
    for (const length of [90, 150, 330, 700]) {
      for (const degrees of [-150, -60, -10, 25, 90]) {
        for (const [gain, noise] of [
          [0.2, 0],
          [0.7, 0.01],
          [1.5, 0.01],
        ]) {
          const lag = (degrees / 360) * CYCLE;
          const found = find(waveform(700, 700 + length, gain, lag, noise));
          const what = `${length} samples, ${degrees} degrees, ${gain}`;
          assert.ok(found, what);
          assert.ok(Math.abs(found.from - 699.5) <= 2 && Math.abs(found.to - (699.5 + length)) <= 2, what);
          assert.ok(
            Math.abs(found.lag - lag) < (noise ? 0.012 : 0.002) * CYCLE,
            `${what}: ${found.lag} for ${lag}`,
          );
        }
      }
    }
  });

  it('is none where nothing changes, where it is too short, and where nothing is left that has an angle', () => {
    assert.equal(find(waveform(0, 0, 1, 0)), undefined);
    assert.equal(find(waveform(0, 0, 1, 0, 0.02)), undefined);
    assert.equal(find(waveform(700, 730, 0.3, 40)), undefined);
    assert.equal(find(waveform(700, 1000, 0, 0)), undefined);
  });

  it('is none of another shape than the cycle before', () => {
    const samples = waveform(0, 0, 1, 0);
    for (let n = 700; n < 1000; n++) samples[n] = n % 20 < 10 ? 200 : -200;
    assert.equal(find(samples), undefined);
    const dead = waveform(0, 0, 1, 0);
    dead.fill(0, 0, 900);
    assert.equal(find(dead), undefined);
  });
});
