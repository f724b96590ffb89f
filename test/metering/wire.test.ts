import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import {
  MeterLinks,
  ModbusLink,
  Poller,
  readFleet,
  readLinkSettings,
  readPollerSettings,
  WaveformReader,
} from '../../src/metering';
import { WaveformFrame } from '../../src/record';
import { factorOf, genericPq, PROFILES, type Profile, type RegisterLine } from '../../src/registers';
import {
  PlaybackSource,
  readSyntheticSettings,
  type SignalSource,
  SimulatedMeter,
  SimulatorServer,
  SyntheticSource,
} from '../../src/simulation';
import { cleanUpAfterEach } from '../clean-up';
import { until } from '../until';
import { butClocks, type Collected, collect } from './collect';

/** A clock that the test moves, so that nothing depends on how fast the machine is. */
let now = 1_700_000_000_000;
const clock = () => now;

const cleanUp = cleanUpAfterEach();

function simulated(source: SignalSource, profile: Profile = genericPq, fifoBlocks = 100): SimulatedMeter {
  return new SimulatedMeter({ profile, source, nominal: 230, fifoBlocks, start: now });
}

async function serveMeter(meter: SimulatedMeter): Promise<SimulatorServer> {
  const server = await SimulatorServer.listen(new Map([[1, meter]]), 0, clock);
  cleanUp(() => server.close());
  return server;
}

async function serve(sources: Record<number, SignalSource>, fifoBlocks = 4000) {
  const meters = new Map(
    Object.entries(sources).map(([unit, source]) => [Number(unit), simulated(source, genericPq, fifoBlocks)]),
  );
  const server = await SimulatorServer.listen(meters, 0, clock);
  cleanUp(() => server.close());
  return { server, meters };
}

function linkTo(port: number, more: object = {}): ModbusLink {
  const link = new ModbusLink(
    readLinkSettings({ host: '127.0.0.1', port, timeout: 300, retries: 0, ...more }),
  );
  cleanUp(() => link.close());
  return link;
}

const synthetic = (settings: object = {}) => new SyntheticSource(readSyntheticSettings(settings));
const ramp = (rate: number, length: number, from = 0) =>
  WaveformFrame.from({
    kind: 'waveform',
    meter: 'r',
    time: 0,
    rate,
    channels: {
      va: Array.from({ length }, (_, n) => (from + n) % 1000),
      ia: Array.from({ length }, (_, n) => -((from + n) % 1000)),
    },
  });
const ADDRESS = { id: 'm1', unit: 1, ct: 1, pt: 1 };

function poll(rows: object[], settings: object, links?: MeterLinks): { poller: Poller; got: Collected } {
  const { got, output } = collect(butClocks);
  const own = links ?? new MeterLinks(() => undefined);
  const poller = new Poller(readFleet(rows), (meter) => own.of(meter), readPollerSettings(settings), output);
  cleanUp(async () => {
    poller.stop();
    await own.close();
  });
  return { poller, got };
}

describe('metering over a real Modbus wire', () => {
  it('brings a recording through the FIFO whole and in order, with its times', async () => {
    const { server } = await serve({ 1: new PlaybackSource([ramp(1000, 2345)], { loop: false }) });
    const link = linkTo(server.port, { timeout: 5000 });
    const reader = new WaveformReader(genericPq, { ...ADDRESS, ct: 10, pt: 2 });
    const frames: WaveformFrame[] = [];
    const start = now;
    for (let step = 0; step < 30; step++) {
      now += 100;
      const { frames: batch, lost } = await reader.read(link);
      assert.equal(lost, 0);
      frames.push(...batch);
    }
    assert.deepEqual(
      frames.map(({ last }) => last === true),
      frames.map((_, i) => i === frames.length - 1),
    );
    const va = frames.flatMap((frame) => [...(frame.channel('va') ?? [])]);
    const ia = frames.flatMap((frame) => [...(frame.channel('ia') ?? [])]);
    assert.equal(va.length, 2345);
    va.forEach((value, n) => {
      assert.ok(Math.abs(value - 2 * (n % 1000)) < 0.04, `${value} at ${n}`);
    });
    ia.forEach((value, n) => {
      assert.ok(Math.abs(value + 10 * (n % 1000)) < 0.2);
    });
    let expected = start;
    for (const frame of frames) {
      assert.ok(Math.abs(frame.time - expected) < 0.01, `${frame.time} for ${expected}`);
      expected = frame.endTime;
    }
  });

  it('tells a late reader how many blocks were lost, and goes on with samples that are right', async () => {
    const { server } = await serve({ 1: new PlaybackSource([ramp(1000, 20_000)], { loop: false }) }, 20);
    const link = linkTo(server.port, { timeout: 5000 });
    const reader = new WaveformReader(genericPq, ADDRESS);
    now += 500;
    assert.equal((await reader.read(link)).lost, 0);
    now += 5000;
    const late = await reader.read(link);
    assert.ok(late.lost > 50, `${late.lost} lost`);
    const frame = late.frames[0];
    const first = Math.round((frame.time - (now - 5500)) / 1);
    frame.channel('va')?.forEach((value, n) => {
      assert.ok(Math.abs(value - ((first + n) % 1000)) < 0.05);
    });
    now += 100;
    assert.equal((await reader.read(link)).lost, 0);
  });

  it('follows a change of rate and of channels without losing a sample', async () => {
    const other = WaveformFrame.from({
      kind: 'waveform',
      meter: 'r',
      time: 0,
      rate: 2000,
      channels: { vb: new Array(700).fill(5) },
    });
    const { server } = await serve({ 1: new PlaybackSource([ramp(1000, 700), other], { loop: false }) });
    const link = linkTo(server.port, { timeout: 5000 });
    const reader = new WaveformReader(genericPq, ADDRESS);
    now += 5000;
    const frames: WaveformFrame[] = [];
    for (let i = 0; i < 4; i++) frames.push(...(await reader.read(link)).frames);
    const lengths = [1000, 2000].map((rate) =>
      frames.filter((f) => f.rate === rate).reduce((sum, f) => sum + f.length, 0),
    );
    assert.deepEqual(lengths, [700, 700]);
    assert.deepEqual([...new Set(frames.map(({ layout }) => layout))], ['va ia', 'vb']);
  });

  it('brings a recording with its own time and its pauses, which are no loss', async () => {
    const START = Date.UTC(2015, 8, 17);
    const [first, second] = [ramp(1000, 500), ramp(1000, 500)].map((frame, i) =>
      WaveformFrame.from({ ...frame.toJSON(), time: START + 2000 * i, resumes: i > 0 }),
    );
    const playback = new PlaybackSource([first, second], { loop: false, recordClock: true });
    const { server } = await serve({ 1: playback });
    const link = linkTo(server.port, { timeout: 5000 });
    const reader = new WaveformReader(genericPq, ADDRESS);
    const frames: WaveformFrame[] = [];
    for (let step = 0; step < 30; step++) {
      now += 100;
      const batch = await reader.read(link);
      assert.equal(batch.lost, 0);
      frames.push(...batch.frames);
    }
    assert.equal(
      frames.reduce((sum, { length }) => sum + length, 0),
      1000,
    );
    assert.deepEqual(
      frames.filter(({ resumes }) => resumes).map(({ time }) => time - START),
      [2000],
    );
    assert.equal(frames[0].time, START);
    assert.equal(frames[frames.length - 1].endTime, START + 2500);
  });

  it('does not mix samples when a second reader moves the window', async () => {
    const { server } = await serve({ 1: new PlaybackSource([ramp(1000, 4000)], { loop: false }) });
    const [a, b] = [linkTo(server.port, { timeout: 5000 }), linkTo(server.port, { timeout: 5000 })];
    const readers = [new WaveformReader(genericPq, ADDRESS), new WaveformReader(genericPq, ADDRESS)];
    now += 10_000;
    const seen: number[][] = [[], []];
    for (let i = 0; i < 40 && seen.some((samples) => samples.length < 4000); i++) {
      const batches = await Promise.all([readers[0].read(a), readers[1].read(b)]);
      batches.forEach(({ frames, lost }, k) => {
        assert.equal(lost, 0);
        for (const frame of frames) seen[k].push(...(frame.channel('va') ?? []));
      });
    }
    for (const samples of seen) {
      assert.equal(samples.length, 4000);
      samples.forEach((value, n) => {
        assert.ok(Math.abs(value - (n % 1000)) < 0.05, `${value} at ${n}`);
      });
    }
  });

  it('polls readings, scaled by CT and PT, and leaves out what was not measured', async () => {
    const { server } = await serve({ 1: synthetic(), 2: synthetic() });
    const rows = [
      { id: 'm1', host: '127.0.0.1', port: server.port, unit: 1 },
      { id: 'm2', host: '127.0.0.1', port: server.port, unit: 2, ct: 20, pt: 10 },
    ];
    const { poller, got } = poll(rows, { interval: 3600, waveformInterval: 0 });
    await until(() => got.readings.length === 2, 'the first readings');
    // Not measured yet: absent, which is no fault of the wire.
    assert.deepEqual(got.readings[0].values.va, undefined);
    assert.equal(got.readings[0].quality, 'good');
    now += 1000;
    await poller.poll();
    const [m1, m2] = got.readings.slice(2).sort((a, b) => (a.meter < b.meter ? -1 : 1));
    assert.equal(m1.quality, 'good');
    assert.ok(Math.abs((m1.values.va as number) - 230.07) < 0.05);
    assert.ok(Math.abs((m2.values.va as number) - 2300.7) < 0.5);
    assert.ok(Math.abs((m2.values.p as number) / (m1.values.p as number) - 200) < 0.1);
    assert.equal(m2.values.pf, m1.values.pf);
    assert.equal(m2.values.f, m1.values.f);
    assert.equal(Object.keys(m1.values).length, 37);
    await assert.rejects(
      poller.poll('m3'),
      /^msg\.meter: expected a meter of the fleet \(m1, m2\), got "m3"/,
    );
  });

  for (const profile of Object.values(PROFILES).filter(({ discover }) => !discover)) {
    it(`reads ${profile.title} in SI units, within what its registers resolve`, async () => {
      // Enough for its harmonics; five minutes of more take seconds of the processor for each profile.
      const meter = simulated(synthetic({ rate: 2000 }), profile);
      const server = await serveMeter(meter);
      now += 1000;
      const rows = [{ id: 'm1', host: '127.0.0.1', port: server.port, profile: profile.name }];
      const { got, poller } = poll(rows, { interval: 3600, waveformInterval: 0, eventInterval: 3600 });
      await until(() => got.readings.length === 1, 'a reading');
      for (let i = 0; i < 299; i++) meter.advance(now + i * 1000);
      now += 299_000;
      await poller.poll();
      const { values, quality } = got.readings[1];
      assert.equal(quality, 'good');
      assert.deepEqual(Object.keys(values).sort(), Object.keys(profile.quantities).sort());
      // Three phases of 230 V, 5 A at 0.9 inductive with harmonics, for five minutes.
      const expected = {
        va: 230.07,
        ia: 5.047,
        pa: 1033.8,
        p: 3101.5,
        qa: 501.3,
        s: 3483.4,
        pfa: 0.8903,
        f: 50,
        energy_import: (3 * 1033.8 * 300) / 3600,
      };
      for (const [name, value] of Object.entries(expected)) {
        const found = values[name as keyof typeof values];
        if (found === undefined) continue;
        const { scale = 1, unit } = profile.quantities[name as 'p'] as RegisterLine;
        const resolution = scale * factorOf(unit);
        const tolerance = name.startsWith('energy')
          ? Math.max(11, resolution)
          : Math.max(0.002 * value, 0.06);
        assert.ok(Math.abs(found - value) <= tolerance, `${name}: ${found} for ${value}`);
      }
      assert.deepEqual(got.diagnostics, []);
    });
  }

  it('names a unit that is not there once, keeps its neighbours going, and says when it is back', async () => {
    const { server, meters } = await serve({ 1: synthetic() });
    const rows = [1, 2].map((unit) => ({ id: `m${unit}`, host: '127.0.0.1', port: server.port, unit }));
    const { got, poller } = poll(rows, { interval: 0.1, waveformInterval: 0, eventInterval: 3600 });
    await until(() => got.readings.length > 10, 'readings of the neighbour');
    assert.deepEqual(
      got.diagnostics.map(({ meter, code, severity }) => [meter, code, severity]),
      [['m2', 'MODBUS_EXCEPTION_11', 'error']],
    );
    assert.match(got.diagnostics[0].hint, /unit id/);
    assert.deepEqual(poller.status, { meters: 2, answering: 1 });
    meters.set(2, simulated(synthetic()));
    await until(() => got.diagnostics.length === 2, 'recovery');
    assert.deepEqual([got.diagnostics[1].code, got.diagnostics[1].severity], ['MODBUS_EXCEPTION_11', 'info']);
  });

  it('names a request that the meter refuses once, and goes on with the others', async () => {
    const meter = simulated(synthetic(), { ...genericPq, waveformFifo: false });
    const server = await serveMeter(meter);
    const rows = [{ id: 'm1', host: '127.0.0.1', port: server.port }];
    const { got, poller } = poll(rows, { interval: 0.1, waveformInterval: 0.1, eventInterval: 3600 });
    await until(() => got.readings.length > 12, 'readings');
    assert.deepEqual(
      got.diagnostics.map(({ code, detail }) => [code, detail.task]),
      [['MODBUS_EXCEPTION_2', 'waveform']],
    );
    assert.match(got.diagnostics[0].hint, /firmware/);
    assert.equal(poller.status.answering, 1);
  });

  it('cuts blocks that a meter refuses, remembers that, and leaves out only what it does not have', async () => {
    const lacking = { ...genericPq, quantities: { ...genericPq.quantities } };
    for (const name of ['vbc', 'thd_ib', 'q'] as const) delete lacking.quantities[name];
    // This device knows nothing of three values, and so refuses every read that touches their registers.
    const meter = simulated(synthetic(), lacking);
    const server = await serveMeter(meter);
    const link = linkTo(server.port);
    const links = new MeterLinks(() => link);
    const { got, poller } = poll(
      [{ id: 'm1', link: 'shared' }],
      { interval: 3600, waveformInterval: 0, eventInterval: 3600 },
      links,
    );
    await until(() => got.readings.length === 1, 'a reading');
    now += 1000;
    await poller.poll();
    const before = link.counters.requests;
    await poller.poll();
    const { values, quality } = got.readings[2];
    assert.equal(quality, 'good');
    assert.deepEqual(
      Object.keys(genericPq.quantities)
        .filter((name) => !(name in values))
        .sort(),
      ['q', 'thd_ib', 'vbc'],
    );
    assert.ok(Math.abs((values.vca as number) - 398.4) < 0.5);
    assert.deepEqual(
      got.diagnostics.map(({ code, text }) => [code, text]),
      [['MODBUS_EXCEPTION_2', 'the meter does not have q, vbc, thd_ib where the profile generic-pq says']],
    );
    // What was found out is not asked again: five blocks around the three values that are not there.
    const settled = link.counters.requests - before;
    assert.equal(settled, 5);
  });

  it('writes thresholds idempotently: read, compare, write only when different, verify', async () => {
    const { server, meters } = await serve({ 1: synthetic() });
    const written: [number, number[]][] = [];
    const meter = meters.get(1) as SimulatedMeter;
    const write = meter.write.bind(meter);
    meter.write = (address, values) => {
      written.push([address, values]);
      write(address, values);
    };
    const rows = [{ id: 'm1', host: '127.0.0.1', port: server.port }];
    const { got, poller } = poll(rows, { interval: 3600, waveformInterval: 0, eventInterval: 3600 });
    await poller.write('m1', { V_SAG_VAL: 85, LOG_CTRL: 1 });
    await poller.write('m1', { V_SAG_VAL: 85 });
    assert.deepEqual(written, [[4001, [85]]]);
    const told = () => got.diagnostics.map(({ code, text }) => `${code} ${text}`);
    assert.deepEqual(told(), [
      'REGISTER_WRITTEN V_SAG_VAL: 90 is now 85',
      'REGISTER_UNCHANGED LOG_CTRL: is 1 already',
      'REGISTER_UNCHANGED V_SAG_VAL: is 85 already',
    ]);
    await poller.clearBuffer('m1');
    assert.deepEqual(written[1], [4099, [0xff00]]);
    // The meter refuses: the error says so. It takes the value and forgets it: that is noticed.
    await assert.rejects(
      poller.write('m1', { V_SAG_VAL: 400 }),
      (e) => (e as { modbusCode: number }).modbusCode === 3,
    );
    meter.write = () => {};
    await assert.rejects(
      poller.write('m1', { V_SAG_VAL: 80 }),
      /V_SAG_VAL: 80 was written, the meter holds 85/,
    );
    await assert.rejects(
      poller.write('m1', { FIFO_POINTER: 0 }),
      /payload\.FIFO_POINTER: expected a writable register/,
    );
  });

  it('comes back by itself after the server was gone', async () => {
    const meters = new Map([[1, simulated(synthetic())]]);
    let server = await SimulatorServer.listen(meters, 0, clock);
    const { port } = server;
    const { got } = poll([{ id: 'm1', host: '127.0.0.1', port }], {
      interval: 0.1,
      waveformInterval: 0,
      eventInterval: 3600,
    });
    await until(() => got.readings.length > 2, 'readings');
    await server.close();
    await until(() => got.diagnostics.length > 0, 'the fault');
    assert.match(got.diagnostics[0].code, /CONNECTION_REFUSED|LINK_ERROR|TIMEOUT_ERROR/);
    server = await SimulatorServer.listen(meters, port, clock);
    cleanUp(() => server.close());
    const before = got.readings.length;
    await until(() => got.readings.length > before, 'readings again');
    assert.equal(got.diagnostics[got.diagnostics.length - 1].severity, 'info');
  });

  it('gives up on a silent device in time, and lets go of it in the middle of a request', async () => {
    const sockets = new Set<Socket>();
    const silent: Server = createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => {});
      socket.resume();
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', () => resolve()));
    cleanUp(() => new Promise<void>((resolve) => silent.close(() => resolve())));
    const { port } = silent.address() as { port: number };
    const link = linkTo(port);
    await assert.rejects(
      link.read(1, 0, 1),
      (e) => (e as { name: string }).name === 'TransactionTimedOutError',
    );
    const slow = linkTo(port, { timeout: 600_000 });
    const waiting = slow.read(1, 0, 1);
    waiting.catch(() => {});
    await until(() => sockets.size > 0, 'the connection');
    await slow.close();
    await link.close();
    await until(() => sockets.size === 0, 'the sockets to close');
    await assert.rejects(slow.read(1, 0, 1), /the link is closed/);
  });

  it('takes a flood of commands: polls join the one under way, writes beyond a hundred are refused', async () => {
    const { server } = await serve({ 1: synthetic() });
    const link = linkTo(server.port, { timeout: 5000 });
    const links = new MeterLinks(() => link);
    const quiet = { interval: 3600, waveformInterval: 0, eventInterval: 3600 };
    const { poller, got } = poll([{ id: 'm1', link: 'shared' }], quiet, links);
    await until(() => got.readings.length === 1, 'the first reading');
    const before = link.counters.requests;
    await Promise.all(Array.from({ length: 5000 }, () => poller.poll('m1')));
    assert.ok(got.readings.length <= 3, `${got.readings.length} readings`);
    assert.ok(link.counters.requests - before <= 10, `${link.counters.requests - before} requests`);
    const results = await Promise.allSettled(
      Array.from({ length: 150 }, (_, i) => poller.write('m1', { V_SAG_VAL: 80 + (i % 5) })),
    );
    const refused = results.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
    assert.equal(refused.length, 50);
    assert.match(refused[0].reason.message, /^100 commands for m1 wait already/);
    // What was taken was done, in its order; the next one is taken again.
    await poller.write('m1', { V_SAG_VAL: 90 });
    assert.deepEqual(await link.read(1, 4001, 1), [90]);
  });

  it('bounds what waits on a link', async () => {
    const { server } = await serve({ 1: synthetic() });
    const link = linkTo(server.port);
    const requests = Array.from({ length: 10_050 }, () =>
      link.read(1, 0, 1).then(
        () => 'read',
        (e: Error) => e.message,
      ),
    );
    await link.close();
    const results = await Promise.all(requests);
    assert.equal(results.filter((r) => /wait on this link already/.test(r)).length, 50);
    assert.equal(link.counters.refused, 50);
  });
});
