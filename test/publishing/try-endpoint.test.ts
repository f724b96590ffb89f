import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { readEndpointSettings, tryEndpoint } from '../../src/publishing';
import { cleanUpAfterEach } from '../clean-up';
import { freePort } from '../free-port';
import { startTestBroker } from './broker';
import { startHttp } from './helpers';

const cleanUp = cleanUpAfterEach();
const attempt = (endpoint: object, credentials = {}, timeout = 3000) =>
  tryEndpoint(readEndpointSettings(endpoint), credentials, {}, timeout);

describe('a trial of an endpoint', function () {
  this.timeout(20_000);

  it('connects to a broker under a name of its own, and leaves nothing there', async () => {
    const broker = await startTestBroker();
    cleanUp(() => broker.close());
    for (const protocol of ['mqtt', 'sparkplug']) {
      const { ok, found } = await attempt({
        protocol,
        url: broker.url,
        clientId: 'gateway',
        statusTopic: protocol === 'mqtt' ? 'pq/status' : '',
      });
      assert.deepEqual([ok, found], [true, 'connected'], protocol);
    }
    assert.deepEqual(broker.messages, [], 'no birth, no will, no record');
    for (const { clientId, will } of broker.connections) {
      assert.match(clientId, /^pq-test-[0-9a-f]{8}$/);
      assert.equal(will, undefined);
    }
  });

  it('says what a broker or a server has against it, without the password', async () => {
    const broker = await startTestBroker({ login: { username: 'u', password: 'right' } });
    cleanUp(() => broker.close());
    const refused = await attempt(
      { protocol: 'mqtt', url: broker.url },
      { username: 'u', password: 'hush-hush' },
    );
    assert.deepEqual([refused.ok, refused.found], [false, 'failed']);
    assert.match(refused.reason ?? '', /not authori[sz]ed|bad user/i);
    assert.doesNotMatch(JSON.stringify(refused), /hush-hush/);
    const nobody = await attempt(
      { protocol: 'amqp', url: `amqp://127.0.0.1:${await freePort()}` },
      { username: 'u', password: 'p' },
    );
    assert.match(nobody.reason ?? '', /nobody listens there/);
  });

  it('asks a server with an empty request whether it would take records', async () => {
    const server = await startHttp(cleanUp);
    const places: object[] = [
      { protocol: 'http', url: server.url },
      { protocol: 'influxdb', url: server.url, org: 'o', bucket: 'b' },
      { protocol: 'influxdb', url: server.url, influxVersion: 1, database: 'd' },
      { protocol: 'prometheus', url: server.url, mode: 'remote-write' },
    ];
    for (const place of places) {
      server.answer = () => [204];
      const { ok, found } = await attempt(place, { token: 't' });
      assert.deepEqual([ok, found], [true, 'accepted'], JSON.stringify(place));
      server.answer = () => [401, {}, 'who are you'];
      const refused = await attempt(place, { token: 't' });
      assert.deepEqual([refused.ok, refused.reason], [false, '401 who are you'], JSON.stringify(place));
    }
  });

  it('does not wait for ever for a server that says nothing', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    cleanUp(() => {
      silent.close();
    });
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const { ok, reason } = await attempt({ protocol: 'http', url, timeout: 60 }, {}, 300);
    assert.deepEqual([ok, reason], [false, 'no answer within 0.3 s']);
  });
});
