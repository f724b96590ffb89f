import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChannelModel, connect as connectAmqp } from 'amqplib';
import { connectAsync, type MqttClient } from 'mqtt';
import { cleanUpAfterEach } from '../clean-up';
import { freePort } from '../free-port';
import { startHttp } from '../publishing/helpers';
import { reading } from '../publishing/records';
import { until } from '../until';
import { itWith } from './programs';
import { mosquitto, rabbitmq, type Server } from './servers';
import { startWeakLine, type WeakLine } from './weak-line';

const cleanUp = cleanUpAfterEach();
const DEMO = join(__dirname, '..', '..', 'scripts', 'demo.mjs');

const RECORDS = 20_000;
const KILLS = 50;
const METERS = 10;
const TARGETS = ['mqtt', 'amqp', 'http'];
/** s without an acknowledgement after which a session is given up. */
const TIMEOUT = 2;
/** What a clock may be off by, ms: not set at all, right, set weeks ahead. */
const CLOCKS = [-1.7e12, 0, 0, 60 * 86_400_000];
/** Messages sent and not done: what a flow may have on its way. */
const ON_THE_WAY = 300;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const pick = <T>(some: readonly T[]): T => some[Math.floor(Math.random() * some.length)];
const between = (least: number, most: number) => least + Math.random() * (most - least);

interface NodeRed {
  kill(): Promise<void>;
}

/** What arrived at the end of a line, as it came. */
class Arrivals {
  readonly numbers: number[] = [];
  readonly ids: string[] = [];

  take(payload: Buffer): void {
    this.add(JSON.parse(String(payload)));
  }

  add({ time, id }: { time: number; id: string }): void {
    this.numbers.push(time - 1.7e12);
    this.ids.push(id);
  }

  get distinct(): number {
    return new Set(this.numbers).size;
  }

  /** Every record is there, in order for each meter; one that came twice had the same id. */
  check(done: ReadonlySet<number>): string {
    const ids = new Map<number, string>();
    const last = new Map<number, number>();
    for (const [i, n] of this.numbers.entries()) {
      const before = ids.get(n);
      assert.equal(this.ids[i], before ?? this.ids[i], `record ${n} came with two ids`);
      if (before !== undefined) continue;
      ids.set(n, this.ids[i]);
      const meter = n % METERS;
      assert.ok(n > (last.get(meter) ?? -1), `record ${n} of meter ${meter} after ${last.get(meter)}`);
      last.set(meter, n);
    }
    assert.equal(new Set(ids.values()).size, ids.size, 'two records of one id');
    const missing = [...done].filter((n) => !ids.has(n));
    assert.deepEqual(missing, [], 'done, but never arrived');
    return `${ids.size} records, ${this.numbers.length - ids.size} repetitions`;
  }
}

describe('chaos', function () {
  this.timeout(900_000);

  itWith(
    ['mosquitto', 'rabbitmq'],
    `${RECORDS} records to mosquitto, RabbitMQ and a server that are stopped, killed, held, cut and slowed, that refuse and swallow acknowledgements, Node-RED killed ${KILLS} times and its clock set: nothing done is lost`,
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'pq-chaos-'));
      cleanUp(() => rmSync(folder, { recursive: true, force: true }));
      const mosquittoServer = await mosquitto(join(folder, 'mosquitto'));
      const rabbit = await rabbitmq(join(folder, 'rabbitmq'));
      for (const server of [rabbit.names, rabbit.broker, mosquittoServer]) {
        cleanUp(() => server.end('SIGKILL'));
        await server.start();
      }
      const lines = {
        mqtt: await startWeakLine(mosquittoServer.port),
        amqp: await startWeakLine(rabbit.amqp),
      };
      cleanUp(lines.mqtt.close, lines.amqp.close);

      const byHttp = new Arrivals();
      const server = await startHttp(cleanUp);
      let answer: ReturnType<typeof server.answer> | 'silence' = [204];
      server.answer = ({ body }) => {
        server.requests.length = 0;
        // One that is silent has taken the records all the same.
        if (answer === 'silence' || answer[0] === 204)
          for (const one of JSON.parse(String(body))) byHttp.add(one);
        return answer === 'silence' ? 'silence' : answer;
      };

      // At mosquitto somebody listens all the time: before we may connect again, he has. RabbitMQ keeps a queue on disk.
      const byMqtt = new Arrivals();
      let reader: MqttClient | undefined;
      const listen = async () => {
        reader = await connectAsync(`mqtt://127.0.0.1:${mosquittoServer.port}`, { reconnectPeriod: 0 });
        reader.on('error', () => {});
        reader.on('message', (_topic, payload) => byMqtt.take(payload));
        await reader.subscribeAsync('pq/#', { qos: 0 });
      };
      await listen();
      cleanUp(() => reader?.endAsync(true));
      const setUp = await connectAmqp(`amqp://127.0.0.1:${rabbit.amqp}`);
      const channel = await setUp.createChannel();
      await channel.assertQueue('all', { durable: true });
      await channel.bindQueue('all', 'amq.topic', 'pq.#');
      await setUp.close();

      const port = await freePort();
      const place = { z: 'tab', x: 0, y: 0 };
      const flow = [
        { id: 'tab', type: 'tab', label: 'chaos' },
        { id: 'source', type: 'chaos-source', ...place, port, wires: [['mqtt', 'amqp', 'http']] },
        {
          id: 'to-mqtt',
          type: 'scada-endpoint',
          protocol: 'mqtt',
          url: `mqtt://127.0.0.1:${lines.mqtt.port}`,
          timeout: TIMEOUT,
        },
        { id: 'to-http', type: 'scada-endpoint', protocol: 'http', url: server.url, timeout: TIMEOUT },
        {
          id: 'to-amqp',
          type: 'scada-endpoint',
          protocol: 'amqp',
          url: `amqp://127.0.0.1:${lines.amqp.port}`,
          timeout: TIMEOUT,
        },
        ...TARGETS.map((id) => ({
          id,
          type: 'scada-publish',
          ...place,
          endpoint: `to-${id}`,
          wires: [[], []],
        })),
        { id: 'complete', type: 'complete', ...place, scope: TARGETS, wires: [['source']] },
      ];
      const { startNodeRed } = await import(DEMO);
      const settings = { nodesDir: join(__dirname, 'chaos-nodes') };
      const credentials = { 'to-amqp': { username: 'guest', password: 'guest' } };
      const start = async (): Promise<NodeRed> => {
        process.env.CHAOS_CLOCK = String(pick(CLOCKS));
        const userDir = join(folder, 'user');
        return await startNodeRed({ port: await freePort(), flow, userDir, settings, credentials });
      };
      let nodeRed = await start();
      cleanUp(() => nodeRed.kill());

      /** Records that both nodes have called done for, and what is on the way to that. */
      const done = new Set<number>();
      const half = new Map<number, number>();
      let next = 0;
      let socket: Socket | undefined;
      const attach = async () => {
        half.clear();
        // What was not done is sent again, in order: as a source would.
        let again = 0;
        while (done.has(again)) again++;
        next = again;
        await until(
          () =>
            new Promise<boolean>((resolve) => {
              const probe = connect(port, '127.0.0.1');
              probe.on('error', () => resolve(false));
              probe.on('connect', () => {
                socket = probe;
                resolve(true);
              });
            }),
          'the source in Node-RED',
          60_000,
        );
        let rest = '';
        socket?.on('data', (chunk) => {
          const all = (rest + chunk).split('\n');
          rest = all.pop() as string;
          for (const text of all) {
            const n = Number(text);
            half.set(n, (half.get(n) ?? 0) + 1);
            if (half.get(n) === TARGETS.length) done.add(n);
          }
          send();
        });
      };
      let limit = 0;
      const send = () => {
        while (
          next < Math.min(limit, RECORDS) &&
          next - done.size < ON_THE_WAY &&
          socket &&
          !socket.destroyed
        ) {
          const record = reading(next, `m${next % METERS}`);
          socket.write(`${JSON.stringify({ n: next, record })}\n`);
          next++;
        }
      };

      const did: Record<string, number> = {};
      const count = (what: string) => {
        did[what] = (did[what] ?? 0) + 1;
      };
      const restart = async (name: 'mqtt' | 'amqp', server: Server, signal: 'SIGTERM' | 'SIGKILL') => {
        count(`${name} ${signal === 'SIGKILL' ? 'killed' : 'stopped'}`);
        const line: WeakLine = lines[name];
        line.open = false;
        await server.end(signal);
        line.cut();
        await sleep(between(100, 1500));
        await server.start();
        if (name === 'mqtt') await listen();
        line.open = true;
      };
      const holdFor = async (name: string, server: Server) => {
        count(`${name} held`);
        server.hold();
        await sleep(between(200, 1500));
        server.release();
      };
      const slow = async (name: 'mqtt' | 'amqp') => {
        count(`${name} slowed`);
        lines[name].delay = between(20, 150);
        await sleep(between(500, 2000));
        lines[name].delay = 0;
      };
      const cut = async (name: 'mqtt' | 'amqp') => {
        count(`${name} cut`);
        lines[name].cut();
      };
      const swallow = async (name: 'mqtt' | 'amqp') => {
        count(`${name} acknowledgements swallowed`);
        lines[name].swallows = true;
        await sleep(between(500, 3000));
        lines[name].swallows = false;
      };
      const answers = async (what: string, given: typeof answer) => {
        count(`server ${what}`);
        answer = given;
        await sleep(between(500, 3000));
        answer = [204];
      };
      const set = async () => {
        count('clock set');
        socket?.write(`${JSON.stringify({ clock: pick(CLOCKS) })}\n`);
      };
      let over = false;
      /** Troubles of the network, one after the other, while Node-RED is killed at its own times. */
      const trouble = async () => {
        const kinds = [
          () => restart('mqtt', mosquittoServer, 'SIGTERM'),
          () => restart('mqtt', mosquittoServer, 'SIGKILL'),
          () => restart('amqp', rabbit.broker, 'SIGKILL'),
          () => holdFor('mqtt', mosquittoServer),
          () => holdFor('amqp', rabbit.broker),
          () => slow('mqtt'),
          () => slow('amqp'),
          () => cut('mqtt'),
          () => cut('amqp'),
          () => restart('amqp', rabbit.broker, 'SIGTERM'),
          () => swallow('mqtt'),
          () => answers('refuses', [pick([401, 403, 404, 302])]),
          () => set(),
          () => swallow('amqp'),
          () => answers('swallows', 'silence'),
          () => answers('has a login page before it', [200, { 'content-type': 'text/html' }, '<html>log in']),
        ];
        for (let i = 0; !over; i++) {
          await sleep(between(300, 2000));
          await kinds[i % kinds.length]();
        }
      };
      const troubles = trouble();

      await attach();
      for (let kills = 0; kills < KILLS; kills++) {
        limit = Math.ceil((RECORDS * (kills + 1)) / (KILLS + 1));
        send();
        // Some while records come in, some while they go out, some while all is quiet.
        await sleep(between(0, 1200));
        await nodeRed.kill();
        socket?.destroy();
        nodeRed = await start();
        await attach();
      }
      limit = RECORDS;
      send();
      await until(
        () => {
          send();
          return done.size === RECORDS;
        },
        () => `all to be done: ${done.size}`,
        60_000,
      );
      over = true;
      await troubles;

      await until(
        () => byMqtt.distinct === RECORDS,
        () => `mosquitto to have all, it has ${byMqtt.distinct}`,
        120_000,
      );
      await until(
        () => byHttp.distinct === RECORDS,
        () => `the server to have all, it has ${byHttp.distinct}`,
        120_000,
      );
      const byAmqp = new Arrivals();
      let consumer: ChannelModel | undefined;
      consumer = await connectAmqp(`amqp://127.0.0.1:${rabbit.amqp}`);
      cleanUp(() => consumer?.close());
      const inbox = await consumer.createChannel();
      await inbox.consume('all', (message) => message && byAmqp.take(message.content), { noAck: true });
      await until(
        () => byAmqp.distinct === RECORDS,
        () => `RabbitMQ to have all, it has ${byAmqp.distinct}`,
        120_000,
      );
      console.log(
        `      Node-RED killed ${KILLS} times; ${Object.entries(did)
          .map(([what, n]) => `${what} ${n}`)
          .join(', ')}`,
      );
      console.log(
        `      at mosquitto ${byMqtt.check(done)}; at RabbitMQ ${byAmqp.check(done)}; at the server ${byHttp.check(done)}`,
      );
    },
  );
});
