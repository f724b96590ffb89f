import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { DETECTOR_DEFAULTS, readDetectorSettings } from '../../src/disturbance';
import type { PqEvent } from '../../src/record';
import { seeded, wave } from '../signal/signals';
import { collect, detect, frameOf } from './helpers';

const RATE = 6400;
const NOMINAL = { nominal: 230 };

/** Three phases at 230 V, with a gain for each. */
function threePhase(
  gains: ((t: number) => number)[],
  { seconds = 2, frequency = 50, rate = RATE }: { seconds?: number; frequency?: number; rate?: number } = {},
) {
  const [va, vb, vc] = gains.map((gain, k) =>
    wave({ rate, seconds, frequency, rms: 230, phase: -120 * k, gain, harmonics: [[5, 0.02, 40]] }),
  );
  return frameOf({ va, vb, vc }, rate);
}

const between = (from: number, to: number, level: number) => (t: number) => (t >= from && t < to ? level : 1);
const steady = () => 1;

/**
 * Urms(1/2) of a sine that changes its gain, by its definition and in closed form: the integral of
 * sin^2 between the true zero crossings of the undisturbed sine, piece by piece.
 */
function trueUrms(
  frequency: number,
  phase: number,
  from: number,
  to: number,
  level: number,
  seconds: number,
) {
  const w = 2 * Math.PI * frequency;
  const angle = (t: number) => w * t + (phase * Math.PI) / 180;
  const integral = (a: number, b: number) =>
    (b - a) / 2 - (Math.sin(2 * angle(b)) - Math.sin(2 * angle(a))) / (4 * w);
  const first = Math.ceil(phase / 180) - phase / 180;
  const values: { start: number; end: number; u: number }[] = [];
  for (let k = 0; ; k++) {
    const start = (first + k) / 2 / frequency;
    const end = start + 1 / frequency;
    if (end > seconds) return values;
    const a = Math.min(Math.max(from, start), end);
    const b = Math.min(Math.max(to, start), end);
    const energy = integral(start, a) + level ** 2 * integral(a, b) + integral(b, end);
    values.push({ start, end, u: Math.sqrt(2 * frequency * energy) });
  }
}

describe('sag-swell detector', () => {
  const GRID = [49.5, 60].flatMap((frequency) =>
    [0, 0.05, 0.4, 0.7, 0.88, 1.13, 1.4, 1.8].flatMap((level) =>
      [0.5, 1, 3.3, 12].map((cycles) => ({ frequency, level, cycles })),
    ),
  );
  it(`agrees with the closed form of Urms(1/2) over ${GRID.length * 8} disturbances`, () => {
    let judged = 0;
    for (const { frequency, level, cycles } of GRID) {
      for (let phase = 0; phase < 360; phase += 45) {
        // A step lies midway between two samples: there the samples and the continuous signal hold the same.
        const from = 0.5 - 0.5 / RATE;
        const to = from + Math.round((cycles / frequency) * RATE) / RATE;
        const va = wave({
          rate: RATE,
          seconds: 1.2,
          frequency,
          rms: 230,
          phase,
          gain: between(from, to, level),
        });
        const truth = trueUrms(frequency, phase, from, to, level, 1.2);
        const beyond = truth.filter(({ u }) => (level < 1 ? u < 0.9 : u > 1.1));
        const near = truth.some(({ u }) => Math.abs(u - 0.9) < 0.004 || Math.abs(u - 1.1) < 0.004);
        // A value on the threshold itself may be judged either way.
        if (near) continue;
        judged++;
        const what = `${frequency} Hz, ${level} pu for ${cycles} cycles at ${phase} degrees`;
        const found = detect({ ...NOMINAL, frequency: frequency > 55 ? 60 : 50 }, frameOf({ va }, RATE)).ends;
        const main = found.filter(({ type }) => type !== 'interruption');
        assert.equal(main.length, beyond.length ? 1 : 0, `${what}: ${found.map(({ type }) => type)}`);
        if (!beyond.length) continue;
        const [event] = main;
        assert.equal(event.type, level < 1 ? 'sag' : 'swell', what);
        const extreme = beyond.reduce((x, { u }) => (level < 1 ? Math.min(x, u) : Math.max(x, u)), 1);
        // Class A: 0.2 % of Udin. Next to nothing is left to what one sample at the edge holds.
        const limit = extreme < 0.01 ? 0.003 : 0.002;
        assert.ok(Math.abs(event.extreme - extreme) < limit, `${what}: ${event.extreme} for ${extreme}`);
        const half = 0.5 / frequency + 1e-6;
        assert.ok(Math.abs(event.time / 1000 - beyond[0].start) <= half, `${what}: start ${event.time}`);
        const level98 = (u: number) => (level < 1 ? u >= 0.92 : u <= 1.08);
        const last = truth.find(({ end, u }) => end > beyond[beyond.length - 1].end && level98(u));
        const end = event.time / 1000 + event.duration;
        assert.ok(Math.abs(end - (last?.end ?? 0)) <= half, `${what}: end ${end} for ${last?.end}`);
      }
    }
    assert.ok(judged > GRID.length * 7, `${judged} judged`);
  });

  it('finds nothing in an undisturbed supply', () => {
    for (const frequency of [42.5, 50, 60, 69]) {
      const found = detect(NOMINAL, threePhase([steady, steady, steady], { frequency, seconds: 3 }));
      assert.deepEqual(found.events, [], `${frequency} Hz`);
    }
  });

  it('makes one event of a polyphase sag, each phase with its own extreme and time', () => {
    const gains = [between(0.5, 0.9, 0.6), between(0.6, 0.7, 0.8), steady];
    const { ends, events } = detect(NOMINAL, threePhase(gains));
    assert.deepEqual(
      events.map(({ state }) => state),
      ['start', 'end'],
    );
    const [event] = ends;
    assert.deepEqual(event.phases, ['a', 'b']);
    assert.ok(Math.abs(event.extreme - 0.6 * Math.hypot(1, 0.02)) < 0.002);
    assert.ok(Math.abs(event.perPhase.b.extreme - 0.8) < 0.002);
    assert.ok(Math.abs(event.perPhase.b.time - 600) < 20 && Math.abs(event.perPhase.b.duration - 0.1) < 0.04);
    assert.ok(Math.abs(event.depth - (1 - event.extreme)) < 1e-9);
    assert.equal(event.id, events[0].id);
    assert.equal(event.time, events[0].time);
    assert.equal(event.category.ieee1159, 'instantaneous sag');
    assert.ok(Math.abs(event.cycles - event.duration * 50) < 0.01);
  });

  it('reports an interruption only when all phases are gone, linked to the sag it lies in', () => {
    const partly = detect(NOMINAL, threePhase([between(0.5, 0.8, 0), between(0.5, 0.8, 0), steady]));
    assert.deepEqual(
      partly.ends.map(({ type }) => type),
      ['sag'],
    );
    const gone = between(0.5, 0.8, 0.03);
    const { ends } = detect(NOMINAL, threePhase([gone, gone, gone]));
    const interruption = ends.find(({ type }) => type === 'interruption') as PqEvent;
    const sag = ends.find(({ type }) => type === 'sag') as PqEvent;
    assert.equal(ends.length, 2);
    assert.equal(interruption.within, sag.id);
    assert.equal(interruption.category.ieee1159, 'momentary interruption');
    assert.ok(Math.abs(interruption.extreme - 0.03) < 0.002);
    assert.ok(Math.abs(interruption.duration - 0.3) < 0.03, String(interruption.duration));
    assert.deepEqual(sag.flags, ['outside table']);
  });

  it('says that the start is unknown of an event that the stream begins in', () => {
    const sag = (t: number) => (t < 0.4 || (t > 0.9 && t < 1.1) ? 0.6 : 1);
    const { events, ends } = detect(NOMINAL, threePhase([steady, sag, steady]));
    assert.deepEqual(
      ends.map(({ flags }) => flags.includes('start unknown')),
      [true, false],
    );
    assert.ok(events[0].flags.includes('start unknown'));
    assert.ok(Math.abs(ends[0].extreme - 0.6) < 0.002 && ends[0].time < 20);
    const dark = detect(NOMINAL, threePhase([between(0, 0.5, 0), between(0, 0.5, 0), between(0, 0.5, 0)]));
    assert.deepEqual(dark.ends.map(({ type }) => type).sort(), ['interruption', 'sag']);
    for (const { flags } of dark.ends) assert.ok(flags.includes('start unknown'));
  });

  it('survives a voltage of exactly zero, also where a frame begins and ends in it', () => {
    const zero = between(0.32, 0.9, 0);
    const { ends } = detect(NOMINAL, threePhase([zero, zero, zero]), () => 1024);
    assert.deepEqual(ends.map(({ type }) => type).sort(), ['interruption', 'sag']);
    for (const { flags } of ends) assert.ok(!flags.includes('end of data'));
  });

  it('makes one event of a voltage that chatters about the threshold, thanks to hysteresis', () => {
    const chatter = (t: number) => (t > 0.5 && t < 1.5 ? 0.9 + 0.012 * Math.sin(2 * Math.PI * 4 * t) : 1);
    assert.equal(detect(NOMINAL, threePhase([chatter, chatter, chatter])).ends.length, 1);
    const without = detect({ ...NOMINAL, hysteresis: 0 }, threePhase([chatter, chatter, chatter]));
    assert.ok(without.ends.length > 2);
  });

  it('takes a quarter-cycle notch at the crossing for none, and one at the peak for a sag', () => {
    // Of the square of a sine, pi/4 - 1/2 of pi lie within an eighth of a cycle of its crossing, pi/4 + 1/2 of its peak.
    for (const [centre, lost] of [
      [0.6, (Math.PI / 4 - 0.5) / Math.PI],
      [0.605, (Math.PI / 4 + 0.5) / Math.PI],
    ]) {
      const u = Math.sqrt(1 - lost);
      const va = wave({
        rate: 10_000,
        seconds: 1.2,
        frequency: 50,
        rms: 230,
        gain: between(centre - 0.00255, centre + 0.00245, 0),
      });
      const { ends } = detect({ ...NOMINAL, rvc: 0 }, frameOf({ va }, 10_000));
      assert.equal(ends.length, u < 0.9 ? 1 : 0, `${u} pu`);
      if (ends.length) assert.ok(Math.abs(ends[0].extreme - u) < 0.001, `${ends[0].extreme} for ${u}`);
    }
  });

  it('asks for minCycles beyond the threshold', () => {
    const sag = between(0.5, 0.55, 0.5);
    const frame = threePhase([sag, sag, sag]);
    assert.equal(detect({ ...NOMINAL, minCycles: 2 }, frame).ends.length, 1);
    assert.equal(detect({ ...NOMINAL, minCycles: 5 }, frame).ends.length, 0);
  });

  it('captures the samples as they came, with ten cycles before and after', () => {
    const frame = threePhase([between(0.7, 1, 0.5), steady, steady]);
    const [event] = detect(NOMINAL, frame).ends;
    const { capture } = event;
    assert.ok(capture);
    const from = Math.round((capture.time / 1000) * RATE);
    assert.deepEqual(capture.names, ['va', 'vb', 'vc']);
    for (const name of capture.names) {
      assert.deepEqual(capture.channel(name), frame.channel(name)?.slice(from, from + capture.length));
    }
    assert.ok(Math.abs(event.time - capture.time - 200) < 1, 'ten cycles before');
    assert.ok(Math.abs(capture.endTime - (event.time + event.duration * 1000) - 200) < 1, 'ten cycles after');
  });

  it('cuts a capture at maxCapture and says so', () => {
    const frame = threePhase([between(0.7, 1.6, 0.5), steady, steady]);
    const [event] = detect({ ...NOMINAL, maxCapture: 0.3 }, frame).ends;
    assert.ok(event.flags.includes('capture truncated'));
    assert.ok(Math.abs((event.capture?.endTime ?? 0) - event.time - 300) < 1);
    assert.ok(Math.abs(event.duration - 0.9) < 0.04);
  });

  it('gives the same events and captures however the stream is cut', () => {
    const gains = [between(0.5, 0.9, 0.6), between(0.55, 0.7, 1.3), between(0.4, 0.6, 0)];
    const frame = threePhase(gains, { seconds: 1.3, rate: 3200 });
    const strip = (events: PqEvent[]) => {
      const hash = (event: PqEvent) =>
        createHash('sha256').update(JSON.stringify(event.capture)).digest('hex');
      return events.map((event) => ({ ...event, capture: hash(event) }));
    };
    const whole = detect(NOMINAL, frame, () => frame.length);
    assert.ok(whole.ends.length >= 2);
    const random = seeded(11);
    for (const longest of [3, 50, 700]) {
      assert.deepEqual(strip(detect(NOMINAL, frame, () => random(longest)).ends), strip(whole.ends));
    }
  });

  it('ends an open event at the end of the data and at a gap, and says which', () => {
    const low = between(0.5, 99, 0.5);
    const frame = threePhase([low, low, low]);
    assert.deepEqual(detect(NOMINAL, frame).ends[0].flags, ['end of data']);
    const { detector, found } = collect(NOMINAL);
    detector.push(frame);
    detector.push(
      frameOf({ va: new Float32Array(64), vb: new Float32Array(64), vc: new Float32Array(64) }, RATE, 60_000),
    );
    assert.deepEqual(found.ends[0].flags, ['gap']);
    assert.deepEqual(
      found.diagnostics.map(({ code }) => code),
      ['WAVEFORM_GAP'],
    );
    assert.match(found.diagnostics[0].text, /58\.000 s are missing/);
  });

  it('ends the stream with the frame that says it is the last', () => {
    const low = between(0.5, 99, 0.5);
    const { detector, found } = collect(NOMINAL);
    const plain = threePhase([low, low, low]).toJSON();
    detector.push(frameOf(plain.channels as never, RATE));
    assert.equal(found.ends.length, 0);
    const { detector: second, found: ended } = collect(NOMINAL);
    second.push(parse({ ...plain, last: true }));
    assert.deepEqual(
      ended.ends.map(({ flags }) => flags),
      [['end of data']],
    );
    assert.equal(second.status.meters, 0);
  });

  it('passes over a frame that came twice, and keeps meters apart', () => {
    const sag = between(0.5, 0.7, 0.6);
    const frame = threePhase([sag, steady, steady]);
    const { detector, found } = collect(NOMINAL);
    for (const meter of ['m1', 'm2']) {
      for (let at = 0; at < frame.length; at += 640) {
        const part = parse({ ...frame.slice(at, Math.min(frame.length, at + 640)).toJSON(), meter });
        detector.push(part);
        detector.push(part);
      }
    }
    detector.finish();
    assert.deepEqual(
      found.ends.map(({ meter }) => meter),
      ['m1', 'm2'],
    );
    assert.equal(detector.counters.framesRepeated, 40);
  });

  it('changes thresholds at once on configure, and leaves them alone when one is wrong', () => {
    const sag = between(0.5, 0.8, 0.85);
    const { detector, found } = collect(NOMINAL);
    const frame = threePhase([sag, sag, sag]);
    detector.push(frame.slice(0, 1280));
    assert.throws(() => detector.configure({ sag: 0.8, swell: 'high' }), /^payload\.swell: /);
    assert.equal(detector.configure({ sag: 0.8 }).sag, 0.8);
    detector.push(frame.slice(1280, frame.length));
    detector.finish();
    assert.equal(found.ends.length, 0);
  });

  it('sends 10-cycle values, flagged where an event falls into them', () => {
    const found = detect(NOMINAL, threePhase([between(0.9, 1, 0.5), steady, steady], { seconds: 2 }));
    const rms = found.rms.filter(({ window }) => window === '10-cycle');
    assert.ok(rms.length >= 8, `${rms.length} values`);
    for (let i = 1; i < rms.length; i++) assert.ok(Math.abs(rms[i].time - rms[i - 1].time - 200) < 0.5);
    const clean = rms.filter(({ flagged }) => !flagged);
    assert.ok(clean.length >= rms.length - 2 && clean.length < rms.length);
    const truth = 230 * Math.hypot(1, 0.02);
    for (const { values } of clean) {
      for (const name of ['va', 'vb', 'vc'] as const) {
        assert.ok(Math.abs((values[name] as number) - truth) < 0.02, `${name} ${values[name]}`);
      }
    }
  });

  it('judges voltages between lines where there are none to neutral', () => {
    const sag = between(0.5, 0.7, 0.6);
    const vab = wave({ rate: RATE, seconds: 1, frequency: 50, rms: 400, gain: sag });
    const vbc = wave({ rate: RATE, seconds: 1, frequency: 50, rms: 400, phase: -120 });
    const [event] = detect({ nominal: 400 }, frameOf({ vab, vbc }, RATE)).ends;
    assert.deepEqual(event.phases, ['ab']);
  });

  it('refuses frames it cannot judge and goes on with the next', () => {
    const { detector, found } = collect(NOMINAL);
    const sag = between(0.5, 0.7, 0.6);
    const frame = threePhase([sag, sag, sag]);
    detector.push(frame.slice(0, 4000));
    assert.throws(
      () => detector.push(frameOf({ ia: new Float32Array(9) }, RATE)),
      /payload\.channels: .*at least one voltage/,
    );
    assert.throws(
      () => detector.push(frameOf({ va: new Float32Array(9) }, 100)),
      /payload\.rate: expected at least 340 Hz/,
    );
    detector.push(frame.slice(4000, frame.length));
    detector.finish();
    assert.deepEqual(
      found.ends.map(({ type, flags }) => [type, flags]),
      [['sag', []]],
    );
  });

  it('stays within bounds in a storm of events, and reports every one', () => {
    // Every 3 cycles the voltage falls for one and a half, on each phase in turn; captures overlap by the dozen.
    const storm = (phase: number) => (t: number) =>
      t > 1 && t < 31 && Math.floor(t / 0.06) % 3 === phase && t % 0.06 < 0.03 ? 0.5 : 1;
    const { detector, found } = collect({ ...NOMINAL, preCycles: 50, postCycles: 100, maxCapture: 5 });
    const frame = threePhase([storm(0), storm(1), storm(2)], { seconds: 34, rate: 1600 });
    let most = 0;
    for (let at = 0; at < frame.length; at += 320) {
      detector.push(frame.slice(at, at + 320));
      most = Math.max(most, detector.heldSamples);
    }
    detector.finish();
    assert.ok(found.ends.length > 300, `${found.ends.length}`);
    assert.equal(found.events.length, 2 * found.ends.length);
    assert.equal(new Set(found.ends.map(({ id }) => id)).size, found.ends.length);
    assert.ok(most < (1 + 5 + 2 + 1) * 1600, `${most} samples`);
    for (const { capture } of found.ends) assert.ok((capture?.length ?? 0) > 1600);
  });

  it('holds no more samples than captures can need', () => {
    const { detector } = collect(NOMINAL);
    const quiet = threePhase([steady, steady, steady], { seconds: 0.2 });
    const low = threePhase([() => 0.5, () => 0.5, () => 0.5], { seconds: 0.2 });
    let time = 0;
    const run = (frame: typeof quiet, seconds: number) => {
      for (let t = 0; t < seconds; t += 0.2, time += 200) detector.push(parse({ ...frame.toJSON(), time }));
    };
    run(quiet, 20);
    assert.ok(detector.heldSamples <= 0.8 * RATE, `${detector.heldSamples} at rest`);
    run(low, 30);
    assert.ok(detector.heldSamples <= 11.5 * RATE, `${detector.heldSamples} in a long event`);
  });
});

function parse(plain: object) {
  const { channels, rate, time, meter, last } = plain as ReturnType<ReturnType<typeof threePhase>['toJSON']>;
  const frame = frameOf(channels as never, rate, time, meter);
  return last ? (Object.assign(frame, { last: true }) as typeof frame) : frame;
}

describe('detector settings', () => {
  it('has the defaults of the design and takes text as panels save it', () => {
    assert.deepEqual(readDetectorSettings({}), DETECTOR_DEFAULTS);
    assert.equal(readDetectorSettings({ sag: '0.85', frequency: '60' }).frequency, 60);
  });

  it('names the setting that cannot be', () => {
    assert.throws(() => readDetectorSettings({ sag: 'low' }), /^settings\.sag: expected a number/);
    assert.throws(() => readDetectorSettings({ sag: 1.2 }), /settings\.sag: .* got 1\.2/);
    assert.throws(
      () => readDetectorSettings({ sag: 0.1 }),
      /settings\.sag: expected more than interruption and hysteresis/,
    );
    assert.throws(
      () => readDetectorSettings({ frequency: 400 }),
      /settings\.frequency: expected one of 50, 60, auto, got 400/,
    );
    assert.throws(() => readDetectorSettings({ maxCapture: 1e9 }), /settings\.maxCapture/);
  });
});
