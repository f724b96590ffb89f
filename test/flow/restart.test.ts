import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../free-port';
import { wave } from '../signal/signals';
import { until } from '../until';

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

/** Frames come in by HTTP, events go out into a file. */
const FLOW = (file: string) => [
  { id: 'tab', type: 'tab', label: 'restart' },
  {
    id: 'in',
    type: 'http in',
    z: 'tab',
    x: 0,
    y: 0,
    url: '/frame',
    method: 'post',
    wires: [['detector', 'out']],
  },
  { id: 'out', type: 'http response', z: 'tab', x: 0, y: 0, statusCode: '200', wires: [] },
  { id: 'detector', type: 'sag-swell-detector', z: 'tab', x: 0, y: 0, rvc: 0, wires: [['slim'], [], [], []] },
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

describe('Node-RED that restarts in the middle of an event, with a context store on disk', function () {
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

  async function start(): Promise<NodeRed> {
    const { startNodeRed } = await import(DEMO);
    const contextStorage = { default: { module: 'localfilesystem', config: { flushInterval: 1 } } };
    const settings = { contextStorage };
    return await startNodeRed({ port: await freePort(), flow: FLOW(file), userDir, settings });
  }

  const events = (): Event[] =>
    existsSync(file)
      ? readFileSync(file, 'utf8')
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line))
      : [];

  /** Tenths of a second of a sag from 1 to 1.6 s. */
  const va = wave({
    rate: RATE,
    seconds: 3,
    frequency: 50,
    rms: 230,
    gain: (t) => (t > 1 && t < 1.6 ? 0.6 : 1),
  });
  async function send(from: number, to: number): Promise<void> {
    for (let i = from; i < to; i++) {
      const samples = Array.from(va.subarray(i * 320, (i + 1) * 320));
      const frame = {
        kind: 'waveform',
        meter: 'm1',
        time: 1e12 + i * 100,
        rate: RATE,
        channels: { va: samples },
      };
      const body = JSON.stringify(frame);
      await fetch(`${nodeRed?.url}frame`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
      });
    }
  }

  it('reports the event once when it is stopped in order', async () => {
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

  it('ends the event where it was known to stand when it is killed, and goes on with a new one', async () => {
    nodeRed = await start();
    await send(0, 13);
    const store = join(userDir, 'context', 'tab', 'flow.json');
    await until(() => existsSync(store) && /m1:sag/.test(readFileSync(store, 'utf8')), 'the context on disk');
    await nodeRed.kill();
    nodeRed = await start();
    await send(13, 30);
    await until(() => events().length === 4, 'all events');
    const [begun, ended, again, over] = events();
    assert.deepEqual([ended.id, ended.state, ended.flags], [begun.id, 'end', ['gap']]);
    assert.deepEqual([again.state, over.state, over.flags], ['start', 'end', ['start unknown']]);
    assert.notEqual(again.id, begun.id);
  });
});
