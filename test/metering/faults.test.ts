import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import {
  faultOf,
  ModbusLink,
  Poller,
  readFleet,
  readLinkSettings,
  readPollerSettings,
} from '../../src/metering';
import { cleanUpAfterEach } from '../clean-up';
import { seeded } from '../signal/signals';
import { until } from '../until';
import { collect, PLAIN } from './collect';
import { FAULTS, type Fault, startFaultProxy } from './fault-proxy';
import { startGateway } from './gateway';

const cleanUp = cleanUpAfterEach();

const INTERVAL = 0.25;
const TIMEOUT = 200;
const TRUTH = { va: 220, vb: 230, vc: 240 };

/** What each fault of the proxy is called on the diagnostics; none where nothing is lost by it. */
const NAMES: Record<Fault, RegExp | undefined> = {
  cut: /^CONNECTION_LOST$/,
  'cut in the middle': /^(CONNECTION_LOST|SHORT_FRAME)$/,
  lost: /^TIMEOUT_ERROR$/,
  late: /^TIMEOUT_ERROR$/,
  'one byte at a time': undefined,
  'flipped bits': /./,
  truncated: /^SHORT_FRAME$/,
  doubled: undefined,
  'wrong unit': /^WRONG_UNIT$/,
  'wrong transaction': /^WRONG_TRANSACTION$/,
  'wrong function': /^(WRONG_ANSWER|TIMEOUT_ERROR)$/,
  'wrong length': /^(SHORT_FRAME|CRC_ERROR)$/,
  'noise before': /./,
};

describe('every fault of the wire', function () {
  this.timeout(30_000);

  for (const fault of FAULTS) {
    it(`${fault}: no wrong value, named, and over within one interval`, async () => {
      const gateway = await startGateway({ units: { 1: 1 } });
      const proxy = await startFaultProxy(gateway.port, seeded(3));
      const link = new ModbusLink(
        readLinkSettings({ host: '127.0.0.1', port: proxy.port, timeout: TIMEOUT, retries: 0 }),
      );
      const { got, output } = collect();
      const { readings, diagnostics } = got;
      const fleet = readFleet([{ id: 'm1', link: 'x', profile: 'plain' }], 'meters', undefined, PLAIN);
      const settings = readPollerSettings({ interval: INTERVAL, waveformInterval: 0 });
      const poller = new Poller(fleet, () => link, settings, output);
      cleanUp(
        () => gateway.close(),
        () => proxy.close(),
        () => link.close(),
        () => poller.stop(),
      );
      await until(() => readings.length >= 2, 'readings');
      proxy.fault = fault;
      await until(() => proxy.spoilt > 0, 'a spoilt answer');
      // Long enough that what came of it is known.
      if (NAMES[fault]) await until(() => diagnostics.length > 0, 'the diagnostic');
      proxy.fault = undefined;
      const over = performance.now();
      const before = readings.length;
      await until(() => readings.length > before, 'the next reading');
      const took = (performance.now() - over) / 1000;
      // What waits for an answer that was lost waits for its timeout first.
      assert.ok(took <= INTERVAL + TIMEOUT / 1000 + 0.15, `back after ${took} s`);
      await until(() => readings.length >= before + 3, 'further readings');
      for (const { values } of readings) assert.deepEqual(values, TRUTH);
      const errors = diagnostics.filter(({ severity }) => severity === 'error');
      const name = NAMES[fault];
      if (!name) assert.deepEqual(errors, []);
      else for (const { code } of errors) assert.match(code, name);
      // Each is told when it begins and when it ends.
      const last = diagnostics[diagnostics.length - 1];
      if (name) assert.equal(last.severity, 'info', last.code);
    });
  }
});

/**
 * A device that answers every request with a frame made up at random; half of them have the right head, so
 * that what follows is looked at.
 * @param told of each answer: its registers where it was a true one, else undefined
 */
async function startNoise(seed: number, told: (words: number[] | undefined) => void) {
  const random = seeded(seed);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('data', (request) => {
      const noise = Buffer.from(Array.from({ length: random(40) }, () => random(256)));
      const head = Buffer.from(request.subarray(0, 7));
      switch (random(6)) {
        case 0:
          told(undefined);
          return socket.write(noise);
        case 1: {
          // Right in everything: the one kind whose values may be passed on.
          const count = request.readUInt16BE(10);
          const words = Array.from({ length: count }, () => random(0x10000));
          const data = Buffer.alloc(2 + 2 * count);
          data[0] = request[7];
          data[1] = 2 * count;
          words.forEach((word, i) => {
            data.writeUInt16BE(word, 2 + 2 * i);
          });
          head.writeUInt16BE(data.length + 1, 4);
          told(words);
          return socket.write(Buffer.concat([head, data]));
        }
        case 2:
          // Another unit.
          head[6] ^= 1 + random(255);
          break;
        case 3:
          // Another number.
          head[0] ^= 1 + random(255);
          break;
        default:
          break;
      }
      // A code and a length that do not belong to what was asked: 4 registers of code 3.
      noise[0] = noise[0] === 3 && noise[1] === 8 ? 0x83 : noise[0];
      head.writeUInt16BE(random(4) ? noise.length + 1 : random(0x10000), 4);
      told(undefined);
      return socket.write(Buffer.concat([head, noise]));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  cleanUp(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return (server.address() as { port: number }).port;
}

describe('random frames', function () {
  this.timeout(120_000);

  it('10,000 of them: nothing is taken for registers that was not, and the link goes on', async () => {
    const LINKS = 25;
    const EACH = 400;
    let right = 0;
    let wrong = 0;
    let truths = 0;
    await Promise.all(
      Array.from({ length: LINKS }, async (_, i) => {
        let answer: number[] | undefined;
        const port = await startNoise(100 + i, (words) => {
          answer = words;
          if (words) truths++;
        });
        // Long enough for a true answer on a machine that is slow for a while: below, most of them must come through.
        const link = new ModbusLink(readLinkSettings({ host: '127.0.0.1', port, timeout: 100, retries: 0 }));
        cleanUp(() => link.close());
        for (let n = 0; n < EACH; n++) {
          answer = undefined;
          const words = await link.read(1, 0, 4).catch(() => undefined);
          if (!words) continue;
          // What was read must be what the device truly sent in answer to this request.
          if (JSON.stringify(words) === JSON.stringify(answer)) right++;
          else wrong++;
        }
      }),
    );
    assert.equal(wrong, 0);
    // One in six is a true answer, and most of those come through between all the others; a server of garbage is left
    // alone now and then, so how many are asked for is a matter of time.
    assert.ok(truths > LINKS && right > 0.8 * truths, `${right} of ${truths} true answers read`);
  });
});

/** CRC-16 of Modbus (specification of the serial line, 6.2.2), written from its text. */
function crc(bytes: Uint8Array): number {
  let value = 0xffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >> 1) ^ 0xa001 : value >> 1;
  }
  return value;
}

/** A device that speaks RTU frames over TCP; `spoil` changes each answer on its way. */
async function startRtu(spoil: (frame: Buffer) => Buffer): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (request) => {
      if (request.length !== 8 || request.readUInt16LE(6) !== crc(request.subarray(0, 6))) return;
      const [address, count] = [request.readUInt16BE(2), request.readUInt16BE(4)];
      const frame = Buffer.alloc(5 + 2 * count);
      frame.set([request[0], request[1], 2 * count]);
      for (let i = 0; i < count; i++) frame.writeUInt16BE(address + i, 3 + 2 * i);
      frame.writeUInt16LE(crc(frame.subarray(0, -2)), frame.length - 2);
      socket.write(spoil(frame));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  cleanUp(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return (server.address() as { port: number }).port;
}

describe('RTU frames over TCP', function () {
  this.timeout(60_000);

  it('are what the link speaks', async () => {
    const port = await startRtu((frame) => frame);
    const link = new ModbusLink(readLinkSettings({ transport: 'rtu-over-tcp', host: '127.0.0.1', port }));
    cleanUp(() => link.close());
    assert.deepEqual(await link.read(17, 500, 3), [500, 501, 502]);
    assert.equal((await link.read(1, 0, 125)).length, 125);
  });

  it('with bits that flip anywhere: never a wrong value, and a damaged answer is called one', async () => {
    const random = seeded(7);
    let flips = 0;
    const port = await startRtu((frame) => {
      const spoilt = Buffer.from(frame);
      // One to three different bits: the check sum finds all of those.
      const bits = new Set(Array.from({ length: 1 + random(3) }, () => random(8 * frame.length)));
      for (const bit of bits) spoilt[bit >> 3] ^= 1 << (bit & 7);
      flips++;
      return spoilt;
    });
    const link = new ModbusLink(
      readLinkSettings({ transport: 'rtu-over-tcp', host: '127.0.0.1', port, timeout: 20, retries: 0 }),
    );
    cleanUp(() => link.close());
    const codes = new Map<string, number>();
    for (let n = 0; n < 600; n++) {
      const error = await link.read(1, 40, 4).then(
        (words) => assert.fail(`took ${words} for an answer`),
        (reason) => reason,
      );
      const { code } = faultOf(error);
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    assert.ok(flips > 300, `${flips} answers`);
    assert.ok((codes.get('CRC_ERROR') ?? 0) > 300, JSON.stringify([...codes]));
  });
});
