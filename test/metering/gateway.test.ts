import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import {
  type FleetMeter,
  MeterLinks,
  ModbusLink,
  Poller,
  readFleet,
  readLinkSettings,
  readPollerSettings,
} from '../../src/metering';
import { cleanUpAfterEach } from '../clean-up';
import { until } from '../until';
import { collect, PLAIN } from './collect';
import { type Gateway, type GatewayOptions, startGateway } from './gateway';

const cleanUp = cleanUpAfterEach();

async function gatewayWith(units: GatewayOptions['units'], more: object = {}): Promise<Gateway> {
  const gateway = await startGateway({ units, ...more });
  cleanUp(() => gateway.close());
  return gateway;
}

function linkTo(port: number, more: object = {}): ModbusLink {
  const link = new ModbusLink(readLinkSettings({ host: '127.0.0.1', port, ...more }));
  cleanUp(() => link.close());
  return link;
}

/** Polls units behind one gateway; readings by unit, with the time of each since the start, s. */
function poll(gateway: Gateway, units: number[], interval: number, link: object = {}) {
  const shared = linkTo(gateway.port, link);
  const links = new MeterLinks(() => shared);
  const readings = new Map<number, number[]>(units.map((unit) => [unit, []]));
  const { got, output } = collect();
  const start = performance.now();
  const fleet = readFleet(
    units.map((unit) => ({ id: String(unit), unit, profile: 'plain' })),
    'meters',
    'shared',
    PLAIN,
  );
  const settings = readPollerSettings({ interval, waveformInterval: 0, eventInterval: 86_400 });
  const poller = new Poller(fleet, (meter) => links.of(meter), settings, {
    ...output,
    reading: ({ meter }) => readings.get(Number(meter))?.push((performance.now() - start) / 1000),
  });
  cleanUp(() => poller.stop());
  return { readings, diagnostics: got.diagnostics, poller, link: shared };
}

describe('a gateway that carries one request at a time', function () {
  this.timeout(60_000);

  it('one silent unit of four at 1 s for 30 rounds: the healthy ones answer in at least 28', async () => {
    const gateway = await gatewayWith({ 1: 10, 2: 10, 3: 'silent', 4: 10 });
    const { readings, diagnostics } = poll(gateway, [1, 2, 3, 4], 1);
    await until(() => (readings.get(1)?.length ?? 0) >= 34, '30 rounds', 45_000);
    const answered: string[] = [];
    for (const unit of [1, 2, 4]) {
      // Each unit keeps the interval from its own first reading on, which comes behind one look at the silent one.
      const first = readings.get(unit)?.[0] ?? 0;
      const round = (seconds: number) => Math.floor(seconds - first + 0.1);
      const rounds = new Set(
        readings
          .get(unit)
          ?.map(round)
          .filter((n) => n >= 0 && n < 30),
      );
      answered.push(`unit ${unit} in ${rounds.size}`);
      assert.ok(rounds.size >= 28, `unit ${unit} in ${rounds.size} of 30 rounds`);
    }
    console.log(`      answered ${answered.join(', ')} of 30 rounds`);
    assert.deepEqual(readings.get(3), []);
    assert.deepEqual(
      diagnostics.map(({ meter, code }) => [meter, code]),
      [['3', 'TIMEOUT_ERROR']],
    );
    // Ever less often: nothing like the 120 requests of 30 rounds with three retries each.
    assert.ok((gateway.asked.get(3) ?? 0) <= 30, `${gateway.asked.get(3)} requests to the silent unit`);
  });

  it('units take turns: one with much to do does not keep the others waiting', async () => {
    const gateway = await gatewayWith({ 1: 5, 2: 5 });
    const link = linkTo(gateway.port);
    const order: number[] = [];
    const read = (unit: number) => link.read(unit, 0, 10).then(() => order.push(unit));
    await Promise.all([...Array.from({ length: 20 }, () => read(1)), read(2), read(2)]);
    assert.ok(order.indexOf(2) <= 1 && order.lastIndexOf(2) <= 3, order.join());
  });

  it('passes on no value of a device that answers with half frames, garbage or exceptions, and no wrong unit', async () => {
    const gateway = await gatewayWith(
      { 1: 5, 2: 'half-frame', 3: 'garbage', 4: 'exception-11' },
      { patience: 50 },
    );
    const { readings, diagnostics } = poll(gateway, [1, 2, 3, 4], 0.2, { timeout: 200, retries: 1 });
    await until(() => (readings.get(1)?.length ?? 0) >= 15, 'the healthy unit');
    for (const unit of [2, 3, 4]) assert.deepEqual(readings.get(unit), [], `unit ${unit}`);
    // Behind a line that garbage and half frames keep busy an exception may come too late to be one.
    const codes = new Set(diagnostics.filter(({ severity }) => severity === 'error').map(({ code }) => code));
    for (const code of codes) {
      assert.match(
        code,
        /^(TIMEOUT_ERROR|MODBUS_EXCEPTION_\d+|WRONG_(ANSWER|UNIT|TRANSACTION)|SHORT_FRAME|LINK_ERROR|CRC_ERROR)$/,
      );
    }
    assert.deepEqual([...new Set(diagnostics.map(({ meter }) => meter))].filter((m) => m !== '1').sort(), [
      '2',
      '3',
      '4',
    ]);
  });

  it('a silent unit comes back by itself', async () => {
    const gateway = await gatewayWith({ 1: 5, 2: 'silent' }, { patience: 50 });
    const { readings, diagnostics } = poll(gateway, [1, 2], 0.2, { timeout: 300, retries: 1 });
    await until(() => diagnostics.length === 1, 'the fault');
    gateway.units[2] = 5;
    await until(() => (readings.get(2)?.length ?? 0) > 2, 'its readings');
    assert.deepEqual(
      diagnostics.map(({ code, severity }) => [code, severity]),
      [
        ['TIMEOUT_ERROR', 'error'],
        ['TIMEOUT_ERROR', 'info'],
      ],
    );
  });

  it('after the gateway was gone, all meters behind it are back as soon as one has found it', async () => {
    const gateway = await startGateway({ units: { 1: 2, 2: 2, 3: 2 } });
    const { readings, diagnostics } = poll(gateway, [1, 2, 3], 0.3, { timeout: 300, retries: 0 });
    await until(() => [...readings.values()].every((list) => list.length > 1), 'readings');
    await gateway.close();
    await until(() => new Set(diagnostics.map(({ meter }) => meter)).size === 3, 'three faults');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const again = await gatewayWith({ 1: 2, 2: 2, 3: 2 }, { port: gateway.port });
    const before = [...readings.values()].map((list) => list.length);
    await until(() => [...readings.values()].some((list, i) => list.length > before[i]), 'the first reading');
    await until(() => [...readings.values()].every((list, i) => list.length > before[i]), 'all of them');
    assert.equal(again.sockets.size, 1);
  });

  it('waits in growing pauses between attempts to connect, for ever', async () => {
    const gateway = await startGateway({ units: {} });
    await gateway.close();
    const link = linkTo(gateway.port, { retries: 0, timeout: 200 });
    const results: number[] = [];
    const start = performance.now();
    while (performance.now() - start < 1500) {
      const began = performance.now();
      await link.read(1, 0, 1).catch((error: { code: string }) => assert.equal(error.code, 'ECONNREFUSED'));
      results.push(performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    // Hundreds of requests, a handful of attempts: within a pause the answer is there at once.
    assert.ok(results.length > 50);
    const back = await gatewayWith({ 1: 2 }, { port: gateway.port });
    await until(
      () =>
        link.read(1, 7, 1).then(
          ([word]) => word === 7,
          () => false,
        ),
      'the link',
      5000,
    );
    assert.equal(back.sockets.size, 1);
  });

  it('closes in the middle of everything and leaves nothing', async () => {
    const gateway = await gatewayWith({ 1: 5, 2: 'silent' }, { patience: 10_000 });
    const { poller, link } = poll(gateway, [1, 2], 0.1, { timeout: 60_000 });
    await until(() => (gateway.asked.get(2) ?? 0) > 0, 'a request to the silent unit');
    poller.stop();
    await link.close();
    await until(() => gateway.sockets.size === 0, 'the socket to close', 2000);
  });

  it('leaves no socket, timer or listener behind when it is stopped in the middle of a request', async () => {
    const sockets = new Set<Socket>();
    let asked = 0;
    // Takes every question and never answers; has no timers of its own.
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('data', () => asked++).on('close', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanUp(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as AddressInfo;
    const active = () => {
      const found = process.getActiveResourcesInfo();
      return ['Timeout', 'TCPSocketWrap'].map((kind) => found.filter((one) => one === kind).length);
    };
    const before = active();
    const listeners = process.eventNames().map((name) => [name, process.listenerCount(name)]);
    const links = new MeterLinks(() => undefined);
    const rows = [1, 2, 3].map((unit) => ({
      id: `m${unit}`,
      host: '127.0.0.1',
      port,
      unit,
      profile: 'plain',
    }));
    const poller = new Poller(
      readFleet(rows, 'meters', undefined, PLAIN),
      (meter) => links.of(meter),
      readPollerSettings({ interval: 0.1, waveformInterval: 0 }),
      collect().output,
    );
    await until(() => asked > 0, 'a question');
    assert.ok(active()[0] > before[0] && active()[1] > before[1], 'there was something to leave behind');
    poller.stop();
    await links.close();
    await until(() => sockets.size === 0, 'the sockets to close', 2000);
    await until(() => String(active()) === String(before), `${active()} to become ${before}`, 2000);
    assert.deepEqual(
      process.eventNames().map((name) => [name, process.listenerCount(name)]),
      listeners,
    );
  });
});

describe('devices on links of their own', () => {
  it('are asked side by side, as many at once as `concurrency` says and no more', async () => {
    const gateways = await Promise.all(Array.from({ length: 10 }, () => gatewayWith({ 1: 60 })));
    for (const concurrency of [1, 4]) {
      const links = new MeterLinks(() => undefined);
      cleanUp(() => links.close());
      let now = 0;
      let most = 0;
      const counted = new Set<ModbusLink>();
      const linkOf = (meter: FleetMeter) => {
        const link = links.of(meter);
        if (counted.has(link)) return link;
        counted.add(link);
        const read = link.read.bind(link);
        link.read = async (...args) => {
          most = Math.max(most, ++now);
          return await read(...args).finally(() => now--);
        };
        return link;
      };
      const rows = gateways.map(({ port }, i) => ({
        id: `m${i}`,
        host: '127.0.0.1',
        port,
        profile: 'plain',
      }));
      const { got, output } = collect();
      const settings = readPollerSettings({ interval: 0.1, waveformInterval: 0, concurrency });
      const poller = new Poller(readFleet(rows, 'meters', undefined, PLAIN), linkOf, settings, output);
      cleanUp(() => poller.stop());
      await until(() => new Set(got.readings.map(({ meter }) => meter)).size === 10, 'all meters', 5000);
      assert.equal(most, concurrency);
      poller.stop();
    }
  });
});
