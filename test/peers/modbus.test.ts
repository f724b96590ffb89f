import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ModbusLink, Poller, readFleet, readLinkSettings, readPollerSettings } from '../../src/metering';
import { genericPq, readLine, readProfiles } from '../../src/registers';
import {
  readSyntheticSettings,
  SimulatedMeter,
  SimulatorServer,
  SyntheticSource,
} from '../../src/simulation';
import { cleanUpAfterEach } from '../clean-up';
import { freePort } from '../free-port';
import { collect } from '../metering/collect';
import { until } from '../until';
import { endPrograms, itWith, python, serialPair, stop } from './programs';

const cleanUp = cleanUpAfterEach();
afterEach(endPrograms);

function linkTo(settings: object): ModbusLink {
  const link = new ModbusLink(readLinkSettings({ timeout: 600, retries: 1, ...settings }));
  cleanUp(() => link.close());
  return link;
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'pq-peers-'));
  cleanUp(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** Registers 10 to 12 as voltages. */
const PLAIN = readProfiles(
  ['va', 'vb', 'vc'].map((quantity, i) => ({ profile: 'plain', quantity, address: 10 + i, type: 'uint16' })),
);

function poll(link: ModbusLink, units: number[], interval: number) {
  const { got, output } = collect();
  const rows = units.map((unit) => ({ id: `m${unit}`, unit, link: 'x', profile: 'plain' }));
  const poller = new Poller(
    readFleet(rows, 'meters', undefined, PLAIN),
    () => link,
    readPollerSettings({ interval, waveformInterval: 0 }),
    output,
  );
  cleanUp(() => poller.stop());
  return { ...got, poller };
}

/** Every value that pymodbus has laid out, in all byte orders. */
async function checkValues(link: ModbusLink, line: string): Promise<void> {
  const described = JSON.parse(line) as {
    type: 'float32';
    order: 'ABCD';
    address: number;
    value: number;
    words: number[];
  }[];
  assert.equal(described.length, 24);
  for (const { type, order, address, value, words } of described) {
    const read = await link.read(1, address, words.length);
    assert.deepEqual(read, words, `${type} ${order} over the wire`);
    const found = readLine({ address, type }, order, (at) => read[at - address]);
    assert.equal(found, value, `${type} as ${order}`);
  }
}

describe('against pymodbus', function () {
  this.timeout(60_000);

  itWith(['pymodbus'], 'TCP: every type in every byte order, writes, refusals, many requests', async () => {
    const port = await freePort();
    const { line } = await python('pymodbus_server.py', 'tcp', String(port));
    const link = linkTo({ host: '127.0.0.1', port });
    await checkValues(link, line);
    await link.write(1, 20, [4711, 4712]);
    assert.deepEqual(await link.read(1, 20, 2), [4711, 4712]);
    assert.deepEqual(await link.read(2, 10, 3, 'input'), [230, 231, 232]);
    await assert.rejects(link.read(1, 5000, 2), (error: { modbusCode?: number }) => error.modbusCode === 2);
    for (let i = 0; i < 500; i++) assert.deepEqual(await link.read(1 + (i % 3), 10, 3), [230, 231, 232]);
  });

  itWith(['pymodbus'], 'RTU over TCP', async () => {
    const port = await freePort();
    const { line } = await python('pymodbus_server.py', 'rtu-over-tcp', String(port));
    const link = linkTo({ transport: 'rtu-over-tcp', host: '127.0.0.1', port });
    await checkValues(link, line);
    await assert.rejects(link.read(1, 5000, 2), (error: { modbusCode?: number }) => error.modbusCode === 2);
  });

  itWith(
    ['pymodbus', 'socat'],
    'RTU on a serial line: values, a unit that is not there, a line that goes dead and comes back',
    async () => {
      const [ours, theirs] = await serialPair(folder());
      const first = await python('pymodbus_server.py', 'rtu', theirs);
      const link = linkTo({ transport: 'rtu', serialPort: ours, baudRate: 19_200 });
      await checkValues(link, first.line);
      await link.write(3, 30, [1, 2, 3]);
      assert.deepEqual(await link.read(3, 30, 3), [1, 2, 3]);
      const { readings, diagnostics } = poll(link, [1, 2, 3, 9], 0.5);
      const of = (meter: string) => readings.filter((reading) => reading.meter === meter);
      await until(
        () => ['m1', 'm2', 'm3'].every((meter) => of(meter).length >= 4),
        'readings of three units',
        20_000,
      );
      for (const { values } of readings) assert.deepEqual(values, { va: 230, vb: 231, vc: 232 });
      // The first look at a unit is short, so its silence is a fault only when a whole timeout has passed.
      await until(() => diagnostics.length > 0, 'the silent unit is reported', 10_000);
      assert.deepEqual(of('m9'), []);
      assert.deepEqual(
        diagnostics.map(({ meter, code, severity }) => [meter, code, severity]),
        [['m9', 'TIMEOUT_ERROR', 'error']],
      );
      await stop(first.child);
      await until(
        () => new Set(diagnostics.map(({ meter }) => meter)).size === 4,
        'all of them silent',
        20_000,
      );
      await python('pymodbus_server.py', 'rtu', theirs);
      const before = readings.length;
      await until(
        () => new Set(readings.slice(before).map(({ meter }) => meter)).size === 3,
        'three units back',
        30_000,
      );
    },
  );
});

describe('against libmodbus', function () {
  this.timeout(30_000);

  itWith(
    ['libmodbus'],
    'TCP: holding and input registers, a write, an address it does not have',
    async () => {
      const port = await freePort();
      await python('libmodbus_server.py', 'tcp', String(port));
      const link = linkTo({ host: '127.0.0.1', port });
      assert.deepEqual(
        await link.read(1, 0, 100),
        Array.from({ length: 100 }, (_, i) => 1000 + i),
      );
      assert.deepEqual(await link.read(1, 98, 2, 'input'), [2098, 2099]);
      await link.write(1, 50, [7, 8]);
      assert.deepEqual(await link.read(1, 49, 4), [1049, 7, 8, 1052]);
      await assert.rejects(link.read(1, 99, 2), (error: { modbusCode?: number }) => error.modbusCode === 2);
    },
  );

  itWith(['libmodbus', 'socat'], 'RTU on a serial line at 9600 8N1', async () => {
    const [ours, theirs] = await serialPair(folder());
    await python('libmodbus_server.py', 'rtu', theirs);
    const link = linkTo({ transport: 'rtu', serialPort: ours });
    assert.deepEqual(
      await link.read(1, 0, 100),
      Array.from({ length: 100 }, (_, i) => 1000 + i),
    );
    await link.write(1, 3, [99]);
    assert.deepEqual(await link.read(1, 2, 3), [1002, 99, 1004]);
    await assert.rejects(link.read(1, 200, 1), (error: { modbusCode?: number }) => error.modbusCode === 2);
  });
});

describe('mbpoll against the simulator', function () {
  this.timeout(30_000);

  /** Simulated time, so that the meter has measured before it is asked. */
  async function simulator(): Promise<number> {
    const start = Date.now() - 2000;
    const source = new SyntheticSource(readSyntheticSettings({}));
    const meter = new SimulatedMeter({ profile: genericPq, source, nominal: 230, fifoBlocks: 1000, start });
    const server = await SimulatorServer.listen(new Map([[7, meter]]), 0);
    cleanUp(() => server.close());
    return server.port;
  }
  /** Values that mbpoll prints: `[4201]: 	230.07`. In this process the simulator answers, so not in sync. */
  async function mbpoll(port: number, ...args: string[]): Promise<number[]> {
    const { execFile } = await import('node:child_process');
    const all = ['-m', 'tcp', '-p', String(port), '-a', '7', '-1', '-q', ...args];
    const text = await new Promise<string>((resolve, reject) => {
      execFile('mbpoll', all, { timeout: 10_000 }, (error, stdout, stderr) =>
        error ? reject(new Error(stderr || error.message)) : resolve(stdout),
      );
    });
    return [...text.matchAll(/^\[\d+\]:\s+(-?[\d.]+)/gm)].map(([, value]) => Number(value));
  }

  itWith(['mbpoll'], 'reads measured values and settings, writes a threshold', async () => {
    assert.ok(execFileSync('mbpoll', ['-V']).length);
    const port = await simulator();
    // mbpoll counts from 1, and has the high word first with -B.
    const voltages = await mbpoll(port, '-B', '-t', '4:float', '-r', '4201', '-c', '3', '127.0.0.1');
    assert.equal(voltages.length, 3);
    for (const value of voltages) assert.ok(Math.abs(value - 230.07) < 0.1, `${value} V`);
    assert.deepEqual(await mbpoll(port, '-t', '4', '-r', '4002', '-c', '2', '127.0.0.1'), [90, 110]);
    await mbpoll(port, '-t', '4', '-r', '4002', '127.0.0.1', '85');
    assert.deepEqual(await mbpoll(port, '-t', '4', '-r', '4002', '-c', '1', '127.0.0.1'), [85]);
    // By function code 04 too.
    const [frequency] = await mbpoll(port, '-B', '-t', '3:float', '-r', '4221', '-c', '1', '127.0.0.1');
    assert.ok(Math.abs(frequency - 50) < 0.01, `${frequency} Hz`);
  });

  itWith(
    ['mbpoll'],
    'is told of an address that is not there, a value that cannot be, a unit that is not there',
    async () => {
      const port = await simulator();
      await assert.rejects(
        mbpoll(port, '-t', '4', '-r', '3001', '-c', '1', '127.0.0.1'),
        /Illegal data address/,
      );
      await assert.rejects(mbpoll(port, '-t', '4', '-r', '4002', '127.0.0.1', '999'), /Illegal data value/);
      await assert.rejects(
        mbpoll(port, '-a', '8', '-t', '4', '-r', '1', '-c', '1', '127.0.0.1'),
        /failed to respond/,
      );
    },
  );
});
