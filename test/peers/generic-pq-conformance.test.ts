import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode, decodeBlockHeader, decodeLogEntry, decodeStatus, FIFO } from '../../src/registers';
import { cleanUpAfterEach } from '../clean-up';
import { until } from '../until';
import { endPrograms, itWith } from './programs';
import { Exception, RawClient, readRequest, wordsOf, writeRequest } from './raw-client';
import {
  CURRENT,
  type MeterOptions,
  pythonMeter,
  RATE,
  type ReferenceMeter,
  signalAt,
  simulatorMeter,
  VOLTAGE,
} from './reference-meters';

/** The requirements G1 to G28 of docs/generic-pq.md, asked of two meters that share no code. */

const cleanUp = cleanUpAfterEach();
afterEach(endPrograms);

const RANGE = 2 ** 32;
const RANGES = [
  [0, 17],
  [4001, 4007],
  [4010, 4017],
  [4020, 4020],
  [4099, 4099],
  [4100, 4133],
  [4140, 4143],
  [4200, 4249],
  [4300, 4419],
  [10_000, 59_999],
];
const halves = (number: number) => [number >>> 16, number & 0xffff];
const refused = (code: number) => (error: unknown) => error instanceof Exception && error.code === code;
const statusOf = async (client: RawClient) => decodeStatus(await client.read(4100, 34));
const number = async (client: RawClient, address: number) =>
  decode(await client.read(address, 2), 0, 'uint32');
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function blocks(client: RawClient, from: number, count: number) {
  await client.write(4012, ...halves(from));
  const found: ({ words: number[] } & ReturnType<typeof decodeBlockHeader>)[] = [];
  for (let i = 0; i < count; i++) {
    const words = await client.read(FIFO.window + i * FIFO.blockLength, FIFO.blockLength);
    found.push({ words, ...decodeBlockHeader(words) });
  }
  return found;
}

/** Every sample of the blocks against the closed form, to one count and the time of a quarter sample. */
function checkSamples(
  meter: ReferenceMeter,
  found: Awaited<ReturnType<typeof blocks>>,
  status: ReturnType<typeof decodeStatus>,
  divider = 1,
): void {
  for (const { words, count, time } of found) {
    const first = Math.round(((time - meter.origin) / 1000) * status.rate * divider) / divider;
    status.channels.forEach((name, c) => {
      for (let n = 0; n < count; n++) {
        const sample = decode(words, 8 + c * count + n, 'int16') * status.scales[c];
        const expected = signalAt(name, (first + n) / status.rate, meter.lag);
        assert.ok(
          Math.abs(sample - expected) < status.scales[c] * 0.51 + 2e-6 * Math.abs(VOLTAGE),
          `${name} of ${first + n}: ${sample} for ${expected}`,
        );
      }
    });
    assert.ok(words.slice(8 + status.channels.length * count).every((word) => word === 0));
  }
}

for (const [name, start] of [
  ['in Python, from the page alone', pythonMeter],
  ['of the simulator', simulatorMeter],
] as const) {
  describe(`the reference meter ${name}`, function () {
    this.timeout(60_000);
    const check = (title: string, test: () => Promise<void>) =>
      itWith(start === pythonMeter ? ['python3'] : [], title, test);

    async function meterWith(options: MeterOptions = {}) {
      const meter = await start(options);
      cleanUp(() => meter.end());
      const client = await RawClient.open(meter.port);
      cleanUp(() => client.close());
      const filled = (blocksMade: number) =>
        until(async () => {
          const { oldest, next } = await statusOf(client);
          return (next - oldest) >>> 0 >= blocksMade;
        }, `${blocksMade} blocks`);
      return { meter, client, filled };
    }

    check('G1, G19: any beginning and length; parts agree with the whole, and stay as they are', async () => {
      const { client, filled } = await meterWith();
      await filled(12);
      await client.write(4005, 0);
      const before = await client.read(FIFO.window, 125);
      for (const [first, last] of RANGES) {
        const whole: number[] = [];
        const length = Math.min(1000, last - first + 1);
        while (whole.length < length) {
          whole.push(...(await client.read(first + whole.length, Math.min(125, length - whole.length))));
        }
        const isStill = ![0, 4010, 4200].includes(first);
        for (let i = 0; i < 20; i++) {
          const from = Math.floor((i * 7919) % length);
          const count = Math.min(length - from, 1 + ((i * 31) % 125));
          const part = await client.read(first + from, count);
          if (isStill) assert.deepEqual(part, whole.slice(from, from + count), `${first} + ${from}`);
        }
        await client.read(last, 1);
      }
      assert.deepEqual(await client.read(FIFO.window, 125), before);
    });

    check('G2, G3, G4: exceptions; a refused write changes nothing', async () => {
      const { client } = await meterWith();
      for (const [first, last] of RANGES) {
        await assert.rejects(client.read(last, 2), refused(2), `beyond ${last}`);
        if (first > 0) await assert.rejects(client.read(first - 1, 2), refused(2), `before ${first}`);
      }
      for (const at of [18, 300, 4000, 4008, 60_000, 65_535])
        await assert.rejects(client.read(at, 1), refused(2), `${at}`);
      await assert.rejects(client.read(65_535, 2), refused(2));
      for (const count of [0, 126]) await assert.rejects(client.read(0, count), refused(3));
      await assert.rejects(client.ask(Buffer.from([0x2b, 14, 1, 0])), refused(1));
      await assert.rejects(client.read(0, 1, 9), refused(11));
      for (const [address, ...words] of [
        [4010, 1],
        [4014, 0, 0, 0, 0],
        [4020, 2],
        [0, 1],
        [4007, 1, 1],
        [4100, 0],
      ]) {
        await assert.rejects(client.write(address, ...words), refused(2), `${address}`);
      }
      for (const [address, ...words] of [
        [4001, 0],
        [4001, 80, 301],
        [4099, 1],
        [4007, 0],
        [4007, 17],
      ]) {
        await assert.rejects(client.write(address, ...words), refused(3), `${address}`);
      }
      assert.deepEqual(await client.read(4001, 6), [90, 110, 1, 20, 1, 0]);
      // Function code 06.
      assert.deepEqual(
        await client.ask(Buffer.from([6, 0x0f, 0xa1, 0, 85])),
        Buffer.from([6, 0x0f, 0xa1, 0, 85]),
      );
      await client.write(4002, 120, 3, 25);
      assert.deepEqual(await client.read(4001, 6), [85, 120, 3, 25, 1, 0], 'G11');
      assert.deepEqual(await client.read(4020, 1), [1], 'G11');
    });

    check('G28: fewer samples for one in a block; times and rate follow', async () => {
      const { meter, client, filled } = await meterWith();
      await filled(3);
      const before = await statusOf(client);
      await client.write(4007, 4);
      await until(async () => (await statusOf(client)).next > before.next + 12, 'blocks of fewer samples');
      const { next } = await statusOf(client);
      const found = (await blocks(client, next - 8, 8)).filter(({ count }) => count > 0);
      const status = await statusOf(client);
      assert.deepEqual([status.rate, before.rate], [RATE / 4, RATE]);
      assert.notEqual(status.format, before.format);
      for (const { format } of found) assert.equal(format, status.format);
      checkSamples(meter, found, status, 4);
      // Blocks from before keep their format.
      await client.write(4012, ...halves(before.next - 1));
      assert.deepEqual(
        [(await statusOf(client)).rate, (await statusOf(client)).format],
        [RATE, before.format],
      );
      assert.deepEqual(await client.read(4007, 1), [4]);
    });

    check('G5, G6, G7: four requests at once, in order; two connections; answers in time', async () => {
      const { meter, client } = await meterWith();
      for (let i = 0; i < 50; i++) {
        const [, first, , second] = await client.together([
          writeRequest(4012, halves(7 * i)),
          readRequest(4012, 2),
          writeRequest(4012, halves(RANGE - 1 - i)),
          readRequest(4012, 2),
        ]);
        assert.deepEqual([first, second].map(wordsOf), [halves(7 * i), halves(RANGE - 1 - i)]);
      }
      const other = await RawClient.open(meter.port);
      cleanUp(() => other.close());
      await other.write(4012, ...halves(4711));
      assert.equal(await number(client, 4012), 4711);
      for (let i = 0; i < 50; i++) await client.read(FIFO.window, 125);
      assert.ok(client.slowest < 500, `${client.slowest} ms`);
    });

    check('G8, G9, G10: powers with their signs, voltages, currents, clock', async () => {
      const { meter, client } = await meterWith();
      assert.equal((await client.read(0, 1))[0], 0x8000, 'not yet measured');
      assert.ok(Number.isNaN(decode(await client.read(4200, 2), 0, 'float32')));
      await until(async () => (await client.read(0, 1))[0] !== 0x8000, 'the first readings');
      await pause(500);
      const words = await client.read(0, 18);
      const exponent = 10 ** decode(words, 16, 'int16');
      const near = (found: number, expected: number, tolerance: number, what: string) =>
        assert.ok(Math.abs(found - expected) <= tolerance, `${what}: ${found} for ${expected}`);
      const s = VOLTAGE * CURRENT;
      const angles = Object.values(meter.lag).map((degrees) => (degrees * Math.PI) / 180);
      const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
      const p = angles.map((angle) => s * Math.cos(angle));
      const q = angles.map((angle) => s * Math.sin(angle));
      const all = [...p, sum(p), ...q, sum(q), s, s, s, 3 * s];
      all.forEach((expected, i) => {
        near(decode(words, i, 'int16') * exponent, expected, 0.003 * s, `register ${i}`);
      });
      [...p.map((x) => x / s), sum(p) / (3 * s)].forEach((expected, i) => {
        near(decode(words, 12 + i, 'int16') / 10_000, expected, 0.002, `power factor ${i}`);
      });
      const floats = await client.read(4200, 34);
      const float = (i: number) => decode(floats, 2 * i, 'float32');
      for (const i of [0, 1, 2]) near(float(i), VOLTAGE, 0.1, `voltage ${i}`);
      for (const i of [3, 4, 5]) near(float(i), VOLTAGE * Math.sqrt(3), 0.2, `line voltage ${i}`);
      for (const i of [6, 7, 8]) near(float(i), CURRENT, 0.01, `current ${i}`);
      near(float(10), 50, 0.01, 'frequency');
      for (let i = 11; i < 17; i++) near(float(i), 0, 0.1, `THD ${i}`);
      const sent = Date.now();
      const clock = decode(await client.read(4014, 4), 0, 'uint64');
      assert.ok(clock >= sent - 20 && clock <= Date.now() + 20, `${clock - sent} ms`);
    });

    check('G12, G15, G17, G18: numbers over 2^32, samples, times', async () => {
      const first = RANGE - 40;
      const { meter, client, filled } = await meterWith({ firstBlock: first });
      assert.equal(await number(client, 4102), first);
      await filled(90);
      const found = await blocks(client, first, 90);
      const status = await statusOf(client);
      found.forEach((block, i) => {
        assert.equal(block.number, (first + i) % RANGE);
        assert.deepEqual([block.count, block.format, block.last], [19, status.format, false]);
        const expected = meter.origin + ((19 * i) / status.rate) * 1000;
        assert.ok(Math.abs(block.time - expected) < 250 / status.rate, `${block.time - expected} ms`);
      });
      assert.equal(found[39].number, RANGE - 1);
      checkSamples(meter, found, status);
    });

    check(
      'G13, G14, G16, G20: LOG_CTRL; no block held; a short block; the format at the pointer',
      async () => {
        const first = RANGE - 2;
        const { meter, client, filled } = await meterWith({ firstBlock: first, logCtrl: 0x40 });
        await pause(300);
        const empty = await statusOf(client);
        assert.deepEqual([empty.oldest, empty.next, empty.sampling], [first, first, false]);
        assert.equal(await number(client, 4012), first);
        assert.deepEqual(await client.read(FIFO.window, 125), [0xffff, 0xffff, ...new Array(123).fill(0)]);
        await client.write(4005, 0x41);
        assert.equal((await statusOf(client)).sampling, true);
        await filled(3);
        await client.write(4005, 0x40);
        const { next, sampling } = await statusOf(client);
        assert.equal(sampling, false);
        await pause(100);
        assert.equal((await statusOf(client)).next, next);
        assert.deepEqual(await client.read(4005, 1), [0x40]);
        const made = (next - first) >>> 0;
        const found = await blocks(client, first, made + 1);
        const status = await statusOf(client);
        assert.deepEqual(
          found.map(({ last }) => last),
          [...new Array(made - 1).fill(false), true, false],
        );
        assert.deepEqual(found[made].words, [0xffff, 0xffff, ...new Array(123).fill(0)]);
        checkSamples(meter, found.slice(0, made), status);
        await client.write(4012, ...halves(next));
        const atNone = await statusOf(client);
        assert.deepEqual(
          [atNone.format, atNone.rate, atNone.channels],
          [status.format, 3200, status.channels],
        );
        await client.write(4005, 0x41);
        await until(async () => ((await statusOf(client)).next - next) >>> 0 > 3, 'further blocks');
        const [, after] = await blocks(client, next - 1, 2);
        assert.equal(after.number, next);
        assert.ok(after.time - found[made - 1].time > 100, 'the gap shows in the time');
      },
    );

    check('G22: the overflow flag, across 2^32', async () => {
      const { client, filled } = await meterWith({ fifo: 40, firstBlock: RANGE - 60 });
      await filled(40);
      await until(async () => (await statusOf(client)).overflow, 'the overflow');
      // Ahead of all blocks that are made meanwhile: none of them is unread.
      await client.write(4012, ...halves(((await statusOf(client)).next + 100_000) >>> 0));
      await pause(300);
      assert.equal((await statusOf(client)).overflow, true, 'it stays');
      await client.write(4099, 0xff00);
      for (let i = 0; i < 10; i++) {
        await pause(50);
        assert.equal((await statusOf(client)).overflow, false);
      }
      await client.write(4012, ...halves((await statusOf(client)).oldest));
      await until(async () => (await statusOf(client)).overflow, 'the overflow again');
    });

    check('G23, G24, G25: a sag in the log, with its capture over 2^32', async () => {
      const { meter, client } = await meterWith({ sag: 1, firstBlock: RANGE - 170 });
      assert.deepEqual([await number(client, 4010), await number(client, 4140)], [0, 1]);
      await until(async () => (await number(client, 4010)) === 1, 'the entry');
      assert.equal(await number(client, 4140), 1);
      await client.write(4142, ...halves(1));
      const window = await client.read(4300, 120);
      assert.ok(window.slice(40).every((word) => word === 0));
      const entry = decodeLogEntry(window);
      assert.ok(entry?.capture);
      assert.deepEqual([entry.number, entry.type, Object.keys(entry.perPhase)], [1, 'sag', ['a']]);
      assert.ok(Math.abs(entry.time - meter.origin - 1000) < 20);
      assert.ok(Math.abs(entry.duration - 0.2) < 0.02);
      assert.ok(Math.abs(entry.extreme - 0.6) < 0.01);
      assert.equal(entry.reference, VOLTAGE);
      const { first, count } = entry.capture;
      const found = await blocks(client, first, count);
      found.forEach((block, i) => {
        assert.equal(block.number, (first + i) % RANGE);
      });
      const last = found[count - 1];
      assert.ok(first > RANGE / 2 && last.number < RANGE / 2, 'the numbers run over in it');
      assert.ok(found[0].time <= entry.time - 200 && found[0].time > entry.time - 210);
      const end = last.time + (last.count / 3200) * 1000 - entry.time - entry.duration * 1000;
      assert.ok(end >= 200 && end < 210, `${end} ms after the end`);
    });

    if (start === pythonMeter)
      check('G21, G26: a restart keeps the settings, and begins with an empty FIFO', async () => {
        const folder = mkdtempSync(join(tmpdir(), 'pq-meter-'));
        cleanUp(() => rmSync(folder, { recursive: true, force: true }));
        const state = join(folder, 'state.json');
        const { meter, client } = await meterWith({ state });
        await client.write(4001, 80, 115, 2, 30, 0x82, 1);
        await meter.end();
        const again = await meterWith({ state, firstBlock: 9 });
        assert.deepEqual(await again.client.read(4001, 6), [80, 115, 2, 30, 0x82, 1]);
        const { oldest, next, sampling, overflow } = await statusOf(again.client);
        assert.deepEqual([oldest, next, sampling, overflow], [9, 9, false, false]);
        assert.equal(await number(again.client, 4010), 0);
      });
  });
}
