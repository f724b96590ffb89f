import assert from 'node:assert/strict';
import { hotSpots, loadingOf, THERMAL } from '../../src/phasing/loading';
import { clusterPlot } from '../../src/phasing/plot';
import type { Assignment } from '../../src/record';
import { randoms } from '../power/tones';

describe('loading of a transformer', () => {
  it('steady: 98 degrees at the hottest spot at rated load and 20 degrees around (IEC 60076-7, 5.2)', () => {
    const hot = hotSpots(new Array(400).fill(1), 5);
    assert.ok(Math.abs(hot[399] - 98) < 0.01, String(hot[399]));
    // Without load only the losses of the core: (1 / 6) ^ 0.8 of the rise of the oil.
    const idle = hotSpots(new Array(10).fill(0), 5);
    assert.ok(Math.abs(idle[9] - (20 + 55 * (1 / 6) ** 0.8)) < 0.01);
  });

  it('a step of the load is followed with the time constants of oil and winding', () => {
    const hot = hotSpots([0, ...new Array(600).fill(1)], 1);
    const [from, to] = [20 + 55 * (1 / 6) ** 0.8, 98];
    const oil = 55 * (1 - (1 / 6) ** 0.8);
    for (const minutes of [10, 60, 180, 540]) {
      const truth =
        to -
        oil * Math.exp(-minutes / THERMAL.oilMinutes) -
        23 * Math.exp(-minutes / (2 * THERMAL.windingMinutes));
      assert.ok(
        Math.abs(hot[minutes] - truth) < 0.02 * (to - from),
        `${hot[minutes]} for ${truth} at ${minutes} min`,
      );
    }
  });

  it('adds meters up by phase, against the rating', () => {
    const power = (watts: number[]) => Float32Array.from(watts);
    const loading = loadingOf(
      [
        { phase: 'a', power: power([1000, 3000, Number.NaN]) },
        { phase: 'a', power: power([500, 1000, 200]) },
        { phase: 'b', power: power([2000, 1000, 1000]) },
        { phase: 'c', power: undefined },
      ],
      15_000,
      5,
    );
    assert.deepEqual(loading?.peak, { a: 4000, b: 2000, c: 0 });
    assert.equal(loading?.known, 3);
    assert.ok(Math.abs((loading?.load ?? 0) - 1 / 3) < 1e-9);
    assert.ok(Math.abs((loading?.phaseLoad ?? 0) - 0.8) < 1e-9);
    assert.ok(Math.abs((loading?.unbalance ?? 0) - (4000 - 5000 / 3) / (5000 / 3)) < 1e-6);
    assert.equal(loadingOf([{ phase: 'a', power: undefined }], 1, 5), undefined);
    assert.equal(loadingOf([{ phase: 'a', power: power([1]) }], 0, 5)?.hotSpot, undefined);
  });
});

describe('cluster plot', () => {
  it('puts meters of a phase together and phases apart, the same way every time', () => {
    const random = randoms(6);
    const walks = [0, 1, 2].map(() => {
      let level = 0;
      return Float64Array.from({ length: 500 }, () => (level = 0.9 * level + random() - 0.5));
    });
    const series = new Map<string, Float32Array>();
    const assignments = Array.from({ length: 18 }, (_, k): Assignment => {
      const meter = `m${k}`;
      series.set(
        meter,
        Float32Array.from(walks[k % 3], (x) => 230 + x + 0.3 * (random() - 0.5)),
      );
      const rest = {
        transformer: 'T',
        score: 1,
        margin: 1,
        grade: 'match',
        recorded: null,
        agrees: null,
        reason: '',
      };
      return { meter, phase: 'abc'[k % 3], ...rest } as Assignment;
    });
    const read = (meter: string) => series.get(meter)?.slice();
    const plot = clusterPlot('T', assignments, read, 3);
    assert.equal(plot.points.length, 18);
    const distance = (i: number, j: number) =>
      Math.hypot(plot.points[i].x - plot.points[j].x, plot.points[i].y - plot.points[j].y);
    for (let i = 0; i < 18; i++) {
      for (let j = 0; j < i; j++) {
        if (i % 3 === j % 3) assert.ok(distance(i, j) < 0.5 * distance(i, (i + 1) % 18), `${i} and ${j}`);
      }
    }
    assert.ok(plot.shown[0] + plot.shown[1] > 0.8 && plot.shown[0] >= plot.shown[1]);
    assert.deepEqual(clusterPlot('T', assignments, read, 3), plot);
    assert.deepEqual(clusterPlot('T', [], read, 3).points, []);
  });

  it('has masked meters among those of their phase, also where all phases have nearly all in common', () => {
    const random = randoms(7);
    const walk = (step: number) => {
      let level = 0;
      return Float64Array.from({ length: 500 }, () => (level = 0.9 * level + step * (random() - 0.5)));
    };
    const common = walk(4);
    const walks = [0, 1, 2].map(() => walk(1));
    const series = new Map<string, Float32Array>();
    const assignments = Array.from({ length: 18 }, (_, k) => {
      const volts = Float32Array.from(walks[k % 3], (x, i) => 230 + common[i] + x + 0.3 * (random() - 0.5));
      // Four with gaps of up to nearly half of the window, each elsewhere.
      if (k < 4) volts.fill(Number.NaN, 60 * k, 60 * k + 120 + 40 * k);
      series.set(`m${k}`, volts);
      return {
        meter: `m${k}`,
        transformer: 'T',
        phase: 'abc'[k % 3],
        grade: 'match',
        recorded: null,
      } as Assignment;
    });
    const { points } = clusterPlot('T', assignments, (meter) => series.get(meter)?.slice(), 3);
    assert.equal(points.length, 18);
    const middles = ['a', 'b', 'c'].map((phase) => {
      const own = points.filter((one) => one.phase === phase);
      const mean = (pick: (one: (typeof own)[number]) => number) =>
        own.reduce((sum, one) => sum + pick(one), 0) / own.length;
      return { phase, x: mean(({ x }) => x), y: mean(({ y }) => y) };
    });
    for (const { meter, phase, x, y } of points) {
      const nearest = middles
        .map((one) => ({ phase: one.phase, far: Math.hypot(x - one.x, y - one.y) }))
        .sort((a, b) => a.far - b.far);
      assert.equal(nearest[0].phase, phase, meter);
      assert.ok(nearest[0].far < 0.4 * nearest[1].far, `${meter}: ${nearest[0].far} of ${nearest[1].far}`);
    }
  });
});
