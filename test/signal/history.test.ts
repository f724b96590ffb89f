import assert from 'node:assert/strict';
import { WaveformFrame } from '../../src/record';
import { FrameHistory, MeterStreams, startLevel } from '../../src/signal';
import { wave } from './signals';

const frame = (time: number, values: number[], rate = 1000) =>
  WaveformFrame.from({ kind: 'waveform', meter: 'm', time, rate, channels: { va: values } });

describe('frame history', () => {
  it('cuts stretches across frames, exactly as they came, and forgets what is not needed', () => {
    const history = new FrameHistory();
    history.push(frame(0, [0, 1, 2]));
    history.push(frame(3, [3, 4]));
    history.push(frame(5, [5, 6, 7, 8]));
    assert.deepEqual(history.slice(2, 7)?.toJSON(), frame(2, [2, 3, 4, 5, 6]).toJSON());
    history.trim(3);
    assert.equal(history.start, 3);
    assert.deepEqual(history.slice(0, 5)?.toJSON(), frame(3, [3, 4]).toJSON());
    assert.equal(history.slice(9, 12), undefined);
    assert.equal(history.timeOf(6.5), 6.5);
  });

  it('knows the voltage a recording begins with', () => {
    const gain = (t: number) => (t > 0.2 ? 0.2 : 1);
    const va = wave({ rate: 6400, seconds: 1, frequency: 60, rms: 120, gain });
    const level = startLevel(
      WaveformFrame.from({ kind: 'waveform', meter: 'm', time: 0, rate: 6400, channels: { va } }),
    );
    assert.ok(Math.abs((level ?? 0) - 120) < 0.05, String(level));
    const current = WaveformFrame.from({
      kind: 'waveform',
      meter: 'm',
      time: 0,
      rate: 6400,
      channels: { ia: va },
    });
    assert.equal(startLevel(current), undefined);
  });

  it('ends the stream of a meter that is over or let go, and takes none of a meter that is not served', () => {
    const ended: string[] = [];
    const streams = new MeterStreams(
      (first) => ({ meter: first.meter, push() {} }),
      (stream, why) => ended.push(`${stream.meter} ${why}`),
      () => {},
      ({ meter }) => meter !== 'stranger',
    );
    const push = (meter: string, rate = 1000) =>
      streams.push(WaveformFrame.from({ kind: 'waveform', meter, time: 0, rate, channels: { va: [1] } }));
    for (const meter of ['m0', 'm1', 'm2']) assert.equal(push(meter), true);
    assert.equal(push('stranger'), false);
    streams.finish('m1');
    streams.drop('m2');
    streams.finish('unknown');
    assert.deepEqual(ended, ['m1 last', 'm2 dropped']);
    assert.equal(streams.size, 1);
    assert.throws(() => push('faster', 1_000_001), /payload\.rate: expected at most 1000000 Hz/);
  });
});
