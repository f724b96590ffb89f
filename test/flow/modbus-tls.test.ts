import assert from 'node:assert/strict';
import { cleanUpAfterEach } from '../clean-up';
import { freePort } from '../free-port';
import { startTlsFront } from '../metering/tls-front';
import { authority } from '../publishing/certificates';
import { until } from '../until';
import { endFlow, runFlow } from './flow-runner';

const cleanUp = cleanUpAfterEach();
afterEach(endFlow);

describe('meter-poll over a link with TLS in Node-RED', function () {
  this.timeout(60_000);

  it('reads with the TLS setting, and is red with the reason where that does not fit or is not there', async () => {
    const { ca, sign } = await authority();
    const stranger = await authority('Another CA');
    const client = await sign('gateway');
    const meter = await freePort();
    const front = await startTlsFront(meter, { ...(await sign('127.0.0.1')), ca });
    cleanUp(() => front.close());
    const poll = async (cadata: string, tls = 'tls') =>
      await runFlow(
        [
          { id: 'tls', type: 'tls-config', cert: '', key: '', ca: '', verifyservercert: true },
          { id: 'sim', type: 'meter-simulator', port: meter, meters: 1 },
          {
            id: 'link',
            type: 'modbus-link',
            host: '127.0.0.1',
            port: front.port,
            tls,
            timeout: 3000,
            retries: 0,
          },
          { id: 'fleet', type: 'meter-fleet', link: 'link', meters: [{ id: 'm1', unit: 1 }] },
          {
            id: 'poll',
            type: 'meter-poll',
            fleet: 'fleet',
            interval: 0.2,
            waveformInterval: 0,
            wires: [['readings'], [], ['diagnostics']],
          },
          { id: 'readings', type: 'helper' },
          { id: 'diagnostics', type: 'helper' },
        ],
        { tls: { cadata, certdata: client.cert, keydata: client.key } },
      );
    const right = await poll(ca);
    await until(() => right.got('readings').length > 1, 'readings', 20_000);
    await endFlow();
    const wrong = await poll(stranger.ca);
    await until(
      () => wrong.got('diagnostics').some(({ payload }) => payload.code === 'TLS_ERROR'),
      () => `the reason: ${JSON.stringify(wrong.got('diagnostics'))}`,
      20_000,
    );
    assert.equal(wrong.got('readings').length, 0);
    await endFlow();
    // Without its TLS setting nothing is sent at all.
    const none = await poll(ca, 'gone');
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(none.got('readings').length, 0);
  });
});
