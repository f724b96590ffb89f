import assert from 'node:assert/strict';
import { parseRecord, WaveformFrame } from '../../src/record';
import { cleanUpAfterEach } from '../clean-up';
import { until } from '../until';
import { startTestBroker, type TestBroker } from './broker';
import { newFolder, openEndpoint, openPublisher, startHttp, startMute } from './helpers';
import { frame, reading, sag, upTo } from './records';

const cleanUp = cleanUpAfterEach();

async function broker(options?: Parameters<typeof startTestBroker>[0]): Promise<TestBroker> {
  const made = await startTestBroker(options);
  cleanUp(made.close);
  return made;
}

/** A record as JSON gives it, without the id that was made for it. */
const bare = ({ id, ...record }: { id?: string }, own = false) => (own ? { id, ...record } : record);
const parsed = (payload: Buffer) => JSON.parse(String(payload));
const plain = (record: unknown) => JSON.parse(JSON.stringify(record));
const numbers = (messages: { payload: Buffer }[]) =>
  messages.map(({ payload }) => parsed(payload).time - 1.7e12);

describe('delivery by MQTT', function () {
  this.timeout(30_000);

  it('records arrive as JSON with an id, samples in base64; receipts say so', async () => {
    const { url, messages } = await broker();
    const { publisher, receipts, diagnostics } = await openPublisher(cleanUp, { endpoint: { url } });
    const records = [reading(1, 'm/1'), sag(1), frame(20)];
    for (const record of records) await publisher.accept(record);
    await until(() => receipts.filter(({ state }) => state === 'delivered').length === 3, 'the receipts');
    assert.deepEqual(
      messages.map(({ topic, qos, retain }) => [topic, qos, retain]),
      [
        ['pq/m_1/reading', 1, false],
        ['pq/m1/event', 1, false],
        ['pq/m1/waveform', 1, false],
      ],
    );
    assert.deepEqual(bare(parsed(messages[0].payload)), reading(1, 'm/1'));
    // What arrives is taken by the next stage again, exactly.
    const back = messages.map(({ payload }) => parseRecord(parsed(payload)));
    assert.deepEqual(plain(back[1]), plain(sag(1)));
    assert.deepEqual(plain(WaveformFrame.from(back[2])), plain(frame(20)));
    const delivered = receipts.filter(({ state }) => state === 'delivered');
    for (const receipt of delivered) assert.equal(parseRecord(receipt).kind, 'receipt');
    assert.deepEqual(
      delivered.map(({ id, target, attempts }) => [id, target, attempts]),
      messages.map(({ payload }) => [parsed(payload).id, 'test', 1]),
    );
    assert.equal(delivered[1].id, sag(1).id);
    assert.deepEqual(diagnostics, []);
  });

  it('retained, QoS 2, samples in binary; birth and will', async () => {
    const { url, messages, connections } = await broker();
    const { publisher, close } = await openPublisher(cleanUp, {
      endpoint: {
        url,
        captures: 'binary',
        statusTopic: 'pq/gateway/status',
        clientId: 'gateway-7',
      },
      publish: { qos: 2, retain: true },
    });
    await publisher.accept(sag(1));
    await until(() => messages.length === 2, 'birth and event');
    assert.equal(connections[0].clientId, 'gateway-7');
    assert.equal(connections[0].will?.topic, 'pq/gateway/status');
    assert.deepEqual(parsed(connections[0].will?.payload as Buffer), { online: false });
    assert.deepEqual([connections[0].will?.qos, connections[0].will?.retain], [1, true]);
    assert.deepEqual(
      [messages[0].topic, parsed(messages[0].payload)],
      ['pq/gateway/status', { online: true }],
    );
    assert.equal(messages[1].qos, 2);
    assert.equal(messages[1].payload.toString('latin1', 0, 4), 'PQC1');
    await close();
  });

  it('waits on disk while the broker is away, and says that it is stored; all come in order', async () => {
    const first = await broker();
    const { port } = first;
    const { publisher, receipts, said } = await openPublisher(cleanUp, { endpoint: { url: first.url } });
    await publisher.accept(reading(0));
    await until(() => first.messages.length === 1, 'the first');
    await first.close();
    await until(() => said.includes('disconnected'), 'the loss');
    for (const n of upTo(50)) await publisher.accept(reading(n + 1));
    assert.equal(publisher.queued, 50);
    assert.equal(receipts.filter(({ state }) => state === 'stored').length, 50);
    assert.ok(((await publisher.age()) ?? -1) >= 0);
    const second = await broker({ port });
    await until(() => publisher.queued === 0, 'an empty queue');
    assert.deepEqual(
      numbers(second.messages),
      upTo(50).map((n) => n + 1),
    );
    assert.equal(await publisher.age(), undefined);
  });

  it('a broker that cuts the line all the time: nothing is lost, order is kept, repetitions have the same id', async () => {
    const made = await broker();
    const { publisher, receipts } = await openPublisher(cleanUp, {
      endpoint: { url: made.url },
      publish: { batch: 7 },
    });
    let seen = 0;
    let cutting = false;
    made.takes = () => {
      seen++;
      if (seen % 75 === 0 && !cutting) {
        cutting = true;
        setImmediate(() => {
          made.cut();
          cutting = false;
        });
      }
      return !cutting;
    };
    const meters = ['a', 'b', 'c'];
    for (const n of upTo(200)) await publisher.accept(reading(n, meters[n % 3]));
    await until(
      () => publisher.queued === 0,
      () => `an empty queue, ${publisher.queued} left`,
      25_000,
    );
    const ids = new Map<string, string>();
    for (const meter of meters) {
      const own = made.messages.filter(({ topic }) => topic === `pq/${meter}/reading`);
      const firsts = new Set<number>();
      for (const { payload } of own) {
        const { time, id } = parsed(payload);
        assert.equal(ids.get(`${meter} ${time}`) ?? id, id);
        ids.set(`${meter} ${time}`, id);
        firsts.add(time - 1.7e12);
      }
      assert.deepEqual(
        [...firsts],
        upTo(200).filter((n) => meters[n % 3] === meter),
      );
    }
    const delivered = receipts.filter(({ state }) => state === 'delivered');
    assert.equal(delivered.length, 200);
    assert.ok(delivered.some(({ attempts }) => attempts > 1));
  });

  it('a message without an acknowledgement stays in the store, also over a restart of ours', async () => {
    const made = await broker();
    made.takes = ({ payload }) => parsed(payload).time < 1.7e12 + 3;
    const first = await openPublisher(cleanUp, { endpoint: { url: made.url } });
    for (const n of upTo(10)) await first.publisher.accept(reading(n));
    await until(() => first.publisher.queued === 7, 'three acknowledged');
    await first.close();
    made.takes = () => true;
    const second = await openPublisher(cleanUp, { endpoint: { url: made.url }, folder: first.folder });
    await until(() => second.publisher.queued === 0, 'the others');
    assert.deepEqual([...new Set(numbers(made.messages))], upTo(10));
  });

  it('pause, resume, flush, stats', async () => {
    const made = await broker();
    const { publisher } = await openPublisher(cleanUp, { endpoint: { url: made.url } });
    publisher.pause();
    for (const n of upTo(5)) await publisher.accept(reading(n));
    const { detail } = await publisher.stats();
    assert.deepEqual([detail.state, detail.queued, detail.delivered], ['paused', 5, 0]);
    assert.equal(made.messages.length, 0);
    publisher.resume();
    await until(() => publisher.queued === 0, 'the rest');
    await publisher.flush();
    const after = await publisher.stats();
    assert.equal(parseRecord(after).kind, 'diagnostic');
    assert.deepEqual([after.detail.state, after.detail.delivered], ['connected', 5]);
  });

  it('says why it cannot connect, once, and never a secret', async () => {
    const made = await broker({ login: { username: 'u', password: 'right-secret' } });
    const { said } = openEndpoint(cleanUp, {
      endpoint: { url: made.url },
      credentials: { username: 'u', password: 'wrong-secret' },
    });
    await until(() => made.connections.length >= 2, 'two tries');
    await until(() => said.some((text) => text.startsWith('failed')), 'the reason');
    const failures = said.filter((text) => text.startsWith('failed'));
    assert.equal(failures.length, 1);
    assert.match(failures[0], /[Nn]ot authorized|Bad user/);
    assert.ok(!said.join().includes('secret'));
  });

  it('leaves no socket behind, also when it is closed while it connects', async () => {
    const { port, sockets } = await startMute(cleanUp);
    for (const [protocol, scheme] of [
      ['mqtt', 'mqtt'],
      ['sparkplug', 'mqtt'],
      ['amqp', 'amqp'],
      ['stomp', 'stomp'],
    ]) {
      const { target } = openEndpoint(cleanUp, {
        endpoint: { protocol, url: `${scheme}://127.0.0.1:${port}` },
        credentials: { username: 'u', password: 'p' },
      });
      await until(() => sockets.size === 1, `the connection of ${protocol}`);
      await target.close();
      await until(() => sockets.size === 0, `the end of ${protocol}`);
    }
  });
});

describe('delivery by HTTP', function () {
  this.timeout(30_000);

  it('posts batches to /api/v1/ingest, compressed, with authorization', async () => {
    const server = await startHttp(cleanUp);
    const { publisher } = await openPublisher(cleanUp, {
      endpoint: { protocol: 'http', url: server.url },
      credentials: { username: 'u', password: 'p' },
      publish: { batch: 30 },
    });
    publisher.pause();
    for (const n of upTo(100)) await publisher.accept(reading(n));
    publisher.resume();
    await until(() => publisher.queued === 0, 'the records');
    assert.deepEqual(
      server.requests.map(({ body }) => JSON.parse(String(body)).length),
      [30, 30, 30, 10],
    );
    const [{ method, path, headers }] = server.requests;
    assert.deepEqual(
      [method, path, headers['content-type'], headers['content-encoding'], headers.authorization],
      [
        'POST',
        '/api/v1/ingest',
        'application/json',
        'gzip',
        `Basic ${Buffer.from('u:p').toString('base64')}`,
      ],
    );
    const all = server.requests.flatMap(({ body }) => JSON.parse(String(body)));
    assert.deepEqual(
      all.map(({ time }) => time - 1.7e12),
      upTo(100),
    );
    assert.equal(new Set(all.map(({ id }) => id)).size, 100);
  });

  it('halves a batch that is too large (413); what is alone too large is rejected with the answer', async () => {
    const server = await startHttp(cleanUp);
    server.answer = ({ body }) => (body.length > 2000 ? [413, {}, 'too large'] : [200]);
    const { publisher, receipts } = await openPublisher(cleanUp, {
      endpoint: { protocol: 'http', url: server.url },
    });
    publisher.pause();
    for (const n of upTo(40)) await publisher.accept(n === 17 ? sag(n, 'm1', 2000) : reading(n));
    publisher.resume();
    await until(() => publisher.queued === 0, 'the end');
    assert.equal(receipts.filter(({ state }) => state === 'delivered').length, 39);
    const [{ state, error }] = receipts.filter((one) => one.state === 'rejected');
    assert.deepEqual([state, error], ['rejected', '413 too large']);
    const [list] = await publisher.rejected();
    assert.deepEqual([list.answer, plain(list.record)], ['413 too large', plain(sag(17, 'm1', 2000))]);
  });

  it('finds the one record that a server will not have (400, 422), and sends the others', async () => {
    const server = await startHttp(cleanUp);
    server.answer = ({ body }) => (String(body).includes('"bad"') ? [422, {}, 'unknown meter "bad"'] : [200]);
    const { publisher, receipts } = await openPublisher(cleanUp, {
      endpoint: { protocol: 'http', url: server.url },
    });
    publisher.pause();
    for (const n of upTo(64)) await publisher.accept(reading(n, n === 5 || n === 40 ? 'bad' : 'm1'));
    publisher.resume();
    await until(() => publisher.queued === 0, 'the end');
    assert.equal(receipts.filter(({ state }) => state === 'delivered').length, 62);
    assert.deepEqual(
      receipts.filter(({ state }) => state === 'rejected').map(({ meter }) => meter),
      ['bad', 'bad'],
    );
    server.answer = () => [200];
    assert.equal(await publisher.retry(), 2);
    await until(() => publisher.queued === 0, 'the rejected ones');
    assert.deepEqual(await publisher.rejected(), []);
  });

  it('tries again after 408, 429, 5xx, a cut line and silence, in order; waits as long as Retry-After says', async () => {
    const server = await startHttp(cleanUp);
    const times: number[] = [];
    const answers = [[408], [429, { 'retry-after': '2' }], [503, {}, 'busy'], [500], 'cut', [200]] as const;
    server.answer = (_request, n) => {
      times.push(performance.now());
      return (answers[n] ?? [200]) as [number];
    };
    const { publisher, receipts, diagnostics } = await openPublisher(cleanUp, {
      endpoint: { protocol: 'http', url: server.url, timeout: 1 },
    });
    await publisher.accept(reading(0));
    for (let i = 1; i < answers.length; i++) {
      await until(() => server.requests.length === i, `request ${i}`);
      // After a 429 even an impatient operator waits no less... but may insist.
      if (i !== 2) await publisher.flush();
    }
    await until(() => receipts.some(({ state }) => state === 'delivered'), 'the receipt');
    assert.equal(receipts.find(({ state }) => state === 'delivered')?.attempts, 6);
    assert.ok(times[2] - times[1] >= 1990, `${times[2] - times[1]} ms after 429`);
    const [failed, over] = diagnostics;
    assert.equal(failed.code, 'DELIVERY_FAILED');
    assert.match(failed.text, /408/);
    assert.match(over.text, /^over: /);
    for (const { body } of server.requests) assert.equal(JSON.parse(String(body))[0].time, 1.7e12);
  });

  it('speaks to InfluxDB 2 in its line protocol, with token, organisation and bucket', async () => {
    const server = await startHttp(cleanUp);
    const { publisher } = await openPublisher(cleanUp, {
      endpoint: { protocol: 'influxdb', url: server.url, org: 'my org', bucket: 'grid' },
      credentials: { token: 't0ken' },
    });
    await publisher.accept({ ...reading(1, 'a b'), time: 1.7e12 + 0.5 });
    await until(() => publisher.queued === 0, 'the reading');
    const [{ path, headers, body }] = server.requests;
    assert.equal(path, '/api/v2/write?org=my+org&bucket=grid&precision=us');
    assert.equal(headers.authorization, 'Token t0ken');
    // Tags and fields in the order of their names (line protocol reference).
    assert.equal(String(body), 'reading,meter=a\\ b f=50,quality="good",va=230.1 1700000000000500');
  });

  it('says that records are stored while the server does not answer', async () => {
    const server = await startHttp(cleanUp);
    server.answer = () => [503];
    const { publisher, receipts, said } = await openPublisher(cleanUp, {
      endpoint: { protocol: 'http', url: server.url },
    });
    await publisher.accept(reading(0));
    await until(() => said.includes('disconnected'), 'the trouble');
    await publisher.accept(reading(1));
    assert.deepEqual(
      receipts.map(({ state }) => state),
      ['stored'],
    );
  });

  it('a target that is blocked holds no other', async () => {
    const stuck = await startHttp(cleanUp);
    stuck.answer = () => [503];
    const good = await startHttp(cleanUp);
    const one = await openPublisher(cleanUp, { endpoint: { protocol: 'http', url: stuck.url } });
    const two = await openPublisher(cleanUp, { endpoint: { protocol: 'http', url: good.url } });
    for (const n of upTo(20))
      await Promise.all([one, two].map(({ publisher }) => publisher.accept(reading(n))));
    await until(() => two.publisher.queued === 0, 'the other');
    assert.equal(one.publisher.queued, 20);
  });

  it('ends while a server does not answer', async () => {
    const server = await startHttp(cleanUp);
    server.answer = () => [503, { 'retry-after': '3600' }];
    const { publisher, close } = await openPublisher(cleanUp, {
      endpoint: { protocol: 'http', url: server.url },
    });
    await publisher.accept(reading(0));
    await until(() => server.requests.length === 1, 'a request');
    const before = performance.now();
    await close();
    assert.ok(performance.now() - before < 5000);
  });
});

describe('readings thinned before they are sent', function () {
  this.timeout(30_000);

  it('summaries of each period with min, mean, max and last; events untouched; nothing lost over a restart', async () => {
    const made = await broker();
    const setup = { endpoint: { url: made.url }, publish: { period: 60 }, folder: newFolder(cleanUp) };
    const start = 1.7e12 - (1.7e12 % 60_000);
    const value = (n: number) => 230 + 5 * Math.sin(n);
    const at = (n: number) => ({
      ...reading(0),
      time: start + 5000 * n,
      values: { va: value(n), energy_import: 100 + n },
    });
    const first = await openPublisher(cleanUp, setup);
    for (const n of upTo(30)) await first.publisher.accept(at(n));
    await first.publisher.accept(sag(1));
    await first.close();
    const second = await openPublisher(cleanUp, setup);
    for (const n of upTo(30)) await second.publisher.accept(at(30 + n));
    await second.publisher.flush();
    await until(() => second.publisher.queued === 0, 'the rest');
    const records = made.messages.map(({ payload }) => parsed(payload));
    assert.equal(records.filter(({ kind }) => kind === 'event').length, 1);
    const summaries = records.filter(({ kind }) => kind === 'reading');
    assert.equal(summaries.length, 5);
    summaries.forEach(({ time, values, summary }, i) => {
      const own = upTo(12).map((k) => value(12 * i + k));
      assert.equal(time, start + 60_000 * (i + 1));
      assert.ok(Math.abs(values.va - own.reduce((sum, v) => sum + v, 0) / 12) < 1e-9);
      assert.deepEqual([summary.period, summary.count], [60, 12]);
      assert.deepEqual(
        [summary.min.va, summary.max.va, summary.last.va],
        [Math.min(...own), Math.max(...own), own[11]],
      );
      assert.equal(values.energy_import, 100 + 12 * i + 11);
    });
  });

  it('a kill loses no reading of a summary under way', async () => {
    const made = await broker();
    const setup = { endpoint: { url: made.url }, publish: { period: 3600 }, folder: newFolder(cleanUp) };
    const first = await openPublisher(cleanUp, setup);
    for (const n of upTo(10)) await first.publisher.accept(reading(n));
    // As good as killed: the store is copied while it is open.
    const { cpSync } = await import('node:fs');
    cpSync(first.folder, `${first.folder}-copy`, { recursive: true });
    const second = await openPublisher(cleanUp, { ...setup, folder: `${first.folder}-copy` });
    await second.publisher.flush();
    await until(() => made.messages.length === 1, 'the summary');
    assert.equal(parsed(made.messages[0].payload).summary.count, 10);
  });

  it('keeps a summary that is complete while the disk is full, and sends it when there is room', async () => {
    const made = await broker();
    let free = 1e9;
    const { publisher } = await openPublisher(cleanUp, {
      endpoint: { url: made.url },
      publish: { period: 3600 },
      free: async () => free,
    });
    await publisher.accept(reading(0));
    free = 0;
    await assert.rejects(
      (async () => {
        for (;;) await publisher.accept(sag(1));
      })(),
      /the disk is full/,
    );
    await publisher.flush();
    await assert.rejects(publisher.accept(sag(1)), /the disk is full/);
    free = 1e9;
    await until(() => made.messages.some(({ topic }) => topic === 'pq/m1/reading'), 'the summary');
  });

  it('leaves out what changes less than the deadband, but not longer than the heartbeat', async () => {
    const made = await broker();
    const { publisher } = await openPublisher(cleanUp, {
      endpoint: { url: made.url },
      publish: { deadband: 1, heartbeat: 60 },
    });
    const volts = [230, 231, 232.2, 232.4, 235, 235, 235, 235, 235, 235];
    const times = [0, 10, 20, 30, 40, 50, 60, 70, 99, 101];
    for (const n of upTo(10)) {
      await publisher.accept({ ...reading(0), time: 1.7e12 + times[n] * 1000, values: { va: volts[n] } });
    }
    await publisher.accept({ ...reading(0), time: 1.7e12 + 102_000, values: { va: 235 }, quality: 'bad' });
    await publisher.accept({
      ...reading(0),
      time: 1.7e12 + 103_000,
      values: { va: 235, vb: 230 },
      quality: 'bad',
    });
    await until(() => publisher.queued === 0 && made.messages.length > 5, 'the rest');
    assert.deepEqual(
      numbers(made.messages).map((ms) => ms / 1000),
      [0, 30, 40, 101, 102, 103],
    );
    assert.equal((await publisher.stats()).detail.thinned, 6);
  });

  it('sends the summary of a meter that has fallen silent, and late readings by themselves', async () => {
    const made = await broker();
    const { publisher } = await openPublisher(cleanUp, {
      endpoint: { url: made.url },
      publish: { period: 1 },
    });
    await publisher.accept(reading(5000));
    await publisher.accept(reading(100));
    await until(() => made.messages.length === 2, 'both');
    const [late, summary] = made.messages.map(({ payload }) => parsed(payload));
    assert.deepEqual([late.time, late.summary], [1.7e12 + 100, undefined]);
    assert.equal(summary.summary.count, 1);
  });
});
