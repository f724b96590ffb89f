import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { connectAsync } from 'mqtt';
import type { Reading } from '../../src/record';
import { mosquitto } from '../peers/servers';
import { median, table } from './report';

const built = (folder: string) => require(join(__dirname, '..', '..', 'dist', 'src', folder));
const {
  openTarget,
  Outbox,
  Publisher,
  readEndpointSettings,
  readPublisherSettings,
}: typeof import('../../src/publishing') = built('publishing');

const ROUNDS = 7;
const RECORDS = 10_000;
const BATCH = 100;
const BACKLOG = 1_000_000;

/** A reading of about 1 kB as JSON, as a meter with harmonics and energies gives it. */
function reading(n: number): Reading {
  const names = [
    'va',
    'vb',
    'vc',
    'vab',
    'vbc',
    'vca',
    'ia',
    'ib',
    'ic',
    'in',
    'p',
    'pa',
    'pb',
    'pc',
    'q',
    'qa',
    'qb',
    'qc',
  ];
  const more = [
    's',
    'sa',
    'sb',
    'sc',
    'pf',
    'pfa',
    'pfb',
    'pfc',
    'f',
    'thd_va',
    'thd_vb',
    'thd_vc',
    'thd_ia',
    'thd_ib',
    'thd_ic',
  ];
  const values = Object.fromEntries(
    [...names, ...more].map((name, i) => [name, 230.123456789 + n / 1000 + i]),
  );
  return { kind: 'reading', meter: `feeder-${n % 50}`, time: 1.7e12 + n, values, quality: 'good' };
}

const folder = () => mkdtempSync(join(tmpdir(), 'pq-bench-'));
const LISTENER = { dropped() {}, condition() {}, told() {} };

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Records per second accepted durably: ours, and bare classic-level in synced batches of 100. */
async function accepting(): Promise<void> {
  const records = Array.from({ length: RECORDS }, (_, n) => reading(n));
  const texts = records.map((record) => JSON.stringify(record));
  const [ours, bare, ratios, waits]: number[][] = [[], [], [], []];
  for (let round = 0; round < ROUNDS; round++) {
    const [a, b] = [folder(), folder()];
    const db = new ClassicLevel<string, string>(a);
    await db.open();
    const theirs = await timed(async () => {
      for (let i = 0; i < RECORDS; i += BATCH) {
        const some = texts.slice(i, i + BATCH);
        const operations = some.map((value, k) => ({
          type: 'put' as const,
          key: String(i + k).padStart(16, '0'),
          value,
        }));
        await db.batch(operations, { sync: true });
      }
    });
    await db.close();
    const box = await Outbox.open(join(b, 'box'), { maxAge: 1e12, maxBytes: 1e12 }, LISTENER);
    const own = await timed(async () => {
      // As a flow gives them: some at a time, each with an answer of its own.
      for (let i = 0; i < RECORDS; i += BATCH)
        await Promise.all(records.slice(i, i + BATCH).map((one) => box.add(one)));
    });
    await box.close();
    const open = await Outbox.open(join(b, 'burst'), { maxAge: 1e12, maxBytes: 1e12 }, LISTENER);
    const burst = await timed(async () => {
      await Promise.all(records.map((one) => open.add(one)));
    });
    await open.close();
    ours.push(burst);
    bare.push(theirs);
    ratios.push(theirs / burst);
    waits.push(own);
    for (const one of [a, b]) rmSync(one, { recursive: true, force: true });
  }
  const rate = (ms: number) => `${Math.round(RECORDS / ms)}k/s`;
  table(
    `Records of ${texts[0].length} bytes accepted durably (goal: 0.5 of the bare store)`,
    ['', 'rate', 'of bare'],
    [
      [`classic-level, synced batches of ${BATCH}`, rate(median(bare)), '1.00'],
      ['outbox, as they come', rate(median(ours)), median(ratios).toFixed(2)],
      [
        `outbox, ${BATCH} at a time, waiting for each ${BATCH}`,
        rate(median(waits)),
        (median(bare) / median(waits)).toFixed(2),
      ],
    ],
  );
}
/** Records per second delivered at QoS 1: ours out of the store, and bare mqtt.js in a pipeline. */
async function delivering(url: string): Promise<void> {
  const records = Array.from({ length: RECORDS }, (_, n) => reading(n));
  const texts = records.map((record) => JSON.stringify(record));
  const [ours, bare, ratios]: number[][] = [[], [], []];
  for (let round = 0; round < ROUNDS; round++) {
    const client = await connectAsync(url);
    const theirs = await timed(async () => {
      await new Promise<void>((resolve) => {
        let left = RECORDS;
        const done = () => {
          if (--left === 0) resolve();
        };
        for (let n = 0; n < RECORDS; n++)
          client.publish(`pq/feeder-${n % 50}/reading`, texts[n], { qos: 1 }, done);
      });
    });
    await client.endAsync();
    const at = folder();
    const { publisher, target, delivered } = await publishing(url, join(at, 'box'));
    publisher.pause();
    await Promise.all(records.map((record) => publisher.accept(record)));
    const own = await timed(async () => {
      publisher.resume();
      await delivered(RECORDS);
    });
    await publisher.close();
    await target.close();
    rmSync(at, { recursive: true, force: true });
    ours.push(own);
    bare.push(theirs);
    ratios.push(theirs / own);
  }
  const rate = (ms: number) => `${(RECORDS / ms).toFixed(1)}k/s`;
  table(
    'Records delivered to mosquitto at QoS 1 (goal: 0.6 of bare mqtt.js in a pipeline)',
    ['', 'rate', 'of bare'],
    [
      ['mqtt.js, all at once', rate(median(bare)), '1.00'],
      ['out of the store, with receipts', rate(median(ours)), median(ratios).toFixed(2)],
    ],
  );
}

async function publishing(url: string, at: string) {
  let look = () => {};
  const target = openTarget(
    readEndpointSettings({ url }),
    {},
    {},
    { state: () => look(), failed: (text) => console.log(text) },
  );
  let count = 0;
  let wanted = Number.POSITIVE_INFINITY;
  let arrived = () => {};
  const publisher = await Publisher.open(
    at,
    readPublisherSettings({ maxSize: 100_000 }),
    target,
    { name: 'bench', target: 'bench' },
    {
      receipt: ({ state }) => {
        if (state === 'delivered' && ++count >= wanted) arrived();
      },
      diagnostic: ({ text }) => console.log(text),
    },
  );
  look = () => publisher.look();
  while (!target.ready) await new Promise((resolve) => setTimeout(resolve, 10));
  const delivered = (n: number) =>
    new Promise<void>((resolve) => {
      wanted = n;
      arrived = resolve;
      if (count >= n) resolve();
    });
  return { publisher, target, delivered, count: () => count };
}

/** A backlog of a million records, drained: memory above idle. */
async function backlog(url: string): Promise<void> {
  const at = folder();
  const memory = () => {
    for (let i = 0; i < 3; i++) global.gc?.();
    return process.memoryUsage().rss / 1e6;
  };
  const { publisher, target } = await publishing(url, join(at, 'box'));
  const idle = memory();
  publisher.pause();
  const filling = await timed(async () => {
    for (let n = 0; n < BACKLOG; n += 2000) {
      await Promise.all(Array.from({ length: 2000 }, (_, i) => publisher.accept(reading(n + i))));
    }
  });
  const full = memory();
  await publisher.close();
  // As after a restart with all of it in the store.
  const opened = performance.now();
  const again = await publishing(url, join(at, 'box'));
  const opening = performance.now() - opened;
  const samples: number[] = [];
  const watch = setInterval(() => samples.push(process.memoryUsage().rss / 1e6), 250);
  const draining = await timed(() => again.delivered(BACKLOG));
  clearInterval(watch);
  const third = Math.floor(samples.length / 3);
  const most = (list: number[]) => Math.max(...list).toFixed(0);
  table(
    `${BACKLOG} records in the store, drained (goal: under 200 MB above idle, flat)`,
    ['', ''],
    [
      ['idle, MB', idle.toFixed(0)],
      ['filled, MB', full.toFixed(0)],
      ['filling, s', (filling / 1000).toFixed(1)],
      ['opening it again, s', (opening / 1000).toFixed(1)],
      ['draining, s', (draining / 1000).toFixed(1)],
      [
        'most while draining, thirds, MB',
        [0, 1, 2].map((i) => most(samples.slice(i * third, (i + 1) * third))).join(' '),
      ],
      ['most above idle, MB', (Math.max(...samples) - idle).toFixed(0)],
    ],
  );
  await again.publisher.close();
  for (const one of [target, again.target]) await one.close();
  rmSync(at, { recursive: true, force: true });
}

export async function benchPublishing(): Promise<void> {
  await accepting();
  if (!existsSync('/usr/sbin/mosquitto')) {
    console.log('\nmosquitto is not here (npm run test:peers installs it): delivery was not measured');
    return;
  }
  const at = folder();
  const server = await mosquitto(at);
  await server.start();
  const url = `mqtt://127.0.0.1:${server.port}`;
  await delivering(url);
  await backlog(url);
  await server.end();
  rmSync(at, { recursive: true, force: true });
}
