import assert from 'node:assert/strict';
import { openRecord } from '../../src/files';
import { ModbusLink, readLinkSettings, WaveformReader } from '../../src/metering';
import type { PqEvent, WaveformFrame } from '../../src/record';
import { genericPq } from '../../src/registers';
import { PlaybackSource, SimulatedMeter, SimulatorServer } from '../../src/simulation';
import { cleanUpAfterEach } from '../clean-up';
import { collect } from '../disturbance/helpers';
import { itWith } from '../shared-data';

const cleanUp = cleanUpAfterEach();

/** Nominal voltages of ../shared/recordings/README.md. */
const NOMINAL: Record<string, number> = {
  f1_1b274run: 2401.8,
  'substation-110kv': 52_900,
  keating: 349,
  'currents-first-no-dip': 130_500,
  'ge-c60-800hz': 57.8,
  'sepam-600hz': 3180,
  'dfr-220kv-mixed-rates': 57.735,
  'relay-test-gaps': 20,
  'sel-311l-1991': 27_700,
};

function eventsOf(frames: readonly WaveformFrame[], nominal: number): PqEvent[] {
  const { detector, found } = collect({ nominal });
  for (const frame of frames) detector.push(frame);
  detector.finish();
  return found.ends.sort((a, b) => a.time - b.time || a.type.localeCompare(b.type));
}

/** A recording played by a meter of its own clock and read out of its FIFO; the host's clock runs as fast as it can. */
async function overWire(frames: readonly WaveformFrame[], nominal: number): Promise<WaveformFrame[]> {
  let now = 1_700_000_000_000;
  const source = new PlaybackSource(frames, { loop: false, recordClock: true });
  const meter = new SimulatedMeter({ profile: genericPq, source, nominal, fifoBlocks: 4000, start: now });
  const server = await SimulatorServer.listen(new Map([[1, meter]]), 0, () => now);
  cleanUp(() => server.close());
  const link = new ModbusLink(readLinkSettings({ host: '127.0.0.1', port: server.port }));
  cleanUp(() => link.close());
  const reader = new WaveformReader(genericPq, { id: frames[0].meter, unit: 1, ct: 1, pt: 1 });
  const read: WaveformFrame[] = [];
  while (!read[read.length - 1]?.last) {
    now += 50;
    for (let more = true; more; ) {
      const batch = await reader.read(link);
      assert.equal(batch.lost, 0);
      read.push(...batch.frames);
      more = batch.more;
    }
  }
  return read;
}

/** What the file door gives, the wire gives as well: the same events at the same times, to what 16 bits can hold. */
describe('recordings of others, over Modbus', function () {
  this.timeout(60_000);
  for (const [name, nominal] of Object.entries(NOMINAL)) {
    itWith(
      `recordings/${name}.cfg`,
      `${name}: the events of the file, at the time of the record`,
      async (path) => {
        const file = await openRecord({ path }, { nominal });
        const meters = new Map<string, WaveformFrame[]>();
        for await (const record of file.records()) {
          if (record.kind !== 'waveform') continue;
          meters.set(record.meter, [...(meters.get(record.meter) ?? []), record]);
        }
        await file.close();
        for (const [meter, frames] of meters) {
          const direct = eventsOf(frames, nominal);
          const wired = eventsOf(await overWire(frames, nominal), nominal);
          const inShort = (events: PqEvent[]) =>
            events.map(
              ({ type, phases, extreme, flags }) =>
                `${type} ${phases.join('')} ${extreme.toFixed(2)} ${flags.join()}`,
            );
          assert.deepEqual(
            wired.map(({ type, phases }) => `${type} ${phases.join('')}`),
            direct.map(({ type, phases }) => `${type} ${phases.join('')}`),
            `${meter}: ${inShort(wired)} for ${inShort(direct)}`,
          );
          const half = 500 / (file.summary.frequency ?? 50);
          for (const [i, event] of wired.entries()) {
            assert.ok(
              Math.abs(event.extreme - direct[i].extreme) < 0.005,
              `${event.extreme} for ${direct[i].extreme}`,
            );
            assert.ok(Math.abs(event.time - direct[i].time) <= half, `${event.time} for ${direct[i].time}`);
            assert.ok(Math.abs(event.duration - direct[i].duration) * 1000 <= 2 * half);
            assert.deepEqual(event.flags, direct[i].flags);
          }
        }
      },
    );
  }
});
