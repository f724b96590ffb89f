import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Diagnostic,
  type Power,
  type PqEvent,
  type Rms,
  voltageEvent,
  WaveformFrame,
} from '../../src/record';
import {
  Archive,
  Interval,
  REPORTER_DEFAULTS,
  Reporter,
  type ReporterSettings,
  readReporterSettings,
} from '../../src/reporting';
import { cleanUpAfterEach } from '../clean-up';

const TEN_MINUTES = 600_000;
const NOW = Date.parse('2026-11-16T00:00:00Z');
const FROM = NOW - 1008 * TEN_MINUTES;
const cleanUp = cleanUpAfterEach();

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'pq-report-'));
  cleanUp(() => rmSync(path, { recursive: true, force: true }));
  return join(path, 'archive');
}

async function open(path = folder(), settings: Partial<ReporterSettings> = {}, now = NOW) {
  const told: Diagnostic[] = [];
  const reporter = await Reporter.open(
    path,
    { ...REPORTER_DEFAULTS, ...settings },
    (one) => told.push(one),
    undefined,
    () => now,
  );
  let closed = false;
  const close = async () => {
    if (closed) return;
    closed = true;
    await reporter.close();
  };
  cleanUp(close);
  return { reporter, told, close };
}

const rms = (k: number, values: object, more: Partial<Rms> = {}): Rms =>
  ({
    kind: 'rms',
    meter: 'm',
    time: FROM + (k + 1) * TEN_MINUTES,
    window: '10-min',
    values,
    flagged: false,
    ...more,
  }) as Rms;
const frequency = (k: number, f: number): Rms => rms(k, { f }, { window: '10-s' });
const power = (k: number, harmonics: object, time = FROM + (k + 1) * TEN_MINUTES - 1000): Power =>
  ({
    kind: 'power',
    meter: 'm',
    time,
    window: 0.2,
    phases: {},
    total: { p: 0, q: 0, s: 0 },
    harmonics,
    flags: [],
  }) as Power;
const sag = (
  time: number,
  extreme: number,
  duration: number,
  type: PqEvent['type'] = 'sag',
  capture?: WaveformFrame,
) =>
  voltageEvent({
    meter: 'm',
    time,
    type,
    state: 'end',
    duration,
    cycles: duration * 50,
    reference: 230,
    extreme,
    perPhase: { a: { extreme, time, duration } },
    flags: [],
    capture,
  });

/** Verdict of the last week on a quantity. */
async function verdict(reporter: Reporter, quantity: string) {
  const { assessment } = await reporter.week({ meter: 'm' });
  const found = assessment?.verdicts.find((one) => one.quantity === quantity);
  assert.ok(found, quantity);
  return found;
}

describe('a week against EN 50160', function () {
  this.timeout(20_000);

  it('asks 95 % of the voltages of each phase within 10 %: 50 of 1008 may be outside, 51 may not', async () => {
    for (const [outside, passed] of [
      [50, true],
      [51, false],
    ] as const) {
      const { reporter } = await open();
      for (let k = 0; k < 1008; k++) {
        const b = k < outside ? 206 : 230;
        await reporter.take(rms(k, { va: 230, vb: b, vc: 230 }));
      }
      const found = await verdict(reporter, 'voltage');
      // Of one phase alone: the others are right, and do not make it better.
      assert.ok(Math.abs((found.found ?? 0) - (100 * (1008 - outside)) / 1008) < 1e-9);
      assert.deepEqual([found.passed, found.worst, found.channel, found.min, found.max].map(String), [
        String(passed),
        '206',
        '1',
        '207',
        '253.00000000000003',
      ]);
      assert.equal((await verdict(reporter, 'voltage-extreme')).passed, true, '206 V is above 85 %');
    }
  });

  it('allows no voltage below 85 %, and none above 110 %', async () => {
    for (const wrong of [195, 254]) {
      const { reporter } = await open();
      for (let k = 0; k < 100; k++) await reporter.take(rms(k, { va: k === 50 ? wrong : 230 }));
      assert.equal((await verdict(reporter, 'voltage')).passed, true);
      const found = await verdict(reporter, 'voltage-extreme');
      assert.deepEqual([found.passed, found.worst], [false, wrong]);
    }
  });

  it('does not judge ten minutes that are flagged', async () => {
    const { reporter } = await open();
    for (let k = 0; k < 20; k++)
      await reporter.take(rms(k, { va: k === 5 ? 100 : 230 }, { flagged: k === 5 }));
    const { assessment } = await reporter.week({});
    assert.deepEqual([assessment?.intervals, assessment?.flagged, assessment?.passed], [20, 1, true]);
  });

  it('holds the frequency against 1 % for 99.5 %, and against +4 and -6 % always', async () => {
    const { reporter } = await open();
    // 10-second values: 600 of them, of which 3 are 50.6 and none beyond 52.
    for (let k = 0; k < 600; k++) await reporter.take(frequency(Math.floor(k / 60), k < 3 ? 50.6 : 50.01));
    assert.deepEqual(
      await verdict(reporter, 'frequency').then(({ found, passed, worst }) => [
        found,
        passed,
        Number(worst?.toFixed(2)),
      ]),
      [99.5, true, 50.6],
    );
    await reporter.take(frequency(11, 46.9));
    assert.equal((await verdict(reporter, 'frequency')).passed, false);
    const wide = await verdict(reporter, 'frequency-extreme');
    assert.deepEqual(
      [wide.passed, Number(wide.worst?.toFixed(1)), wide.min, wide.max],
      [false, 46.9, 47, 52],
    );
  });

  it('an order that was not measured is no 0 %, and THD of too few orders never keeps its limit', async () => {
    const { reporter } = await open();
    const to = (last: number, part: number) => [0, 230, ...new Array(last - 1).fill(230 * part)];
    for (let k = 0; k < 4; k++) {
      const at = FROM + k * TEN_MINUTES;
      const seven = to(7, 0.01);
      await reporter.take(power(k, { va: seven, vb: seven, vc: seven }, at + 1000));
    }
    for (const order of [2, 5, 7]) {
      const { count, passed } = await verdict(reporter, `h${order}`);
      assert.deepEqual([count, passed], [12, order === 2 || order > 4], `h${order}`);
    }
    for (const order of [8, 11, 25]) {
      const { count, found, worst, passed } = await verdict(reporter, `h${order}`);
      assert.deepEqual([count, found, worst, passed], [0, undefined, undefined, undefined], `h${order}`);
    }
    const thd = await verdict(reporter, 'thd');
    assert.deepEqual([thd.count, thd.passed, thd.insufficient], [12, undefined, { toOrder: 7 }]);
    const { html = '' } = await reporter.week({});
    assert.match(html, /insufficient data: measured to order 7 of 40/);
    assert.equal(html.split('not measured</td>').length - 1 >= 15, true);
    // A limit that is not kept by few orders is not kept by all.
    for (let k = 4; k < 8; k++) {
      const seven = to(7, 0.05);
      await reporter.take(power(k, { va: seven, vb: seven, vc: seven }, FROM + k * TEN_MINUTES + 1000));
    }
    const broken = await verdict(reporter, 'thd');
    assert.deepEqual([broken.passed, broken.insufficient], [false, undefined]);
  });

  it('an order that only some windows have is that of these windows', async () => {
    const { reporter } = await open();
    for (let window = 0; window < 10; window++) {
      const orders = [0, 230, 0, 0, 0, 0, 0, ...(window % 2 ? [230 * 0.04] : [])];
      const time = FROM + 1000 * (window + 1);
      await reporter.take(power(0, { va: orders, vb: orders, vc: orders }, time));
    }
    assert.ok(Math.abs(((await verdict(reporter, 'h7')).worst ?? 0) - 4) < 1e-5);
  });

  it('makes harmonics of ten minutes the root of the mean of squares, in percent of the fundamental', async () => {
    const { reporter } = await open();
    // Half of the windows have 4 % of order 5, half 8 %: the RMS is the root of 40, 6.32 %, above the 6 of the table.
    for (let k = 0; k < 4; k++) {
      for (let window = 0; window < 10; window++) {
        const fifth = window % 2 ? 0.04 : 0.08;
        const orders = [0, 230, 0, 0, 0, 230 * fifth];
        await reporter.take(
          power(k, { va: orders, vb: orders, vc: orders }, FROM + k * TEN_MINUTES + 1000 * (window + 1)),
        );
      }
    }
    const fifth = await verdict(reporter, 'h5');
    assert.ok(Math.abs((fifth.worst ?? 0) - Math.sqrt(40)) < 1e-5, `${fifth.worst}`);
    assert.deepEqual([fifth.max, fifth.passed], [6, false]);
    const thd = await verdict(reporter, 'thd');
    assert.ok(Math.abs((thd.worst ?? 0) - Math.sqrt(40)) < 1e-5);
    assert.equal((await verdict(reporter, 'h3')).passed, true);
    // Limits of the standard: 2, 5, 1, 6, 0.5, 5 percent ...
    const { assessment } = await reporter.week({});
    const limits = Object.fromEntries(
      (assessment?.verdicts ?? []).map(({ quantity, max }) => [quantity, max]),
    );
    assert.deepEqual(
      [
        'h2',
        'h3',
        'h4',
        'h5',
        'h6',
        'h7',
        'h9',
        'h11',
        'h13',
        'h15',
        'h17',
        'h19',
        'h21',
        'h23',
        'h24',
        'h25',
        'unbalance',
        'thd',
      ].map((name) => limits[name]),
      [2, 5, 1, 6, 0.5, 5, 1.5, 3.5, 3, 0.5, 2, 1.5, 0.5, 1.5, 0.5, 1.5, 2, 8],
    );
  });

  it('counts dips and swells by the cells of the tables, interruptions by three minutes', async () => {
    const { reporter } = await open();
    const at = (hours: number) => FROM + hours * 3_600_000;
    for (const event of [
      sag(at(1), 0.85, 0.15),
      sag(at(2), 0.75, 0.3),
      sag(at(3), 0.5, 0.7),
      sag(at(4), 0.5, 0.7),
      sag(at(5), 1.3, 0.1, 'swell'),
      sag(at(6), 0, 10, 'interruption'),
      sag(at(7), 0, 200, 'interruption'),
      sag(at(8), 1, 1, 'rvc'),
    ])
      await reporter.take(event);
    // Before the week began: not of it.
    await reporter.take(sag(FROM - 1000, 0.5, 0.1));
    await reporter.take(rms(1, { va: 230 }));
    const { assessment } = await reporter.week({});
    assert.deepEqual(assessment?.events, {
      cells: { A1: 1, B2: 1, C3: 2, S1: 1 },
      shortInterruptions: 1,
      longInterruptions: 1,
      rapidChanges: 1,
    });
  });

  it('flags ten minutes of meters that have no 10-minute values of their own by their events', async () => {
    const { reporter } = await open();
    const reading = (time: number, va: number) =>
      reporter.take({ kind: 'reading', meter: 'm', time, values: { va }, quality: 'good' });
    for (let k = 0; k < 20; k++) await reading(FROM + k * 60_000 + 1, k < 10 ? 230 : 150);
    await reporter.take(sag(FROM + 11 * 60_000, 0.65, 30));
    const { assessment } = await reporter.week({});
    assert.deepEqual([assessment?.intervals, assessment?.flagged, assessment?.passed], [2, 1, true]);
  });

  it('loses nothing while the disk takes nothing, and counts what it cannot hold', async () => {
    const { reporter, close } = await open();
    const { archive } = reporter as unknown as { archive: Archive };
    const write = archive.addIntervals.bind(archive);
    archive.addIntervals = () => Promise.reject(new Error('the disk is full'));
    let failed = 0;
    const take = (k: number) => reporter.take(rms(k, { va: 230 + k / 100 })).catch(() => failed++);
    for (let k = 0; k < 20; k++) await take(k);
    assert.equal(failed, 18);
    archive.addIntervals = write;
    await take(20);
    const { assessment } = await reporter.week({});
    assert.deepEqual([assessment?.intervals, reporter.counters.notWritten], [21, 0]);
    archive.addIntervals = () => Promise.reject(new Error('the disk is full'));
    for (let k = 21; k < 21 + 200; k++) await take(k);
    assert.equal(reporter.counters.notWritten, 200 + 2 - 144);
    // Also then the store is given free.
    await assert.rejects(close(), /the disk is full/);
    assert.equal((archive as unknown as { db: { status: string } }).db.status, 'closed');
  });

  it('goes on after a restart where it stood, also inside of ten minutes', async () => {
    const path = folder();
    const first = await open(path);
    for (let k = 0; k < 5; k++) await first.reporter.take(rms(k, { va: 230 + k }));
    await first.reporter.take(frequency(4, 50.02));
    await first.close();
    const second = await open(path);
    await second.reporter.take(frequency(4, 50.04));
    const { assessment } = await second.reporter.week({});
    assert.equal(assessment?.intervals, 5);
    const found = assessment?.verdicts.find(({ quantity }) => quantity === 'frequency');
    assert.deepEqual([found?.count, Number(found?.worst?.toFixed(2))], [2, 50.04]);
  });

  it('keeps so many meters and days, and tells of those it does not keep once', async () => {
    const path = folder();
    const { reporter, told, close } = await open(path, { maxMeters: 2, days: 7 });
    for (const meter of ['a', 'b', 'c', 'd']) await reporter.take({ ...rms(1000, { va: 230 }), meter });
    assert.equal(reporter.meters, 2);
    assert.deepEqual(reporter.counters, {
      metersRefused: 2,
      recordsRefused: 2,
      eventsLeftOut: 0,
      notWritten: 0,
    });
    await assert.rejects(reporter.week({ meter: 'c' }), /payload.meter: expected one of a, b, got "c"/);
    await close();
    assert.deepEqual(
      told.map(({ code, text }) => [code, text]),
      [['METERS_OVER_LIMIT', 'reports are kept of 2 meters, which is the limit: refused c, d']],
    );
    // Eight days later what was older than seven is gone.
    const archive = await Archive.open(path, { days: 7, maxMeters: 2 });
    await archive.clear(NOW + 8 * 86_400_000);
    assert.deepEqual(await archive.intervals('a', 0, NOW * 2), []);
    await archive.close();
  });

  it('keeps so many events of a day, knows its meters by one look each, and lets go of all that is old', async () => {
    const path = folder();
    const archive = await Archive.open(path, { days: 7, maxMeters: 10 }, 3);
    const kept: string[] = [];
    for (let k = 0; k < 5; k++) kept.push(await archive.addEvent(sag(NOW + k * 1000, 0.6, 0.1)));
    assert.deepEqual(
      [kept, archive.eventsLeftOut],
      [['kept', 'kept', 'kept', 'first left out', 'left out'], 2],
    );
    assert.equal(await archive.addEvent(sag(NOW + 86_400_000, 0.6, 0.1)), 'kept', 'the next day');
    await archive.close();
    const again = await Archive.open(path, { days: 7, maxMeters: 10 });
    assert.deepEqual(again.names, ['m'], 'a meter of which only events are kept');
    await again.clear(NOW + 30 * 86_400_000);
    assert.deepEqual(await again.events('m', 0, NOW * 2), []);
    assert.deepEqual(again.names, [], 'its place is free');
    await again.close();
  });

  it('says nothing was measured where nothing was', async () => {
    const { reporter } = await open();
    await reporter.take(rms(0, { va: 230 }));
    const { assessment, html } = await reporter.week({ from: '2026-10-01T00:00:00Z' });
    assert.equal(assessment?.passed, undefined);
    assert.match(html, /Nothing was measured in this week/);
  });
});

describe('reports', function () {
  this.timeout(30_000);

  const capture = WaveformFrame.build(
    { meter: 'm', time: NOW - 1000.2, rate: 3200 },
    ['va', 'vb', 'vc', 'ia'],
    1600,
    (all) =>
      all.forEach((samples, c) => {
        for (let k = 0; k < samples.length; k++)
          samples[k] = 325 * Math.sin((2 * Math.PI * 50 * k) / 3200 - c * 2.0944);
      }),
  );

  it('are a page that needs nothing else, and a PDF, with the same plots as SVG', async () => {
    const { reporter } = await open(folder(), { issuer: 'Utility <North> & Co' });
    for (let k = 0; k < 1008; k++) await reporter.take(rms(k, { va: 230, vb: 231, vc: 229, u2: 0.4 }));
    await reporter.take(sag(NOW - 1000, 0.6, 0.2, 'sag', capture));
    const week = await reporter.week({});
    const { html, pdf, figures, name } = week;
    assert.equal(name, 'en50160-m-2026-11-09');
    assert.match(html, /^<!DOCTYPE html><html lang="en">/);
    assert.doesNotMatch(html, /<script|src=|href=|NaN|undefined/);
    assert.match(html, /issued .*Utility &lt;North&gt; &amp; Co/i);
    assert.deepEqual(Object.keys(figures).sort(), ['events', 'voltage']);
    for (const svg of Object.values(figures)) assert.ok(html.includes(svg));
    assert.equal(pdf.subarray(0, 5).toString(), '%PDF-');
    assert.match(pdf.subarray(-20).toString(), /%%EOF/);
    const disturbance = await reporter.disturbance({});
    assert.deepEqual(Object.keys(disturbance.figures).sort(), ['currents', 'magnitude', 'voltages']);
    assert.match(disturbance.html, /instantaneous sag; EN 50160: C1/);
    assert.match(disturbance.html, /0\.6000 pu/);
    assert.equal(disturbance.pdf.subarray(0, 5).toString(), '%PDF-');
  });

  it('speak German where told to', async () => {
    const { reporter } = await open(folder(), { language: 'de' });
    await reporter.take(rms(0, { va: 230 }));
    await reporter.take(sag(NOW - 1000, 0.6, 0.2));
    assert.match((await reporter.week({})).html, /Spannungsqualität einer Woche/);
    assert.match((await reporter.disturbance({})).html, /Zu diesem Ereignis gibt es keine Aufzeichnung/);
  });

  it('of an event that is not known, or has not ended, are refused with the field', async () => {
    const { reporter } = await open();
    await assert.rejects(reporter.disturbance({}), /payload.id: expected an event that has ended/);
    await assert.rejects(reporter.disturbance({ id: 'x' }), /payload.id: .*got "x"/);
    await assert.rejects(reporter.disturbance({ meter: 'x' }), /payload.meter: /);
    const started = { ...sag(NOW, 0.6, 0.1), state: 'start' };
    await assert.rejects(
      reporter.disturbance({ event: started }),
      /payload.event: expected an event that has ended/,
    );
    await assert.rejects(reporter.disturbance({ event: { kind: 'event' } }), /payload.event.meter/);
    await assert.rejects(reporter.week({ meter: 'x' }), /payload.meter/);
  });

  it('give plots for dashboards, empty while there is nothing to draw', async () => {
    const { reporter } = await open();
    for (const plot of ['waveform', 'currents', 'phasors', 'harmonics'])
      assert.equal(reporter.plot({ plot }), '', plot);
    assert.match(reporter.plot({ plot: 'magnitude-duration' }), /^<svg/);
    await reporter.take(sag(NOW - 1000, 0.6, 0.2, 'sag', capture));
    await reporter.take(power(1007, { va: [0, 230, 1] }));
    for (const plot of ['waveform', 'currents', 'phasors', 'harmonics'])
      assert.match(reporter.plot({ plot, width: 300 }), /^<svg/, plot);
    const points = [{ meter: 'a', x: 1, y: 2, phase: 'a', recorded: null }];
    assert.match(reporter.plot({ plot: 'phase-map', points }), /<circle/);
    assert.throws(() => reporter.plot({ plot: 'pie' }), /payload.plot: expected one of waveform/);
    assert.throws(
      () => reporter.plot({ plot: 'phase-map', points: [{ meter: 'a', x: 'left' }] }),
      /payload.points\[0\].x/,
    );
    assert.throws(() => reporter.plot({ plot: 'waveform', width: 1e9 }), /payload.width/);
  });

  it('have settings that name what cannot be', () => {
    assert.deepEqual(readReporterSettings({ frequency: '60', nominal: '120' }), {
      ...REPORTER_DEFAULTS,
      frequency: 60,
      nominal: 120,
    });
    assert.throws(() => readReporterSettings({ days: 3 }), /settings.days: .*from 7 to 400/);
    assert.throws(
      () => readReporterSettings({ language: 'fr' }),
      /settings.language: expected one of en, de/,
    );
  });

  it('refuse bytes that are no interval', () => {
    assert.throws(() => Interval.decode(1, Buffer.alloc(7)), /7 bytes are no interval/);
  });
});
