import assert from 'node:assert/strict';
import { Deskewer } from '../../src/files/deskew';

/** A channel of 50 Hz with a fifth harmonic, taken `delay` samples late. */
const taken = (perCycle: number, delay: number, count: number) =>
  Float64Array.from({ length: count }, (_, n) => {
    const angle = (2 * Math.PI * (n + delay)) / perCycle;
    return Math.cos(angle) + 0.1 * Math.cos(5 * angle);
  });

describe('channels sampled one after the other', () => {
  it('are brought to the same instants, however the record is cut, to 0.2 % of the amplitude', () => {
    for (const perCycle of [16, 24, 64]) {
      for (const cut of [1, 7, 100, 400]) {
        const delays = [0, 0.1, 0.514, 0.9, 1.3];
        const channels = delays.map((delay) => taken(perCycle, delay, 400));
        const deskewer = new Deskewer(delays);
        const out = delays.map(() => [] as number[]);
        let next = 5;
        const take = ({ values, count, first }: { values: Float64Array[]; count: number; first: number }) => {
          if (count) assert.equal(first, next);
          next += count;
          for (const [c, own] of values.entries()) out[c].push(...own.subarray(0, count));
        };
        for (let at = 0; at < 400; at += cut) {
          const values = channels.map((own) => own.subarray(at, at + cut));
          take(deskewer.push({ values, count: values[0].length, first: 5 + at }));
        }
        take(deskewer.finish());
        const truth = taken(perCycle, 0, 400);
        for (const [c, own] of out.entries()) {
          assert.equal(own.length, 400);
          for (let n = 16; n < 384; n++) {
            assert.ok(
              Math.abs(own[n] - truth[n]) < 2e-3,
              `${own[n] - truth[n]} at ${n}, ${delays[c]} samples late`,
            );
          }
        }
      }
    }
  });

  it('keep their missing samples missing, and put none beside them', () => {
    const channel = taken(24, 0.3, 60);
    channel[30] = Number.NaN;
    const deskewer = new Deskewer([0.3]);
    const { values } = deskewer.push({ values: [channel], count: 60, first: 0 });
    assert.ok(Number.isNaN(values[0][30]));
    assert.equal([...values[0]].filter(Number.isNaN).length, 1);
  });
});
