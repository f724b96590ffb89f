import { fork } from 'node:child_process';
import { join } from 'node:path';
import ModbusRTU from 'modbus-serial';
import {
  MeterLinks,
  ModbusLink,
  Poller,
  readFleet,
  readLinkSettings,
  readPollerSettings,
} from '../../src/metering';
import type { GatewayOptions } from '../metering/gateway';
import { startGateway } from '../metering/gateway';
import { table } from './report';

type Behaviour = GatewayOptions['units'][number];

/** Starts so many meters in another process; gives their ports. */
async function startMeters(behaviours: Behaviour[]): Promise<{ ports: number[]; stop(): void }> {
  const child = fork(join(__dirname, 'meters-process.ts'), { execArgv: ['--import', 'tsx'] });
  const ports = await new Promise<number[]>((resolve, reject) => {
    child.once('message', (found) => resolve(found as number[]));
    child.once('error', reject);
    child.send(behaviours);
  });
  return { ports, stop: () => child.kill() };
}

/** One reading after the other through a link, against a bare loop on the library. */
export async function benchReads(): Promise<void> {
  const reads = 10_000;
  const { ports, stop } = await startMeters([0]);
  const [port] = ports;
  const client = new ModbusRTU();
  await client.connectTCP('127.0.0.1', { port });
  client.setID(1);
  const link = new ModbusLink(readLinkSettings({ host: '127.0.0.1', port }));
  const bare = async () => {
    const start = performance.now();
    for (let i = 0; i < reads; i++) await client.readHoldingRegisters(0, 125);
    return (reads / (performance.now() - start)) * 1000;
  };
  const ours = async () => {
    const start = performance.now();
    for (let i = 0; i < reads; i++) await link.read(1, 0, 125);
    return (reads / (performance.now() - start)) * 1000;
  };
  await bare();
  await ours();
  const rates = { bare: [] as number[], ours: [] as number[] };
  for (let round = 0; round < 5; round++) {
    rates.bare.push(await bare());
    rates.ours.push(await ours());
  }
  const [theirs, own] = [rates.bare, rates.ours].map((list) => list.sort((a, b) => a - b)[2]);
  table(
    'Reads of 125 registers over one connection (goal: at least 0.9 of the bare loop)',
    ['', 'reads/s', 'ratio'],
    [
      ['bare modbus-serial', theirs.toFixed(0), '1.00'],
      ['link of meter-poll', own.toFixed(0), (own / theirs).toFixed(2)],
    ],
  );
  client.close(() => {});
  await link.close();
  stop();
}

/** A fleet of which some tenths are dead in different ways: do the healthy ones keep their interval? */
export async function benchFleet(
  meters: number,
  interval: number,
  seconds: number,
  deadTenths = 1,
  running: () => void = () => {},
): Promise<void> {
  const isDead = (i: number) => i % 10 >= 10 - deadTenths;
  const dead: Behaviour[] = ['silent', 'exception-11', 'half-frame'];
  const behaviours = Array.from({ length: meters }, (_, i): Behaviour => (isDead(i) ? dead[i % 3] : 1));
  const { ports, stop } = await startMeters(behaviours);
  // A quarter of the dead ones: nobody listens there at all.
  const closed = await startGateway({ units: {} });
  await closed.close();
  const fleet = readFleet(
    ports.map((port, i) => ({ id: `m${i}`, host: '127.0.0.1', port: i % 40 === 39 ? closed.port : port })),
  );
  const last = new Map<string, number>();
  // Outside the heap: what the benchmark keeps must not look like a leak of what it measures.
  const seen = new Float32Array(Math.ceil((meters * seconds * 1.2) / interval));
  let count = 0;
  const links = new MeterLinks(() => undefined);
  const begun = performance.now();
  const settings = readPollerSettings({ interval, waveformInterval: 0, eventInterval: 86_400 });
  const poller = new Poller(fleet, (meter) => links.of(meter), settings, {
    reading: ({ meter }) => {
      const now = performance.now();
      const before = last.get(meter);
      // The first rounds find out who is dead.
      if (before !== undefined && before - begun > 5000) seen[count++] = (now - before) / 1000;
      last.set(meter, now);
    },
    waveform: () => {},
    event: () => {},
    diagnostic: () => {},
  });
  running();
  const cpu = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const used = process.cpuUsage(cpu);
  poller.stop();
  await links.close();
  stop();
  const gaps = seen.subarray(0, count).sort();
  const at = (part: number) => (gaps[Math.floor(part * (gaps.length - 1))] ?? Number.NaN).toFixed(3);
  const load = (used.user + used.system) / 1e4 / seconds;
  table(
    `${meters} meters on as many connections at ${interval} s, ${deadTenths * 10} % of them dead, ${seconds} s (goal: 99 % within 5 %)`,
    ['interval of the healthy', 's'],
    [
      ['1 %', at(0.01)],
      ['median', at(0.5)],
      ['99 %', at(0.99)],
      ['longest', at(1)],
      ['healthy meters heard', String(last.size)],
      ['core used, %', load.toFixed(0)],
    ],
  );
}

export async function benchMetering(): Promise<void> {
  await benchReads();
  await benchFleet(1000, 1, 30);
  await benchFleet(2000, 1, 30, 3);
}
