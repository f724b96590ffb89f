import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../free-port';
import { itWith } from '../shared-data';
import { until } from '../until';

const START = join(__dirname, '..', '..', 'scripts', 'start.mjs');

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
