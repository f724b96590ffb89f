import assert from 'node:assert/strict';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { cleanUpAfterEach } from '../clean-up';
import { freePort } from '../free-port';
import { until } from '../until';
import { startTestBroker } from './broker';
import { authority, type Pair, tlsConfig } from './certificates';
import { openEndpoint, openPublisher, type Setup } from './helpers';
import { reading } from './records';

const cleanUp = cleanUpAfterEach();

/** An HTTPS server that takes everything, of clients with a certificate of `ca` only where one is given. */
async function https(own: Pair, ca?: string): Promise<number> {
  const server = createServer(
    { ...own, ca, requestCert: ca !== undefined, rejectUnauthorized: ca !== undefined },
    (message, answer) => {
      message.resume();
      message.on('end', () => answer.writeHead(204).end());
    },
  );
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  cleanUp(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return (server.address() as AddressInfo).port;
}

describe('TLS', function () {
  this.timeout(30_000);
  const PLACES: [string, object][] = [
    ['http', {}],
    ['influxdb', { org: 'o', bucket: 'b' }],
    ['prometheus', { mode: 'remote-write' }],
  ];

  for (const [protocol, more] of PLACES) {
    it(`${protocol}: own CA, client certificate; each mistake is refused, says why, and loses nothing`, async () => {
      const { ca, sign } = await authority();
      const stranger = await authority('Another CA');
      const client = await sign('gateway');
      const good = await https(await sign('127.0.0.1'), ca);
      const expired = await https(await sign('127.0.0.1', new Date(Date.now() - 1000)));
      const otherHost = await https(await sign('other.example'));
      const setup = (port: number, tls: object): Setup => ({
        endpoint: { protocol, url: `https://127.0.0.1:${port}`, ...more },
        credentials: { token: 't0ken' },
        tls,
      });
      const right = await openPublisher(cleanUp, setup(good, tlsConfig(ca, client)));
      await right.publisher.accept(reading(1));
      await until(() => right.receipts.some(({ state }) => state === 'delivered'), 'the receipt');

      const refused = async (port: number, tls: object): Promise<string> => {
        const { publisher, said, receipts } = await openPublisher(cleanUp, setup(port, tls));
        await publisher.accept(reading(1));
        await until(() => said.some((text) => text.startsWith('failed')), 'the reason');
        assert.equal(publisher.queued, 1);
        assert.ok(!receipts.some(({ state }) => state === 'rejected'));
        assert.ok(!said.join().includes('t0ken'));
        return said.find((text) => text.startsWith('failed')) ?? '';
      };
      assert.match(await refused(good, tlsConfig(stranger.ca, client)), /CA .*is not known/);
      assert.match(await refused(good, { ...client }), /CA .*is not known/);
      assert.match(await refused(good, tlsConfig(ca)), /client certificate|cut the connection/);
      assert.match(await refused(expired, tlsConfig(ca)), /has expired/);
      assert.match(await refused(otherHost, tlsConfig(ca)), /for another host name/);
    });
  }

  it('MQTT and Sparkplug over TLS', async () => {
    const { ca, sign } = await authority();
    const stranger = await authority('Another CA');
    const broker = await startTestBroker({ tls: await sign('127.0.0.1') });
    cleanUp(broker.close);
    for (const protocol of ['mqtt', 'sparkplug']) {
      const endpoint = { protocol, url: broker.url };
      const right = openEndpoint(cleanUp, { endpoint, tls: tlsConfig(ca) });
      await until(() => right.target.ready, 'the connection');
      const wrong = openEndpoint(cleanUp, { endpoint, tls: tlsConfig(stranger.ca) });
      await until(() => wrong.said.some((text) => text.startsWith('failed')), 'the refusal');
      assert.match(wrong.said.join(), /CA .*is not known/);
      assert.ok(!wrong.target.ready);
    }
  });

  it('the page for Prometheus over TLS, for clients with a certificate', async () => {
    const { ca, sign } = await authority();
    const port = await freePort();
    const url = `https://127.0.0.1:${port}/metrics`;
    const { publisher, target } = await openPublisher(cleanUp, {
      endpoint: { protocol: 'prometheus', url },
      tls: tlsConfig(ca, await sign('127.0.0.1')),
    });
    await until(() => target.ready, 'the page');
    await publisher.accept(reading(7));
    await until(() => publisher.queued === 0, 'the reading');
    const get = (tls: object) =>
      new Promise<string>((resolve, reject) => {
        const asked = request(url, { ...tls, agent: false }, (answer) => {
          let text = '';
          answer.on('data', (chunk) => {
            text += chunk;
          });
          answer.on('end', () => resolve(text));
        });
        asked.on('error', reject);
        asked.end();
      });
    assert.match(await get(tlsConfig(ca, await sign('prometheus'))), /^pq_reading_va\{meter="m1"\} 230\.7$/m);
    await assert.rejects(get(tlsConfig(ca)), /certificate required|ECONNRESET|socket/);
  });

  it('a page that cannot be served says so, and is served when the port is free', async () => {
    const { default: net } = await import('node:net');
    const holder = net.createServer();
    const port = await new Promise<number>((resolve) => {
      holder.listen(0, '127.0.0.1', () => resolve((holder.address() as AddressInfo).port));
    });
    const { publisher, said, target } = await openPublisher(cleanUp, {
      endpoint: { protocol: 'prometheus', url: `http://127.0.0.1:${port}` },
    });
    await publisher.accept(reading(1));
    await until(
      () => said.some((text) => /cannot be served at 127\.0\.0\.1:\d+: .*EADDRINUSE/.test(text)),
      'the reason',
    );
    assert.equal(publisher.queued, 1);
    await new Promise<void>((resolve) => holder.close(() => resolve()));
    await until(() => target.ready && publisher.queued === 0, 'the page');
  });
});
