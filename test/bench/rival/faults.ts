/** Rows d to f: silent units behind a gateway, a device that goes away, a router that forgets connections. */
import { type Meter, type Options, ourFlow, theirFlow, withEnds } from './flows';
import type { Usage } from './host';
import { byTopic, delayLines, delays, gaps, type Line } from './lines';
import { now } from './serve';
import { type Bench, sleep } from './setting';

const UNITS = 30;
const WINDOWS = 4;
/** Devices of a row that are disturbed, at different moments of their interval. */
const DEVICES = 5;
/** ms that a meter takes to respond. */
const ANSWER = 20;
/** s without a reading after which it counts as never. */
const LONGEST_WAIT = 70;

/** Both sides at once: these rows leave the processor idle. */
async function bothHosts(bench: Bench, ours: object[], theirs: object[]) {
  const hosts = await Promise.all([
    bench.startHost(false, withEnds(ours)),
    bench.startHost(true, withEnds(theirs)),
  ]);
  return {
    begin: () => Promise.all(hosts.map((host) => host.ask('begin'))),
    seen: () => Promise.all(hosts.map(async (host) => (await host.ask<Usage>('usage')).seen)),
    stop: () => Promise.all(hosts.map((host) => host.stop())),
  };
}

/** Row d: a gateway with a serial line behind it; of 30 units one is alive. */
export async function silentUnits(bench: Bench): Promise<Line[]> {
  const places = { first: 1, '15th': 15, last: UNITS };
  const window = bench.seconds(20);
  const units = (healthy: number) =>
    Object.fromEntries(
      Array.from({ length: UNITS }, (_, i) => [i + 1, i + 1 === healthy ? ANSWER : 'silent']),
    );
  /** One gateway for each place of the healthy unit, and for each variant: a line is not shared. */
  const build = async (name: string, flow: typeof ourFlow, options: Options) => {
    const nodes: object[] = [];
    for (const [place, healthy] of Object.entries(places)) {
      const port = await bench.meters.ask<number>('gateway', { units: units(healthy), patience: 1000 });
      const meters = Array.from(
        { length: UNITS },
        (_, i): Meter => ({ topic: `${name} ${place} ${i + 1}`, port, unit: i + 1 }),
      );
      nodes.push(...flow(`${name}-${place}`, meters, options));
    }
    return nodes;
  };
  const ours = await build('ours', ourFlow, { interval: 1 });
  const theirs = await build('theirs', theirFlow, { interval: 1 });
  const inTurn = await build('in turn', theirFlow, { interval: 1, inTurn: true });
  const hosts = await bothHosts(bench, ours, [...theirs, ...inTurn]);
  const [start] = (await hosts.begin()) as number[];
  await sleep(1000 * WINDOWS * window);
  const [own, their] = (await hosts.seen()).map(byTopic);
  await hosts.stop();

  const counts = (times: number[] = []) =>
    Array.from({ length: WINDOWS }, (_, i) => {
      const from = start + 1000 * window * i;
      return times.filter((at) => at >= from && at < from + 1000 * window).length;
    });
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
  const lines = (name: string, note: string) =>
    Object.entries(places).map(([place, healthy]): Line => {
      const mine = counts(own.get(`ours ${place} ${healthy}`));
      const others = counts(their.get(`${name} ${place} ${healthy}`));
      return {
        what: `d  readings a ${window} s, ${UNITS - 1} of ${UNITS} units silent, the ${place} alive${note}`,
        ours: sum(mine),
        theirs: sum(others),
        better: 'more',
        tolerance: 1,
        texts: [mine.join(' '), others.join(' ')],
      };
    });
  return [...lines('theirs', ''), ...lines('in turn', ', theirs unit by unit')];
}

const meterOf =
  (name: string) =>
  (port: number, i: number): Meter => ({ topic: `${name} ${i}`, port, unit: 1 });

/** Waits until each device was read after its moment, on both sides, or no longer. */
async function waitForReadings(
  hosts: Awaited<ReturnType<typeof bothHosts>>,
  moments: Map<string, number>[],
): Promise<number[][]> {
  for (let waited = 0; ; waited++) {
    const seen = await hosts.seen();
    const found = seen.map((list, side) => delays(list, moments[side]));
    if (waited >= LONGEST_WAIT || found.flat().every(Number.isFinite)) return found;
    await sleep(1000);
  }
}

/** Row e: away for half a minute, as a device whose port is closed, and as one without power. */
export async function outage(bench: Bench): Promise<Line[]> {
  const { meters } = bench;
  const away = 1000 * bench.seconds(30);
  const sides: { closed: Meter[]; dark: Meter[] }[] = [];
  for (const name of ['ours', 'theirs']) {
    const closed = await meters.ask<number[]>('meters', DEVICES, ANSWER);
    const dark = await meters.ask<number[]>('boxes', DEVICES, ANSWER);
    sides.push({ closed: closed.map(meterOf(`${name} closed`)), dark: dark.map(meterOf(`${name} dark`)) });
  }
  const [ours, theirs] = sides.map(({ closed, dark }) => [...closed, ...dark]);
  const hosts = await bothHosts(
    bench,
    ourFlow('ours', ours, { interval: 1 }),
    theirFlow('theirs', theirs, { interval: 1 }),
  );
  await sleep(5000);
  await hosts.begin();
  const moments = sides.map(() => new Map<string, number>());
  const disturb = async (meter: Meter, side: number, i: number, go: string, back: string) => {
    // 0.37 of an interval: each is met at another moment of it.
    await sleep(370 * i);
    await meters.ask(go, meter.port);
    await sleep(away);
    moments[side].set(meter.topic, await meters.ask<number>(back, meter.port));
  };
  await Promise.all(
    sides.flatMap(({ closed, dark }, side) => [
      ...closed.map((meter, i) => disturb(meter, side, i, 'leave', 'comeBack')),
      ...dark.map((meter, i) => disturb(meter, side, i, 'powerOff', 'powerOn')),
    ]),
  );
  const [own, their] = await waitForReadings(hosts, moments);
  await hosts.stop();
  const s = away / 1000;
  return [
    ...delayLines(
      `e  away ${s} s, connections refused, until read`,
      own.slice(0, DEVICES),
      their.slice(0, DEVICES),
    ),
    ...delayLines(
      `e  away ${s} s, no answer to anything, until read`,
      own.slice(DEVICES),
      their.slice(DEVICES),
    ),
  ];
}

/** Row f: a router forgets a connection in the middle of the traffic, or because it was idle for 10 s. */
export async function forgottenConnections(bench: Bench): Promise<Line[]> {
  const { meters } = bench;
  const interval = 15;
  const rounds = Math.max(2, Math.round(bench.seconds(6)));
  const sides: { busy: Meter[]; idle: Meter[] }[] = [];
  for (const name of ['ours', 'theirs']) {
    const busy = await meters.ask<number[]>('boxes', DEVICES, ANSWER);
    const idle = await meters.ask<number[]>('boxes', DEVICES, ANSWER, 10_000);
    sides.push({ busy: busy.map(meterOf(`${name} busy`)), idle: idle.map(meterOf(`${name} idle`)) });
  }
  const build = (flow: typeof ourFlow, { busy, idle }: (typeof sides)[number]) => [
    ...flow('busy', busy, { interval: 1 }),
    ...flow('idle', idle, { interval }),
  ];
  const hosts = await bothHosts(bench, build(ourFlow, sides[0]), build(theirFlow, sides[1]));
  const [begun] = (await hosts.begin()) as number[];
  await sleep(5000);
  const moments = sides.map(() => new Map<string, number>());
  await Promise.all(
    sides.flatMap(({ busy }, side) =>
      busy.map(async ({ topic, port }, i) => {
        await sleep(370 * i);
        moments[side].set(topic, await meters.ask<number>('forget', port));
      }),
    ),
  );
  const [own, their] = await waitForReadings(hosts, moments);
  const idleFor = 1000 * interval * (rounds + 0.5);
  await sleep(Math.max(0, begun + idleFor - now()));
  const seen = await hosts.seen();
  await hosts.stop();
  const topics = sides.map(({ idle }) => idle.map(({ topic }) => topic));
  // The first reading of ours is when it starts, that of theirs an interval later.
  const count = (side: number) =>
    seen[side].filter(([topic, at]) => topics[side].includes(topic) && at > begun + 500 * interval).length;
  const [ownGaps, theirGaps] = seen.map((list, side) => gaps(list, topics[side]));
  return [
    ...delayLines('f  connection forgotten in traffic at 1 s, until read', own, their),
    {
      what: `f  forgotten after 10 s idle, read each ${interval} s: readings of ${DEVICES * rounds}`,
      ours: count(0),
      theirs: count(1),
      better: 'more',
    },
    ...delayLines('f  the same, between readings', ownGaps, theirGaps),
  ];
}
