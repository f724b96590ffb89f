import assert from 'node:assert/strict';
import { cleanUpAfterEach } from '../clean-up';
import { until } from '../until';
import { startTestBroker } from './broker';
import { newFolder, openEndpoint, openPublisher, type Setup, startHttp, startMute } from './helpers';
import { reading, upTo } from './records';

const cleanUp = cleanUpAfterEach();
const parsed = (payload: Buffer) => JSON.parse(String(payload));
const codes = (diagnostics: { code: string; text: string }[]) =>
  diagnostics.map(({ code, text }) => (text.startsWith('over: ') ? `-${code}` : code));

async function withRecords(setup: Setup, count: number) {
  const made = await openPublisher(cleanUp, setup);
  made.publisher.pause();
  await Promise.all(upTo(count).map((n) => made.publisher.accept(reading(n, `m${n % 3}`))));
  made.publisher.resume();
  return made;
}

describe('an acknowledgement that never comes', function () {
  this.timeout(60_000);

  it('of one message of MQTT: the session is cut, what is unconfirmed is sent again in order, said and over', async () => {
    const broker = await startTestBroker();
    cleanUp(broker.close);
    let swallowed = 0;
    broker.takes = ({ payload }) => {
      if (parsed(payload).time !== 1.7e12 + 2 || swallowed > 0) return true;
      swallowed++;
      return 'unacknowledged';
    };
    const { publisher, diagnostics, receipts } = await withRecords(
      { endpoint: { url: broker.url, timeout: 0.5 } },
      1000,
    );
    await until(() => publisher.standing === 'silent', 'the status');
    await until(() => diagnostics.length > 0, 'the diagnostic');
    assert.equal(diagnostics[0].code, 'NOT_ACKNOWLEDGED');
    assert.match(
      diagnostics[0].text,
      /nothing was acknowledged for 0\.5 s; 998 records wait, the oldest for \d+ s/,
    );
    await until(() => publisher.queued === 0, 'all of them');
    assert.equal(publisher.standing, 'connected');
    assert.deepEqual(codes(diagnostics), ['NOT_ACKNOWLEDGED', '-NOT_ACKNOWLEDGED']);
    assert.equal(receipts.filter(({ state }) => state === 'delivered').length, 1000);
    for (const meter of ['m0', 'm1', 'm2']) {
      const firsts = new Set(
        broker.messages
          .filter(({ topic }) => topic.includes(meter))
          .map(({ payload }) => parsed(payload).time),
      );
      assert.deepEqual(
        [...firsts].map((time) => time - 1.7e12),
        upTo(1000).filter((n) => `m${n % 3}` === meter),
      );
    }
    const ids = new Map<number, Set<string>>();
    for (const { payload } of broker.messages) {
      const { time, id } = parsed(payload);
      ids.set(time, (ids.get(time) ?? new Set()).add(id));
    }
    assert.ok([...ids.values()].every(({ size }) => size === 1));
  });

  it('of anything: tried again with growing patience, nothing lost, until it answers', async () => {
    const broker = await startTestBroker();
    cleanUp(broker.close);
    broker.takes = () => false;
    const { publisher } = await withRecords({ endpoint: { url: broker.url, timeout: 0.3 } }, 50);
    await until(() => broker.connections.length >= 3, 'three sessions');
    assert.equal(publisher.queued, 50);
    broker.takes = () => true;
    await until(() => publisher.queued === 0, 'all of them');
  });

  it('from a server that takes connections and never speaks: cut, and no end of the node waits for it', async () => {
    for (const [protocol, scheme] of [
      ['mqtt', 'mqtt'],
      ['sparkplug', 'mqtt'],
      ['amqp', 'amqp'],
      ['stomp', 'stomp'],
      ['http', 'http'],
      ['influxdb', 'http'],
      ['prometheus', 'http'],
    ]) {
      const mute = await startMute(cleanUp);
      const { publisher, diagnostics, close, target } = await withRecords(
        {
          endpoint: {
            protocol,
            url: `${scheme}://127.0.0.1:${mute.port}`,
            timeout: 0.3,
            org: 'o',
            bucket: 'b',
            mode: 'remote-write',
          },
          credentials: { username: 'u', password: 'p' },
        },
        10,
      );
      await until(() => mute.connections > 0, protocol);
      if (scheme === 'http') await until(() => diagnostics.length > 0, `the diagnostic of ${protocol}`);
      await close();
      await target.close();
      await until(() => mute.sockets.size === 0, `the end of ${protocol}`);
      assert.equal(publisher.queued, 10, protocol);
    }
  });
});

describe('not to be let in', function () {
  this.timeout(60_000);

  it('loses nothing and rejects nothing: red, said with number and age, asked without records, sent when it is over', async () => {
    for (const [status, headers] of [
      [401],
      [403],
      [404],
      [405],
      [407],
      [302, { location: 'http://login.example/' }],
      [410],
      [415],
      [511],
      [200, { 'content-type': 'text/html; charset=utf-8' }],
    ] as [number, Record<string, string>?][]) {
      const server = await startHttp(cleanUp);
      server.answer = () => [status, headers ?? {}, '<html><body>Please log in</body></html>'];
      const { publisher, diagnostics, receipts, close } = await withRecords(
        { endpoint: { protocol: 'http', url: server.url } },
        50,
      );
      await until(() => publisher.standing === 'refused', `${status}: the status`);
      await until(() => diagnostics.length > 0, `${status}: the diagnostic`);
      await publisher.flush();
      await until(() => server.requests.length >= 2, `${status}: asked again`);
      // The first with records, then only empty ones.
      assert.deepEqual(
        server.requests.slice(1).map(({ body }) => String(body)),
        server.requests.slice(1).map(() => '[]'),
      );
      assert.equal(diagnostics[0].code, 'ENDPOINT_REFUSES', String(status));
      assert.equal(diagnostics[0].severity, 'error');
      assert.match(diagnostics[0].text, /50 records wait, the oldest for \d+ s$/, String(status));
      assert.deepEqual([publisher.queued, (await publisher.rejected()).length], [50, 0], String(status));
      server.answer = () => [200, { 'content-type': 'application/json' }, '{}'];
      await publisher.flush();
      await until(() => publisher.queued === 0, `${status}: all of them`);
      assert.deepEqual(codes(diagnostics), ['ENDPOINT_REFUSES', '-ENDPOINT_REFUSES'], String(status));
      assert.equal(receipts.filter(({ state }) => state === 'delivered').length, 50);
      await close();
    }
  });

  it('is what an answer without the agreed status or text means', async () => {
    const server = await startHttp(cleanUp);
    const { publisher } = await withRecords(
      { endpoint: { protocol: 'http', url: server.url, successStatus: '202', successText: '"ok":true' } },
      5,
    );
    for (const [answer, wanted] of [
      [[200, {}, '{"ok":true}'], 'refused'],
      [[202, {}, '{"ok":false}'], 'refused'],
      [[202, { 'content-type': 'text/html' }, '<p>{"ok":true}</p>'], 'connected'],
    ] as const) {
      const before = server.requests.length;
      server.answer = () => [...answer] as unknown as [number];
      await publisher.flush();
      await until(() => server.requests.length > before, 'a request');
      await until(() => publisher.standing === wanted, `${answer} as ${wanted}`);
    }
    await until(() => publisher.queued === 0, 'all of them');
  });

  it('is seen by InfluxDB and remote write as well: a web page is no delivery', async () => {
    for (const protocol of ['influxdb', 'prometheus']) {
      const server = await startHttp(cleanUp);
      server.answer = () => [200, { 'content-type': 'text/html' }, '<html>log in</html>'];
      const { publisher, receipts } = await withRecords(
        { endpoint: { protocol, url: server.url, mode: 'remote-write', org: 'o', bucket: 'b' } },
        5,
      );
      await until(() => publisher.standing === 'refused', protocol);
      assert.deepEqual([publisher.queued, receipts.some(({ state }) => state === 'delivered')], [5, false]);
      server.answer = () => [204];
      await publisher.flush();
      await until(() => publisher.queued === 0, protocol);
    }
  });

  it('at a broker: red with its reason, and AMQP does not try a password that nobody gave', async () => {
    const broker = await startTestBroker({ login: { username: 'u', password: 'right' } });
    cleanUp(broker.close);
    const { publisher, diagnostics } = await withRecords(
      { endpoint: { url: broker.url }, credentials: { username: 'u', password: 'wrong' } },
      5,
    );
    await until(() => publisher.standing === 'refused', 'the status');
    await until(() => diagnostics.length > 0, 'the diagnostic');
    assert.equal(diagnostics[0].code, 'ENDPOINT_REFUSES');
    const { said } = openEndpoint(cleanUp, { endpoint: { protocol: 'amqp', url: 'amqp://127.0.0.1:1' } });
    await until(() => said.length > 1, 'a word');
    assert.match(said.join(), /user and password are missing/);
  });

  it('cannot be reached is said as such, and is over when it can', async () => {
    const broker = await startTestBroker();
    const { port } = broker;
    await broker.close();
    const { publisher, diagnostics } = await withRecords(
      { endpoint: { url: `mqtt://127.0.0.1:${port}` } },
      5,
    );
    await until(() => diagnostics.length > 0, 'the diagnostic');
    assert.equal(diagnostics[0].code, 'ENDPOINT_UNREACHABLE');
    const again = await startTestBroker({ port });
    cleanUp(again.close);
    await until(() => publisher.queued === 0, 'all of them');
    await until(() => diagnostics.length === 2, 'the end');
    assert.deepEqual(codes(diagnostics), ['ENDPOINT_UNREACHABLE', '-ENDPOINT_UNREACHABLE']);
  });
});

describe('a record that will not be had', function () {
  this.timeout(60_000);

  it('is said and stands in the status until it is sent again', async () => {
    const server = await startHttp(cleanUp);
    server.answer = ({ body }) => (String(body).includes('"m1"') ? [422, {}, 'unknown meter'] : [200]);
    const { publisher, diagnostics } = await withRecords(
      { endpoint: { protocol: 'http', url: server.url } },
      9,
    );
    await until(() => publisher.queued === 0, 'the end');
    assert.equal(publisher.rejectedCount, 3);
    assert.deepEqual(codes(diagnostics), ['RECORDS_REJECTED']);
    server.answer = () => [200];
    await publisher.retry();
    await until(() => publisher.queued === 0, 'the rejected ones');
    assert.equal(publisher.rejectedCount, 0);
    assert.deepEqual(codes(diagnostics), ['RECORDS_REJECTED', '-RECORDS_REJECTED']);
  });
});

describe('a server that sends back what it was sent', function () {
  this.timeout(60_000);
  const username = 'operator';
  const password = 'Pa55/wörd+geheim';
  const token = 'tok-en.0123456789';
  const forms = [
    password,
    token,
    'Pa55',
    'tok-en',
    Buffer.from(`${username}:${password}`).toString('base64').slice(0, 16),
  ];

  it('brings no secret into warnings, diagnostics, receipts or the rejected list', async () => {
    for (const protocol of ['http', 'influxdb', 'prometheus'])
      for (const status of [400, 401, 422, 503])
        for (const credentials of [
          { username, password },
          { username, password, token },
        ]) {
          const server = await startHttp(cleanUp);
          server.answer = ({ headers }) => [
            status,
            { location: `http://x:${encodeURIComponent(password)}@h/?p=${encodeURIComponent(password)}` },
            `echo ${JSON.stringify(headers)} ${'x'.repeat(400)} ${headers.authorization} ${password} ${encodeURIComponent(password)}`,
          ];
          const { publisher, said, diagnostics, receipts, close } = await withRecords(
            {
              endpoint: {
                protocol,
                url: server.url,
                mode: 'remote-write',
                influxVersion: 1,
                database: 'd',
              },
              credentials,
            },
            3,
          );
          const settled = () => publisher.queued === 0 || diagnostics.length > 0;
          await until(settled, `${protocol} ${status}`);
          const rejected = await publisher.rejected();
          const all = JSON.stringify([said, diagnostics, receipts, rejected.map(({ answer }) => answer)]);
          assert.match(all, /echo|\*\*\*/, `${protocol} ${status}`);
          for (const form of forms)
            assert.ok(!all.includes(form), `${protocol} ${status}: ${form} in ${all}`);
          await close();
        }
  });
});

describe('a clock that is set', function () {
  this.timeout(60_000);

  it('drops nothing: stored before NTP set it, and through a jump of 60 days', async () => {
    for (const [before, after] of [
      [1000, Date.UTC(2027, 0, 1)],
      [Date.UTC(2027, 0, 1), Date.UTC(2027, 2, 2)],
    ]) {
      let wall = before;
      const start = performance.now();
      const clock = {
        wall: () => wall + performance.now() - start,
        steady: () => performance.now(),
        boot: 'one',
      };
      const setup = {
        endpoint: { url: 'mqtt://127.0.0.1:1' },
        publish: { maxAge: 30 },
        clock,
        folder: newFolder(cleanUp),
      };
      const first = await openPublisher(cleanUp, setup);
      for (const n of upTo(20)) await first.publisher.accept(reading(n));
      wall = after;
      await first.publisher.accept(reading(20));
      assert.ok(((await first.publisher.age()) ?? 1e9) < 60);
      assert.ok(first.diagnostics.some(({ code }) => code === 'CLOCK_STEPPED'));
      await first.close();
      // The age is looked at when the store is opened.
      const second = await openPublisher(cleanUp, setup);
      assert.equal(second.publisher.queued, 21);
    }
  });
});
