import assert from 'node:assert/strict';
import { openRecord } from '../../src/files';
import { WaveformFrame } from '../../src/record';
import { itWith } from '../shared-data';
import { collect } from './helpers';

/** Ends of events; times in ms from the first sample. */
async function eventsOf(path: string, nominal: number, settings: object = {}) {
  const file = await openRecord({ path }, { channels: 'va=1, vb=2, vc=3', nominal });
  const { detector, found } = collect(settings);
  const { time } = file.summary;
  for await (const record of file.records()) if (record instanceof WaveformFrame) detector.push(record);
  await file.close();
  return { ends: found.ends.map((event) => ({ ...event, time: event.time - time })) };
}

/** Facts of ../shared/recordings/README.md. */
describe('events in the recordings', () => {
  itWith(
    'recordings/f1_1b274run.cfg',
    'f1_1b274run: phase B falls to 0.381 pu at 60 Hz and stays down',
    async (path) => {
      const { ends } = await eventsOf(path, 2401.8);
      assert.equal(ends.length, 1);
      const [event] = ends;
      assert.equal(event.type, 'sag');
      assert.deepEqual(event.phases, ['b']);
      assert.ok(Math.abs(event.extreme - 0.381) < 0.005, String(event.extreme));
      // The header says 50 Hz.
      assert.ok(Math.abs(event.cycles / event.duration - 60) < 0.05);
      // The first one-cycle RMS below 0.9 ends 0.155 s after the start; half-cycle steps read up to 8.3 ms later.
      const firstEnds = event.time / 1000 + 1 / 60;
      assert.ok(firstEnds >= 0.155 && firstEnds < 0.155 + 1 / 120, String(firstEnds));
      assert.deepEqual(event.flags, ['end of data']);
    },
  );

  itWith(
    'recordings/substation-110kv.cfg',
    'substation-110kv: dips, interruption, rise to 1.40 pu, in order',
    async (path) => {
      const { ends } = await eventsOf(path, 52_900);
      const order = [...ends].sort((a, b) => a.time - b.time);
      const near = (x: number, fact: number) => Math.abs(x - fact) < 0.005;
      // The first dips; the record swings, so between them lie shallow swells.
      const dips = order.filter(({ type, extreme }) => type === 'sag' && extreme < 0.7);
      assert.ok(
        near(dips[0].extreme, 0.67) && near(dips[1].extreme, 0.64),
        dips.map(({ extreme }) => extreme).join(),
      );
      assert.ok(Math.abs(dips[2].extreme - 0.45) < 0.01, String(dips[2].extreme));
      // Between 0.23 pu and the interruption no phase set comes back above 0.90 + 2 %: by IEC 61000-4-30 one dip.
      const deep = dips[3];
      assert.ok(deep.time / 1000 < 1.35 && deep.time / 1000 + deep.duration > 2.05);
      const interruption = order.find(({ type }) => type === 'interruption');
      assert.ok(interruption && interruption.within === deep.id);
      assert.ok(interruption.extreme > 0.05 && interruption.extreme < 0.064, String(interruption.extreme));
      assert.ok(interruption.time / 1000 > 1.47 && interruption.time / 1000 + interruption.duration < 2.05);
      const highest = Math.max(...order.filter(({ type }) => type === 'swell').map(({ extreme }) => extreme));
      assert.ok(near(highest, 1.4), String(highest));
    },
  );

  itWith(
    'recordings/substation-110kv.cfg',
    'substation-110kv: below 0.85 pu the dip to 0.23 stands by itself',
    async (path) => {
      // Between it and the interruption the highest Urms(1/2) is 0.8998 pu: one dip at 0.90, two at 0.85.
      const { ends } = await eventsOf(path, 52_900, { sag: 0.85 });
      const dips = ends.filter(({ type }) => type === 'sag').sort((a, b) => a.time - b.time);
      const facts = [0.67, 0.64, 0.45, 0.23, 0.055];
      facts.forEach((fact, i) => {
        assert.ok(Math.abs(dips[i].extreme - fact) < 0.01, `${dips[i].extreme} for ${fact}`);
      });
      // The dip around the interruption, 1.47 to 2.05 s in the README.
      const start = dips[4].time / 1000;
      assert.ok(start > 1.47 && start + dips[4].duration < 2.06, `${start} for ${dips[4].duration} s`);
    },
  );
});
