import assert from 'node:assert/strict';
import {
  clusters,
  harmonicBars,
  magnitudeDuration,
  PRINT,
  phasorDiagram,
  trend,
  waveformPlot,
} from '../../src/plots';
import { voltageScale } from '../../src/plots/magnitude-duration';
import { cycleRms } from '../../src/signal';

const numbers = (text: string) => [...text.matchAll(/-?\d+(?:\.\d+)?/g)].map(([one]) => Number(one));
const wave = (peak: number, rate: number, seconds: number, angle = 0) =>
  Float32Array.from(
    { length: rate * seconds },
    (_, k) => peak * Math.sin((2 * Math.PI * 50 * k) / rate + angle),
  );

/** Every plot with whatever may stand in a name. */
const HOSTILE = '<script>alert("x")</script>&';

describe('plots', () => {
  it('put an event where its voltage and duration are, over the curves of ITIC and SEMI F47', () => {
    const svg = magnitudeDuration([{ type: 'sag', extreme: 0.5, duration: 0.1, id: HOSTILE }], {
      height: 300,
    });
    const [, cx, cy] = /<circle cx="([\d.]+)" cy="([\d.]+)"/.exec(svg) ?? [];
    const y = voltageScale(300);
    assert.ok(Math.abs(Number(cy) - y(0.5)) < 0.1);
    // 0.1 s is the second of five and a half decades from 1 ms to 300 s.
    const [left, right] = [46, 448];
    const share = Math.log10(0.1 / 0.001) / Math.log10(300 / 0.001);
    assert.ok(Math.abs(Number(cx) - (left + share * (right - left))) < 0.2, cx);
    assert.ok(!svg.includes('<script'));
    // Lower curve of ITIC: 0 to 20 ms, 70 % to 0.5 s, 80 % to 10 s, 90 % beyond.
    const path = /d="([^"]*)" fill="none" stroke="[^"]*" stroke-width="1.5"\/>/.exec(svg)?.[1] ?? '';
    const heights = numbers(path).filter((_, k) => k % 2 === 1);
    for (const pu of [0, 0.7, 0.8, 0.9])
      assert.ok(
        heights.some((h) => Math.abs(h - y(pu)) < 0.1),
        `${pu}`,
      );
  });

  it('leave out rapid voltage changes, and show at most the newest 2,000 events', () => {
    const many = Array.from({ length: 2500 }, (_, k) => ({
      type: 'sag' as const,
      extreme: 0.5,
      duration: 0.1 + k / 1e4,
    }));
    const svg = magnitudeDuration([...many, { type: 'rvc', extreme: 1, duration: 1 }]);
    assert.equal(svg.match(/<circle/g)?.length, 2000);
  });

  it('draw thresholds that can be caught', () => {
    const svg = magnitudeDuration([], { thresholds: { sag: 0.9 } });
    assert.match(svg, /class="threshold" data-name="sag"/);
    assert.match(svg, />sag 0\.9</);
  });

  it('take RMS over one cycle: that of a sine is its amplitude by the root of two', () => {
    const { ends, values } = cycleRms(wave(100, 6400, 0.2), 128);
    assert.equal(ends[0], 128);
    assert.equal(ends[1] - ends[0], 64);
    for (const value of values) assert.ok(Math.abs(value - 100 / Math.SQRT2) < 1e-3);
    assert.equal(cycleRms(wave(100, 6400, 0.01), 128).values.length, 0, 'less than a cycle has none');
    assert.equal(cycleRms(new Float32Array(10), 0).values.length, 0);
    // A cycle that is no whole number of samples takes its share.
    for (const value of cycleRms(wave(100, 6420, 0.2), 128.4).values)
      assert.ok(Math.abs(value - 70.71) < 0.2);
  });

  it('show the peaks of a waveform however long it is', () => {
    const samples = wave(100, 10_000, 10);
    samples[54_321] = 900;
    const svg = waveformPlot(
      { time: 0, rate: 10_000, channels: { va: samples } },
      { frequency: 50, zero: 0, height: 240 },
    );
    assert.ok(svg && svg.length < 60_000, `${svg?.length} characters of 100,000 samples`);
    // The peak is the highest point of the picture: 5 % of room above it.
    const ys = numbers(
      /<path d="(M[^"]*)" fill="none" stroke="[^"]*" stroke-opacity/.exec(svg)?.[1] ?? '',
    ).filter((_, k) => k % 2);
    assert.ok(Math.min(...ys) < 24 + 10, `${Math.min(...ys)}`);
    assert.equal(
      waveformPlot({ time: 0, rate: 1, channels: { ia: samples } }, { frequency: 50, zero: 0 }),
      undefined,
    );
  });

  it('draw phasors at their angles: leading ones counter-clockwise', () => {
    const svg = phasorDiagram(
      { a: { v1: { mag: 230, angle: 0 } }, b: { v1: { mag: 115, angle: 90 } } },
      { ink: PRINT },
    );
    const tips = [...svg.matchAll(/M110 110L([\d.]+) ([\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
    assert.deepEqual(tips, [
      [195, 110],
      [110, 67.5],
    ]);
    assert.doesNotMatch(phasorDiagram({ a: { v1: { mag: Number.NaN, angle: 0 } } }), /NaN/);
  });

  it('mark harmonics above their limit', () => {
    const limits = [null, null, 2, 5, 1, 6];
    const svg = harmonicBars({ va: [0, 100, 1, 7, 0.5, 3] }, { ink: PRINT, limits });
    const bars = [...svg.matchAll(/fill="(#[0-9a-f]+)"><title>va (\d+): ([\d.]+) %/g)].map(
      ([, color, order]) => [order, color],
    );
    assert.deepEqual(
      bars.filter(([, color]) => color === PRINT.bad).map(([order]) => order),
      ['3'],
    );
  });

  it('ring meters whose record differs, and draw whatever they are called', () => {
    const point = (meter: string, phase: string | null, recorded: string | null) => ({
      meter,
      x: 1,
      y: -1,
      phase,
      recorded,
    });
    const svg = clusters([point(HOSTILE, 'a', 'b'), point('m2', 'a', 'a'), point('m3', null, 'a')]);
    assert.equal(svg.match(/r="7\.5"/g)?.length, 1);
    assert.ok(!svg.includes('<script'));
    assert.match(clusters([]), /^<svg/);
  });

  it('break a line where a value is missing, and are drawn of nothing, too', () => {
    const svg = trend(
      [0, 1, 2, 3],
      { va: [1, Number.NaN, 3, 4] },
      { unit: 'V', title: HOSTILE, limits: [2] },
    );
    assert.equal(/<path d="(M[^"]*)" fill="none" stroke="#e8743b"/.exec(svg)?.[1].match(/M/g)?.length, 2);
    assert.doesNotMatch(trend([], {}, { unit: 'V', title: '' }), /NaN|Infinity/);
    assert.ok(!svg.includes('<script'));
  });
});
