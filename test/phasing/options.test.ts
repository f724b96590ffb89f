import assert from 'node:assert/strict';
import { PhaseCorrelator, readCorrelatorSettings } from '../../src/phasing';
import { kMeans } from '../../src/phasing/group/kmeans';
import type { Reading } from '../../src/record';
import { randoms } from '../power/tones';

const DAY = 86_400_000;
const NOW = 1_700_006_400_000;

describe('what helps where series are hard to tell apart', () => {
  it('power: a customer whose own drop hides its phase is compared where it draws little', () => {
    const random = randoms(8);
    const meters = Array.from({ length: 12 }, (_, k) => ({ meter: `m${k}`, transformer: 'T1' }));
    const references = ['a', 'b', 'c'].map((phase) => ({ meter: `R${phase}`, transformer: 'T1', phase }));
    const readings: Reading[] = [];
    const level = [0, 0, 0];
    for (let slot = 0; slot < 288; slot++) {
      for (let p = 0; p < 3; p++) level[p] = 0.9 * level[p] + random() - 0.5;
      const time = NOW - DAY + slot * 300_000;
      const head = { kind: 'reading', time, quality: 'good' } as const;
      references.forEach(({ meter }, p) => {
        readings.push({ ...head, meter, values: { va: 230 + level[p] } });
      });
      meters.forEach(({ meter }, k) => {
        // Half of the time up to 4 kW over half an ohm of its own; what it draws else is small.
        const watts = random() < 0.5 ? 50 * random() : 4000 * random();
        const va = 230 + level[k % 3] - (0.5 * watts) / 230;
        readings.push({ ...head, meter, values: { va, p: watts } });
      });
    }
    const run = (keepPower: boolean) => {
      const correlator = new PhaseCorrelator(readCorrelatorSettings({ days: 1, references, meters }));
      for (const { values, ...rest } of readings) {
        correlator.push({ ...rest, values: keepPower ? values : { va: values.va } }, NOW);
      }
      return correlator.run(NOW).map.assignments;
    };
    const [without, withPower] = [run(false), run(true)];
    for (const [k, { meter, phase, score, grade }] of withPower.entries()) {
      assert.equal(phase, 'abc'[Number(meter.slice(1)) % 3], meter);
      assert.equal(grade, 'match', `${meter}: ${score}`);
      assert.ok((score ?? 0) > (without[k].score ?? 0) + 0.2, `${score} with, ${without[k].score} without`);
    }
  });

  it('spectral clusters: what is alike only through others between comes together', () => {
    const random = randoms(12);
    const length = 400;
    const axis = () => Float64Array.from({ length }, () => random() - 0.5);
    const unit = (series: Float64Array) => {
      const mean = series.reduce((a, b) => a + b, 0) / length;
      const deviation = Math.sqrt(series.reduce((sum, x) => sum + (x - mean) ** 2, 0) / length);
      return Float32Array.from(series, (x) => (x - mean) / deviation);
    };
    // Three chains: along each the likeness of neighbours is high, of the ends below zero.
    const rows = [0, 1, 2].flatMap(() => {
      const [u, w] = [axis(), axis()];
      return Array.from({ length: 20 }, (_, k) => {
        const turn = (k / 19) * (Math.PI * 0.75);
        return unit(u.map((x, i) => Math.cos(turn) * x + Math.sin(turn) * w[i] + 0.05 * (random() - 0.5)));
      });
    });
    const members = rows.map((_, k) => k);
    const of = kMeans({ rows, length }, members, 3);
    const clusters = [0, 1, 2].map((chain) => new Set(Array.from(of.slice(20 * chain, 20 * (chain + 1)))));
    assert.deepEqual(
      clusters.map(({ size }) => size),
      [1, 1, 1],
      JSON.stringify(Array.from(of)),
    );
    assert.equal(new Set(of).size, 3);
    assert.deepEqual(kMeans({ rows, length }, [...members], 3), of);
  });
});
