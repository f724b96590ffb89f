import assert from 'node:assert/strict';
import { readLinkSettings, tryLink } from '../../src/metering';
import { cleanUpAfterEach } from '../clean-up';
import { freePort } from '../free-port';
import { startGateway } from './gateway';

const cleanUp = cleanUpAfterEach();
const settings = (port: number, more: object = {}) =>
  readLinkSettings({ host: '127.0.0.1', port, timeout: 300, retries: 5, ...more });

describe('a trial of a link', function () {
  this.timeout(15_000);

  it('says whether the unit answers, is silent behind its gateway, or nobody is there', async () => {
    const gateway = await startGateway({ units: { 1: 5, 2: 'silent' } });
    cleanUp(() => gateway.close());
    const first = await tryLink(settings(gateway.port), 1);
    assert.deepEqual([first.ok, first.found, first.values.unit], [true, 'answered', 1]);
    assert.ok(first.values.ms >= 0 && first.values.ms < 300);
    const second = await tryLink(settings(gateway.port), 2);
    assert.deepEqual([second.ok, second.found], [false, 'silent']);
    assert.match(second.reason ?? '', /no answer in time.*Check power|failed to respond/);
    const nobody = await tryLink(settings(await freePort()), 1);
    assert.deepEqual([nobody.ok, nobody.found], [false, 'unreachable']);
    assert.match(nobody.reason ?? '', /^nobody listens there\. Check address and port/);
  });

  it('asks once, however many retries the link has', async () => {
    const gateway = await startGateway({ units: { 2: 'silent' } });
    cleanUp(() => gateway.close());
    const began = performance.now();
    await tryLink(settings(gateway.port), 2);
    assert.ok(performance.now() - began < 3 * 300, 'not six times the timeout');
  });
});
