import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asciiDat, cfg } from '../comtrade/writer';
import { freePort } from '../free-port';
import { itWith } from '../shared-data';
import { until } from '../until';

const SCRIPTS = join(__dirname, '..', '..', 'scripts');
const START = join(SCRIPTS, 'start.mjs');
const DEMO = join(SCRIPTS, 'demo.mjs');

interface Run {
  child: ChildProcess;
  text(): string;
  exited: Promise<number | null>;
}

const running: ChildProcess[] = [];

function start(args: string[]): Run {
  const child = spawn(process.execPath, [START, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      text += chunk;
    });
  }
  return { child, text: () => text, exited: new Promise((resolve) => child.once('exit', resolve)) };
}

/** Takes a port, as another program would. */
async function occupy(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()));
  return server;
}

const isTaken = async (port: number) =>
  (await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)) !== undefined;

describe('npm start', function () {
  this.timeout(90_000);
  afterEach(() => {
    for (const child of running.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
  });

  it('takes the next free ports, prints the first sag within 20 s, and ends cleanly with Ctrl-C', async () => {
    const [port, mqtt, modbus] = [await freePort(), await freePort(), await freePort()];
    const others = await Promise.all([port, mqtt, modbus].map(occupy));
    try {
      const options = ['--port', port, '--mqtt-port', mqtt, '--modbus-port', modbus].map(String);
      const run = start(options);
      await until(
        () => /^First sag at the broker after [\d.]+ s: feeder-\d sag /m.test(run.text()),
        'the first sag',
        40_000,
      );
      const seconds = Number(/after ([\d.]+) s/.exec(run.text())?.[1]);
      assert.ok(seconds < 20, `${seconds} s`);
      for (const [what, taken] of [
        ['editor', port],
        ['MQTT broker', mqtt],
        ['simulated meters', modbus],
      ]) {
        assert.match(run.text(), new RegExp(`port ${taken} is taken: the ${what} goes to \\d+`));
      }
      const opened = Number(/Open http:\/\/127\.0\.0\.1:(\d+)\//.exec(run.text())?.[1]);
      assert.ok(await isTaken(opened));
      run.child.kill('SIGINT');
      assert.equal(await run.exited, 0, run.text());
      assert.equal(await isTaken(opened), false);
      assert.doesNotMatch(run.text(), /\[error\]/);
    } finally {
      for (const server of others) server.close();
    }
  });

  it('keeps a flow that was changed, at the ports of now; lays it again with reset, and says what it replaces', async () => {
    const { layFlow, demoFlow } = await import(DEMO);
    const folder = await mkdtemp(join(tmpdir(), 'pq-demo-'));
    const path = join(folder, 'flows.json');
    const nodes = async () => JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>[];
    const at = (mqtt: number, modbus: number, reset = false): string =>
      layFlow(folder, demoFlow({ mqtt, modbus }), { mqtt, modbus }, reset);
    try {
      assert.equal(at(1883, 1502), '');
      // Nobody changed it: it follows the ports without a word.
      assert.equal(at(1884, 1503), '');
      const changed = await nodes();
      changed.push({ id: 'own', type: 'debug', name: 'mine' });
      await writeFile(path, JSON.stringify(changed));
      assert.match(at(1885, 1504), /changed in the editor .* is kept; npm start -- --reset/);
      const kept = await nodes();
      assert.deepEqual(kept.at(-1), changed.at(-1));
      const of = (type: string) => kept.find((node) => node.type === type);
      assert.equal(of('scada-endpoint')?.url, 'mqtt://127.0.0.1:1885');
      assert.deepEqual([of('meter-simulator')?.port, of('modbus-link')?.port], [1504, 1504]);
      assert.match(at(1885, 1504), /is kept/);
      const said = at(1885, 1504, true);
      assert.match(said, new RegExp(`The example replaces the flow .* \\(${changed.length} nodes\\)`));
      const aside = /kept as (.*)\.$/.exec(said)?.[1] as string;
      assert.deepEqual(JSON.parse(await readFile(aside, 'utf8')), kept);
      assert.deepEqual(await nodes(), demoFlow({ mqtt: 1885, modbus: 1504 }));
      assert.equal(at(1885, 1504), '');
      // One of a version that made no notes, which may have been changed.
      await rm(join(folder, 'laid.json'));
      assert.match(at(1890, 1510), /^The example replaces the flow .* kept as/);
      assert.deepEqual(await nodes(), demoFlow({ mqtt: 1890, modbus: 1510 }));
      // Not even what is no flow is lost.
      await writeFile(path, 'torn');
      assert.match(at(1886, 1505), /is kept/);
      assert.match(at(1886, 1505, true), /which is no flow/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  itWith('recordings/f1_1b274run.cfg', 'plays a recording and prints its events', async (path) => {
    const ports = [
      '--port',
      await freePort(),
      '--mqtt-port',
      await freePort(),
      '--modbus-port',
      await freePort(),
    ].map(String);
    const run = start(['--recording', path, '--nominal', '2401.8', '--exit', ...ports]);
    assert.equal(await run.exited, 0, run.text());
    assert.match(run.text(), /f1_1b274run\.cfg: 0\.40 s at 100000 Hz, header in utf-8/);
    assert.match(run.text(), /channels: va = SBUS A V-node, vb = SBUS B V-node/);
    assert.match(
      run.text(),
      /f1_1b274run sag b, .*, 0\.38\d pu, 0\.257 s at (59\.9\d|60\.0\d) Hz, instantaneous sag/,
    );
    assert.match(run.text(), /The recording is over: 1 event\./);
  });

  const ports = async () =>
    ['--port', await freePort(), '--mqtt-port', await freePort(), '--modbus-port', await freePort()].map(
      String,
    );

  itWith(
    'recordings/f1_1b274run.cfg',
    'plays it through meters and Modbus as well, currents first, at the time of the record',
    async (path) => {
      const channels = 'ia=4,ib=5,ic=6,va=1,vb=2,vc=3';
      const options = [
        '--recording',
        path,
        '--nominal',
        '2401.8',
        '--channels',
        channels,
        '--wire',
        '--exit',
      ];
      const run = start([...options, ...(await ports())]);
      assert.equal(await run.exited, 0, run.text());
      assert.match(run.text(), /f1_1b274run sag b, 2023-04-09T21:23:00\.1\d\dZ, 0\.38\d pu, 0\.257 s/);
      assert.match(run.text(), /The recording is over: 1 event\./);
    },
  );

  it('reads a recording of the package by its name alone', async () => {
    const run = start(['--recording', 'feeder-fault.cff', '--exit', ...(await ports())]);
    assert.equal(await run.exited, 0, run.text());
    assert.match(run.text(), /feeder-fault\.cff: 1\.60 s/);
    assert.match(run.text(), /The recording is over: [1-9]\d* events?\./);
  });

  it('ends with an exit code that says so where nothing could be measured, or not all of it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pq-demo-'));
    try {
      const names = ['UA', 'UB', 'UC'];
      const analog = names.map((name, i) => `${i + 1},${name},,,V,0.1,0,0,-9999,9999,1,1,P`);
      const rows = (rate: number, count: number) =>
        Array.from({ length: count }, (_, n) => ({
          stamp: Math.round((n * 1e6) / rate),
          analog: names.map((_, p) =>
            Math.round(3253 * Math.cos((2 * Math.PI * 50 * n) / rate - 2.0944 * p)),
          ),
        }));
      const write = async (name: string, rate: number, count: number, change = (text: string) => text) => {
        await writeFile(join(folder, `${name}.cfg`), cfg({ analog, rates: [[rate, count]] }, count));
        await writeFile(join(folder, `${name}.dat`), change(String(asciiDat(rows(rate, count)))));
      };
      // Three values a cycle: neither a waveform nor amplitudes.
      await write('slow', 150, 300);
      // A row of the second half is no row: known only when it is read.
      await write('spoilt', 1600, 3200, (text) =>
        text.replace(/^2500,.*$/m, (line) => line.replace(/,[^,]*$/, ',x')),
      );
      for (const [name, message] of [
        ['slow', /slow\.cfg: no section can be measured: 150 Hz is 3 samples a cycle/],
        [
          'spoilt',
          /FILE_REFUSED: .*spoilt\.cfg.*line 2500.*must be a number, got "x"[\s\S]*Nothing was measured/,
        ],
      ] as const) {
        const run = start(['--recording', join(folder, `${name}.cfg`), '--exit', ...(await ports())]);
        assert.equal(await run.exited, 1, run.text());
        assert.match(run.text(), message);
        assert.doesNotMatch(run.text(), /is over: 0 events\./);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('explains itself, and says what is wrong with its options', async () => {
    const help = start(['--help']);
    assert.equal(await help.exited, 0);
    for (const option of ['--port', '--mqtt-port', '--recording FILE', '--nominal', '--channels'])
      assert.ok(help.text().includes(option));
    for (const [args, message] of [
      [['--port', '99999'], /--port must be a port from 1 to 65535/],
      [['--nominal', 'x'], /--nominal must be a voltage above 0/],
      [['--colour'], /Unknown option '--colour'/],
    ] as const) {
      const run = start([...args]);
      assert.equal(await run.exited, 2);
      assert.match(run.text(), message);
    }
    const missing = start(['--recording', '/nowhere/x.cfg']);
    assert.equal(await missing.exited, 1);
    assert.match(missing.text(), /ENOENT.*\/nowhere\/x\.cfg/);
    assert.doesNotMatch(missing.text(), /\n\s+at /);
  });
});
