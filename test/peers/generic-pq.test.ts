import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SerialPort } from 'serialport';
import { ModbusLink, Poller, readFleet, readLinkSettings, readPollerSettings } from '../../src/metering';
import { crcOf } from '../../src/metering/wire/rtu-frames';
import type { WaveformFrame } from '../../src/record';
import { cleanUpAfterEach } from '../clean-up';
import { butClocks, collect } from '../metering/collect';
import { until } from '../until';
import { endPrograms, itWith, python, serialPair } from './programs';
import { RawClient } from './raw-client';
import {
  CURRENT,
  flagsOf,
  type MeterOptions,
  pythonMeter,
  type ReferenceMeter,
  signalAt,
} from './reference-meters';

/** meter-poll's engine against a meter in Python that was written from docs/generic-pq.md alone. */

const cleanUp = cleanUpAfterEach();
afterEach(endPrograms);

const RANGE = 2 ** 32;
const LOG_CTRL = 4005;
const INTERVALS = { interval: 0.4, eventInterval: 0.3, waveformInterval: 0.2 };

function poll(link: object, intervals: object = INTERVALS) {
  const { got, output } = collect(butClocks);
  const modbus = new ModbusLink(readLinkSettings({ timeout: 1000, retries: 1, ...link }));
  const row = { id: 'm', unit: 1, link: 'x', profile: 'generic-pq', nominal: 230 };
  const poller = new Poller(
    readFleet([row], 'meters'),
    () => modbus,
    readPollerSettings({ ...INTERVALS, ...intervals }),
    output,
  );
  cleanUp(
    () => modbus.close(),
    () => poller.stop(),
  );
  return got;
}

async function overTcp(options: MeterOptions = {}) {
  const meter = await pythonMeter(options);
  cleanUp(() => meter.end());
  const raw = await RawClient.open(meter.port);
  cleanUp(() => raw.close());
  return { meter, raw, link: { host: '127.0.0.1', port: meter.port } };
}

async function overSerialLine(options: MeterOptions, ...flags: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'pq-meter-'));
  cleanUp(() => rmSync(folder, { recursive: true, force: true }));
  const [ours, theirs] = await serialPair(folder);
  const all = ['rtu', theirs, '38400', ...flagsOf(options), ...flags];
  const { line } = await python('generic_pq_meter.py', ...all);
  const { origin, lag } = JSON.parse(line);
  const meter = { origin: origin / 1000, lag } as Pick<ReferenceMeter, 'origin' | 'lag'>;
  return { meter, link: { transport: 'rtu', serialPort: ours, baudRate: 38_400 }, ours };
}

const lengthOf = (frames: readonly WaveformFrame[]) => frames.reduce((sum, { length }) => sum + length, 0);

/** Every sample against the closed form, to a little more than half a count. */
function checkSamples(frames: readonly WaveformFrame[], meter: Pick<ReferenceMeter, 'origin' | 'lag'>): void {
  for (const frame of frames) {
    const first = Math.round(((frame.time - meter.origin) / 1000) * frame.rate);
    frame.names.forEach((name, c) => {
      const half = name[0] === 'v' ? 1 / 64 : 1 / 2048;
      frame.view(c).forEach((sample, n) => {
        const expected = signalAt(name, (first + n) / frame.rate, meter.lag);
        assert.ok(Math.abs(sample - expected) < 1.05 * half, `${name} ${first + n}: ${sample}, ${expected}`);
      });
    });
  }
}

/** From the first sample that the meter took on, without a gap. */
function checkWhole(frames: readonly WaveformFrame[], meter: Pick<ReferenceMeter, 'origin' | 'lag'>): void {
  checkSamples(frames, meter);
  let expected = meter.origin;
  for (const frame of frames) {
    assert.ok(Math.abs(frame.time - expected) < 250 / frame.rate, `${frame.time - expected} ms missing`);
    assert.ok(!frame.resumes);
    expected = frame.endTime;
  }
}

describe('meter-poll against a reference meter in Python', function () {
  this.timeout(60_000);

  itWith(
    ['python3'],
    'TCP: readings in all quadrants, the whole waveform, nothing to complain of',
    async () => {
      const { meter, link } = await overTcp();
      const { readings, frames, diagnostics } = poll(link);
      await until(() => readings.some(({ values }) => values.p !== undefined), 'readings');
      await until(() => lengthOf(frames) > 10_000, 'three seconds of waveform', 20_000);
      checkWhole(frames, meter);
      assert.deepEqual(frames[0].names, ['va', 'vb', 'vc', 'ia', 'ib', 'ic']);
      const { values } = readings[readings.length - 1];
      const s = 230 * CURRENT;
      for (const [name, expected] of Object.entries({
        pa: s * Math.cos(Math.PI / 6),
        pb: -s * Math.cos(Math.PI / 6),
        pc: s / 2,
        p: s / 2,
        qa: s / 2,
        qb: s / 2,
        qc: -s * Math.cos(Math.PI / 6),
        sa: s,
        s: 3 * s,
        pfa: 0.866,
        pfb: -0.866,
        pf: 1 / 6,
        va: 230,
        vab: 230 * Math.sqrt(3),
        ic: CURRENT,
        f: 50,
      })) {
        const found = values[name as 'pa'] as number;
        assert.ok(Math.abs(found - expected) <= 0.001 * Math.max(1, Math.abs(expected)), `${name}: ${found}`);
      }
      for (const name of ['energy_import', 'energy_export'] as const) assert.ok((values[name] ?? -1) >= 0);
      assert.deepEqual(diagnostics, []);
    },
  );

  itWith(['python3'], 'TCP: block numbers run over 2^32 in the middle of the waveform', async () => {
    const { meter, link } = await overTcp({ firstBlock: RANGE - 300 });
    const { frames, diagnostics } = poll(link);
    // 19 samples a block; the wrap comes after 1.8 s.
    await until(() => lengthOf(frames) > 19 * 500, 'the waveform beyond the wrap', 20_000);
    checkWhole(frames, meter);
    assert.deepEqual(diagnostics, []);
  });

  itWith(['python3'], 'TCP: the FIFO is full and has run over 2^32 before it is first read', async () => {
    const { meter, raw, link } = await overTcp({ firstBlock: RANGE - 150, fifo: 200 });
    // Overwritten up to the block RANGE - 100; from there to 100 it is held.
    await until(
      async () => (await raw.read(4104, 1))[0] === 0 && (await raw.read(4105, 1))[0] >= 100,
      'it to fill',
    );
    const { frames, diagnostics } = poll(link);
    await until(() => lengthOf(frames) > 19 * 400, 'the waveform', 20_000);
    checkSamples(frames, meter);
    // A loaded machine may lose further blocks of a memory that is full: each of them is reported.
    const lost = diagnostics.map(({ code, detail }) =>
      code === 'BUFFER_OVERFLOW' ? Number(detail.lost) : Number.NaN,
    );
    checkContinuous(
      frames,
      lost.reduce((sum, n) => sum + n, 0),
    );
  });

  for (const [when, firstBlock] of [
    ['', 0],
    [', whose block numbers run over 2^32', RANGE - 690],
  ] as const)
    itWith(['python3'], `TCP: a sag from the log of the meter, with its capture${when}`, async () => {
      const { meter, link } = await overTcp({ sag: 4, firstBlock });
      const { events, diagnostics } = poll(link);
      await until(() => events.length > 0, 'the event', 25_000);
      const [event] = events;
      assert.deepEqual([event.type, event.state, event.phases], ['sag', 'end', ['a']]);
      assert.ok(Math.abs(event.time - meter.origin - 4000) < 20);
      assert.ok(Math.abs((event.duration ?? 0) - 0.2) < 0.02);
      assert.ok(Math.abs((event.extreme ?? 0) - 0.6) < 0.01);
      const { capture } = event;
      assert.ok(capture);
      assert.ok(capture.time <= event.time - 200);
      assert.ok(capture.endTime >= event.time + 400 - 1);
      const va = capture.view(capture.names.indexOf('va'));
      const first = Math.round(((capture.time - meter.origin) / 1000) * capture.rate);
      va.forEach((sample, n) => {
        const t = (first + n) / capture.rate;
        const expected = signalAt('va', t, meter.lag) * (t >= 4 && t < 4.2 ? 0.6 : 1);
        assert.ok(Math.abs(sample - expected) < 0.02, `${sample} at ${t}`);
      });
      assert.deepEqual(diagnostics, []);
    });

  itWith(['python3'], 'TCP: LOG_CTRL 0, then 1, then 0', async () => {
    const { meter, raw, link } = await overTcp({ logCtrl: 0x10 });
    const { readings, frames, diagnostics } = poll(link);
    await until(() => readings.length >= 3, 'readings');
    assert.deepEqual(frames, []);
    await raw.write(LOG_CTRL, 0x11);
    await until(() => lengthOf(frames) > 3200, 'the waveform');
    await raw.write(LOG_CTRL, 0x10);
    await until(() => frames.some(({ last }) => last), 'its end');
    checkSamples(frames, meter);
    checkContinuous(frames);
    assert.deepEqual([...new Set(diagnostics.map(({ code }) => code))], ['WAVEFORM_OFF', 'END_OF_WAVEFORM']);
    const before = frames.length;
    await raw.write(LOG_CTRL, 0x11);
    await until(() => lengthOf(frames.slice(before)) > 1600, 'the waveform again');
    checkSamples(frames, meter);
    checkContinuous(frames.slice(before));
    assert.deepEqual(await raw.read(LOG_CTRL, 1), [0x11]);
  });

  itWith(['python3'], 'TCP: the option that switches the waveform on sets bit 0 alone', async () => {
    const { meter, raw, link } = await overTcp({ logCtrl: 0x8010 });
    const { frames, diagnostics } = poll(link, { waveformOn: true });
    await until(() => lengthOf(frames) > 3200, 'the waveform');
    assert.deepEqual(await raw.read(LOG_CTRL, 1), [0x8011]);
    checkSamples(frames, meter);
    assert.deepEqual(
      diagnostics.map(({ code }) => code),
      ['REGISTER_WRITTEN'],
    );
  });

  itWith(['python3'], 'TCP: a restart, after which block numbers start again', async () => {
    const { meter, link } = await overTcp({ firstBlock: 50_000 });
    const { frames, diagnostics } = poll(link);
    await until(() => lengthOf(frames) > 3200, 'the waveform');
    await meter.end();
    const before = frames.length;
    const { origin, lag } = await pythonMeter({ port: link.port });
    await until(() => lengthOf(frames.slice(before)) > 3200, 'the waveform after the restart', 30_000);
    checkSamples(frames.slice(0, before), meter);
    const after = frames.slice(before).filter(({ time }) => time >= origin - 1);
    assert.ok(Math.abs(after[0].time - origin) < 0.1, 'from its first sample on');
    checkSamples(after, { origin, lag });
    assert.ok(diagnostics.some(({ code }) => code === 'WAVEFORM_RESTARTED'));
    assert.ok(diagnostics.every(({ code }) => code !== 'BUFFER_OVERFLOW'));
  });

  itWith(
    ['python3'],
    'TCP: a FIFO that is too small for the interval: the loss is reported, no sample is wrong',
    async () => {
      const { meter, raw, link } = await overTcp({ fifo: 60 });
      const { frames, diagnostics } = poll(link, { waveformInterval: 1.5 });
      const overflows = () => diagnostics.filter(({ code }) => code === 'BUFFER_OVERFLOW');
      await until(() => overflows().length >= 2 && frames.length >= 3, 'the overflow', 20_000);
      checkSamples(frames, meter);
      assert.ok(overflows().every(({ detail }) => (detail as { lost: number }).lost > 0));
      // Each turn clears the flag; it is set again when the memory has come round.
      await until(async () => ((await raw.read(4100, 1))[0] & 1) === 0, 'the flag to be cleared', 10_000);
    },
  );

  itWith(['python3'], 'TCP: two readers that share the pointers each get the whole waveform', async () => {
    const { meter, link } = await overTcp({ rate: 1600 });
    const both = [poll(link), poll(link)];
    await until(() => both.every(({ frames }) => lengthOf(frames) > 4800), 'both waveforms', 30_000);
    for (const { frames, diagnostics } of both) {
      checkWhole(frames, meter);
      assert.deepEqual(diagnostics, []);
    }
  });

  for (const [when, firstBlock] of [
    ['', 0],
    ['; block numbers run over 2^32', RANGE - 8],
  ] as const)
    itWith(['python3', 'socat'], `RTU at 38400 baud: one channel at 400 Hz${when}`, async () => {
      const { meter, link } = await overSerialLine({ rate: 400, firstBlock }, '--channels', 'va');
      const { readings, frames, diagnostics } = poll(link);
      // 117 samples a block.
      await until(() => lengthOf(frames) > 117 * 14, 'the waveform', 30_000);
      checkWhole(frames, meter);
      const { values } = readings[readings.length - 1];
      assert.ok(Math.abs((values.va ?? 0) - 230) < 0.1 && Math.abs((values.f ?? 0) - 50) < 0.01);
      const names = Object.keys(values).filter((name) => !/^(energy|var)_/.test(name));
      assert.deepEqual(names.sort(), ['f', 'thd_va', 'va'], 'what it does not measure is left out');
      assert.deepEqual(diagnostics, []);
    });

  itWith(['python3', 'socat'], 'RTU: readings of a phase that generates, a sag, LOG_CTRL off', async () => {
    const options = { rate: 400, logCtrl: 0, sag: 4 };
    const { meter, link } = await overSerialLine(options, '--channels', 'va,vb,ib');
    const { readings, events, frames, diagnostics } = poll(link);
    await until(
      () => events.length > 0 && readings.some(({ values }) => values.pb !== undefined),
      'all',
      25_000,
    );
    const { values } = readings[readings.length - 1];
    const s = 230 * CURRENT;
    assert.ok(Math.abs((values.pb ?? 0) + s * Math.cos(Math.PI / 6)) < 1, `${values.pb} W`);
    assert.ok(Math.abs((values.qb ?? 0) - s / 2) < 1, `${values.qb} var`);
    assert.equal(values.pa, undefined);
    assert.ok(Math.abs(events[0].time - meter.origin - 4000) < 20);
    assert.equal(events[0].capture, undefined);
    assert.deepEqual(frames, []);
    assert.deepEqual(
      diagnostics.map(({ code }) => code),
      ['WAVEFORM_OFF'],
    );
  });

  itWith(
    ['python3', 'socat'],
    'G4, G27: on a serial line it is silent for others and for wrong check sums',
    async () => {
      const { ours } = await overSerialLine({ rate: 400 }, '--channels', 'va');
      const port = new SerialPort({ path: ours, baudRate: 38_400, autoOpen: false });
      await new Promise<void>((resolve, reject) => port.open((error) => (error ? reject(error) : resolve())));
      cleanUp(() => new Promise<void>((resolve) => port.close(() => resolve())));
      let heard: Buffer = Buffer.alloc(0);
      port.on('data', (chunk: Buffer) => {
        heard = Buffer.concat([heard, chunk]);
      });
      const send = (unit: number, spoil = 0) => {
        const body = [unit, 3, 0x0f, 0xb4, 0, 1];
        const crc = crcOf(Uint8Array.from(body)) ^ spoil;
        port.write(Buffer.from([...body, crc & 0xff, crc >> 8]));
      };
      for (const [unit, spoil] of [
        [2, 0],
        [1, 1],
        [0x81, 0],
      ]) {
        send(unit, spoil);
        await new Promise((resolve) => setTimeout(resolve, 400));
        assert.equal(heard.length, 0, `unit ${unit}`);
        send(1);
        await until(() => heard.length >= 7, 'the answer to the next one');
        assert.deepEqual([...heard.subarray(0, 5)], [1, 3, 2, 0, 1]);
        assert.equal(heard.length, 7);
        heard = Buffer.alloc(0);
      }
    },
  );
});

/**
 * One after the other without a gap, wherever they begin.
 * @param lost blocks of 19 samples that may be missing, since they were reported
 */
function checkContinuous(frames: readonly WaveformFrame[], lost = 0): void {
  let missing = 0;
  for (let i = 1; i < frames.length; i++) {
    const gap = ((frames[i].time - frames[i - 1].endTime) * frames[i].rate) / 1000;
    assert.ok(
      Math.abs(gap - 19 * Math.round(gap / 19)) < 0.25,
      `${gap} samples between frames ${i - 1} and ${i}`,
    );
    missing += Math.round(gap / 19);
  }
  assert.ok(missing >= 0 && missing <= lost, `${missing} blocks missing, ${lost} reported`);
}
