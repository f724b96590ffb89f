import assert from 'node:assert/strict';
import { readDetectorSettings, readSuspended, SagSwellDetector } from '../../src/disturbance';
import { type PqEvent, parseRecord, type Reading, WaveformFrame } from '../../src/record';
import { wave } from '../signal/signals';
import { frameOf } from './helpers';

const RATE = 3200;

/** A sag with an interruption in it, then a swell; 4 s. */
function signal(): WaveformFrame {
  const gain = (t: number) =>
    t < 1 || t > 3.3 ? 1 : t < 1.4 ? 0.7 : t < 1.7 ? 0.02 : t < 2.2 ? 0.6 : t < 2.8 ? 1 : 1.2;
  const [va, vb, vc] = [0, 1, 2].map((k) =>
    wave({ rate: RATE, seconds: 4, frequency: 50, rms: 230, phase: -120 * k, gain }),
  );
  return frameOf({ va, vb, vc }, RATE, 1e12);
}

function detectorFrom(events: PqEvent[], settings: object, stored?: unknown) {
  const output = {
    event: (event: PqEvent) => {
      parseRecord(event);
      events.push(event);
    },
    rms() {},
    diagnostic() {},
  };
  return new SagSwellDetector(readDetectorSettings(settings), output, readSuspended(stored));
}

/** What a store that keeps JSON makes of it. */
const throughStore = (value: unknown) => JSON.parse(JSON.stringify(value));

const brief = ({ id, state, type, flags, within }: PqEvent) => ({ id, state, type, flags, within });

describe('an event in progress', () => {
  for (const [settings, what] of [
    [{}, 'captures that end after the event'],
    [{ maxCapture: 0.2 }, 'captures cut short'],
    [{ preCycles: 0, postCycles: 0 }, 'captures of the event alone'],
  ] as const) {
    it(`survives a restart at any moment and is reported once, with ${what}`, () => {
      const whole = signal();
      const all: PqEvent[] = [];
      const frames = Array.from({ length: whole.length / 320 }, (_, i) =>
        whole.slice(i * 320, i * 320 + 320),
      );
      const uninterrupted = detectorFrom(all, { rvc: 0, ...settings });
      for (const frame of frames) uninterrupted.push(frame);
      uninterrupted.finish();
      assert.equal(all.length, 6);
      for (let stop = 1; stop < frames.length; stop++) {
        const events: PqEvent[] = [];
        const first = detectorFrom(events, { rvc: 0, ...settings });
        for (const frame of frames.slice(0, stop)) first.push(frame);
        const stored = throughStore(first.suspend(true));
        const second = detectorFrom(events, { rvc: 0, ...settings }, stored);
        for (const frame of frames.slice(stop)) second.push(frame);
        second.finish();
        // Started before the restart and not told yet, an event is told by the second, which has not seen its start.
        assert.deepEqual(events.map(brief), all.map(brief), `stopped after ${stop}`);
        events.forEach((event, i) => {
          // Begun anew where no crossing is left, the half cycles lie elsewhere: half a cycle at most.
          const off = Math.abs(event.duration - all[i].duration);
          assert.ok(off < (stop >= 15 && stop <= 18 ? 0.01 : 1e-4), `${stop}: ${event.duration}`);
          assert.ok(Math.abs(event.extreme - all[i].extreme) < 1e-3, `${stop}: ${event.extreme}`);
          assert.deepEqual(event.phases, all[i].phases);
          assert.equal(event.category.bollen, all[i].category.bollen);
          const [capture, meant] = [event.capture, all[i].capture];
          assert.equal(capture === undefined, meant === undefined);
          if (!capture || !meant) return;
          // Ten cycles of the frequency as it is measured then: a sample or two may be another.
          assert.ok(
            Math.abs(capture.length - meant.length) <= 3,
            `${stop}: ${capture.length} ${meant.length}`,
          );
          const from = Math.round(((capture.time - 1e12) * RATE) / 1000);
          assert.ok(capture.data.equals(whole.slice(from, from + capture.length).data), `${stop}: samples`);
        });
      }
    });
  }

  it('ends at the gap where frames are missing after the restart', () => {
    const whole = signal();
    const events: PqEvent[] = [];
    const first = detectorFrom(events, { rvc: 0 });
    first.push(whole.slice(0, 4000));
    const stored = throughStore(first.suspend(true));
    const second = detectorFrom(events, { rvc: 0 }, stored);
    assert.equal(second.suspend(true).meters.length, 1);
    second.push(WaveformFrame.from({ ...whole.slice(0, 3200).toJSON(), time: 1e12 + 60_000 }));
    second.finish();
    assert.deepEqual(
      events.map(({ state, flags }) => `${state} ${flags}`),
      ['start ', 'end gap'],
    );
    assert.equal(events[0].id, events[1].id);
    assert.ok(Math.abs(events[1].time + 1000 * events[1].duration - (1e12 + 1250)) < 1);
  });

  it('ends where it stood when there are no samples to go on from, or nobody to go on', () => {
    const whole = signal();
    const events: PqEvent[] = [];
    const first = detectorFrom(events, { rvc: 0 });
    first.push(whole.slice(0, 4000));
    const stored = throughStore(first.suspend(false));
    // Looking at it changes nothing.
    assert.deepEqual(throughStore(first.suspend(false)), stored);
    const second = detectorFrom(events, { rvc: 0 }, stored);
    second.push(whole.slice(4000, 4320));
    assert.deepEqual(
      events.slice(0, 2).map(({ state, id, flags }) => [state, id === events[0].id, flags.join()]),
      [
        ['start', true, ''],
        ['end', true, 'gap'],
      ],
    );
    const third: PqEvent[] = [];
    detectorFrom(third, {}, stored).finish();
    assert.deepEqual(third[0].flags, ['end of data']);
  });

  it('of a meter that gives readings goes on, too', () => {
    const events: PqEvent[] = [];
    const reading = (time: number, va: number) =>
      parseRecord({ kind: 'reading', meter: 'r', time, values: { va, vb: 230 }, quality: 'good' }) as Reading;
    const first = detectorFrom(events, {});
    for (const [i, va] of [230, 230, 190].entries()) first.pushReading(reading(i * 10_000, va));
    const second = detectorFrom(events, {}, throughStore(first.suspend(true)));
    for (const [i, va] of [180, 190, 230].entries()) second.pushReading(reading(30_000 + i * 10_000, va));
    assert.deepEqual(
      events.map(({ state, duration, extreme }) => [state, duration, Math.round(extreme * 230)]),
      [
        ['start', 10, 190],
        ['end', 40, 180],
      ],
    );
  });

  it('is not taken from a store that holds something else', () => {
    for (const [stored, error] of [
      ['x', /^store: expected an object/],
      [{ version: 7 }, /^store\.version: expected one of 1/],
      [{ version: 1, meters: [{ meter: 'm' }] }, /^store\.meters\[0\]\.judged: /],
    ] as const) {
      assert.throws(
        () => readSuspended(stored),
        (e: Error) => error.test(e.message),
      );
    }
    assert.deepEqual(readSuspended(undefined), []);
  });
});

describe('meters that were put aside in the middle of an event', () => {
  /** Tenths of a second of {@link signal}, of a meter. */
  const framesOf = (meter: string) => {
    const whole = WaveformFrame.from({ ...signal().toJSON(), meter });
    return Array.from({ length: whole.length / 320 }, (_, i) => whole.slice(i * 320, i * 320 + 320));
  };
  const readingOf = (meter: string, time: number, va: number) =>
    parseRecord({ kind: 'reading', meter, time, values: { va }, quality: 'good' }) as Reading;

  /** What a detector put aside that was stopped 0.2 s into the sag of two meters, and in one of a third's readings. */
  function putAside(samples: boolean): { begun: PqEvent[]; stored: unknown } {
    const begun: PqEvent[] = [];
    const first = detectorFrom(begun, { rvc: 0 });
    for (const meter of ['silent', 'heard'])
      for (const frame of framesOf(meter).slice(0, 12)) first.push(frame);
    for (const [i, va] of [230, 230, 190, 180].entries())
      first.pushReading(readingOf('readings', 1e12 + i * 10_000, va));
    assert.deepEqual(
      begun.map(({ meter, state }) => `${meter} ${state}`),
      ['silent start', 'heard start', 'readings start'],
    );
    return { begun, stored: throughStore(first.suspend(samples)) };
  }

  for (const samples of [true, false]) {
    it(`and stay silent: their events end where they stood, once, ${samples ? 'with' : 'without'} samples kept`, () => {
      const { begun, stored } = putAside(samples);
      const events: PqEvent[] = [];
      const second = detectorFrom(events, { rvc: 0 }, stored);
      assert.equal(second.status.open, 3);
      // Another meter that speaks is none of theirs.
      for (const frame of framesOf('other').slice(0, 5)) second.push(frame);
      assert.equal(events.length, 0);
      second.endSuspendedAll('cut');
      assert.deepEqual(
        events.map(({ id, state, type, time }) => [id, state, type, time]),
        begun.map(({ id, type, time }) => [id, 'end', type, time]),
      );
      for (const { flags } of events) assert.equal(flags.filter((flag) => flag === 'cut').length, 1);
      assert.deepEqual(events[0].flags, ['cut']);
      const [silent, , readings] = events;
      // Known to where the first detector had judged when it was stopped at 1.2 s, three cycles before at most: not to
      // the end, which nobody saw.
      const known = silent.time + silent.duration * 1000 - 1e12;
      assert.ok(known > 1140 && known <= 1200, `known to ${known} ms`);
      assert.ok(Math.abs(silent.extreme - 0.7) < 0.001, String(silent.extreme));
      assert.deepEqual(silent.phases, ['a', 'b', 'c']);
      assert.deepEqual([readings.duration, Math.round(readings.extreme * 230)], [20, 180]);
      // Once: nothing is left of them.
      second.endSuspendedAll('cut');
      second.finish();
      assert.equal(events.length, 3);
      assert.deepEqual([second.status.open, second.suspend(true).meters.length], [0, 0]);
    });
  }

  it('and are heard again before: their events go on, and end when they end', () => {
    const { begun, stored } = putAside(true);
    const events: PqEvent[] = [];
    const second = detectorFrom(events, { rvc: 0 }, stored);
    const rest = framesOf('heard').slice(12);
    second.push(rest[0]);
    second.pushReading(readingOf('readings', 1e12 + 40_000, 185));
    second.endSuspendedAll('cut');
    assert.deepEqual(
      events.map(({ id, state, flags }) => [id, state, flags]),
      [[begun[0].id, 'end', ['cut']]],
    );
    assert.deepEqual(
      second.standing.map(({ id }) => id),
      [begun[1].id, begun[2].id],
    );
    for (const frame of rest.slice(1)) second.push(frame);
    second.pushReading(readingOf('readings', 1e12 + 50_000, 230));
    second.endSuspendedAll('cut');
    second.finish();
    // As without an interruption.
    const whole: PqEvent[] = [];
    const uninterrupted = detectorFrom(whole, { rvc: 0 });
    for (const frame of framesOf('heard')) uninterrupted.push(frame);
    const meant = whole.find(({ id, state }) => id === begun[1].id && state === 'end') as PqEvent;
    for (const [{ id, meter }, seconds, flags] of [
      [begun[1], meant.duration, meant.flags],
      [begun[2], 40, ['resolution 10 s']],
    ] as const) {
      const [end, ...more] = events.filter((event) => event.id === id && event.state === 'end');
      assert.deepEqual([more.length, end.flags], [0, flags], meter);
      assert.ok(Math.abs(end.duration - seconds) < 1e-4, `${meter}: ${end.duration} s for ${seconds}`);
    }
  });

  it('and are heard too late: the event stays ended, and what goes on is a new one', () => {
    const { begun, stored } = putAside(true);
    const events: PqEvent[] = [];
    const second = detectorFrom(events, { rvc: 0 }, stored);
    second.endSuspendedAll('cut');
    for (const frame of framesOf('silent').slice(12)) second.push(frame);
    second.finish();
    const own = events.filter(({ meter }) => meter === 'silent');
    const { id } = begun[0];
    assert.deepEqual(
      own.slice(0, 2).map((event) => [event.state, event.id === id, event.flags.join()]),
      [
        ['end', true, 'cut'],
        ['start', false, 'start unknown'],
      ],
    );
    assert.equal(own.filter((event) => event.id === id).length, 1);
  });

  it('and gave readings: their events say in which resolution', () => {
    const { stored } = putAside(true);
    const events: PqEvent[] = [];
    detectorFrom(events, { rvc: 0 }, stored).endSuspendedAll('cut');
    const [{ flags }] = events.filter(({ meter }) => meter === 'readings');
    assert.deepEqual([...flags].sort(), ['cut', 'resolution 10 s']);
  });
});
