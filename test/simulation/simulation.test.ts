import assert from 'node:assert/strict';
import { WaveformFrame } from '../../src/record';
import { decode, decodeBlockHeader, decodeStatus, FIFO, genericPq } from '../../src/registers';
import {
  ModbusException,
  PlaybackSource,
  readSimulatorSettings,
  readSyntheticSettings,
  type SignalSource,
  SimulatedMeter,
  SyntheticSource,
} from '../../src/simulation';

const START = 1_700_000_000_000;

function meterOf(source: SignalSource, fifoBlocks = 4000, nominal = 230): SimulatedMeter {
  return new SimulatedMeter({ profile: genericPq, source, nominal, fifoBlocks, start: START });
}

const synthetic = (settings: object) => new SyntheticSource(readSyntheticSettings(settings));
const register = (meter: SimulatedMeter, name: keyof typeof genericPq.registers) => {
  const { address, type } = genericPq.registers[name];
  return decode(meter.read(address, 4), 0, type);
};
const frame = (rate: number, values: number[], name = 'va') =>
  WaveformFrame.from({ kind: 'waveform', meter: 'r', time: 0, rate, channels: { [name]: values } });

/** The blocks from a number on, as a reader finds them in the window. */
function blocks(meter: SimulatedMeter, from: number, count: number) {
  meter.write(genericPq.registers.FIFO_POINTER.address, [from >>> 16, from & 0xffff]);
  return Array.from({ length: count }, (_, i) => {
    const words = meter.read(FIFO.window + i * FIFO.blockLength, FIFO.blockLength);
    return { words, ...decodeBlockHeader(words) };
  });
}

describe('simulated meter', () => {
  it('measures its own supply: what the registers say is what was set', () => {
    const meter = meterOf(synthetic({ nominal: 230, frequency: 50, current: 5, powerFactor: 0.9 }));
    for (let t = 0; t <= 1000; t += 20) meter.advance(START + t);
    const float = (address: number) => decode(meter.read(address, 2), 0, 'float32');
    // 230 V with harmonics of 1, 2 and 1 %; 5 A with 10, 8 and 5 %.
    const v = 230 * Math.hypot(1, 0.01, 0.02, 0.01);
    assert.ok(Math.abs(float(4200) - v) < 0.01);
    assert.ok(Math.abs(float(4212) - 5 * Math.hypot(1, 0.1, 0.08, 0.05)) < 0.001);
    assert.ok(Math.abs(float(4206) - 398.4) < 0.5, 'line to line');
    assert.ok(Math.abs(float(4220) - 50) < 0.01);
    assert.ok(Math.abs(float(4222) - 100 * Math.hypot(0.01, 0.02, 0.01)) < 0.05);
    const exponent = 10 ** decode(meter.read(16, 1), 0, 'int16');
    const [p, q] = [meter.read(0, 1), meter.read(4, 1)].map((words) => decode(words, 0, 'int16') * exponent);
    assert.ok(Math.abs(q - 230 * 5 * Math.sin(Math.acos(0.9))) < 1.5, `Q ${q}`);
    assert.ok(Math.abs(p - 230 * 5 * 0.9) < 12, `P ${p}`);
    assert.equal(register(meter, 'CLOCK'), START + 1000);
  });

  it('says that it has not measured yet, by NaN and 0x8000', () => {
    const meter = meterOf(synthetic({}));
    assert.ok(Number.isNaN(decode(meter.read(4200, 2), 0, 'float32')));
    assert.equal(decode(meter.read(0, 1), 0, 'int16'), -0x8000);
  });

  it('counts events by its own limits, which can be written', () => {
    const disturbances = [{ type: 'sag', at: 0.5, duration: 0.1, residual: 0.8, every: 1 }];
    const events = (limit: number) => {
      const meter = meterOf(synthetic({ disturbances }));
      meter.write(4001, [limit]);
      for (let t = 0; t <= 3000; t += 100) meter.advance(START + t);
      return register(meter, 'EVENT_COUNT');
    };
    assert.equal(events(90), 3);
    assert.equal(events(70), 0);
  });

  it('refuses what is not in the map, and values out of range, without writing any of them', () => {
    const meter = meterOf(synthetic({}));
    const refused = (code: number) => (e: unknown) =>
      e instanceof ModbusException && e.modbusErrorCode === code;
    assert.throws(() => meter.read(300, 1), refused(2));
    assert.throws(() => meter.read(0, 21), refused(2));
    assert.throws(() => meter.write(4010, [1]), refused(2));
    assert.throws(() => meter.write(4001, [80, 400]), refused(3));
    assert.equal(register(meter, 'V_SAG_VAL'), 90);
    assert.throws(() => meter.write(4099, [1]), refused(3));
  });

  it('hands out a recording sample by sample, in numbered blocks, the last one marked', () => {
    const values = Array.from({ length: 500 }, (_, n) => 100 * Math.sin(n / 10));
    const meter = meterOf(new PlaybackSource([frame(1000, values)], { loop: false }));
    meter.advance(START + 10_000 - 1);
    assert.ok(meter.ended);
    const status = decodeStatus(meter.read(FIFO.status, FIFO.statusLength));
    assert.deepEqual([status.oldest, status.next, status.sampling, status.channels], [0, 5, false, ['va']]);
    const found = blocks(meter, 0, 5);
    assert.deepEqual(
      found.map(({ number }) => number),
      [0, 1, 2, 3, 4],
    );
    assert.deepEqual(
      found.map(({ last }) => last),
      [false, false, false, false, true],
    );
    assert.deepEqual(
      found.map(({ time }) => time - START),
      [0, 117, 234, 351, 468],
    );
    const samples = found.flatMap(({ words, count }) =>
      words
        .slice(FIFO.headerLength, FIFO.headerLength + count)
        .map((word) => ((word << 16) >> 16) * status.scales[0]),
    );
    assert.equal(samples.length, 500);
    // Half a count of a 16-bit converter whose full scale is the recording's peak.
    samples.forEach((sample, n) => {
      assert.ok(Math.abs(sample - values[n]) < (100 / 32_767) * 0.51);
    });
  });

  it('marks the last block also where the recording ends with a full one', () => {
    const meter = meterOf(new PlaybackSource([frame(1000, new Array(234).fill(1))], { loop: false }));
    meter.advance(START + 5000);
    assert.deepEqual(
      blocks(meter, 0, 2).map(({ count, last }) => [count, last]),
      [
        [117, false],
        [117, true],
      ],
    );
  });

  it('plays a recording again and again', () => {
    const meter = meterOf(new PlaybackSource([frame(1000, [1, 2, 3, 4])], { loop: true }));
    meter.advance(START + 1000);
    const [block] = blocks(meter, 0, 1);
    const peak = 32_767;
    const counts = block.words.slice(FIFO.headerLength, FIFO.headerLength + 8);
    assert.deepEqual(
      counts,
      [1, 2, 3, 4, 1, 2, 3, 4].map((x) => Math.round((x / 4) * peak)),
    );
  });

  it('describes each block in its own format when the rate changes on the way', () => {
    const meter = meterOf(
      new PlaybackSource([frame(1000, new Array(150).fill(2)), frame(2000, new Array(150).fill(8))], {
        loop: false,
      }),
    );
    meter.advance(START + 5000);
    const rates = [0, 1, 2, 3].map((number) => {
      const [block] = blocks(meter, number, 1);
      const { rate, format, scales } = decodeStatus(meter.read(FIFO.status, FIFO.statusLength));
      assert.equal(block.format, format);
      const first = ((block.words[FIFO.headerLength] << 16) >> 16) * scales[0];
      return [rate, block.count, Math.round(first)];
    });
    assert.deepEqual(rates, [
      [1000, 117, 2],
      [1000, 33, 2],
      [2000, 117, 8],
      [2000, 33, 8],
    ]);
  });

  it('raises the overflow flag for a reader that comes late, and never shows it wrong samples', () => {
    const meter = meterOf(
      new PlaybackSource(
        [
          frame(
            1000,
            Array.from({ length: 5000 }, (_, n) => n),
          ),
        ],
        { loop: false },
      ),
      10,
    );
    meter.advance(START + 1000);
    const overflow = () => decodeStatus(meter.read(FIFO.status, FIFO.statusLength)).overflow;
    assert.equal(overflow(), false);
    meter.advance(START + 3000);
    assert.equal(overflow(), true);
    const [gone] = blocks(meter, 0, 1);
    assert.notEqual(gone.number, 0);
    assert.equal(gone.count, 0);
    const { oldest, next } = decodeStatus(meter.read(FIFO.status, FIFO.statusLength));
    assert.deepEqual(
      blocks(meter, oldest, 10).map(({ number }) => number),
      Array.from({ length: 10 }, (_, i) => oldest + i),
    );
    meter.write(4099, [0xff00]);
    assert.equal(overflow(), false);
    // What was said to be read may be overwritten without a flag.
    blocks(meter, next, 0);
    meter.advance(START + 4000);
    assert.equal(overflow(), false);
  });

  it('stops the log at LOG_CTRL 0', () => {
    const meter = meterOf(synthetic({}));
    meter.write(4005, [0]);
    meter.advance(START + 1000);
    assert.equal(decodeStatus(meter.read(FIFO.status, FIFO.statusLength)).next, 0);
  });

  it('does not make up for the time its host slept', () => {
    const meter = meterOf(synthetic({}), 100_000);
    meter.advance(START + 1000);
    const before = decodeStatus(meter.read(FIFO.status, FIFO.statusLength)).next;
    meter.advance(START + 3_600_000);
    meter.advance(START + 3_601_000);
    const after = decodeStatus(meter.read(FIFO.status, FIFO.statusLength)).next;
    assert.ok(after - before < 400, `${after - before} blocks`);
    const [block] = blocks(meter, after - 1, 1);
    assert.ok(block.time > START + 3_600_900);
  });
});

describe('settings of the simulator', () => {
  it('names what cannot be', () => {
    const sag = { type: 'sag', at: '1', duration: '0.2', every: '0.1' };
    assert.throws(
      () => readSyntheticSettings({ disturbances: [sag] }),
      /settings\.disturbances\[0\]\.every: expected more than the duration/,
    );
    assert.throws(
      () => readSyntheticSettings({ disturbances: [{ type: 'dip' }] }),
      /disturbances\[0\]\.type: expected one of sag, swell/,
    );
    assert.throws(
      () => readSyntheticSettings({ disturbances: [{ type: 'sag', phases: 'xyz' }] }),
      /disturbances\[0\]\.phases/,
    );
    assert.throws(() => readSimulatorSettings({ meters: 248 }), /settings\.meters: /);
    assert.throws(() => readSimulatorSettings({ meters: 10, firstUnit: 240 }), /settings\.firstUnit: /);
  });
});
