import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import {
  MeterLinks,
  ModbusLink,
  Poller,
  readFleet,
  readLinkSettings,
  readPollerSettings,
} from '../../src/metering';
import { MbapGuard } from '../../src/metering/wire/mbap-guard';
import { genericPq } from '../../src/registers';
import {
  readSyntheticSettings,
  SimulatedMeter,
  SimulatorServer,
  SyntheticSource,
} from '../../src/simulation';
import { cleanUpAfterEach } from '../clean-up';
import { until } from '../until';
import { butClocks, collect } from './collect';

const cleanUp = cleanUpAfterEach();

/** A server that is given each request, and its connection. */
async function serve(answer: (request: Buffer, socket: Socket) => void) {
  const made = { connections: 0, port: 0 };
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    made.connections++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (request) => answer(request, socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  made.port = (server.address() as { port: number }).port;
  cleanUp(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return made;
}

function linkTo(port: number, more: object = {}): ModbusLink {
  const link = new ModbusLink(
    readLinkSettings({ host: '127.0.0.1', port, timeout: 300, retries: 0, ...more }),
  );
  cleanUp(() => link.close());
  return link;
}

/** The answer to a read of one register, with a value. */
function answerTo(request: Buffer, protocol = 0): Buffer {
  const answer = Buffer.from([0, 0, 0, 0, 0, 5, request[6], 3, 2, 0x12, 0x34]);
  request.copy(answer, 0, 0, 2);
  answer.writeUInt16BE(protocol, 2);
  return answer;
}

describe('what comes over Modbus TCP', function () {
  this.timeout(30_000);

  it('is looked at frame by frame, however it is cut', () => {
    const frame = answerTo(Buffer.from([0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1]));
    const stream = Buffer.concat([frame, frame, frame]);
    for (let cut = 1; cut < stream.length; cut++) {
      const guard = new MbapGuard();
      for (let at = 0; at < stream.length; at += cut)
        assert.equal(guard.push(stream.subarray(at, at + cut)), undefined);
    }
    const wrong = Buffer.concat([frame, answerTo(frame, 7)]);
    for (let cut = 1; cut < wrong.length; cut++) {
      const guard = new MbapGuard();
      const said = [guard.push(wrong.subarray(0, cut)), guard.push(wrong.subarray(cut))];
      assert.ok(said.includes('protocol id 7 instead of 0'), String(cut));
    }
    assert.equal(new MbapGuard().push(Buffer.from('HTTP/1.1 400')), 'protocol id 21584 instead of 0');
    assert.equal(new MbapGuard().push(Buffer.from([0, 1, 0, 0, 0, 1])), 'a frame of 1 bytes');
  });

  it('with another protocol id is no answer, though all else fits', async () => {
    const right = await serve((request, socket) => socket.write(answerTo(request)));
    assert.deepEqual(await linkTo(right.port).read(1, 0, 1), [0x1234]);
    const wrong = await serve((request, socket) => socket.write(answerTo(request, 1)));
    await assert.rejects(
      linkTo(wrong.port).read(1, 0, 1),
      /does not speak Modbus TCP: protocol id 1 instead of 0/,
    );
  });

  it('from a server of garbage, or one that hangs up: it is left alone for longer and longer', async () => {
    for (const answer of [
      (_request: Buffer, socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
      (_request: Buffer, socket: Socket) => socket.destroy(),
    ]) {
      const server = await serve(answer);
      const link = linkTo(server.port);
      const began = performance.now();
      let asked = 0;
      while (performance.now() - began < 3000) {
        await link.read(1, 0, 1).catch(() => undefined);
        asked++;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      // Five at once, then pauses of 0.5, 0.75, 1.1, 1.7 s with a fifth left to chance.
      assert.ok(server.connections <= 11, `${server.connections} connections for ${asked} requests`);
      assert.ok(asked > 50, String(asked));
    }
  });

  it('a server that comes to its senses is taken back, and its pauses begin again', async () => {
    let garbage = true;
    const server = await serve((request, socket) => {
      if (garbage) socket.end('what?');
      else socket.write(answerTo(request));
    });
    const link = linkTo(server.port);
    await assert.rejects(link.read(1, 0, 1));
    garbage = false;
    await until(
      () =>
        link.read(1, 0, 1).then(
          () => true,
          () => false,
        ),
      'an answer',
    );
  });
});

describe('a link that guards its meters', () => {
  it('a meter behind a read-only link gives its readings; what needs a write is said once and left alone', async () => {
    const source = new SyntheticSource(readSyntheticSettings({ disturbances: [{ at: 1, type: 'sag' }] }));
    const meter = new SimulatedMeter({
      profile: genericPq,
      source,
      nominal: 230,
      fifoBlocks: 100,
      start: Date.now(),
    });
    const server = await SimulatorServer.listen(new Map([[1, meter]]), 0);
    cleanUp(() => server.close());
    for (const [settings, fleetSettings] of [
      [{ readOnly: true }, {}],
      [{ writable: '4099' }, {}],
      [undefined, { readOnly: true }],
    ] as const) {
      const link = settings && linkTo(server.port, settings);
      const links = new MeterLinks(() => link, fleetSettings);
      const { got, output } = collect(butClocks);
      const row = link ? { id: 'm1', link: 'l' } : { id: 'm1', host: '127.0.0.1', port: server.port };
      const poller = new Poller(
        readFleet([row]),
        (meter) => links.of(meter),
        readPollerSettings({ interval: 0.1, eventInterval: 0.1, waveformInterval: 0.1 }),
        output,
      );
      cleanUp(async () => {
        poller.stop();
        await links.close();
      });
      await until(() => got.readings.length >= 20, 'readings');
      assert.equal(poller.status.answering, 1);
      poller.stop();
      const refused = got.diagnostics.filter(({ code }) => code === 'WRITE_REFUSED');
      assert.ok(refused.length === 1 || refused.length === 2, `${refused.length} diagnostics`);
      assert.match(refused[0].text, /^this would write register \d+, which the link does not allow$/);
      const others = got.diagnostics.filter(
        ({ severity, code }) => severity === 'error' && code !== 'WRITE_REFUSED',
      );
      assert.deepEqual(others, []);
    }
  });

  it('writes nothing where it is read-only, and only the registers that it lets be written', async () => {
    let written = 0;
    const server = await serve((request, socket) => {
      if (request[7] !== 16) return void socket.write(answerTo(request));
      written++;
      const answer = Buffer.from(request.subarray(0, 12));
      answer.writeUInt16BE(6, 4);
      socket.write(answer);
    });
    await assert.rejects(
      linkTo(server.port, { readOnly: true }).write(1, 4099, [1]),
      /msg\.command: expected no write: the link is read-only/,
    );
    const link = linkTo(server.port, { writable: '4099, 40000-40010' });
    for (const [address, words] of [
      [4098, [1]],
      [4099, [1, 2]],
      [40_010, [1, 2]],
      [0, [1]],
    ] as [number, number[]][]) {
      await assert.rejects(
        link.write(1, address, words),
        /registers that the link lets be written \(4099, 40000-40010\)/,
      );
    }
    assert.equal(written, 0);
    for (const [address, words] of [
      [4099, [1]],
      [40_000, [1, 2, 3]],
      [40_010, [1]],
    ] as [number, number[]][])
      await link.write(1, address, words);
    assert.equal(written, 3);
    assert.throws(
      () => readLinkSettings({ host: 'h', writable: '5-4' }),
      /settings\.writable: expected registers/,
    );
    assert.throws(() => readLinkSettings({ host: 'h', writable: 'all' }), /settings\.writable/);
  });
});
