import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectAmqp } from 'amqplib';
import { connectAsync } from 'mqtt';
import { get as getSparkplug } from 'sparkplug-payload';
import { StompSocket } from '../../src/publishing/targets/stomp-socket';
import { cleanUpAfterEach } from '../clean-up';
import { freePort } from '../free-port';
import { authority, tlsConfig } from '../publishing/certificates';
import { openEndpoint, openPublisher } from '../publishing/helpers';
import { frame, HOSTILE_NAMES, reading, sag, upTo } from '../publishing/records';
import { until } from '../until';
import { itWith } from './programs';
import { influxd, mosquitto, prometheus, rabbitmq, type Server } from './servers';
import { startWeakLine } from './weak-line';

const cleanUp = cleanUpAfterEach();

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'pq-peers-'));
  cleanUp(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

async function running<S extends Server>(server: S): Promise<S> {
  cleanUp(() => server.end('SIGKILL'));
  await server.start();
  return server;
}

async function runningRabbit(tls?: Parameters<typeof rabbitmq>[1]) {
  const rabbit = await rabbitmq(folder(), tls);
  await running(rabbit.names);
  await running(rabbit.broker);
  return rabbit;
}

/** The user that a new RabbitMQ has. */
const GUEST = { username: 'guest', password: 'guest' };

const parsed = (payload: unknown) => JSON.parse(String(payload));
const plain = (record: unknown) => JSON.parse(JSON.stringify(record));

describe('publishing to mosquitto', function () {
  this.timeout(60_000);

  itWith(['mosquitto'], 'MQTT 3.1.1 and 5: records, properties, birth and will, retained', async () => {
    const { port } = await running(await mosquitto(folder()));
    const url = `mqtt://127.0.0.1:${port}`;
    const reader = await connectAsync(url, { protocolVersion: 5 });
    cleanUp(() => reader.endAsync(true));
    const got: {
      topic: string;
      payload: Buffer;
      properties?: { contentType?: string; userProperties?: object };
    }[] = [];
    reader.on('message', (topic, payload, { properties }) => got.push({ topic, payload, properties }));
    await reader.subscribeAsync('pq/#', { qos: 2 });
    for (const mqttVersion of [4, 5]) {
      got.length = 0;
      const { publisher, close, target } = await openPublisher(cleanUp, {
        endpoint: {
          url,
          mqttVersion,
          captures: 'binary',
          statusTopic: `pq/status/v${mqttVersion}`,
          userProperties: { site: 'north' },
        },
        publish: { qos: mqttVersion === 5 ? 2 : 1, retain: true, topic: 'pq/{meter}/{kind}/{type}' },
      });
      await publisher.accept(sag(1));
      await publisher.accept(reading(1));
      await until(() => got.length === 3, 'birth and two records');
      assert.deepEqual(
        got.map(({ topic }) => topic),
        [`pq/status/v${mqttVersion}`, 'pq/m1/event/sag', 'pq/m1/reading/none'],
      );
      assert.equal(got[1].payload.toString('latin1', 0, 4), 'PQC1');
      if (mqttVersion === 5) {
        assert.equal(got[1].properties?.contentType, 'application/vnd.power-quality.capture');
        assert.deepEqual(plain(got[1].properties?.userProperties), {
          site: 'north',
          id: `${sag(1).id}/end`,
          kind: 'event',
          meter: 'm1',
        });
      }
      await close();
      await target.close();
      await until(() => got.length === 4, 'the farewell');
      assert.deepEqual(parsed(got[3].payload), { online: false });
    }
    // Retained: a reader that comes later finds them.
    const late = await connectAsync(url);
    cleanUp(() => late.endAsync(true));
    const found = new Set<string>();
    late.on('message', (topic) => found.add(topic));
    await late.subscribeAsync('pq/m1/#');
    await until(() => found.size === 2, 'the retained records');
  });

  itWith(['mosquitto'], 'keeps to the window of an MQTT 5 broker (receive maximum)', async () => {
    // Mosquitto cuts the line of a client that has more than 20 messages in flight.
    const { port } = await running(await mosquitto(folder()));
    const url = `mqtt://127.0.0.1:${port}`;
    const { publisher, said } = await openPublisher(cleanUp, { endpoint: { url, mqttVersion: 5 } });
    publisher.pause();
    await Promise.all(upTo(3000).map((n) => publisher.accept(reading(n))));
    publisher.resume();
    await until(() => publisher.queued === 0, 'the records');
    assert.deepEqual(said, ['connecting', 'connected']);
  });

  itWith(
    ['mosquitto'],
    'TLS: own CA, client certificate, host name; each mistake is refused and says why',
    async () => {
      const { ca, sign } = await authority();
      const other = await authority('Another CA');
      const client = await sign('gateway');
      const trial = async (tls: object, wrong: { host?: string; notAfter?: Date } = {}) => {
        const own = await sign(wrong.host ?? '127.0.0.1', wrong.notAfter);
        const server = await mosquitto(folder(), { tls: { ca, server: own, clients: true } });
        await running(server);
        const { target, said } = openEndpoint(cleanUp, {
          endpoint: { url: `mqtts://127.0.0.1:${server.port}` },
          tls,
        });
        await until(() => target.ready || said.some((text) => text.startsWith('failed')), 'an answer');
        await target.close();
        await server.end();
        return said.find((text) => text.startsWith('failed')) ?? 'connected';
      };
      assert.equal(await trial(tlsConfig(ca, client)), 'connected');
      assert.match(
        await trial(tlsConfig(other.ca, client)),
        /signed by a CA that is not known|CA .* is not known/,
      );
      assert.match(await trial({ ...client }), /CA that is not known|CA .* is not known/);
      assert.match(await trial(tlsConfig(ca, client), { host: 'other.example' }), /for another host name/);
      assert.match(
        await trial(tlsConfig(ca, client), { notAfter: new Date(Date.now() - 1000) }),
        /has expired/,
      );
      assert.match(await trial(tlsConfig(ca)), /asks for a client certificate/);
      assert.match(
        await trial(tlsConfig(ca, await other.sign('gateway'))),
        /does not know the CA of our client certificate/,
      );
    },
  );
});

describe('names that break rules', function () {
  this.timeout(90_000);

  itWith(
    ['mosquitto', 'rabbitmq', 'influxd', 'prometheus'],
    'hold up no target: each record arrives, or is rejected with a reason',
    async () => {
      const broker = await running(await mosquitto(folder()));
      const rabbit = await runningRabbit();
      const influx = await running(await influxd(folder()));
      const prom = await running(await prometheus(folder()));
      const query = new URLSearchParams({ q: `CREATE USER a WITH PASSWORD 'b' WITH ALL PRIVILEGES` });
      await fetch(`http://127.0.0.1:${influx.port}/query?${query}`, { method: 'POST' });
      const create = new URLSearchParams({ q: 'CREATE DATABASE grid', u: 'a', p: 'b' });
      await fetch(`http://127.0.0.1:${influx.port}/query?${create}`, { method: 'POST' });
      const mqtt = `mqtt://127.0.0.1:${broker.port}`;
      const endpoints = [
        { protocol: 'mqtt', url: mqtt },
        { protocol: 'mqtt', url: mqtt, mqttVersion: 5 },
        { protocol: 'sparkplug', url: mqtt },
        { protocol: 'amqp', url: `amqp://127.0.0.1:${rabbit.amqp}`, queue: 'all' },
        { protocol: 'stomp', url: `stomp://127.0.0.1:${rabbit.stomp}` },
        { protocol: 'influxdb', influxVersion: 1, database: 'grid', url: `http://127.0.0.1:${influx.port}` },
        { protocol: 'prometheus', mode: 'remote-write', url: `http://127.0.0.1:${prom.port}` },
      ];
      for (const endpoint of endpoints) {
        const login = endpoint.protocol === 'influxdb' ? ['a', 'b'] : ['guest', 'guest'];
        const [username, password] = endpoint.url.startsWith('mqtt') ? [] : login;
        const { publisher, receipts, said } = await openPublisher(cleanUp, {
          endpoint,
          credentials: { username, password },
        });
        const now = Date.now();
        for (const [n, meter] of HOSTILE_NAMES.entries()) {
          await publisher.accept({ ...reading(n, meter), time: now + n });
          await publisher.accept({ ...sag(n, 'm1'), meter, id: `${meter.slice(0, 200)}-sag`, time: now + n });
        }
        await publisher.accept({ ...reading(99, 'good'), time: now + 99 });
        await until(
          () => publisher.queued === 0,
          () => `${publisher.queued} of ${endpoint.protocol} to be sent: ${said.slice(-3)}`,
        );
        const ends = receipts.filter(({ state }) => state !== 'stored');
        assert.equal(ends.at(-1)?.state, 'delivered');
        for (const { state, error } of ends) assert.ok(state === 'delivered' || error);
        assert.ok(!said.includes('disconnected'), `${endpoint.protocol}: ${said}`);
        const rejected = ends.filter(({ state }) => state === 'rejected').length;
        assert.ok(
          rejected <= 4,
          `${endpoint.protocol} rejects ${rejected}: ${ends.map(({ error }) => error)}`,
        );
      }
    },
  );
});

describe('Sparkplug through mosquitto', function () {
  this.timeout(90_000);

  itWith(
    ['mosquitto'],
    'a line that is cut again and again: every value arrives, in order for each meter',
    async () => {
      const { port } = await running(await mosquitto(folder()));
      const line = await startWeakLine(port);
      cleanUp(line.close);
      const spb = getSparkplug('spBv1.0');
      const reader = await connectAsync(`mqtt://127.0.0.1:${port}`);
      cleanUp(() => reader.endAsync(true));
      const births: string[] = [];
      const names = new Map<string, string>();
      const got = new Map<string, number[]>();
      reader.on('message', (topic, bytes) => {
        const [, , type, , device] = topic.split('/');
        births.push(type);
        if (type !== 'DBIRTH' && type !== 'DDATA') return;
        for (const { name, alias, timestamp } of spb?.decodePayload(bytes).metrics ?? []) {
          if (type === 'DBIRTH') names.set(`${device} ${alias}`, name as string);
          else if (names.get(`${device} ${alias}`) === 'va') {
            got.set(device, [...(got.get(device) ?? []), Number(timestamp) - 1.7e12]);
          }
        }
      });
      await reader.subscribeAsync('spBv1.0/#');
      const { publisher } = await openPublisher(cleanUp, {
        endpoint: { protocol: 'sparkplug', url: `mqtt://127.0.0.1:${line.port}` },
        publish: { batch: 20 },
      });
      let cuts = 0;
      for (const n of upTo(2000)) {
        await publisher.accept(reading(n, `m${n % 5}`));
        if (n % 250 === 249) {
          await until(() => publisher.queued < 200, 'the line to carry something');
          line.cut();
          cuts++;
        }
      }
      await until(() => publisher.queued === 0, 'the end', 60_000);
      for (const meter of upTo(5)) {
        const firsts = [...new Set(got.get(`m${meter}`))];
        assert.deepEqual(
          firsts,
          upTo(2000).filter((n) => n % 5 === meter),
        );
      }
      assert.ok(births.filter((type) => type === 'NBIRTH').length > cuts / 2);
      assert.ok(births.includes('NDEATH'));
    },
  );
});

describe('publishing to RabbitMQ', function () {
  this.timeout(120_000);

  itWith(['rabbitmq'], 'AMQP with confirms, and STOMP with receipts; plain and over TLS', async () => {
    const { ca, sign } = await authority();
    const client = await sign('gateway');
    const rabbit = await runningRabbit({ ca, server: await sign('127.0.0.1'), clients: true });
    const connection = await connectAmqp(`amqp://127.0.0.1:${rabbit.amqp}`);
    cleanUp(() => connection.close());
    const channel = await connection.createChannel();
    const ways = [
      { protocol: 'amqp', url: `amqp://127.0.0.1:${rabbit.amqp}`, captures: 'base64' },
      { protocol: 'amqp', url: `amqps://127.0.0.1:${rabbit.amqps}`, captures: 'binary' },
      { protocol: 'stomp', url: `stomp://127.0.0.1:${rabbit.stomp}`, captures: 'binary' },
      { protocol: 'stomp', url: `stomps://127.0.0.1:${rabbit.stomps}`, captures: 'base64' },
    ];
    for (const [i, endpoint] of ways.entries()) {
      const queue = `q${i}`;
      await channel.assertQueue(queue);
      await channel.bindQueue(queue, 'amq.topic', `pq${i}.#`);
      const got: {
        key: string;
        content: Buffer;
        properties: { messageId?: string; contentType?: string };
      }[] = [];
      await channel.consume(
        queue,
        (message) => {
          if (!message) return;
          got.push({
            key: message.fields.routingKey,
            content: message.content,
            properties: message.properties,
          });
        },
        { noAck: true },
      );
      const safe = /s:/.test(endpoint.url);
      const { publisher, receipts, said, close, target } = await openPublisher(cleanUp, {
        endpoint,
        credentials: GUEST,
        publish: { topic: `pq${i}/{meter}/{kind}` },
        tls: safe ? tlsConfig(ca, client) : {},
      });
      for (const n of upTo(300)) await publisher.accept(n === 100 ? sag(n) : reading(n, 'a.b/c'));
      await until(
        () => got.length === 300 && publisher.queued === 0,
        () => `300 messages by ${endpoint.url}, got ${got.length}; ${said}`,
        30_000,
      );
      assert.equal(got[0].key, `pq${i}.a_b_c.reading`);
      assert.equal(got[100].key, `pq${i}.m1.event`);
      const others = got.filter((_, n) => n !== 100).map(({ content }) => parsed(content).time - 1.7e12);
      assert.deepEqual(
        others,
        upTo(300).filter((n) => n !== 100),
      );
      if (endpoint.captures === 'binary') assert.equal(got[100].content.toString('latin1', 0, 4), 'PQC1');
      else assert.equal(typeof parsed(got[100].content).capture.channels.va, 'string');
      if (endpoint.protocol === 'amqp') assert.equal(got[100].properties.messageId, `${sag(100).id}/end`);
      assert.equal(receipts.filter(({ state }) => state === 'delivered').length, 300);
      await close();
      await target.close();
    }
    // What is wrong is said.
    const trial = async (setup: Parameters<typeof openEndpoint>[1]) => {
      const { said, target } = openEndpoint(cleanUp, setup);
      await until(() => said.some((text) => text.startsWith('failed')), 'the reason');
      await target.close();
      return said.find((text) => text.startsWith('failed')) ?? '';
    };
    const wrong = { username: 'guest', password: 'wr0ng' };
    for (const url of [ways[0].url, ways[2].url]) {
      const { protocol } = new URL(url);
      const text = await trial({ endpoint: { protocol: protocol.slice(0, -1), url }, credentials: wrong });
      assert.match(text, /ACCESS.REFUSED|Access refused|login|Bad CONNECT/i);
      assert.ok(!text.includes('wr0ng'));
    }
    const stranger = (await authority('Another CA')).ca;
    for (const [protocol, url] of [
      ['amqp', ways[1].url],
      ['stomp', ways[3].url],
    ]) {
      assert.match(
        await trial({ endpoint: { protocol, url }, credentials: GUEST, tls: tlsConfig(stranger, client) }),
        /CA .*is not known/,
      );
    }
    assert.match(
      await trial({
        endpoint: { protocol: 'amqp', url: ways[0].url, exchange: 'nowhere' },
        credentials: GUEST,
      }),
      /NOT.FOUND.*nowhere/,
    );
  });

  itWith(
    ['rabbitmq'],
    'AMQP: a routing key that no queue takes is rejected, a named queue is made and bound',
    async () => {
      const rabbit = await runningRabbit();
      const endpoint = { protocol: 'amqp', url: `amqp://127.0.0.1:${rabbit.amqp}` };
      const lost = await openPublisher(cleanUp, { endpoint, credentials: GUEST });
      await lost.publisher.accept(reading(1));
      await until(() => lost.publisher.queued === 0, 'the answer');
      assert.match(String(lost.receipts.at(-1)?.error), /312 NO_ROUTE: no queue takes this routing key/);
      const kept = await openPublisher(cleanUp, {
        endpoint: { ...endpoint, queue: 'events' },
        credentials: GUEST,
      });
      await kept.publisher.accept(reading(2));
      await until(() => kept.receipts.some(({ state }) => state === 'delivered'), 'the confirmation');
      const connection = await connectAmqp(endpoint.url);
      cleanUp(() => connection.close());
      const message = await (await connection.createChannel()).get('events');
      assert.equal(parsed(message ? message.content : '').time, 1.7e12 + 2);
    },
  );

  itWith(['rabbitmq'], 'STOMP read by another client of STOMP', async () => {
    const rabbit = await runningRabbit();
    const got: { body: string; headers: Record<string, string> }[] = [];
    const { Client } = await import('@stomp/stompjs');
    const reader = new Client({
      webSocketFactory: () => new StompSocket('127.0.0.1', rabbit.stomp, undefined, () => {}),
      connectHeaders: { login: 'guest', passcode: 'guest', host: '/' },
      forceBinaryWSFrames: true,
      onConnect: () => {
        reader.subscribe('/queue/events', ({ body, headers }) => got.push({ body, headers }));
      },
    });
    reader.activate();
    cleanUp(() => reader.deactivate({ force: true }));
    const { publisher } = await openPublisher(cleanUp, {
      endpoint: { protocol: 'stomp', url: `stomp://127.0.0.1:${rabbit.stomp}` },
      credentials: { username: 'guest', password: 'guest' },
      publish: { topic: '/queue/events' },
    });
    await publisher.accept(sag(3));
    await until(() => got.length === 1, 'the event');
    assert.equal(got[0].headers.meter, 'm1');
    assert.equal(JSON.parse(got[0].body).id, sag(3).id);
  });
});

describe('publishing to time-series databases', function () {
  this.timeout(60_000);

  itWith(
    ['influxd'],
    'InfluxDB 1: values, times, tags; wrong password and unknown database are said',
    async () => {
      const { port } = await running(await influxd(folder()));
      const url = `http://127.0.0.1:${port}`;
      const ask = async (q: string) => {
        const query = new URLSearchParams({ q, db: 'grid', epoch: 'u', u: 'admin', p: 'pa:ss' });
        return (await (await fetch(`${url}/query?${query}`, { method: 'POST' })).json()) as {
          results: { series?: { columns: string[]; values: unknown[][] }[] }[];
        };
      };
      await ask(`CREATE USER admin WITH PASSWORD 'pa:ss' WITH ALL PRIVILEGES`);
      await ask('CREATE DATABASE grid');
      const endpoint = { protocol: 'influxdb', influxVersion: 1, url, database: 'grid' };
      const credentials = { username: 'admin', password: 'pa:ss' };
      const { publisher, receipts } = await openPublisher(cleanUp, { endpoint, credentials });
      for (const n of upTo(500)) await publisher.accept({ ...reading(n, 'm 1,=x'), time: 1.7e12 + n + 0.25 });
      await publisher.accept(sag(1));
      await publisher.accept(frame(10));
      await until(() => publisher.queued === 0, 'the records');
      const { results } = await ask('SELECT va, f, quality, meter FROM reading ORDER BY time');
      const { columns, values } = (results[0].series ?? [])[0];
      assert.deepEqual(columns, ['time', 'va', 'f', 'quality', 'meter']);
      assert.deepEqual(
        values,
        upTo(500).map((n) => [1.7e15 + n * 1000 + 250, reading(n).values.va, 50, 'good', 'm 1,=x']),
      );
      const event = (await ask('SELECT extreme, "type", category_ieee1159 FROM event')).results[0].series?.[0]
        .values;
      assert.deepEqual(
        event?.map(([, ...rest]) => rest),
        [[0.41, 'sag', 'instantaneous sag']],
      );
      assert.match(
        String(receipts.find(({ state }) => state === 'rejected')?.error),
        /samples do not go to InfluxDB/,
      );

      const failing = async (setup: object, more: object) => {
        const one = await openPublisher(cleanUp, {
          endpoint: { ...endpoint, ...setup },
          credentials: { ...credentials, ...more },
        });
        await one.publisher.accept(reading(1));
        await until(() => one.diagnostics.length > 0, 'the refusal');
        // It waits: nothing is given up because of a password.
        assert.deepEqual([one.publisher.standing, one.publisher.queued], ['refused', 1]);
        await one.close();
        return String(one.diagnostics[0].detail.error);
      };
      assert.match(await failing({}, { password: 'wr0ng' }), /401 .*authorization failed/);
      assert.match(await failing({ database: 'nowhere' }, {}), /404 .*database not found/);
    },
  );

  itWith(
    ['prometheus'],
    'Prometheus: fetches the page with a password; remote write gives the same values',
    async () => {
      const scrapePort = await freePort();
      const login = { username: 'prom', password: 'pa:ss' };
      const { port } = await running(await prometheus(folder(), { port: scrapePort, ...login }));
      const ask = async (query: string) => {
        const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?${new URLSearchParams({ query })}`);
        const { data } = (await answer.json()) as {
          data: {
            result: {
              metric: Record<string, string>;
              value?: [number, string];
              values?: [number, string][];
            }[];
          };
        };
        return data.result;
      };
      const page = await openPublisher(cleanUp, {
        endpoint: { protocol: 'prometheus', mode: 'scrape', url: `http://127.0.0.1:${scrapePort}` },
        credentials: login,
      });
      const now = Date.now();
      await page.publisher.accept({ ...reading(1, 'm"1\\'), time: now });
      await page.publisher.accept({ ...reading(2, 'm"1\\'), time: now - 1000 });
      await page.publisher.accept(sag(1));
      await until(async () => (await ask('pq_reading_va')).length === 1, 'the page to be fetched', 20_000);
      const [{ metric, value }] = await ask('pq_reading_va');
      assert.deepEqual([metric.meter, Number(value?.[1])], ['m"1\\', reading(1).values.va]);
      const [event] = await ask('pq_events_total');
      assert.deepEqual([event.metric.meter, event.metric.type, event.value?.[1]], ['m1', 'sag', '1']);
      const denied = await fetch(`http://127.0.0.1:${scrapePort}/metrics`);
      assert.equal(denied.status, 401);
      assert.equal((await fetch(`http://127.0.0.1:${scrapePort}/other`)).status, 404);

      const written = await openPublisher(cleanUp, {
        endpoint: { protocol: 'prometheus', mode: 'remote-write', url: `http://127.0.0.1:${port}` },
      });
      for (const n of upTo(250))
        await written.publisher.accept({ ...reading(n, 'remote'), time: now - 60_000 + 100 * n });
      await until(() => written.publisher.queued === 0, 'the records');
      const [{ values }] = await ask('pq_reading_va{meter="remote"}[10m]');
      assert.deepEqual(
        values?.map(([time, text]) => [Math.round(time * 1000), Number(text)]),
        upTo(250).map((n) => [now - 60_000 + 100 * n, reading(n).values.va]),
      );
      assert.ok(written.receipts.every(({ state }) => state === 'delivered'));
    },
  );
});

describe('secrets', () => {
  itWith(
    ['mosquitto'],
    'a password file of mosquitto: the right one is taken, the wrong one not, neither is said',
    async () => {
      const file = join(folder(), 'passwords');
      execFileSync('mosquitto_passwd', ['-c', '-b', file, 'pq', 'right-secret'], { stdio: 'ignore' });
      const { port } = await running(await mosquitto(folder(), { login: file }));
      const url = `mqtt://127.0.0.1:${port}`;
      const right = openEndpoint(cleanUp, {
        endpoint: { url },
        credentials: { username: 'pq', password: 'right-secret' },
      });
      await until(() => right.target.ready, 'the connection');
      const wrong = openEndpoint(cleanUp, {
        endpoint: { url },
        credentials: { username: 'pq', password: 'wrong-secret' },
      });
      await until(() => wrong.said.some((text) => text.startsWith('failed')), 'the refusal');
      assert.ok(![...right.said, ...wrong.said].join().includes('secret'));
    },
  );
});
