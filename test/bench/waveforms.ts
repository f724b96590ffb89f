import { fork } from 'node:child_process';
import { join } from 'node:path';
import ModbusRTU from 'modbus-serial';
import { MeterLinks, Poller, readFleet, readPollerSettings } from '../../src/metering';
import { blockCapacity, FIFO } from '../../src/registers';
import type { BlockMeters } from './block-meters';
import { table } from './report';

const RATE = 10_000;
const CHANNELS = 6;
/** A memory of four seconds. */
const DEPTH = 2000;
const SECONDS = 8;
const WARM_UP = 3;
const IN_FLIGHT = 16;
/** Seconds of a run in which an event can be judged: 12 cycles. */
const RUN = 0.24;

async function startMeters(given: BlockMeters): Promise<{ ports: number[]; stop(): void }> {
  const child = fork(join(__dirname, 'block-meters.ts'), { execArgv: ['--import', 'tsx'] });
  const ports = await new Promise<number[]>((resolve, reject) => {
    child.once('message', (found) => resolve(found as number[]));
    child.once('error', reject);
    child.send(given);
  });
  return { ports, stop: () => child.kill() };
}

const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));

/** Blocks a second that the library alone carries, all connections at once, as many requests in flight as ours. */
async function bare(ports: number[]): Promise<number> {
  let blocks = 0;
  let isOver = false;
  const clients = await Promise.all(
    ports.map(async (port) => {
      const client = new ModbusRTU();
      await client.connectTCP('127.0.0.1', { port });
      client.setID(1);
      client.setTimeout(5000);
      return client;
    }),
  );
  const lanes = clients.flatMap((client) =>
    Array.from({ length: IN_FLIGHT }, async () => {
      while (!isOver) {
        await client.readHoldingRegisters(FIFO.window, FIFO.blockLength);
        blocks++;
      }
    }),
  );
  await pause(1);
  const before = blocks;
  const began = performance.now();
  await pause(3);
  const found = (blocks - before) / ((performance.now() - began) / 1000);
  isOver = true;
  await Promise.allSettled(lanes);
  for (const client of clients) client.close(() => {});
  return found;
}

async function row(meters: number, delay: number): Promise<string[]> {
  const perBlock = blockCapacity(CHANNELS);
  const made = (meters * RATE) / perBlock;
  const { ports, stop } = await startMeters({ meters, rate: RATE, delay, depth: DEPTH });
  const carried = await bare(ports);
  const links = new MeterLinks(() => undefined);
  const fleet = readFleet(ports.map((port, i) => ({ id: `m${i}`, host: '127.0.0.1', port })));
  const settings = readPollerSettings({ interval: 3600, eventInterval: 3600, waveformInterval: 0.2 });
  const ends = new Map<string, { end: number; run: number }>();
  const count = { samples: 0, inRuns: 0, lost: 0, messages: 0 };
  let isCounting = false;
  const poller = new Poller(fleet, (meter) => links.of(meter), settings, {
    reading() {},
    event() {},
    waveform: (frame) => {
      const before = ends.get(frame.meter);
      const isNext = before !== undefined && Math.abs(frame.time - before.end) < 0.05;
      const run = (isNext ? before.run : 0) + frame.length;
      ends.set(frame.meter, { end: frame.endTime, run });
      if (!isCounting) return;
      count.samples += frame.length;
      // A run counts from where it is long enough; what came before in it then counts, too.
      if (run >= RUN * RATE) count.inRuns += run - frame.length < RUN * RATE ? run : frame.length;
    },
    diagnostic: ({ code, detail }) => {
      if (!isCounting || !/^(BUFFER|WAVEFORM)/.test(code)) return;
      count.messages++;
      count.lost += Number(detail.lost ?? 0);
    },
  });
  await pause(WARM_UP);
  isCounting = true;
  const cpu = process.cpuUsage();
  const began = performance.now();
  await pause(SECONDS);
  const seconds = (performance.now() - began) / 1000;
  const used = process.cpuUsage(cpu);
  isCounting = false;
  poller.stop();
  await links.close();
  stop();
  const read = count.samples / perBlock / seconds;
  const fits = Math.min(made, carried);
  return [
    String(meters),
    String(delay),
    made.toFixed(0),
    carried.toFixed(0),
    read.toFixed(0),
    (read / made).toFixed(2),
    (read / fits).toFixed(2),
    Math.min(1, count.inRuns / Math.max(1, count.samples)).toFixed(2),
    (count.messages / seconds).toFixed(1),
    (count.lost / seconds).toFixed(0),
    ((used.user + used.system) / 1e6 / seconds).toFixed(2),
  ];
}

/** Waveforms of many meters, and over long ways: what of it comes, against what fits. */
export async function benchWaveforms(): Promise<void> {
  const rows: string[][] = [];
  // Some of the rows alone: PQ_ROWS=60:0,60:50.
  const chosen = process.env.PQ_ROWS?.split(',');
  for (const [meters, delay] of [
    [1, 0],
    [1, 10],
    [1, 20],
    [1, 50],
    [5, 10],
    [10, 0],
    [10, 50],
    [20, 10],
    [40, 0],
    [60, 0],
    [60, 10],
    [60, 50],
  ]) {
    if (chosen && !chosen.includes(`${meters}:${delay}`)) continue;
    rows.push(await row(meters, delay));
  }
  table(
    'Waveforms, 6 channels at 10 kHz, blocks a second (goal: 0.9 of what fits, in runs of 12 cycles; one message a second and meter)',
    [
      'meters',
      'delay, ms',
      'made',
      'bare library',
      'read',
      'of made',
      'of what fits',
      'in runs',
      'messages/s',
      'lost',
      'cores',
    ],
    rows,
  );
}
