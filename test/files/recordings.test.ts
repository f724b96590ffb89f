import assert from 'node:assert/strict';
import type { WaveformFrame } from '../../src/record';
import { itWith } from '../shared-data';
import { channelsOf, eventsOf, type Recorded, recorded } from './recorded';

function near(found: number | undefined, fact: number, tolerance: number, what = '') {
  assert.ok(found !== undefined && Math.abs(found - fact) <= tolerance, `${what} ${found} for ${fact}`);
}

/** First sample of the file: its date as it stands in the header, read by eye. */
function startsAt({ summary }: Recorded, time: number, microseconds = 0) {
  near(summary.time, time + microseconds / 1000, 0.001, 'time');
}

/**
 * Figures of the README are of a cycle that slides by one sample, at its end: half-cycle steps read up to half a cycle
 * later. An event begins with the first cycle beyond the threshold.
 */
function beginsBy(start: number, fact: number, hertz: number, digits = 0.0005) {
  const end = start + 1 / hertz;
  assert.ok(end >= fact - digits && end <= fact + digits + 0.5 / hertz, `${end} for ${fact}`);
}

/** RMS of the first cycle of the three voltages, V. */
function cycleOf(frame: WaveformFrame | undefined, length: number): number {
  const rms = (['va', 'vb', 'vc'] as const).map((name) => {
    const cycle = [...(frame?.channel(name) ?? [])].slice(0, length);
    return Math.sqrt(cycle.reduce((sum, x) => sum + x * x, 0) / length);
  });
  return rms.reduce((sum, own) => sum + own, 0) / 3;
}

const THREE = { va: 1, vb: 2, vc: 3 };

/** Facts of ../shared/recordings/README.md; no channel is named unless the title says so. */
describe('files: recordings of others', () => {
  for (const [how, channels] of [
    ['channels found', undefined],
    ['channels named, currents first', 'ia=4,ib=5,ic=6,va=1,vb=2,vc=3'],
  ] as const) {
    itWith(
      'recordings/f1_1b274run.cfg',
      `f1_1b274run, ${how}: sag of phase b to 0.381 pu at 60 Hz`,
      async (path) => {
        const r = await recorded(path, { nominal: 2401.8, channels });
        assert.deepEqual(channelsOf(r), [{ ...THREE, ia: 4, ib: 5, ic: 6 }]);
        startsAt(r, Date.UTC(2023, 3, 9, 21, 23));
        assert.equal(r.summary.samples, 40_001);
        near(r.summary.frequency, 60, 0.05);
        assert.match(
          r.summary.doubts.find(({ code }) => code === 'FREQUENCY')?.text ?? '',
          /header says 50 Hz, the signal has (59.9\d*|60.0\d*|60) Hz/,
        );
        const [sag, ...more] = eventsOf(r);
        assert.deepEqual(more, []);
        assert.deepEqual([sag.type, sag.phases, sag.reference], ['sag', ['b'], 2401.8]);
        near(sag.extreme, 0.381, 0.001);
        near(sag.cycles / sag.duration, 60, 0.05);
        beginsBy(sag.start, 0.155, 60);
        near(sag.end, 0.4, 0.001);
        assert.ok(sag.flags?.includes('end of data'));
      },
    );
  }

  itWith(
    'recordings/f1_1b274run.cfg',
    'f1_1b274run: a level of its own where no declared voltage is given',
    async (path) => {
      const { summary, frames } = await recorded(path);
      near(summary.meters[0].nominal, 2401.8, 0.015 * 2401.8);
      assert.ok(summary.doubts.some(({ code }) => code === 'NOMINAL'));
      assert.ok(frames.every(({ nominal }) => nominal === summary.meters[0].nominal));
    },
  );

  itWith(
    'recordings/substation-110kv.cfg',
    'substation-110kv: dips, interruption and rise, on both buses',
    async (path) => {
      const r = await recorded(path, { nominal: 52_900 });
      const [one, two] = channelsOf(r);
      // The second bus carries the same names with another number: channels 5 to 7.
      assert.deepEqual([one, two], [THREE, { va: 5, vb: 6, vc: 7 }]);
      startsAt(r, Date.UTC(2016, 7, 22, 16, 4, 22));
      assert.deepEqual([r.summary.encoding, r.summary.samples], ['windows-1251', 19_680]);
      near(r.summary.seconds, 16.4, 0.001);
      near(r.summary.frequency, 50, 0.5);
      for (const { meter, level } of r.summary.meters) {
        // It swings from its start on: its first cycle is higher than the mean of a hundred, which the README takes.
        const first = r.frames.find((frame) => frame.meter === meter);
        near(level, cycleOf(first, 1200 / 50), 0.005 * 52_900, 'level');
        const events = eventsOf(r, meter);
        const dips = events.filter(({ type, extreme }) => type === 'sag' && extreme < 0.7);
        [0.67, 0.64, 0.45].forEach((fact, i) => {
          near(dips[i].extreme, fact, 0.01, `dip ${i}`);
        });
        // From 0.23 pu to the interruption the voltage does not come back: one dip (IEC 61000-4-30, 5.4.2).
        const interruption = events.find(({ type }) => type === 'interruption');
        assert.ok(interruption && interruption.within === dips[3].id);
        near(interruption.extreme, 0.0595, 0.0045, 'interruption');
        assert.ok(interruption.start > 1.47 && interruption.end < 2.05);
        assert.ok(dips[3].start < 1.35 && dips[3].end > 2.05);
        near(
          Math.max(...events.filter(({ type }) => type === 'swell').map(({ extreme }) => extreme)),
          1.4,
          0.01,
        );
      }
    },
  );

  itWith(
    'recordings/keating.cfg',
    'keating: RMS, power, power factor, Q1 and THD of its README',
    async (path) => {
      const r = await recorded(path, { nominal: 347 });
      const [channels] = channelsOf(r);
      for (const [k, phase] of ['a', 'b', 'c'].entries()) {
        assert.equal(channels[`i${phase}` as 'ia'], 1 + k);
        assert.equal(channels[`v${phase}` as 'va'], 5 + k);
      }
      startsAt(r, Date.UTC(2015, 10, 18, 5, 33, 3), 765_333);
      near(r.summary.frequency, 60, 0.1);
      const facts = {
        a: { v: 348.95, i: 126.1, p: 40_500, pf: 0.92, q1: 16_300, thdI: 7 },
        b: { v: 352.22, i: 151.8, p: 49_500, pf: 0.926, q1: 16_900, thdI: 8.9 },
        c: { v: 345.95, i: 166.7, p: 53_630, pf: 0.93, q1: 20_800, thdI: 4.5 },
      };
      // Half of the last digit given; of voltages all digits given are of the record's own samples, see below.
      const half = { v: 0.015, i: 0.05, p: 5, pf: 0.0005, q1: 50, thdI: 0.05 };
      const [power, ...more] = r.powers;
      assert.deepEqual(more, []);
      for (const [phase, fact] of Object.entries(facts)) {
        for (const [name, value] of Object.entries(fact)) {
          near(power.phases[phase][name as 'v'], value, half[name as 'v'], `${name} of ${phase}`);
        }
        const samples = r.frames.flatMap((frame) => [...(frame.channel(`v${phase}` as 'va') ?? [])]);
        assert.equal(samples.length, 2048);
        near(
          Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / 2048),
          fact.v,
          0.005,
          `samples of ${phase}`,
        );
      }
      assert.deepEqual(r.events, []);
    },
  );

  itWith(
    'recordings/currents-first-no-dip.cfg',
    'currents-first-no-dip: R, S, T behind the currents, and no event',
    async (path) => {
      const r = await recorded(path, { nominal: 130_500 });
      const [{ vn: _vn, in: _in, ...phases }, ...more] = channelsOf(r);
      assert.deepEqual([phases, more], [{ va: 6, vb: 7, vc: 8, ia: 1, ib: 2, ic: 3 }, []]);
      // 09:19:53.156666511 at nine hours before UTC.
      startsAt(r, Date.UTC(2023, 6, 27, 0, 19, 53), 156_666.511);
      near(r.summary.frequency, 60, 0.05);
      near(r.summary.meters[0].level, 130_500, 0.006 * 130_500);
      assert.deepEqual(r.events, []);
      for (const frame of r.frames) {
        const cycles = frame.channel('va') as Float32Array;
        const rms = Math.sqrt(cycles.slice(0, 240).reduce((sum, x) => sum + x * x, 0) / 240);
        near(rms / 130_500, 1.002, 0.004);
      }
      assert.equal(
        r.frames.reduce((sum, { length }) => sum + length, 0),
        7200,
      );
    },
  );

  itWith(
    'recordings/ge-c60-800hz.cfg',
    'ge-c60-800hz: b goes down, then all three, still down at the end',
    async (path) => {
      const r = await recorded(path, { nominal: 57.8 });
      const [{ va, vb, vc }, ...more] = channelsOf(r);
      assert.deepEqual([va, vb, vc, more], [5, 6, 7, []]);
      startsAt(r, Date.UTC(2012, 3, 6, 6, 42, 59), 391_076);
      near(r.summary.sections[0].rate, 800, 1);
      const [sag, swell, interruption, ...others] = eventsOf(r);
      assert.deepEqual(others, []);
      assert.deepEqual([sag.type, swell.type, interruption.type], ['sag', 'swell', 'interruption']);
      // Two digits are given of the times of a and c.
      beginsBy(sag.start, 0.47, 50);
      const begin = (phase: string) => ((sag.perPhase?.[phase]?.time ?? 0) - r.summary.time) / 1000;
      near(begin('b'), sag.start, 1e-6);
      for (const phase of ['a', 'c']) beginsBy(begin(phase), 1.01, 50, 0.01);
      for (const phase of ['a', 'b', 'c']) {
        assert.ok(
          // 0.003 pu in the README, to three digits.
          (sag.perPhase?.[phase]?.extreme ?? 1) < 0.0035,
          `${phase}: ${sag.perPhase?.[phase]?.extreme}`,
        );
      }
      near(sag.end, 1360 / 800.2, 0.002);
      // 1.26 pu by a cycle that slides.
      assert.deepEqual(swell.phases, ['c']);
      assert.ok(swell.start > 0.95 && swell.end < 1.03 && swell.extreme > 1.1 && swell.extreme < 1.27);
      assert.equal(interruption.phases?.length, 3);
      near(interruption.duration, 0.6, 0.05);
      assert.ok(interruption.flags?.includes('end of data'));
    },
  );

  itWith(
    'recordings/sepam-600hz.cfg',
    'sepam-600hz: two line voltages that swing, then stay down at 0.21 pu',
    async (path) => {
      const r = await recorded(path, { nominal: 3180 });
      const [{ vab, vbc }, ...more] = channelsOf(r);
      assert.deepEqual([vab, vbc, more], [4, 5, []]);
      startsAt(r, Date.UTC(2014, 11, 4, 7, 1, 48), 813_000);
      const sags = eventsOf(r).filter(({ type }) => type === 'sag');
      assert.equal(sags.length, 1);
      near(sags[0].start, 0.9, 0.1);
      near(sags[0].end, 4, 0.002);
      near(sags[0].extreme, 0.21, 0.01);
      assert.ok(sags[0].flags?.includes('end of data'));
    },
  );

  itWith(
    'recordings/dfr-220kv-mixed-rates.cfg',
    'dfr-220kv-mixed-rates: two sags of phase a on each bus, and amplitudes between',
    async (path) => {
      const r = await recorded(path, { nominal: 57.735 });
      assert.deepEqual(channelsOf(r), [THREE, { va: 5, vb: 6, vc: 7 }]);
      startsAt(r, Date.UTC(2023, 4, 12, 19, 45, 25), 603_838);
      assert.deepEqual(
        r.summary.sections.map(({ rate, kind, gap }) => [rate, kind, gap]),
        [
          [3200, 'waveform', 0],
          [50, 'trend', 0],
          [3200, 'waveform', 0],
          [50, 'trend', 0],
        ],
      );
      for (const { meter } of r.summary.meters) {
        const events = eventsOf(r, meter);
        assert.deepEqual(
          events.map(({ type, phases }) => [type, phases]),
          [
            ['sag', ['a']],
            ['sag', ['a']],
          ],
        );
        near(events[0].extreme, 0.698, 0.01);
        near(events[1].extreme, 0.712, 0.01);
        beginsBy(events[0].start, 0.22, 50, 0.006);
        beginsBy(events[1].start, 1.35, 50, 0.006);
        near(events[0].end, 0.26, 0.015);
        near(events[1].end, 1.39, 0.015);
        // One value a cycle: the voltage of a quiet bus, and not its peak.
        const slow = r.readings.filter((reading) => reading.meter === meter);
        assert.equal(slow.length, 36 + 289);
        for (const { values, quality } of slow) {
          for (const name of ['va', 'vb', 'vc'] as const) near(values[name], 60.3, 0.6, name);
          assert.equal(quality, 'uncertain');
        }
        near((slow[0].time - r.summary.time) / 1000, 0.4, 1e-6);
      }
    },
  );

  itWith(
    'recordings/relay-test-gaps.cfg',
    'relay-test-gaps: an interruption of 10.07 s over gaps on channels 10 to 12',
    async (path) => {
      const r = await recorded(path, { nominal: 20 });
      const meter = r.summary.meters.find(({ channels }) => channels.va === 10);
      assert.deepEqual([meter?.channels.vb, meter?.channels.vc], [11, 12]);
      assert.ok(channelsOf(r).some(({ va, vb, vc }) => va === 5 && vb === 6 && vc === 7));
      startsAt(r, Date.UTC(2015, 8, 17, 10, 52, 52), 987_545);
      near(r.summary.seconds, 17.34, 0.01);
      // Eight sections of 1,200 Hz, 2,131 samples: 1.78 s of them.
      const gaps = r.summary.sections.reduce((sum, { gap }) => sum + gap, 0);
      near(r.summary.seconds - gaps, 1.78, 0.01);
      const [first] = eventsOf(r, meter?.meter).filter(({ type }) => type === 'interruption');
      near(first.start, 0, 0.001);
      near(first.duration, 10.07, 0.02);
    },
  );

  itWith(
    'recordings/sel-311l-1991.cfg',
    'sel-311l-1991: c falls, b rises to 1.288 pu for 33.8 ms, all dead at the end',
    async (path) => {
      const r = await recorded(path, { nominal: 27_700 });
      assert.deepEqual(channelsOf(r), [{ va: 6, vb: 7, vc: 8, ia: 1, ib: 2, ic: 3 }]);
      startsAt(r, Date.UTC(2011, 1, 12, 11, 41, 11), 81_315);
      near(r.summary.frequency, 60, 0.3);
      const events = eventsOf(r);
      const [sag, swell, interruption, ...others] = events;
      assert.deepEqual(others, []);
      assert.deepEqual([sag.type, swell.type, interruption.type], ['sag', 'swell', 'interruption']);
      beginsBy(sag.start, 0.065, 60);
      near(((sag.perPhase?.c?.time ?? 0) - r.summary.time) / 1000, sag.start, 1e-6);
      assert.deepEqual(swell.phases, ['b']);
      near(swell.extreme, 1.288, 0.001);
      near(swell.duration, 0.0338, 0.0005);
      near(swell.end, 0.14, 0.5 / 60);
      assert.equal(interruption.phases?.length, 3);
      near(interruption.end, 0.5, 0.001);
      for (const phase of ['a', 'b', 'c']) {
        assert.ok((interruption.perPhase?.[phase]?.extreme ?? 1) < 0.01);
      }
    },
  );
});
