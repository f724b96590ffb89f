import assert from 'node:assert/strict';
import { readSuspended } from '../../src/disturbance';
import { seeded } from '../signal/signals';
import { collect, frameOf } from './helpers';

/** Every record that comes out is checked by `collect` against its own rules: no NaN, nothing missing. */
describe('whatever a meter sends', function () {
  this.timeout(60_000);

  it('gives records that are whole, and an end for every start', () => {
    let events = 0;
    for (let seed = 1; seed <= 150; seed++) {
      const random = seeded(seed);
      const pick = <T>(from: readonly T[]) => from[random(from.length)];
      const { detector, found } = collect({
        nominal: pick([1, 230, 1e5]),
        preCycles: random(20),
        postCycles: random(20),
        maxCapture: pick([0, 0.1, 1]),
        minCycles: pick([0.5, 3]),
        mode: pick(['cycle', '10-cycle']),
        sliding: pick([true, false]),
        swellWindow: 1 + random(5),
      });
      let time = 1e12;
      let rate = pick([960, 1000.7, 3200, 12_800, 200_000]);
      let names = pick([['va'], ['va', 'vb', 'vc'], ['vab', 'vbc'], ['va', 'ia'], ['vn', 'vb']]);
      for (let i = 0; i < 30; i++) {
        if (random(15) === 0) rate = pick([960, 3200, 12_800]);
        if (random(20) === 0) names = pick([['va'], ['va', 'vb', 'vc']]);
        const size = pick([0, 1, 325, 325, 325, 100, 3e38, 1e-30]);
        const frequency = pick([50, 60, 0.1, 5000]);
        const length = pick([1, 2, 50, 700, 5000]);
        const channels = Object.fromEntries(
          names.map((name, k) => [
            name,
            Float32Array.from(
              { length },
              (_, n) => size * pick([1, 1, 1, 0.99]) * Math.sin((2 * Math.PI * frequency * n) / rate - 2 * k),
            ),
          ]),
        );
        detector.push(frameOf(channels, rate, time, `m${random(2)}`));
        const next = (1000 * length) / rate;
        time += pick([0, next, next, next, -50, 500, 1e7, -1e6]);
        if (random(12) === 0) {
          readSuspended(JSON.parse(JSON.stringify(detector.suspend(random(2) === 0))));
        }
        if (random(15) === 0)
          detector.configure({ sag: pick([0.5, 0.9]), mode: pick(['cycle', '10-cycle']) });
      }
      detector.finish();
      assert.equal(found.events.length, 2 * found.ends.length, `seed ${seed}`);
      events += found.ends.length;
    }
    assert.ok(events > 500, `${events}`);
  });
});
