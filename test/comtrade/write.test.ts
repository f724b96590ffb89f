import assert from 'node:assert/strict';
import { exportEvent, readExportRequest, writeRecord } from '../../src/comtrade';
import { openRecord } from '../../src/files';
import { WaveformFrame } from '../../src/record';
import { eventWith } from '../disturbance/journal-events';
import { all } from '../files/recorded';
import { readCff, readWhole } from './whole';

const TIME = Date.UTC(2026, 10, 21, 13, 5, 9) + 87.6543;
const RATE = 6400;
const LENGTH = 500;

const frame = WaveformFrame.from({
  kind: 'waveform',
  meter: 'feeder 7, bay 2',
  time: TIME,
  rate: RATE,
  channels: {
    va: Float32Array.from({ length: LENGTH }, (_, n) => 325 * Math.sin(n / 20)),
    vab: Float32Array.from({ length: LENGTH }, (_, n) => -1e-3 * n),
    in: new Float32Array(LENGTH),
  },
});

/** The parts of a record, decoded by the text of the standard and nothing of the package's reader. */
function decode(cfg: string, dat: Buffer): { fields: string[][]; rows: number[][] } {
  const fields = cfg.split('\r\n').map((line) => line.split(','));
  const analog = fields.slice(2, 5);
  const format = fields[10][0];
  const scaled = (stored: number, i: number) => Number(analog[i][5]) * stored + Number(analog[i][6]);
  if (format === 'ASCII') {
    const lines = dat.toString('latin1').trimEnd().split('\r\n');
    return {
      fields,
      rows: lines.map((line) => {
        const [n, stamp, ...values] = line.split(',').map(Number);
        return [n, stamp, ...values.map(scaled)];
      }),
    };
  }
  const width = 8 + 3 * 4;
  assert.equal(dat.length % width, 0);
  return {
    fields,
    rows: Array.from({ length: dat.length / width }, (_, k) => {
      const view = new DataView(dat.buffer, dat.byteOffset + k * width, width);
      const values = [8, 12, 16].map((at) =>
        format === 'FLOAT32' ? view.getFloat32(at, true) : view.getInt32(at, true),
      );
      return [view.getUint32(0, true), view.getUint32(4, true), ...values.map(scaled)];
    }),
  };
}

describe('comtrade export', () => {
  for (const [format, tolerance] of [
    ['ASCII', 1 / 99_998],
    ['BINARY32', 1e-7],
    ['FLOAT32', 0],
  ] as const) {
    it(`writes ${format} of the revision of 2013, as the standard says`, () => {
      const { cfg, dat } = writeRecord(frame, { format, frequency: 50, trigger: TIME + 12.5 });
      const { fields, rows } = decode(cfg, dat);
      assert.deepEqual(fields[0], ['feeder 7 bay 2', 'power-quality', '2013']);
      assert.deepEqual(fields[1], ['3', '3A', '0D']);
      assert.deepEqual(
        fields.slice(2, 5).map((one) => [one[0], one[1], one[2], one[4], one[10], one[11], one[12]]),
        [
          ['1', 'VA', 'A', 'V', '1', '1', 'P'],
          ['2', 'VAB', 'AB', 'V', '1', '1', 'P'],
          ['3', 'IN', 'N', 'A', '1', '1', 'P'],
        ],
      );
      for (const one of fields.slice(2, 5)) assert.equal(one.length, 13);
      assert.deepEqual(fields.slice(5, 8), [['50'], ['1'], ['6400', '500']]);
      assert.deepEqual(fields[8], ['21/11/2026', '13:05:09.087654']);
      assert.deepEqual(fields[9], ['21/11/2026', '13:05:09.100154']);
      assert.deepEqual(fields.slice(10), [[format], ['1'], ['0', '0'], ['F', '3'], ['']]);
      assert.equal(rows.length, LENGTH);
      rows.forEach(([n, stamp, ...values], k) => {
        assert.equal(n, k + 1);
        assert.ok(Math.abs(stamp - (k / RATE) * 1e6) <= 0.5);
        frame.names.forEach((name, i) => {
          const samples = frame.channel(name) as Float32Array;
          const peak = samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
          assert.ok(Math.abs(values[i] - samples[k]) <= tolerance * peak, `${name}[${k}]: ${values[i]}`);
        });
      });
    });

    it(`reads its ${format} back, in three files and in one`, async () => {
      const event = { ...eventWith(TIME), capture: frame };
      const three = exportEvent({ event, format, single: false });
      const one = exportEvent({ event, format, single: true });
      assert.ok('cfg' in three && 'cff' in one);
      for (const recording of [await readWhole(three.cfg, three.dat), await readCff(one.cff)]) {
        assert.deepEqual(recording.warnings, []);
        assert.ok(Math.abs((recording.config.start as number) - TIME) < 0.001);
      }
      const cfg = Buffer.from(three.cfg);
      for (const source of [
        { name: 'three', cfg, dat: three.dat },
        { name: 'one', cff: one.cff },
      ]) {
        const file = await openRecord(source, { channels: 'va=VA, vab=VAB, in=IN' });
        const [back, ...more] = await all(file.records());
        assert.ok(back instanceof WaveformFrame && more.length === 0);
        assert.equal(
          file.summary.doubts.find(({ code }) => code === 'MISSING_SAMPLES'),
          undefined,
        );
        assert.deepEqual([back.names, back.rate, back.length], [frame.names, RATE, LENGTH]);
        assert.ok(Math.abs(back.time - TIME) < 0.001);
        for (const name of frame.names) {
          const samples = frame.channel(name) as Float32Array;
          const peak = samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
          back.channel(name)?.forEach((x, n) => {
            assert.ok(Math.abs(x - samples[n]) <= tolerance * peak, `${name}[${n}]: ${x} for ${samples[n]}`);
          });
        }
      }
      const { header = '' } = await readCff(one.cff);
      for (const text of [three.hdr, header]) {
        assert.match(text, /^Event m1:sag:2026-11-21T13:05:09\.087Z\r\nMeter: m1\r\nType: sag\r\n/);
        const json = JSON.parse(text.slice(text.indexOf('{')));
        assert.deepEqual(json, JSON.parse(JSON.stringify({ ...event, capture: undefined })));
      }
      assert.equal(three.name, 'm1_sag_2026-11-21T13_05_09.087Z');
    });
  }

  it('takes an event, alone or with a format, and says what is wrong with anything else', () => {
    const event = eventWith(TIME);
    assert.deepEqual(readExportRequest(event), { event, format: 'FLOAT32', single: false });
    assert.equal(readExportRequest({ event, format: 'ASCII', single: true }).format, 'ASCII');
    const { capture: _capture, ...bare } = event;
    for (const [given, error] of [
      [bare, /^payload\.capture: expected the waveform of the event, got nothing/],
      [{ event, format: 'BINARY' }, /^payload\.format: expected one of ASCII, BINARY32, FLOAT32/],
      [{ event: frame }, /^payload\.event\.kind: expected event, got "waveform"/],
      [{}, /^payload\.event: expected an object/],
      ['m1', /^payload: expected an object/],
    ] as const) {
      assert.throws(
        () => readExportRequest(given),
        (e: Error) => error.test(e.message),
      );
    }
  });

  it('refuses what does not fit into 32-bit time stamps', () => {
    const long = WaveformFrame.from({
      kind: 'waveform',
      meter: 'm',
      time: 0,
      rate: 0.01,
      channels: { va: new Array(50).fill(1) },
    });
    assert.throws(() => writeRecord(long, { format: 'ASCII', frequency: 50 }), /capture: 5000 s do not fit/);
  });
});
