import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import helper from 'node-red-node-test-helper';
import { cleanUpAfterEach } from '../clean-up';
import { freePort } from '../free-port';
import { startTestBroker } from '../publishing/broker';
import { authority } from '../publishing/certificates';
import { startHttp } from '../publishing/helpers';
import { reading, sag, upTo } from '../publishing/records';
import { until } from '../until';
import { endFlow, type Flow, runFlow } from './flow-runner';

const cleanUp = cleanUpAfterEach();

function newUserDir(): string {
  const made = mkdtempSync(join(tmpdir(), 'pq-user-'));
  cleanUp(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

async function publishing(
  endpoint: object,
  more: object = {},
  credentials: object = {},
  userDir = newUserDir(),
  others: object[] = [],
) {
  helper.settings({ userDir } as never);
  const flow = await runFlow(
    [
      { id: 'endpoint', type: 'scada-endpoint', name: 'scada', ...endpoint },
      {
        id: 'node',
        type: 'scada-publish',
        endpoint: 'endpoint',
        ...more,
        wires: [['receipts'], ['diagnostics']],
      },
      { id: 'receipts', type: 'helper' },
      { id: 'diagnostics', type: 'helper' },
      { id: 'complete', type: 'complete', scope: ['node'], wires: [['done']] },
      { id: 'done', type: 'helper' },
      ...others,
    ],
    credentials,
  );
  cleanUp(() => helper.settings({} as never), endFlow);
  return { flow, userDir };
}

const states = (flow: Flow) => flow.got('receipts').map(({ payload }) => payload.state);

describe('scada-publish in Node-RED', function () {
  this.timeout(60_000);

  it('is done when a record is on disk, says that it is stored, and delivers it when the broker is there', async () => {
    const port = await freePort();
    const { flow } = await publishing({ protocol: 'mqtt', url: `mqtt://127.0.0.1:${port}` });
    for (const n of upTo(20)) flow.send('node', { payload: n === 10 ? sag(n) : reading(n) });
    await until(() => flow.got('done').length === 20, 'all to be done');
    assert.deepEqual(
      states(flow),
      upTo(20).map(() => 'stored'),
    );
    flow.send('node', { command: 'stats' });
    const said = (code: string) =>
      flow.got('diagnostics').find(({ payload }) => payload.code === code)?.payload as
        | { detail: Record<string, unknown> }
        | undefined;
    await until(() => said('DELIVERY_STATISTICS') !== undefined, 'the counters');
    const detail = said('DELIVERY_STATISTICS')?.detail;
    assert.deepEqual([detail?.queued, detail?.delivered], [20, 0]);
    assert.match(String(said('ENDPOINT_UNREACHABLE')?.detail.error), /nobody listens there/);
    const broker = await startTestBroker({ port });
    cleanUp(broker.close);
    await until(() => broker.messages.length >= 20, 'the records');
    await until(() => states(flow).filter((state) => state === 'delivered').length === 20, 'the receipts');
    assert.deepEqual(flow.got('errors'), []);
  });

  it('keeps what waits over a redeploy and a restart of Node-RED, and sends it to another endpoint too', async () => {
    const { flow, userDir } = await publishing({
      protocol: 'mqtt',
      url: `mqtt://127.0.0.1:${await freePort()}`,
    });
    for (const n of upTo(5)) flow.send('node', { payload: reading(n) });
    await until(() => flow.got('done').length === 5, 'the first');
    await flow.redeploy('node', { topic: 'grid/{meter}' });
    for (const n of upTo(5)) flow.send('node', { payload: reading(5 + n) });
    await until(() => flow.got('done').length === 10, 'the others');
    await endFlow();
    const server = await startHttp(cleanUp);
    const again = await publishing({ protocol: 'http', url: server.url }, {}, {}, userDir);
    await until(() => states(again.flow).length === 10, 'the receipts');
    const times = server.requests.flatMap(({ body }) =>
      JSON.parse(String(body)).map((one: { time: number }) => one.time),
    );
    assert.deepEqual(
      times,
      upTo(10).map((n) => 1.7e12 + n),
    );
  });

  it('pause, resume, rejected, retry, flush; an unknown command is refused by name', async () => {
    const server = await startHttp(cleanUp);
    server.answer = () => [422, {}, 'not today'];
    const { flow } = await publishing({ protocol: 'http', url: server.url });
    flow.send('node', { command: 'pause' });
    for (const n of upTo(3)) flow.send('node', { payload: reading(n) });
    await until(() => flow.got('done').length === 4, 'the records');
    assert.equal(server.requests.length, 0);
    flow.send('node', { command: 'resume' });
    await until(() => states(flow).filter((state) => state === 'rejected').length === 3, 'the refusal');
    flow.send('node', { command: 'rejected' });
    const lists = () => flow.got('diagnostics').filter(({ payload }) => Array.isArray(payload));
    await until(() => lists().length === 1, 'the list');
    const list = lists()[0].payload as unknown as {
      answer: string;
      record: { time: number };
    }[];
    assert.deepEqual(
      list.map(({ answer, record }) => [answer, record.time]),
      upTo(3).map((n) => ['422 not today', 1.7e12 + n]),
    );
    server.answer = () => [200];
    flow.send('node', { command: 'retry' });
    await until(
      () => states(flow).filter((state) => state === 'delivered').length === 3,
      'the rejected ones',
    );
    flow.send('node', { command: 'flush' });
    flow.send('node', { command: 'explode' });
    await until(() => flow.got('errors').length === 1, 'the error');
    assert.match(
      flow.got('errors')[0].error?.message ?? '',
      /^msg\.command: expected one of flush, pause, resume, stats, rejected, retry, got "explode"/,
    );
  });

  it('a node that is removed leaves a store that still has records, and no empty one', async () => {
    const outbox = (userDir: string) => join(userDir, 'power-quality', 'outbox');
    const away = await publishing({ protocol: 'mqtt', url: `mqtt://127.0.0.1:${await freePort()}` });
    away.flow.send('node', { payload: reading(1) });
    await until(() => away.flow.got('done').length === 1, 'the record');
    await away.flow.remove('node');
    assert.deepEqual(readdirSync(outbox(away.userDir)), ['node']);
    await endFlow();
    const server = await startHttp(cleanUp);
    const there = await publishing({ protocol: 'http', url: server.url });
    there.flow.send('node', { payload: reading(1) });
    await until(() => states(there.flow).includes('delivered'), 'the receipt');
    await there.flow.remove('node');
    assert.ok(!existsSync(join(outbox(there.userDir), 'node')));
  });

  it('sends nothing secret anywhere but to the target', async () => {
    const server = await startHttp(cleanUp);
    server.answer = () => [503, {}, 'busy'];
    const credentials = {
      endpoint: { username: 'user', password: 'pa55word', token: 't0ken' },
      node: { key: 'st0re-key' },
    };
    const { flow, userDir } = await publishing({ protocol: 'http', url: server.url }, {}, credentials);
    flow.send('node', { payload: reading(1) });
    await until(() => flow.got('diagnostics').length > 0, 'the trouble');
    assert.equal(server.requests[0].headers.authorization, 'Bearer t0ken');
    const all = JSON.stringify(['receipts', 'diagnostics', 'errors', 'done'].map((id) => flow.got(id)));
    for (const secret of ['pa55word', 't0ken', 'st0re-key']) {
      assert.ok(!all.includes(secret));
      const { spawnSync } = await import('node:child_process');
      assert.equal(spawnSync('grep', ['-r', secret, userDir]).stdout.length, 0);
    }
  });

  it('a folder that cannot be made: the node says so to every message', async () => {
    const { writeFileSync } = await import('node:fs');
    const userDir = newUserDir();
    writeFileSync(join(userDir, 'power-quality'), 'a file, where a folder is wanted');
    const { flow } = await publishing({ protocol: 'mqtt', url: 'mqtt://127.0.0.1:1' }, {}, {}, userDir);
    flow.send('node', { payload: reading(1) });
    await until(
      () => flow.got('errors').some(({ error }) => /ENOTDIR|not a directory/i.test(error?.message ?? '')),
      'the reason',
    );
  });

  it("uses Node-RED's own TLS settings: the right CA delivers, a wrong one warns why, nothing goes out in the clear", async () => {
    const { ca, sign } = await authority();
    const stranger = await authority('Another CA');
    const client = await sign('gateway');
    const broker = await startTestBroker({
      tls: { ...(await sign('127.0.0.1')), ca, requestCert: true, rejectUnauthorized: true },
    });
    cleanUp(broker.close);
    const through = async (cadata: string, url: string) => {
      const tls = { cadata, certdata: client.cert, keydata: client.key };
      const node = { id: 'tls', type: 'tls-config', cert: '', key: '', ca: '', verifyservercert: true };
      return await publishing({ protocol: 'mqtt', url, tls: 'tls' }, {}, { tls }, newUserDir(), [node]);
    };
    const wrong = await through(stranger.ca, broker.url);
    wrong.flow.send('node', { payload: reading(1) });
    await until(
      () => wrong.flow.warnings('endpoint').some((text) => /CA .*is not known/.test(text)),
      () => `the reason: ${wrong.flow.warnings('endpoint')}`,
    );
    await until(() => states(wrong.flow).join() === 'stored', 'the record to be stored');
    await endFlow();
    const right = await through(ca, broker.url);
    right.flow.send('node', { payload: reading(2) });
    await until(() => states(right.flow).includes('delivered'), 'the receipt');
    await endFlow();
    const plain = await through(ca, broker.url.replace('mqtts', 'mqtt'));
    plain.flow.send('node', { payload: reading(3) });
    await until(() => plain.flow.got('errors').length > 0, 'the refusal');
  });

  it('warns when records go over a public network without TLS, and not otherwise', async () => {
    const warnings = async (url: string) => {
      const { flow } = await publishing({ protocol: 'mqtt', url });
      await until(() => flow.warnings('endpoint').length > 0, 'a warning');
      const said = flow.warnings('endpoint').join();
      await endFlow();
      return said;
    };
    // An address of the documentation's own (RFC 5737): nobody is there.
    assert.match(await warnings('mqtt://192.0.2.1:1883'), /scada-endpoint\.warning\.public/);
    assert.doesNotMatch(await warnings('mqtt://127.0.0.1:1'), /warning\.public/);
  });

  it('many meters at once: ten thousand messages, all done and delivered, in order for each meter', async () => {
    const broker = await startTestBroker();
    cleanUp(broker.close);
    const { flow } = await publishing({ protocol: 'mqtt', url: broker.url });
    for (const n of upTo(10_000)) flow.send('node', { payload: reading(n, `m${n % 100}`) });
    await until(
      () => states(flow).filter((state) => state === 'delivered').length === 10_000,
      'the receipts',
      40_000,
    );
    assert.equal(flow.got('done').length, 10_000);
    const last = new Map<string, number>();
    for (const { topic, payload } of broker.messages) {
      const { time } = JSON.parse(String(payload));
      assert.ok(time > (last.get(topic) ?? 0), topic);
      last.set(topic, time);
    }
    assert.equal(last.size, 100);
  });
});
