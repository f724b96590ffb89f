import assert from 'node:assert/strict';
import { type PqEvent, parseRecord, type Reading, type Values, type WaveformFrame } from '../../src/record';
import { seeded, wave } from '../signal/signals';
import { collect, detect, frameOf } from './helpers';

const RATE = 3200;

function supply(
  frequency: number,
  seconds: number,
  gain: (t: number) => number,
  meter = 'm1',
): WaveformFrame {
  const [va, vb, vc] = [0, 1, 2].map((k) =>
    wave({ rate: RATE, seconds, frequency, rms: 230, phase: -120 * k, gain }),
  );
  return frameOf({ va, vb, vc }, RATE, 0, meter);
}

const sag = (t: number) => (t > 1 && t < 1.3 ? 0.6 : 1);
const plain = (events: PqEvent[]) => JSON.parse(JSON.stringify(events));

describe('streams as they come', () => {
  it('give the same events late, doubled and overlapping', () => {
    const whole = supply(50, 3, sag);
    const clean = plain(detect({}, whole, () => whole.length).events);
    assert.equal(clean.length, 2);
    for (let seed = 1; seed <= 20; seed++) {
      const random = seeded(seed);
      const { detector, found } = collect({});
      const frames: WaveformFrame[] = [];
      for (let at = 0; at < whole.length; ) {
        const to = Math.min(whole.length, at + 100 + random(300));
        frames.push(whole.slice(at > 0 && random(3) === 0 ? at - random(80) : at, to));
        if (random(4) === 0) frames.push(frames[frames.length - 1]);
        at = to;
      }
      const order = frames.map((frame, i) => ({ frame, at: i && i + random(3) }));
      order.sort((a, b) => a.at - b.at);
      for (const { frame } of order) detector.push(frame);
      detector.finish();
      assert.deepEqual(plain(found.events), clean, `seed ${seed}`);
      assert.equal(detector.counters.gaps, 0);
    }
  });

  it('give byte for byte the same, events, captures, values and traces, however they are cut', () => {
    // Jumps of phase, harmonics, noise and DC, 51.3 Hz, a sag with an interruption, a rise that stays.
    const random = seeded(8);
    const level = (t: number) =>
      t < 1 ? 1 : t < 1.04 ? 0.5 : t < 1.5 ? 1 : t < 1.7 ? 0 : t < 2.1 ? 0.8 : t < 3.4 ? 1 : 1.06;
    const jump = (t: number) => (t > 1 && t < 1.04 ? 40 : 0);
    const channels = Object.fromEntries(
      ['va', 'vb', 'vc', 'ia'].map((name, k) => {
        const clean = wave({
          rate: 10_000,
          seconds: 4.4,
          frequency: 51.3,
          rms: 230,
          phase: -120 * k,
          gain: level,
          jump,
          dc: 2,
          harmonics: [[5, 0.06, 10]],
        });
        return [name, clean.map((x) => x + random(400) / 100 - 2)];
      }),
    );
    const whole = frameOf(channels, 10_000, 1e12 + 595_000);
    const all = (cut: () => number) => {
      const { events, rms, diagnostics } = detect({}, whole, cut);
      return JSON.stringify({ events, rms, diagnostics });
    };
    const once = all(() => whole.length);
    assert.deepEqual(
      JSON.parse(once)
        .events.map(({ type, state }: PqEvent) => `${type} ${state}`)
        .sort(),
      [
        'interruption end',
        'interruption start',
        'rvc end',
        'rvc start',
        'sag end',
        'sag end',
        'sag start',
        'sag start',
      ],
    );
    for (const longest of [40, 300, 2500, 20_000]) {
      assert.equal(all(() => random(longest)) === once, true, `frames of up to ${longest}`);
    }
  });

  it('end what is open at a gap, and invent nothing over it', () => {
    const whole = supply(50, 4, (t) => (t > 1 && t < 3 ? 0.6 : 1));
    const { detector, found } = collect({});
    for (let at = 0; at < whole.length; at += 320) {
      // 0.4 s are missing in the middle of the sag.
      if (at >= 5760 && at < 7040) continue;
      detector.push(whole.slice(at, at + 320));
    }
    detector.finish();
    assert.deepEqual(
      found.ends.map(({ flags }) => flags),
      [['gap'], ['start unknown']],
    );
    const [first, second] = found.ends;
    assert.ok(Math.abs(first.time + 1000 * first.duration - 1800) < 1);
    assert.ok(
      Math.abs(second.time - 2200) < 20 && Math.abs(second.time + 1000 * second.duration - 3000) < 25,
    );
  });

  it('of meters at 50 and 60 Hz are judged side by side, each by its own cycles', () => {
    const frames = [50, 60, 50.4, 59.2].map((frequency, i) => supply(frequency, 3, sag, `m${i}`));
    const { detector, found } = collect({});
    for (let at = 0; at < frames[0].length; at += 160) {
      for (const frame of frames) detector.push(frame.slice(at, at + 160));
    }
    detector.finish();
    assert.equal(found.ends.length, 4);
    for (const [i, frequency] of [50, 60, 50.4, 59.2].entries()) {
      const event = found.ends.find(({ meter }) => meter === `m${i}`) as PqEvent;
      assert.ok(
        Math.abs(event.cycles / event.duration - frequency) < 0.2,
        `${event.cycles / event.duration}`,
      );
      assert.ok(Math.abs(event.extreme - 0.6) < 0.001);
    }
  });

  it('go on after a change of rate, each part at its own', () => {
    const { detector, found } = collect({});
    detector.push(supply(50, 2, sag));
    const [va, vb, vc] = [0, 1, 2].map((k) =>
      wave({ rate: 6400, seconds: 2, frequency: 50, rms: 230, phase: -120 * k, gain: sag }),
    );
    detector.push(frameOf({ va, vb, vc }, 6400, 2000));
    detector.finish();
    assert.deepEqual(
      found.ends.map(({ capture, flags }) => [capture?.rate, flags]),
      [
        [3200, []],
        [6400, []],
      ],
    );
    assert.deepEqual(
      found.diagnostics.map(({ code }) => code),
      ['WAVEFORM_CHANGED'],
    );
  });
});

describe('meters that only give readings', () => {
  const reading = (time: number, values: Values, quality: Reading['quality'] = 'good') =>
    parseRecord({ kind: 'reading', meter: 'r1', time, values, quality }) as Reading;
  const three = (a: number, b = 230, c = 230): Values => ({ va: a, vb: b, vc: c, f: 50 });

  it('are judged at the resolution of their readings, and say so', () => {
    const { detector, found } = collect({ phaseTolerance: 0 });
    [230, 229, 200, 190, 225, 230, 255, 230].forEach((u, i) => {
      assert.equal(detector.pushReading(reading(1_000_000 + i * 10_000, three(u))), true);
    });
    assert.deepEqual(
      found.events.map(({ type, state }) => `${type} ${state}`),
      ['sag start', 'sag end', 'swell start', 'swell end'],
    );
    const [low, high] = found.ends;
    assert.deepEqual([low.time, low.duration, low.phases], [1_010_000, 30, ['a']]);
    assert.ok(Math.abs(low.extreme - 190 / 230) < 1e-9 && Math.abs(low.cycles - 1500) < 1e-6);
    assert.deepEqual(low.flags, ['resolution 10 s']);
    assert.equal(low.capture, undefined);
    assert.equal(low.category.ieee1159, 'temporary sag');
    assert.equal(high.time, 1_050_000);
    assert.equal(low.id, found.events[0].id);
    assert.equal(detector.status.meters, 1);
  });

  it('make interruptions and undervoltages, too', () => {
    const { detector, found } = collect({ phaseTolerance: 0 });
    [230, 230, 1, 2, 230, 205, 204, 203, 205, 203, 204, 203, 205, 230].forEach((u, i) => {
      detector.pushReading(reading(i * 10_000, three(u, u, u)));
    });
    assert.deepEqual(
      found.ends.map(({ type }) => type),
      ['interruption', 'sag', 'undervoltage', 'sag'],
    );
    assert.equal(found.ends[0].within, found.ends[1].id);
    assert.ok(Math.abs(found.ends[0].extreme - 1 / 230) < 1e-9);
  });

  it('leave out bad ones, those from the past, and gaps', () => {
    const { detector, found } = collect({});
    detector.pushReading(reading(0, three(230)));
    detector.pushReading(reading(10_000, three(100), 'bad'));
    detector.pushReading(reading(10_000, three(230)));
    assert.equal(detector.pushReading(reading(5000, three(100))), false);
    assert.equal(detector.counters.readingsPast, 1);
    assert.equal(detector.pushReading(reading(20_000, { p: 5 })), false);
    assert.deepEqual(found.events, []);
    detector.pushReading(reading(20_000, three(180)));
    detector.pushReading(reading(90_000, three(230)));
    assert.deepEqual(found.ends[0].flags, ['gap', 'resolution 10 s']);
    assert.equal(found.ends[0].duration, 10);
    detector.pushReading(reading(100_000, three(180)));
    detector.finish('r1');
    assert.deepEqual(found.ends[1].flags, ['end of data', 'resolution 10 s']);
  });

  it('are passed over as soon as the meter gives its waveform, until that has been over for a minute', () => {
    const { detector, found } = collect({});
    detector.pushReading(reading(0, three(180)));
    assert.equal(found.events.length, 0, 'the first alone stands for no time');
    detector.pushReading(reading(10_000, three(180)));
    assert.deepEqual(found.events[0].flags, ['start unknown', 'resolution 10 s', 'outside table']);
    detector.push(frameOf({ va: new Float32Array(640) }, RATE, 10_000, 'r1'));
    assert.deepEqual(found.ends[0].flags, [
      'start unknown',
      'waveform instead of readings',
      'resolution 10 s',
    ]);
    assert.equal(detector.pushReading(reading(20_000, three(180))), false);
    for (let t = 80_000; t < 110_000; t += 10_000) {
      assert.equal(detector.pushReading(reading(t, three(t < 100_000 ? 230 : 180))), true);
    }
    assert.deepEqual(found.events.at(-1)?.flags, ['resolution 10 s']);
  });

  it('are judged by line voltages where there are no others, and by PHASE_TOLERANCE', () => {
    const { detector, found } = collect({ nominal: 400 });
    for (let i = 0; i < 4; i++) {
      detector.pushReading(reading(i * 10_000, { vab: 400, vbc: i === 2 ? 300 : 400, vca: 400 }));
    }
    assert.deepEqual(found.ends[0].phases, ['bc']);
    assert.deepEqual(
      found.diagnostics.map(({ code, severity }) => `${code} ${severity}`),
      ['PHASE_TOLERANCE warning', 'PHASE_TOLERANCE info'],
    );
  });
});
