import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WaveformFrame } from '../../src/record';
import {
  decode,
  decodeBlockHeader,
  decodeLogEntry,
  decodeStatus,
  encodeLogEntry,
  FIFO,
  genericPq,
  LOG_ENTRY_LENGTH,
} from '../../src/registers';
import { PlaybackSource, readSyntheticSettings, SimulatedMeter, SyntheticSource } from '../../src/simulation';
import { BlockFifo } from '../../src/simulation/block-fifo';

const START = 1_700_000_000_000;
const RANGE = 2 ** 32;
const { LOG_CTRL, FIFO_POINTER, EVENT_COUNT } = genericPq.registers;

/** One channel at 1170 Hz: ten blocks a second. The sample is its own number, modulo 1000. */
function counting(fifoBlocks: number, firstBlock?: number): SimulatedMeter {
  const channels = { va: Array.from({ length: 11_700 }, (_, n) => n % 1000) };
  const frame = WaveformFrame.from({ kind: 'waveform', meter: 'r', time: 0, rate: 1170, channels });
  const source = new PlaybackSource([frame], { loop: false });
  return new SimulatedMeter({
    profile: genericPq,
    source,
    nominal: 230,
    fifoBlocks,
    start: START,
    firstBlock,
  });
}

const statusOf = (meter: SimulatedMeter) => decodeStatus(meter.read(FIFO.status, FIFO.statusLength));
const point = (meter: SimulatedMeter, number: number) =>
  meter.write(FIFO_POINTER.address, [number >>> 16, number & 0xffff]);
const inWindow = (meter: SimulatedMeter, index: number) =>
  meter.read(FIFO.window + index * FIFO.blockLength, FIFO.blockLength);

describe('block numbers, modulo 2^32', () => {
  it('run over from 4294967295 to 0, with every block in its place; 2^32 is no multiple of the depth', () => {
    const first = RANGE - 7;
    const meter = counting(10, first);
    for (let tenths = 1; tenths <= 40; tenths++) {
      // A little past the tenth: the sample that follows closes the block.
      meter.advance(START + 100 * tenths + 2);
      const { oldest, next, overflow } = statusOf(meter);
      assert.equal(next, (first + tenths) % RANGE);
      assert.equal(oldest, (first + Math.max(0, tenths - 10)) % RANGE);
      assert.equal(overflow, false, `after ${tenths} blocks`);
      point(meter, oldest);
      for (let i = 0; i < Math.min(10, tenths); i++) {
        const words = inWindow(meter, i);
        const header = decodeBlockHeader(words);
        assert.equal(header.number, (oldest + i) % RANGE);
        const at = Math.max(0, tenths - 10) + i;
        assert.equal(header.count, 117, `block ${header.number}`);
        assert.ok(Math.abs(header.time - (START + 100 * at)) < 0.001);
        const peak = Math.round((((117 * at) % 1000) / 999) * 32_767);
        assert.equal(words[FIFO.headerLength], peak);
      }
      assert.equal(decodeBlockHeader(inWindow(meter, Math.min(10, tenths))).count, 0, 'nothing beyond');
      point(meter, next);
    }
  });

  it('4294967295 is a block like any other; where none is held, the count is 0', () => {
    const meter = counting(10, RANGE - 1);
    assert.deepEqual(inWindow(meter, 0), [0xffff, 0xffff, ...new Array(123).fill(0)]);
    meter.advance(START + 150);
    const held = decodeBlockHeader(inWindow(meter, 0));
    assert.deepEqual([held.number, held.count], [RANGE - 1, 117]);
    assert.deepEqual(inWindow(meter, 1), [0xffff, 0xffff, ...new Array(123).fill(0)]);
  });

  it('begin at the given number; the pointer stands at the first one', () => {
    for (const first of [0, 70_000, RANGE - 1]) {
      const meter = counting(10, first);
      const { oldest, next, sampling, format, rate, channels } = statusOf(meter);
      assert.deepEqual([oldest, next, sampling, format, rate], [first, first, true, 1, 1170]);
      assert.deepEqual(channels, ['va']);
      assert.equal(decode(meter.read(FIFO_POINTER.address, 2), 0, 'uint32'), first);
      assert.equal(meter.unread, 0);
      meter.advance(START + 302);
      assert.equal(meter.unread, 3);
    }
  });

  it('raise the overflow flag across the wrap only for a block that was not read', () => {
    const first = RANGE - 12;
    const meter = counting(10, first);
    meter.advance(START + 1002);
    assert.equal(statusOf(meter).overflow, false, 'full, nothing overwritten');
    point(meter, (first + 11) % RANGE);
    // Overwrites the blocks up to 2^32 - 2, all of them read.
    meter.advance(START + 2102);
    assert.equal(statusOf(meter).overflow, false);
    assert.equal(meter.unread, 10);
    meter.advance(START + 2202);
    assert.equal(statusOf(meter).overflow, true, 'the block 4294967295 was not read');
    meter.write(4099, [0xff00]);
    point(meter, 10);
    assert.equal(meter.unread, 0);
    meter.advance(START + 3202);
    assert.equal(statusOf(meter).overflow, false);
    meter.advance(START + 4202);
    assert.equal(statusOf(meter).overflow, true);
  });

  it('of a capture run over too, and 4294967295 may be its first one', () => {
    const disturbances = [{ type: 'sag', at: 1, duration: 0.1, residual: 0.5 }];
    const settings = readSyntheticSettings({ rate: 1900, disturbances });
    // 19 samples a block: 100 blocks a second; the capture begins 0.79 s after the start.
    for (const [firstBlock, begins] of [
      [RANGE - 100, RANGE - 21],
      [RANGE - 80, RANGE - 1],
    ]) {
      const source = new SyntheticSource(settings);
      const options = { profile: genericPq, source, nominal: 230, fifoBlocks: 333, start: START, firstBlock };
      const meter = new SimulatedMeter(options);
      for (let t = 0; t <= 2000; t += 10) meter.advance(START + t);
      assert.equal(decode(meter.read(EVENT_COUNT.address, 2), 0, 'uint32'), 1);
      const entry = decodeLogEntry(meter.read(4300, LOG_ENTRY_LENGTH));
      assert.ok(entry?.capture);
      const { first, count } = entry.capture;
      assert.equal(first, begins);
      point(meter, first);
      const headers = Array.from({ length: count }, (_, i) => decodeBlockHeader(inWindow(meter, i)));
      headers.forEach((header, i) => {
        assert.equal(header.number, (first + i) % RANGE);
      });
      // From ten cycles before to ten after, in blocks of 10 ms.
      const until = headers[count - 1].time + 10;
      assert.ok(headers[0].time <= entry.time - 200 && headers[0].time > entry.time - 211);
      const end = entry.time + entry.duration * 1000 + 200;
      assert.ok(until >= end && until < end + 11, `${until - end} ms after the end`);
    }
  });
});

describe('a block', () => {
  it('is laid out as in the example of docs/generic-pq.md', () => {
    const words = readFileSync(join(__dirname, '../../docs/generic-pq.md'), 'utf8')
      .split('**Example.**')[1]
      .split('## ')[0]
      .split('\n')
      .flatMap((row) => /^\| [\d, to]+ \| ((?:[\dA-F]{4} ?)+)/.exec(row)?.[1].trim().split(' ') ?? [])
      .map((word) => Number.parseInt(word, 16));
    const fifo = new BlockFifo(10, 7);
    fifo.setFormat({ rate: 1000, channels: ['va', 'ia'], scales: [0.5, 0.25] });
    fifo.push([Float32Array.of(50, 100), Float32Array.of(-0.25, -0.5)], 0, 2, 1.7e12);
    fifo.end();
    assert.equal(words.length, 13);
    assert.deepEqual([...(fifo.block(7) ?? [])], [...words, ...new Array(112).fill(0)]);
  });
});

describe('an entry of the log', () => {
  it('has a capture where it has blocks, whatever the number of the first', () => {
    const entry = {
      number: 0,
      type: 'sag',
      time: START,
      duration: 0.1,
      reference: 230,
      extreme: 0.6,
    } as const;
    for (const capture of [{ first: RANGE - 1, count: 3 }, { first: 0, count: 400 }, undefined]) {
      const words = encodeLogEntry({ ...entry, perPhase: {}, capture });
      assert.deepEqual(decodeLogEntry(words)?.capture, capture);
      if (!capture) assert.deepEqual([...words.subarray(14, 17)], [0xffff, 0xffff, 0]);
    }
  });
});

describe('LOG_CTRL', () => {
  it('bit 0 stops and starts the blocks; the sampling flag says so, numbers go on, time shows the gap', () => {
    const meter = counting(100);
    meter.advance(START + 250);
    meter.write(LOG_CTRL.address, [0x80]);
    assert.deepEqual([statusOf(meter).sampling, statusOf(meter).next], [false, 3]);
    meter.advance(START + 1000);
    assert.deepEqual([statusOf(meter).sampling, statusOf(meter).next], [false, 3]);
    assert.deepEqual(meter.read(LOG_CTRL.address, 1), [0x80]);
    meter.write(LOG_CTRL.address, [0x81]);
    assert.equal(statusOf(meter).sampling, true);
    meter.advance(START + 1202);
    const { next, format, rate } = statusOf(meter);
    assert.deepEqual([next, format, rate], [5, 1, 1170]);
    const headers = [0, 1, 2, 3, 4].map((i) => decodeBlockHeader(inWindow(meter, i)));
    assert.deepEqual(
      headers.map(({ number, last }) => [number, last]),
      [
        [0, false],
        [1, false],
        [2, true],
        [3, false],
        [4, false],
      ],
    );
    assert.deepEqual(
      headers.map(({ time }) => Math.round((time - START) / 10)),
      [0, 10, 20, 100, 110],
    );
    assert.ok(headers[2].count < 117, 'what was begun is handed out');
  });

  it('cannot bring back a source that has ended', () => {
    const meter = counting(200);
    for (let t = 0; t <= 11_000; t += 1000) meter.advance(START + t);
    assert.ok(meter.ended);
    assert.equal(statusOf(meter).sampling, false);
    meter.write(LOG_CTRL.address, [1]);
    assert.equal(statusOf(meter).sampling, false);
  });
});
