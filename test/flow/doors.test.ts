import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import helper from 'node-red-node-test-helper';
import { cleanUpAfterEach } from '../clean-up';
import { DOORS } from '../doors';
import { startHttp } from '../publishing/helpers';
import { until } from '../until';
import { endFlow, runFlow } from './flow-runner';

const cleanUp = cleanUpAfterEach();
const NODES = join(__dirname, '..', '..', 'dist', 'nodes');

type Handler = (req: object, res: object, next?: () => void) => void;

/** What the nodes open at a Node-RED that only listens. */
function doorsOf(): { name: string; handlers: Handler[] }[] {
  const found: { name: string; handlers: Handler[] }[] = [];
  const take =
    (method: string) =>
    (path: string, ...handlers: Handler[]) => {
      const [{ permission }] = handlers as unknown as { permission: string }[];
      found.push({ name: `${method} ${path} ${permission}`, handlers });
    };
  const unexpected = (method: string) => () => assert.fail(`a door that is not listed: ${method}`);
  const RED = {
    httpAdmin: {
      get: take('get'),
      post: take('post'),
      ...Object.fromEntries(['put', 'delete', 'patch', 'all', 'use'].map((name) => [name, unexpected(name)])),
    },
    auth: { needsPermission: (permission: string) => Object.assign(() => {}, { permission }) },
    nodes: { registerType() {}, getNode: () => null, getCredentials: () => null },
    plugins: { registerPlugin() {} },
    comms: { publish() {} },
    settings: {},
  };
  for (const name of readdirSync(NODES, { withFileTypes: true })) {
    if (name.isDirectory()) require(join(NODES, name.name, `${name.name}.js`))(RED);
  }
  return found;
}

describe('doors of the admin API', function () {
  this.timeout(30_000);

  it('are those of the list, each with its permission', () => {
    assert.deepEqual(
      doorsOf()
        .map(({ name }) => name)
        .sort(),
      DOORS,
    );
  });

  it('are closed to pages of other sites, and to forms', () => {
    for (const { name, handlers } of doorsOf()) {
      const asked = (headers: Record<string, string>, isJson = true) => {
        let status = 200;
        const res = {
          status: (code: number) => {
            status = code;
            return res;
          },
          json: () => res,
          end: () => res,
          set: () => res,
          type: () => res,
          send: () => res,
        };
        const get = (header: string) => headers[header];
        handlers[1]({ get, is: () => isJson, body: {}, query: {}, params: {} }, res);
        return status;
      };
      const host = { host: 'gateway:1880' };
      assert.equal(asked({ ...host, 'sec-fetch-site': 'cross-site' }), 403, name);
      assert.equal(asked({ ...host, 'sec-fetch-site': 'same-site' }), 403, name);
      assert.equal(asked({ ...host, origin: 'http://evil.example' }), 403, name);
      assert.equal(asked({ ...host, origin: 'null' }), 403, name);
      assert.notEqual(asked({ ...host, origin: 'http://gateway:1880' }), 403, name);
      assert.notEqual(asked({ ...host, origin: 'https://scada', 'x-forwarded-host': 'scada' }), 403, name);
      assert.notEqual(
        asked({ ...host, 'sec-fetch-site': 'same-origin', origin: 'https://scada' }),
        403,
        name,
      );
      if (name.startsWith('post')) assert.equal(asked(host, false), 415, name);
    }
  });

  it('give a stored password only to where it is deployed to', async () => {
    const [right, wrong] = [await startHttp(cleanUp), await startHttp(cleanUp)];
    cleanUp(endFlow);
    const settings = { protocol: 'http', url: right.url };
    await runFlow(
      [
        { id: 'ep', type: 'scada-endpoint', ...settings },
        { id: 'other', type: 'helper' },
      ],
      { ep: { username: 'u', password: 'stored' }, other: { password: 'of another node' } },
    );
    const stored = { username: 'u', password: '__PWRD__', token: '' };
    const trial = async (body: object) => {
      const answer = await helper
        .request()
        .post('/scada-endpoint/test')
        .set('content-type', 'application/json')
        .send(JSON.stringify(body));
      return { status: answer.status, ...answer.body };
    };
    const header = (password: string) => `Basic ${Buffer.from(`u:${password}`).toString('base64')}`;
    assert.equal((await trial({ id: 'ep', settings, credentials: stored })).found, 'accepted');
    assert.equal(right.requests.at(-1)?.headers.authorization, header('stored'));
    const before = right.requests.length;
    for (const [what, body] of Object.entries({
      'another address': { id: 'ep', settings: { ...settings, url: wrong.url } },
      'another protocol': {
        id: 'ep',
        settings: { protocol: 'influxdb', influxVersion: 1, database: 'd', url: right.url },
      },
      'another node': { id: 'other', settings },
      'no such node': { id: 'nowhere', settings },
      'an id in a list': { id: ['ep'], settings },
      'no id': { settings },
      'another TLS setting': { id: 'ep', settings: { ...settings, url: right.url, tls: '_ADD_' } },
    })) {
      const found = await trial({ ...body, credentials: stored });
      assert.deepEqual([found.ok, found.found], [false, 'settings'], what);
      assert.match(found.reason, /^credentials\.password: expected the password typed again/, what);
    }
    assert.deepEqual([wrong.requests.length, right.requests.length], [0, before]);
    // What is typed goes where it is meant to go, and nothing stored goes along.
    await trial({
      id: 'ep',
      settings: { ...settings, url: wrong.url },
      credentials: { username: 'u', password: 'typed' },
    });
    await until(() => wrong.requests.length === 1, 'the typed one');
    assert.equal(wrong.requests[0].headers.authorization, header('typed'));
    await trial({ id: 'ep', settings: { ...settings, url: wrong.url } });
    assert.equal(wrong.requests[1].headers.authorization, undefined);
  });

  it('take no form', async () => {
    cleanUp(endFlow);
    await runFlow([{ id: 'other', type: 'helper' }]);
    for (const path of ['/scada-endpoint/test', '/modbus-link/test', '/pq-file/inspect', '/pq-file/upload']) {
      const { status } = await helper.request().post(path).type('form').send('settings[protocol]=http');
      assert.equal(status, 415, path);
    }
  });
});
