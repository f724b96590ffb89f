import { execFileSync, fork } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import helper from 'node-red-node-test-helper';
import { QUANTITIES } from '../../src/record';
import { endFlow, runFlow } from '../flow/flow-runner';
import { median, table } from './report';

const RIVAL = 'node-red-contrib-modbus';
const VERSION = '5.23.3';
const FOLDER = join(__dirname, '..', '..', '.scratch', 'flex-getter');
const SECONDS = 4;
const ROUNDS = 3;

/** 40 registers in 37 values (three of them have two): `step` apart from one another. */
function layout(step: number): { quantity: string; address: number; type: string; length: number }[] {
  let next = 0;
  return Object.keys(QUANTITIES).map((quantity, i) => {
    const length = i < 3 ? 2 : 1;
    const address = next;
    next += Math.max(step, length);
    return { quantity, address, type: length === 2 ? 'uint32' : 'uint16', length };
  });
}

/** The rival in a folder of its own, from the npm registry; undefined where it cannot be had. */
function install(): ((name: string) => unknown) | undefined {
  const from = createRequire(join(FOLDER, 'package.json'));
  if (!existsSync(join(FOLDER, 'node_modules', RIVAL))) {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(join(FOLDER, 'package.json'), '{"private":true}');
    try {
      execFileSync('npm', ['install', '--no-audit', '--no-fund', `${RIVAL}@${VERSION}`], {
        cwd: FOLDER,
        stdio: 'ignore',
      });
    } catch {
      return undefined;
    }
  }
  return from;
}

/** Readings a second through the node: each `poll` command begins when the one before it has been answered. */
async function ours(port: number, step: number): Promise<number> {
  const flow = await runFlow([
    { id: 'link', type: 'modbus-link', name: 'shared', transport: 'tcp', host: '127.0.0.1', port },
    {
      id: 'fleet',
      type: 'meter-fleet',
      meters: [{ id: 'm1', link: 'shared', profile: 'forty' }],
      profiles: layout(step).map(({ length: _, ...line }) => ({ profile: 'forty', ...line })),
    },
    {
      id: 'poll',
      type: 'meter-poll',
      fleet: 'fleet',
      interval: 86_400,
      waveformInterval: 0,
      wires: [['out'], [], []],
    },
    { id: 'out', type: 'helper' },
  ]);
  const end = performance.now() + SECONDS * 1000;
  let readings = 0;
  await new Promise<void>((resolve) => {
    flow.node('out').on('input', () => {
      readings++;
      if (performance.now() > end) resolve();
      else flow.send('poll', { command: 'poll', meter: 'm1' });
    });
  });
  await endFlow();
  return (readings * 40) / SECONDS;
}

/** Registers a second through the flex getter: forty requests, and again when all are answered. */
async function flex(port: number, step: number, from: (name: string) => unknown): Promise<number> {
  const part = (file: string) => from(`${RIVAL}/modbus/${file}`);
  await new Promise<void>((resolve) => helper.startServer(() => resolve()));
  const nodes = [
    { id: 'tab', type: 'tab', label: 'bench' },
    {
      id: 'client',
      type: 'modbus-client',
      clienttype: 'tcp',
      bufferCommands: true,
      stateLogEnabled: false,
      tcpHost: '127.0.0.1',
      tcpPort: String(port),
      tcpType: 'DEFAULT',
      serialConnectionDelay: '1',
      unit_id: '1',
      commandDelay: '1',
      clientTimeout: '1000',
      reconnectOnTimeout: true,
      reconnectTimeout: '2000',
      parallelUnitIdsAllowed: true,
    },
    {
      id: 'getter',
      type: 'modbus-flex-getter',
      z: 'tab',
      x: 0,
      y: 0,
      server: 'client',
      wires: [['out'], []],
    },
    { id: 'out', type: 'helper', z: 'tab', x: 0, y: 0, wires: [] },
  ];
  await helper.load(
    [part('modbus-client.js'), part('modbus-flex-getter.js')] as never,
    nodes as never,
    {} as never,
  );
  await new Promise((resolve) => setTimeout(resolve, 1500));
  // As people use it: a register a request, without knowing what lies together.
  const requests = layout(step).flatMap(({ address, length }) =>
    Array.from({ length }, (_, i) => address + i),
  );
  const getter = helper.getNode('getter');
  const send = () => {
    for (const address of requests) {
      getter.receive({ payload: { fc: 3, unitid: 1, address, quantity: 1 } } as never);
    }
  };
  const start = performance.now();
  let answers = 0;
  await new Promise<void>((resolve) => {
    helper.getNode('out').on('input', () => {
      answers++;
      if (answers % requests.length) return;
      if (performance.now() - start > SECONDS * 1000) resolve();
      else send();
    });
    send();
    setTimeout(resolve, SECONDS * 4000);
  });
  const rate = answers / ((performance.now() - start) / 1000);
  await helper.unload();
  await new Promise<void>((resolve) => helper.stopServer(() => resolve()));
  return rate;
}

/** The same 40 registers through this node, and through the one that users would pick today. */
export async function benchFlexGetter(): Promise<void> {
  const from = install();
  if (!from) {
    console.log(`\nskipped: ${RIVAL} ${VERSION} could not be installed`);
    return;
  }
  const child = fork(join(__dirname, 'meters-process.ts'), { execArgv: ['--import', 'tsx'] });
  const [port] = await new Promise<number[]>((resolve) => {
    child.once('message', (found) => resolve(found as number[]));
    child.send([0]);
  });
  const rows: string[][] = [];
  for (const [what, step, goal] of [
    ['within 125 addresses', 1, 100],
    ['no two in a block', 300, 10],
  ] as const) {
    const rates = { flex: [] as number[], ours: [] as number[] };
    for (let round = 0; round < ROUNDS; round++) {
      rates.flex.push(await flex(port, step, from));
      rates.ours.push(await ours(port, step));
    }
    const [theirs, own] = [median(rates.flex), median(rates.ours)];
    rows.push([what, theirs.toFixed(0), own.toFixed(0), (own / theirs).toFixed(0), `${goal}`]);
  }
  child.kill();
  table(
    `40 registers through the node, against the flex getter of ${RIVAL} ${VERSION}: registers a second`,
    ['40 registers', 'flex getter', 'meter-poll', 'times', 'goal'],
    rows,
  );
}
