import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../free-port';
import { wave } from '../signal/signals';
import { until } from '../until';

const DETECTOR = { type: 'sag-swell-detector', rvc: 0, wires: [['slim'], [], [], []] };
const CALCULATOR = { type: 'var-calculator', wiring: '1P2W', wires: [['slim'], []] };
const DEMO = join(__dirname, '..', '..', 'scripts', 'demo.mjs');
const RATE = 3200;

interface NodeRed {
  url: string;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

interface Event {
  id: string;
  state: string;
  duration: number;
  extreme: number;
  flags: string[];
}

/** Frames come in by HTTP, what a node makes of them goes out into a file. */
const FLOW = (file: string, node: object) => [
  { id: 'tab', type: 'tab', label: 'restart' },
  {
    id: 'in',
    type: 'http in',
    z: 'tab',
    x: 0,
    y: 0,
    url: '/frame',
    method: 'post',
    wires: [['node', 'out']],
  },
  { id: 'out', type: 'http response', z: 'tab', x: 0, y: 0, statusCode: '200', wires: [] },
  { id: 'node', z: 'tab', x: 0, y: 0, ...node },
  {
    id: 'slim',
    type: 'change',
    z: 'tab',
    x: 0,
    y: 0,
    rules: [{ t: 'delete', p: 'payload.capture', pt: 'msg' }],
    wires: [['json']],
  },
  { id: 'json', type: 'json', z: 'tab', x: 0, y: 0, property: 'payload', action: 'str', wires: [['file']] },
  {
    id: 'file',
    type: 'file',
    z: 'tab',
    x: 0,
    y: 0,
    filename: file,
    filenameType: 'str',
    appendNewline: true,
    overwriteFile: 'false',
    wires: [[]],
  },
];

describe('Node-RED that restarts, with a context store on disk', function () {
  this.timeout(90_000);
  let userDir: string;
  let file: string;
  let nodeRed: NodeRed | undefined;

  beforeEach(() => {
    userDir = mkdtempSync(join(tmpdir(), 'pq-restart-'));
    file = join(userDir, 'events.txt');
  });
  afterEach(async () => {
    await nodeRed?.kill();
    rmSync(userDir, { recursive: true, force: true });
  });

  async function start(node: object = DETECTOR): Promise<NodeRed> {
    const { startNodeRed } = await import(DEMO);
    const contextStorage = { default: { module: 'localfilesystem', config: { flushInterval: 1 } } };
    const settings = { contextStorage };
    return await startNodeRed({ port: await freePort(), flow: FLOW(file, node), userDir, settings });
  }

  const written = <T>(): T[] =>
    existsSync(file)
      ? readFileSync(file, 'utf8')
          .split('\n')
          // The last line may be half written.
          .slice(0, -1)
          .map((line) => JSON.parse(line))
      : [];

  const events = () => written<Event>();

  /** Tenths of a second of a sag from 1 to 1.6 s. */
  const va = wave({
    rate: RATE,
    seconds: 3,
    frequency: 50,
    rms: 230,
    gain: (t) => (t > 1 && t < 1.6 ? 0.6 : 1),
  });
  const post = (meter: string, time: number, samples: number[]) =>
    fetch(`${nodeRed?.url}frame`, {
      method: 'POST',
      body: JSON.stringify({
        kind: 'waveform',
        meter,
        time,
        rate: RATE,
        channels: { va: samples, ia: samples },
      }),
      headers: { 'content-type': 'application/json' },
    });

  async function send(from: number, to: number): Promise<void> {
    for (let i = from; i < to; i++) {
      const samples = Array.from(va.subarray(i * 320, (i + 1) * 320));
      const taken = async () => (await post('m1', 1e12 + i * 100, samples)).status === 200;
      await until(taken, 'the flow to take a frame');
    }
  }

  /** Node-RED listens a little before all nodes of its flows are there: until then a frame may be lost. */
  async function untilItMeasures(): Promise<void> {
    const probes = () => written<{ meter: string }>().filter(({ meter }) => meter === 'probe').length;
    const before = probes();
    let time = 2e12;
    await until(async () => {
      time += 60_000;
      await post('probe', time, Array.from(va.subarray(0, 2000)));
      return probes() > before;
    }, 'the first window of a probe');
  }

  it('reports an event in progress once when it is stopped in order', async () => {
    nodeRed = await start();
    await send(0, 13);
    await until(() => events().length === 1, 'the start');
    await nodeRed.stop();
    nodeRed = await start();
    await send(13, 30);
    await until(() => events().length === 2, 'the end');
    const [begun, ended] = events();
    assert.equal(begun.state, 'start');
    assert.deepEqual([ended.id, ended.state, ended.flags], [begun.id, 'end', []]);
    assert.ok(Math.abs(ended.duration - 0.6) < 0.04 && Math.abs(ended.extreme - 0.6) < 0.001);
  });

  it('ends an event once that went on over a restart, also when it is killed after that', async () => {
    nodeRed = await start();
    await send(0, 13);
    await until(() => events().length === 1, 'the start');
    await nodeRed.stop();
    nodeRed = await start();
    const store = join(userDir, 'context', 'tab', 'flow.json');
    const isForgotten = () => !existsSync(store) || !/m1:sag/.test(readFileSync(store, 'utf8'));
    await until(isForgotten, 'the context on disk', 30_000);
    await send(13, 25);
    await until(() => events().length === 2, 'the end');
    await nodeRed.kill();
    nodeRed = await start();
    // A sag of another meter is the sign that all that was to be said has been said.
    for (let i = 0; i < 20; i++) {
      const samples = Array.from(va.subarray(i * 320, (i + 1) * 320));
      await until(async () => (await post('m2', 1e12 + i * 100, samples)).status === 200, 'a frame');
    }
    await until(
      () => events().some(({ id, state }) => id.startsWith('m2') && state === 'end'),
      'the other sag',
    );
    // An end that came just before the kill may be said again, as it was.
    const different = [...new Set(events().map((event) => JSON.stringify(event)))].map(
      (line): Event => JSON.parse(line),
    );
    assert.deepEqual(
      different.map(({ id, state }) => `${id.split(':')[0]} ${state}`),
      ['m1 start', 'm1 end', 'm2 start', 'm2 end'],
    );
  });

  it('ends the event where it was known to stand when it is killed, says so at once, and goes on with a new one', async () => {
    nodeRed = await start();
    await send(0, 13);
    // Whoever has heard of a start hears of its end, however soon the kill comes.
    await until(() => events().length === 1, 'the start');
    await nodeRed.kill();
    nodeRed = await start();
    // Nothing more comes of the meter, and yet the event has an end.
    await until(() => events().length === 2, 'the end of what was cut');
    await send(13, 30);
    await until(() => events().length === 4, 'all events');
    const [begun, ended, again, over] = events();
    assert.deepEqual([ended.id, ended.state, ended.flags], [begun.id, 'end', ['cut']]);
    assert.deepEqual([again.state, over.state, over.flags], ['start', 'end', ['start unknown']]);
    assert.notEqual(again.id, begun.id);
  });

  it('goes on with the energies of its meters, stopped in order or killed', async () => {
    interface Record {
      meter: string;
      window: number;
      energy: { import: number; seconds: number };
    }
    const records = () => written<Record>().filter(({ meter }) => meter === 'm1');
    nodeRed = await start(CALCULATOR);
    await untilItMeasures();
    await send(0, 9);
    // Nine tenths of a second give four windows of ten cycles: all must be written before Node-RED is stopped.
    await until(
      () => records().length === 4,
      () => `four windows, there are ${records().length}`,
    );
    await nodeRed.stop();
    const before = records()[records().length - 1].energy;
    assert.ok(before.import > 0);

    nodeRed = await start(CALCULATOR);
    await untilItMeasures();
    const seen = records().length;
    await send(10, 19);
    await until(
      () => records().length === seen + 4,
      () => `four more, there are ${records().length - seen}`,
    );
    const after = records()[seen];
    assert.ok(Math.abs(after.energy.seconds - before.seconds - after.window) < 1e-6);
    assert.ok(after.energy.import > before.import);

    const store = join(userDir, 'context', 'tab', 'flow.json');
    const last = records()[records().length - 1].energy;
    const saved = () => existsSync(store) && readFileSync(store, 'utf8').includes(String(last.import));
    await until(saved, 'the energies on disk', 30_000);
    await nodeRed.kill();
    nodeRed = await start(CALCULATOR);
    await untilItMeasures();
    const then = records().length;
    await send(20, 29);
    await until(
      () => records().length === then + 4,
      () => `four more, there are ${records().length - then}`,
    );
    assert.ok(Math.abs(records()[then].energy.seconds - last.seconds - records()[then].window) < 1e-6);
  });
});
