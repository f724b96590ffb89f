import assert from 'node:assert/strict';
import { type Channel, WaveformFrame } from '../../src/record';
import { collect, type Found } from './helpers';

const RATE = 1600;
const START = Date.UTC(2020, 1, 3);

/** Stretches of 50 Hz of one meter, each with a gain by time, s; the signal runs on through what lies between them. */
function record(
  stretches: { from: number; to: number; rate?: number }[],
  gain: (t: number) => number,
  { nominal = undefined as number | undefined, level = 230, pause = true, settings = {} } = {},
): Found {
  const { detector, found } = collect({ rvc: 0, ...settings });
  stretches.forEach(({ from, to, rate = RATE }, i) => {
    const names: Channel[] = ['va', 'vb', 'vc'];
    const length = Math.round((to - from) * rate);
    const whole = WaveformFrame.build(
      { meter: 'm', time: START + 1000 * from, rate, nominal },
      names,
      length,
      (views) => {
        views.forEach((view, p) => {
          for (let n = 0; n < length; n++) {
            const t = from + n / rate;
            view[n] = gain(t) * level * Math.SQRT2 * Math.sin(2 * Math.PI * 50 * t - (p * 2 * Math.PI) / 3);
          }
        });
      },
    );
    const size = Math.round(0.2 * rate);
    for (let at = 0; at < length; at += size) {
      const part = whole.slice(at, Math.min(length, at + size));
      const resumes = pause && i > 0 && at === 0;
      const last = i === stretches.length - 1 && at + size >= length;
      const { meter, time } = part;
      detector.push(
        WaveformFrame.build({ meter, time, rate, nominal, resumes, last }, names, part.length, (views) => {
          views.forEach((view, p) => {
            view.set(part.view(p));
          });
        }),
      );
    }
  });
  return found;
}

const sagFrom =
  (from: number, to: number, u = 0.6) =>
  (t: number) =>
    t >= from && t < to ? u : 1;
const seconds = (ms: number) => (ms - START) / 1000;

describe('over a pause of the recorder', () => {
  const TWO = [
    { from: 0, to: 1 },
    { from: 4, to: 5 },
  ];

  it('an event goes on that stands before and after it, as one event with a flag', () => {
    const { ends, events, diagnostics } = record(TWO, sagFrom(0.7, 4.5));
    assert.equal(ends.length, 1);
    assert.equal(events.length, 2);
    const [{ type, time, duration, extreme, flags, capture }] = ends;
    assert.equal(type, 'sag');
    assert.ok(
      Math.abs(seconds(time) - 0.69) < 0.011 && Math.abs(duration - 3.82) < 0.021,
      `${seconds(time)} ${duration}`,
    );
    assert.ok(Math.abs(extreme - 0.6) < 0.003);
    assert.ok(flags.includes('gap bridged') && flags.includes('capture truncated'), flags.join());
    assert.ok(
      capture && Math.abs(capture.endTime - (START + 1000)) < 2,
      'its capture ends where the pause begins',
    );
    assert.deepEqual(
      diagnostics.map(({ code, text }) => [code, text]),
      [['WAVEFORM_GAP', 'the recorder paused for 3.000 s']],
    );
  });

  it('an event that is over after it ends where it was last known, and says so', () => {
    const { ends } = record(TWO, sagFrom(0.7, 3));
    assert.deepEqual(
      ends.map(({ flags }) => flags),
      [['gap']],
    );
    assert.ok(Math.abs(seconds(ends[0].time) + ends[0].duration - 1) < 0.011);
  });

  it('an event that began in it is new, of unknown start', () => {
    const { ends } = record(TWO, sagFrom(2, 4.5));
    assert.deepEqual(
      ends.map(({ flags }) => flags),
      [['start unknown']],
    );
    assert.ok(Math.abs(seconds(ends[0].time) - 4) < 0.011);
  });

  it('an interruption goes on inside its sag, over several pauses', () => {
    const stretches = [0, 3, 6, 9].map((from) => ({ from, to: from + 0.5 }));
    const { ends } = record(stretches, sagFrom(0.2, 9.3, 0.02));
    assert.deepEqual(ends.map(({ type }) => type).sort(), ['interruption', 'sag']);
    for (const { duration, flags } of ends) {
      // Up to two cycles longer than the disturbance (IEC 61000-4-30, 5.4.2).
      assert.ok(duration >= 9.09 && duration <= 9.141, String(duration));
      assert.equal(flags.filter((flag) => flag === 'gap bridged').length, 1);
    }
    const interruption = ends.find(({ type }) => type === 'interruption');
    assert.equal(interruption?.within, ends.find(({ type }) => type === 'sag')?.id);
  });

  it('a rate that changes in the middle of an event does not end it', () => {
    const { ends } = record(
      [
        { from: 0, to: 1, rate: 1600 },
        { from: 1, to: 2, rate: 6400 },
      ],
      sagFrom(0.8, 1.3),
    );
    assert.equal(ends.length, 1);
    assert.ok(Math.abs(ends[0].duration - 0.52) < 0.021, String(ends[0].duration));
  });

  it('no longer than a minute: then it ends', () => {
    const { ends } = record(
      [
        { from: 0, to: 1 },
        { from: 70, to: 71 },
      ],
      sagFrom(0.7, 70.5),
    );
    assert.deepEqual(
      ends.map(({ flags }) => flags),
      [['gap'], ['start unknown']],
    );
  });

  it('and nothing of this where samples were lost: then an event ends at the gap', () => {
    const { ends } = record(TWO, sagFrom(0.7, 4.5), { pause: false });
    assert.deepEqual(
      ends.map(({ flags }) => flags),
      [['gap'], ['start unknown']],
    );
  });
});

describe('a stream', () => {
  it('is judged against the declared voltage that its frames bring, whatever the setting', () => {
    const { ends } = record([{ from: 0, to: 2 }], sagFrom(1, 1.2), { nominal: 63_500, level: 63_500 });
    assert.equal(ends.length, 1);
    assert.ok(Math.abs(ends[0].extreme - 0.6) < 0.003);
    assert.equal(ends[0].reference, 63_500);
  });

  it('of 8 samples a cycle is measured: residual within 0.5 %, times within half a cycle', () => {
    for (const perCycle of [8, 8.7, 12, 16]) {
      const rate = perCycle * 50;
      const { ends } = record([{ from: 0, to: 2, rate }], sagFrom(1, 1.2, 0.7));
      assert.equal(ends.length, 1, `${perCycle} a cycle`);
      assert.ok(Math.abs(ends[0].extreme - 0.7) < 0.005, `${ends[0].extreme} at ${perCycle} a cycle`);
      assert.ok(
        Math.abs(seconds(ends[0].time) - 0.99) <= 0.0101,
        `${seconds(ends[0].time)} at ${perCycle} a cycle`,
      );
    }
  });

  it('in which a fault comes three cycles after the start reads it right, and from the first cycle on says so', () => {
    for (const frequency of ['auto', 50] as const) {
      const late = record([{ from: 0, to: 0.5 }], sagFrom(0.06, 0.2, 1.288), { settings: { frequency } });
      assert.deepEqual(
        late.ends.map(({ type, flags }) => [type, flags]),
        [['swell', []]],
      );
      assert.ok(Math.abs(late.ends[0].extreme - 1.288) < 0.003, String(late.ends[0].extreme));
      const first = record([{ from: 0, to: 0.5 }], sagFrom(-1, 0.2, 0.5), { settings: { frequency } });
      assert.deepEqual(
        first.ends.map(({ type, flags }) => [type, flags]),
        [['sag', ['start unknown']]],
      );
      assert.ok(Math.abs(first.ends[0].extreme - 0.5) < 0.003);
    }
  });

  it('ends with its last frame also where that frame is refused', () => {
    const { detector, found } = collect({ rvc: 0 });
    const channels = {
      va: Float32Array.from(
        { length: 1600 },
        (_, n) => (n < 800 ? 325 : 100) * Math.sin((2 * Math.PI * n) / 32),
      ),
    };
    detector.push(WaveformFrame.from({ kind: 'waveform', meter: 'm', time: 0, rate: 1600, channels }));
    const refused = WaveformFrame.from({
      kind: 'waveform',
      meter: 'm',
      time: 1000,
      rate: 100,
      channels: { va: [1, 2] },
      last: true,
    });
    assert.throws(() => detector.push(refused), /payload\.rate/);
    assert.deepEqual(
      found.ends.map(({ type, flags }) => [type, flags]),
      [['sag', ['end of data']]],
    );
    assert.equal(detector.status.meters, 0);
  });
});
