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

  it('holds a bounded number of meters, lets go of the one longest silent, and counts it', () => {
    const ended: string[] = [];
    const streams = new MeterStreams(
      (first) => ({ meter: first.meter, push() {} }),
      (stream, why) => ended.push(`${stream.meter} ${why}`),
    );
    const plain = { kind: 'waveform', time: 0, rate: 1000, channels: { va: [1] } };
    for (let i = 0; i < 5003; i++) streams.push(WaveformFrame.from({ ...plain, meter: `m${i}` }));
    assert.equal(streams.size, 5000);
    assert.deepEqual(ended, ['m0 dropped', 'm1 dropped', 'm2 dropped']);
    assert.equal(streams.counters.metersDropped, 3);
    streams.finish('m3');
    streams.finish('unknown');
    assert.equal(ended[3], 'm3 last');
  });

  it('counts a meter for as many as it holds samples, so that few fast ones take the place of many', () => {
    const ended: string[] = [];
    const streams = new MeterStreams(
      (first) => ({ meter: first.meter, push() {} }),
      (stream) => ended.push(stream.meter),
    );
    const push = (meter: string, rate: number, length: number, time = 0) => {
      const channels = { va: new Float32Array(length) };
      streams.push(WaveformFrame.from({ kind: 'waveform', meter, time, rate, channels }));
    };
    for (let i = 0; i < 60; i++) push(`fast${i}`, 1_000_000, 10);
    assert.equal(streams.size, 50);
    push('big', 1000, 1_000_000);
    assert.equal(streams.size, 50);
    push('small', 1000, 10);
    assert.equal(streams.size, 50);
    push('small', 1000, 1_000_000, 10);
    assert.equal(streams.size, 50);
    assert.equal(ended.length, 12);
    assert.throws(() => push('faster', 1_000_001, 10), /payload\.rate: expected at most 1000000 Hz/);
  });
});
