import assert from 'node:assert/strict';
import { WaveformFrame } from '../../src/record';
import { beyond, FrameOrder, jointOf } from '../../src/signal';
import { seeded } from './signals';

const RATE = 1000;
/** Sample n of the stream, which no other sample is like. */
const value = (n: number) => Math.fround(Math.sin(n * n + 0.3 * n));

/** Samples `[from, to)` of the stream as a frame. */
const cut = (from: number, to: number, time = from) =>
  WaveformFrame.from({
    kind: 'waveform',
    meter: 'm',
    time,
    rate: RATE,
    channels: { va: Array.from({ length: to - from }, (_, k) => value(from + k)) },
  });

/** What comes out of frames in whatever order: the samples, and where the stream broke. */
function ordered(frames: WaveformFrame[]) {
  const counters = { framesRepeated: 0, framesLate: 0, framesGivenUp: 0 };
  const samples: number[] = [];
  const breaks: [why: string, at: number][] = [];
  const order = new FrameOrder(
    {
      next: (frame, broken) => {
        if (broken) breaks.push([broken.why, frame.time]);
        samples.push(...(frame.channel('va') as Float32Array));
      },
    },
    counters,
  );
  for (const frame of frames) order.push(frame);
  order.flush();
  return { samples, breaks, counters };
}

const stream = (to: number, from = 0) => Array.from({ length: to - from }, (_, k) => value(from + k));

describe('frames of a meter', () => {
  it('join the one before in one of six ways', () => {
    const first = cut(1000, 1100);
    const at = (time: number, length = 100, rate = RATE) => {
      const channels = { va: new Array(length).fill(0) };
      return jointOf(first, WaveformFrame.from({ kind: 'waveform', meter: 'm', time, rate, channels }));
    };
    assert.equal(at(1100), 'follows');
    assert.equal(at(1101), 'follows');
    assert.equal(at(1110), 'ahead');
    assert.equal(at(1000), 'past');
    assert.equal(at(1050, 50), 'past');
    assert.equal(at(1050), 'overlaps');
    assert.equal(at(1100, 100, 2000), 'other-rate');
    const current = WaveformFrame.from({ ...first.toJSON(), channels: { ia: [0] } });
    assert.equal(jointOf(first, current), 'other-channels');
  });

  it('give the same stream, sample for sample, when late, doubled and overlapping', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seeded(seed);
      const frames: WaveformFrame[] = [];
      const end = 4000;
      for (let at = 0; at < end; ) {
        const to = Math.min(end, at + 40 + random(200));
        // Some begin before the one before ended.
        const from = at > 0 && random(4) === 0 ? Math.max(at - 1 - random(30), 0) : at;
        frames.push(cut(from, to));
        if (random(3) === 0) frames.push(cut(from, to));
        at = to;
      }
      // Each late by up to three places; the first stays, or the stream would begin with another.
      const late = frames
        .map((frame, i) => ({ frame, at: i === 0 ? -1 : i + random(4) }))
        .sort((a, b) => a.at - b.at)
        .map(({ frame }) => frame);
      const { samples, breaks } = ordered(late);
      assert.deepEqual(breaks, [], `seed ${seed}`);
      assert.deepEqual(samples, stream(end), `seed ${seed}`);
    }
  });

  it('break the stream where one is missing, once it is clear that it does not come', () => {
    const frames = Array.from({ length: 30 }, (_, i) => cut(i * 100, i * 100 + 100));
    const missing = frames.filter((_, i) => i !== 10);
    const { samples, breaks, counters } = ordered(missing);
    assert.deepEqual(breaks, [['gap', 1100]]);
    assert.deepEqual(samples, [...stream(1000), ...stream(3000, 1100)]);
    assert.deepEqual(counters, { framesRepeated: 0, framesLate: 0, framesGivenUp: 0 });
    assert.deepEqual(ordered([frames[0], cut(9000, 9100)]).breaks, [['gap', 9000]]);
    assert.deepEqual(ordered([...frames.slice(0, 3), frames[4], frames[3]]).counters.framesLate, 1);
  });

  it('break the stream where the clock was set back, and lose nothing of what comes then', () => {
    const before = Array.from({ length: 10 }, (_, i) => cut(i * 100, i * 100 + 100, 50_000 + i * 100));
    for (const back of [40, 150, 5000, 40_000]) {
      const after = Array.from({ length: 10 }, (_, i) =>
        cut(1000 + i * 100, 1100 + i * 100, 51_000 - back + i * 100),
      );
      const { samples, breaks } = ordered([...before, ...after]);
      assert.equal(breaks.length, 1, `${back} ms`);
      assert.deepEqual(samples, stream(2000), `${back} ms`);
    }
  });

  it('that are a whole stretch sent again are known again', () => {
    const frames = Array.from({ length: 60 }, (_, i) => cut(i * 100, i * 100 + 100));
    const { samples, breaks, counters } = ordered([...frames, ...frames, cut(6000, 6100)]);
    assert.deepEqual(breaks, []);
    assert.deepEqual(samples, stream(6100));
    assert.equal(counters.framesRepeated, 60);
  });

  it('overlap only where the samples are the same', () => {
    const first = cut(0, 100);
    assert.deepEqual(beyond(first, cut(80, 130))?.toJSON(), cut(100, 130).toJSON());
    assert.equal(beyond(first, cut(90, 130, 80)), undefined);
  });
});
