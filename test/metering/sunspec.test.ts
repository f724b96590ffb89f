import assert from 'node:assert/strict';
import { ModbusLink, Poller, readFleet, readLinkSettings, readPollerSettings } from '../../src/metering';
import { cleanUpAfterEach } from '../clean-up';
import { until } from '../until';
import { collect } from './collect';
import { startRegisterServer } from './register-server';

const cleanUp = cleanUpAfterEach();

/** Words of a text, two characters each, padded with NUL. */
function text(words: number, value: string): number[] {
  const bytes = Buffer.alloc(2 * words);
  bytes.write(value, 'latin1');
  return Array.from({ length: words }, (_, i) => bytes.readUInt16BE(2 * i));
}
const u32 = (value: number) => [Math.floor(value / 0x10000), value % 0x10000];
function f32(value: number): number[] {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatBE(value);
  return [bytes.readUInt16BE(0), bytes.readUInt16BE(2)];
}
const NI = 0x8000;
const SF = (exponent: number) => exponent & 0xffff;

/** Model 203 as the SunSpec reference lays it out: points in order, not offsets. */
function model203(): number[] {
  return [
    203,
    105,
    ...[1505, 500, 503, 502, SF(-2)],
    ...[2305, 2301, 2305, 2310, 3992, 3990, NI, 3995, SF(-1)],
    ...[4998, SF(-2)],
    ...[3200, 1000, 1100, 1100, SF(0)],
    ...[NI, NI, NI, NI, SF(0)],
    ...[-45 & 0xffff, -15 & 0xffff, -15 & 0xffff, -15 & 0xffff, SF(1)],
    // Power factor comes in percent.
    ...[985, 990, 980, 985, SF(-1)],
    ...u32(0),
    ...Array(6).fill(0),
    ...u32(123_456),
    ...Array(6).fill(0),
    SF(1),
    ...Array(51).fill(0),
  ];
}

/** Model 213: the same in floats; NaN where a point is not implemented. */
function model213(): number[] {
  const quiet = [0x7fc0, 0];
  return [
    213,
    124,
    ...[15.05, 5, 5.03, 5.02].flatMap(f32),
    ...[230.5, 230.1, 230.5, 231].flatMap(f32),
    ...f32(399.2),
    ...f32(399),
    ...quiet,
    ...f32(399.5),
    ...f32(49.98),
    ...[3200, 1000, 1100, 1100].flatMap(f32),
    ...[quiet, quiet, quiet, quiet].flat(),
    ...[-450, -150, -150, -150].flatMap(f32),
    ...[0.985, 0.99, 0.98, 0.985].flatMap(f32),
    ...quiet,
    ...Array(6).fill(0),
    ...f32(1_234_560),
    ...Array(56).fill(0),
  ];
}

/** A device with the common model, a model that is of no interest here, and a meter. */
function device(base: number, meter: number[]): Map<number, number> {
  const words = [
    0x5375,
    0x6e53,
    ...[
      1,
      66,
      ...text(16, 'ACME'),
      ...text(16, 'Meter 3'),
      ...text(8, ''),
      ...text(8, '1.2'),
      ...text(16, 'SN4711'),
      1,
      NI,
    ],
    ...[160, 3, 0, 0, 0],
    ...meter,
    0xffff,
    0,
  ];
  return new Map(words.map((word, i) => [base + i, word]));
}

async function readOnce(registers: ReadonlyMap<number, number>) {
  const server = await startRegisterServer(registers);
  const link = new ModbusLink(
    readLinkSettings({ host: '127.0.0.1', port: server.port, timeout: 500, retries: 0 }),
  );
  const { got, output } = collect();
  const { readings, diagnostics } = got;
  const poller = new Poller(
    readFleet([{ id: 'm1', link: 'x', profile: 'sunspec' }]),
    () => link,
    readPollerSettings({ interval: 3600 }),
    output,
  );
  cleanUp(
    () => server.close(),
    () => link.close(),
    () => poller.stop(),
  );
  await until(
    () => readings.length + diagnostics.filter(({ severity }) => severity === 'error').length > 0,
    'an answer',
  );
  return { readings, diagnostics };
}

const EXPECTED = {
  ia: 5,
  ib: 5.03,
  ic: 5.02,
  va: 230.1,
  vb: 230.5,
  vc: 231,
  vab: 399,
  vca: 399.5,
  f: 49.98,
  p: 3200,
  pa: 1000,
  pb: 1100,
  pc: 1100,
  q: -450,
  qa: -150,
  qb: -150,
  qc: -150,
  pf: 0.985,
  pfa: 0.99,
  pfb: 0.98,
  pfc: 0.985,
  energy_import: 1_234_560,
};

describe('SunSpec meters', () => {
  for (const base of [40_000, 50_000, 0]) {
    for (const [name, model] of [
      ['203', model203()],
      ['213', model213()],
    ] as const) {
      it(`model ${name} behind the marker at ${base}: values by scale factors, without those not implemented`, async () => {
        const { readings, diagnostics } = await readOnce(device(base, model));
        const { values, quality } = readings[0];
        assert.equal(quality, 'good');
        assert.deepEqual(Object.keys(values).sort(), Object.keys(EXPECTED).sort());
        for (const [quantity, value] of Object.entries(EXPECTED)) {
          const found = values[quantity as 'va'] as number;
          assert.ok(Math.abs(found - value) <= 1e-4 * Math.abs(value), `${quantity}: ${found} for ${value}`);
        }
        assert.deepEqual(
          diagnostics.map(({ code, text: said }) => [code, said]),
          [['METER_IDENTIFIED', 'manufacturer ACME, model Meter 3, version 1.2, serial SN4711']],
        );
      });
    }
  }

  it('says so where there is no marker, or no meter behind it', async () => {
    const nothing = await readOnce(new Map([[5, 5]]));
    assert.match(nothing.diagnostics[0].text, /no SunSpec marker at 40000, 50000, 0/);
    const inverter = await readOnce(device(40_000, [103, 2, 0, 0]));
    assert.match(inverter.diagnostics[0].text, /no meter model \(201 to 204, 211 to 214\)/);
  });

  it('does not follow a chain of models for ever', async () => {
    const endless = new Map(Array.from({ length: 65_000 }, (_, i) => [i, i % 2 ? 0 : 7]));
    endless.set(40_000, 0x5375);
    endless.set(40_001, 0x6e53);
    const { diagnostics } = await readOnce(endless);
    assert.match(diagnostics[0].text, /no meter model/);
  });
});
