/** Rows a to c: how fast one device is read, and what a fleet costs. */
import { median } from '../report';
import {
  BLOCK,
  type Meter,
  ourDriven,
  ourFlow,
  type Profile,
  theirDriven,
  theirFlow,
  withEnds,
} from './flows';
import type { Usage } from './host';
import { type Line, lateness } from './lines';
import { type Bench, sleep } from './setting';

const ROUNDS = 3;

/** Row a. One request after the other, and for the rival also with requests waiting in its queue. */
export async function readsPerSecond({ meters, startHost, seconds }: Bench): Promise<Line[]> {
  const [port] = await meters.ask<number[]>('meters', 1, 0);
  const meter: Meter = { topic: 'm0', port, unit: 1 };
  const ms = 1000 * seconds(4);
  const rates: Record<string, number[]> = { ours: [], theirs: [], queued: [], 'ours 37': [] };
  const drive = async (name: string, driven: ReturnType<typeof theirDriven>, outstanding: number) => {
    const host = await startHost(name === 'theirs' || name === 'queued', driven.nodes);
    await sleep(1500);
    await host.ask('drive', driven.message, outstanding, 1000);
    const rate = await host.ask<number>('drive', driven.message, outstanding, ms);
    await host.stop();
    if (rate === 0) throw new Error(`${name}: not one reading, so something is wrong with the benchmark`);
    rates[name].push(rate);
  };
  for (let round = 0; round < ROUNDS; round++) {
    await drive('ours', ourDriven(meter, 'block'), 1);
    await drive('theirs', theirDriven(meter), 1);
    await drive('queued', theirDriven(meter), 20);
    await drive('ours 37', ourDriven(meter, '37 values'), 1);
  }
  const line = (what: string, ours: string, theirs: string): Line => ({
    what: `a  ${what}`,
    ours: median(rates[ours]),
    theirs: median(rates[theirs]),
    better: 'more',
  });
  return [
    line(`reads of ${BLOCK} registers a second, one after the other`, 'ours', 'theirs'),
    line('the same, theirs with 20 in its queue', 'ours', 'queued'),
    line('the same, ours with 37 values decoded', 'ours 37', 'theirs'),
  ];
}

/** Rows b and c: so many devices on as many connections, each read once a second. */
export async function fleet(bench: Bench, row: string, count: number): Promise<Line[]> {
  const ports = await bench.meters.ask<number[]>('meters', count, 1);
  const devices = ports.map((port, i): Meter => ({ topic: `m${i}`, port, unit: 1 }));
  const duration = bench.seconds(30);
  const measure = async (isRival: boolean, nodes: object[]): Promise<Usage> => {
    const host = await bench.startHost(isRival, withEnds(nodes));
    // A gateway runs for months: neither the connecting nor the moments of the compiler are measured.
    await sleep(1000 * bench.seconds(15) + 5 * count);
    await host.ask('begin');
    await sleep(1000 * duration);
    const usage = await host.ask<Usage>('usage');
    await host.stop();
    if (usage.seen.length === 0) throw new Error('not one reading, so something is wrong with the benchmark');
    return usage;
  };
  const ours = (profile: Profile) => measure(false, ourFlow('ours', devices, { interval: 1, profile }));
  const block = await ours('block');
  const theirs = await measure(true, theirFlow('theirs', devices, { interval: 1 }));
  const decoded = await ours('37 values');
  return [block, decoded].flatMap((own) => {
    const what = `${row}  ${count} devices, ours ${own.values} values`;
    const line = (name: string, of: (usage: Usage) => number, rest: Partial<Line> = {}): Line => ({
      what: `${what}: ${name}`,
      ours: of(own),
      theirs: of(theirs),
      better: 'less',
      ...rest,
    });
    const expected = count * duration;
    return [
      line('lateness, 99 %, ms', ({ seen }) => lateness(seen, 1), { tolerance: 5 }),
      line(`readings of ${expected}`, ({ seen }) => seen.length, { better: 'more', part: 0.01 }),
      line(`processor in ${duration} s, s`, ({ cpu }) => cpu, { digits: 2 }),
      line('resident memory, MB', ({ rss }) => rss),
    ];
  });
}
