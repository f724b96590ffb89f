import assert from 'node:assert/strict';
import { type FrameChannel, FrameCutter, type Stretch } from '../../src/files/frames';
import type { Channel, WaveformFrame } from '../../src/record';

const X = Number.NaN;
/** 800 samples a second from a given time (ms), sixteen a cycle: two missing ones are bridged. */
const stretchAt = (time: number, rate = 800): Stretch => ({
  rate,
  samplesPerCycle: rate / 50,
  timeOf: (sample) => time + (sample * 1000) / rate,
});
const ramp = (count: number, from = 0) => Float64Array.from({ length: count }, (_, k) => from + k);

function cutterOf(channels: [Channel, number, number?][], nominal?: number) {
  const own = channels.map(([name, place, factor = 1]): FrameChannel => ({ name, place, factor }));
  const cutter = new FrameCutter('m', own, nominal);
  const frames: WaveformFrame[] = [];
  const out = (frame: WaveformFrame) => frames.push(frame);
  const finish = () => {
    cutter.end(out);
    const last = cutter.finish();
    if (last) frames.push(last);
    return frames;
  };
  return { cutter, frames, out, finish };
}

/** Frames of one stretch of one channel, given in parts. */
function cut(...parts: number[][]) {
  const made = cutterOf([['va', 0]]);
  made.cutter.begin(stretchAt(0));
  let from = 0;
  for (const part of parts) {
    made.cutter.take([Float64Array.from(part)], part.length, from, made.out);
    from += part.length;
  }
  return { ...made, frames: made.finish() };
}

const samples = (frame: WaveformFrame, name: Channel = 'va') => [...(frame.channel(name) ?? [])];

describe('files: frames', () => {
  it('hold their channels in one order, whatever the order given, each with its own samples and factor', () => {
    const channels: [Channel, number, number?][] = [
      ['ic', 3],
      ['vn', 0],
      ['va', 2, 1000],
      ['vab', 4],
      ['ia', 1, 1e-3],
    ];
    for (const order of [channels, [...channels].reverse()]) {
      const { cutter, out, finish } = cutterOf(order);
      cutter.begin(stretchAt(0));
      cutter.take(
        [[5], [4000], [3], [2], [1]].map((x) => Float64Array.from(x)),
        1,
        0,
        out,
      );
      const [frame] = finish();
      assert.deepEqual(frame.names, ['va', 'vn', 'vab', 'ia', 'ic']);
      assert.deepEqual(
        frame.names.map((name) => samples(frame, name)[0]),
        [3000, 5, 1, 4, 2],
      );
    }
  });

  it('hold all samples once and in order, at the time of their first one, however they are given', () => {
    for (const size of [1, 7, 160, 161, 1000]) {
      const { cutter, out, finish } = cutterOf([['va', 0]], 230);
      cutter.begin(stretchAt(5000));
      for (let at = 0; at < 1000; at += size) {
        const part = ramp(Math.min(size, 1000 - at), at);
        cutter.take([part], part.length, at, out);
      }
      const frames = finish();
      assert.deepEqual(
        frames.flatMap((frame) => samples(frame)),
        [...ramp(1000)],
      );
      for (const frame of frames) {
        assert.ok(Math.abs(frame.time - (5000 + samples(frame)[0] / 0.8)) < 1e-6);
        assert.deepEqual([frame.meter, frame.rate, frame.nominal], ['m', 800, 230]);
        // Frames of a fifth of a second.
        assert.ok(frame.length <= 160);
      }
      assert.ok(frames.length <= 7);
    }
  });

  it('count samples from where the stretch begins in the file', () => {
    const { cutter, out, finish } = cutterOf([['va', 0]]);
    cutter.begin({ rate: 800, samplesPerCycle: 16, timeOf: (sample) => 9000 + (sample - 700) / 0.8 });
    cutter.take([ramp(5)], 5, 700, out);
    assert.equal(finish()[0].time, 9000);
  });

  it('take the count given, not the length of the arrays', () => {
    const { cutter, out, finish } = cutterOf([['va', 0]]);
    cutter.begin(stretchAt(0));
    cutter.take([ramp(10)], 4, 0, out);
    assert.deepEqual(samples(finish()[0]), [0, 1, 2, 3]);
  });

  it('bridge single missing samples by a line, and count them by channel', () => {
    const { cutter, out, finish } = cutterOf([
      ['va', 0],
      ['ia', 1, 2],
    ]);
    cutter.begin(stretchAt(0));
    const va = [0, 10, X, 30, 40, X, X, 70, 80, 90];
    const ia = [1, 2, 3, 4, 5, 6, 7, 8, X, 10];
    cutter.take(
      [va, ia].map((x) => Float64Array.from(x)),
      10,
      0,
      out,
    );
    const [frame, ...more] = finish();
    assert.deepEqual(more, []);
    assert.deepEqual(
      samples(frame).map((x) => Math.round(x * 1e4) / 1e4),
      [0, 10, 20, 30, 40, 50, 60, 70, 80, 90],
    );
    assert.deepEqual(samples(frame, 'ia'), [2, 4, 6, 8, 10, 12, 14, 16, 18, 20]);
    assert.deepEqual(
      [...cutter.bridged],
      [
        ['va', 3],
        ['ia', 1],
      ],
    );
    assert.equal(cutter.holes, 0);
  });

  it('bridge a missing sample where one part ends and the next begins', () => {
    for (const parts of [
      [
        [0, 10, 20, X],
        [40, 50],
      ],
      [
        [0, 10, 20],
        [X, 40, 50],
      ],
      [[0, 10, 20], [X], [40, 50]],
    ]) {
      const { frames, cutter } = cut(...parts);
      assert.deepEqual(
        frames.flatMap((frame) => samples(frame)),
        [0, 10, 20, 30, 40, 50],
        JSON.stringify(parts),
      );
      assert.equal(cutter.bridged.get('va'), 1);
    }
  });

  it('bridge a missing sample that is the first or the last of a frame', () => {
    for (const missing of [159, 160]) {
      const given = [...ramp(300)];
      given[missing] = X;
      const { frames } = cut(given);
      assert.ok(frames.length >= 2);
      assert.deepEqual(
        frames.flatMap((frame) => samples(frame)),
        [...ramp(300)],
      );
    }
  });

  it('invent nothing where nothing lies on the other side of a missing one: it is left out and counted', () => {
    for (const given of [
      [X, 7, 8],
      [7, 8, X],
    ]) {
      const { frames, cutter } = cut(given);
      assert.deepEqual(samples(frames[0]), [7, 8]);
      assert.equal(cutter.holes, 1);
      assert.equal(cutter.bridged.size, 0);
    }
  });

  for (const [what, parts] of [
    ['in one part', [[0, 1, 2, X, X, X, X, 7, 8, 9]]],
    [
      'over two parts',
      [
        [0, 1, 2, X, X],
        [X, X, 7, 8, 9],
      ],
    ],
    ['part by part', [[0], [1], [2], [X], [X], [X], [X], [7], [8], [9]]],
  ] as [string, number[][]][]) {
    it(`end at a hole, and go on behind it at its own time: ${what}`, () => {
      const { frames, cutter } = cut(...parts);
      assert.deepEqual(
        frames.map((frame) => samples(frame)),
        [
          [0, 1, 2],
          [7, 8, 9],
        ],
      );
      assert.deepEqual(
        frames.map(({ time }) => time),
        [0, 8.75],
      );
      assert.equal(cutter.holes, 4);
      assert.deepEqual([...cutter.bridged], []);
      // A hole is a loss, and no pause of the recorder.
      assert.deepEqual(
        frames.map(({ resumes }) => resumes),
        [undefined, undefined],
      );
    });
  }

  it('end at a hole of one channel, too', () => {
    const { cutter, out, finish } = cutterOf([
      ['va', 0],
      ['vb', 1],
    ]);
    cutter.begin(stretchAt(0));
    const vb = [0, 1, X, X, X, X, 6, 7];
    cutter.take([ramp(8), Float64Array.from(vb)], 8, 0, out);
    assert.deepEqual(
      finish().map((frame) => samples(frame)),
      [
        [0, 1],
        [6, 7],
      ],
    );
    assert.equal(cutter.holes, 4);
  });

  it('mark the last one, and only that', () => {
    const { cutter, frames, out } = cutterOf([['va', 0]], 230);
    cutter.begin(stretchAt(0));
    cutter.take([ramp(500)], 500, 0, out);
    cutter.end(out);
    assert.equal(frames.length, 3);
    assert.ok(frames.every(({ last }) => last === undefined));
    const last = cutter.finish();
    assert.deepEqual([last?.last, last?.nominal, last?.length], [true, 230, 20]);
    assert.equal(cutter.finish(), undefined);
    assert.equal(new FrameCutter('m', [], undefined).finish(), undefined);
  });

  it('say that the recorder paused at the first frame of each later stretch, and only there', () => {
    const { cutter, out, finish } = cutterOf([['va', 0]]);
    cutter.begin(stretchAt(0));
    cutter.take([ramp(300)], 300, 0, out);
    cutter.end(out);
    cutter.begin(stretchAt(10_000, 1600));
    cutter.take([ramp(400)], 400, 300, out);
    cutter.end(out);
    cutter.begin(stretchAt(20_000));
    cutter.take([ramp(50)], 50, 700, out);
    assert.deepEqual(
      finish().map(({ rate, length, resumes, last }) => [rate, length, resumes, last]),
      [
        [800, 160, undefined, undefined],
        [800, 140, undefined, undefined],
        [1600, 320, true, undefined],
        [1600, 80, undefined, undefined],
        [800, 50, true, true],
      ],
    );
  });

  it('say nothing of a pause behind a hole at the start of a stretch', () => {
    const { cutter, out, finish } = cutterOf([['va', 0]]);
    cutter.begin(stretchAt(0));
    cutter.take([ramp(10)], 10, 0, out);
    cutter.end(out);
    cutter.begin(stretchAt(10_000));
    cutter.take([Float64Array.from([X, X, X, X, 5, 6])], 6, 10, out);
    const [, second] = finish();
    assert.deepEqual([second.resumes, samples(second)], [undefined, [5, 6]]);
  });
});
