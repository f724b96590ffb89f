import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MeterLinks, Poller, readFleet, readPollerSettings } from '../../src/metering';
import { collect, PLAIN } from './collect';
import { type Gateway, type GatewayOptions, startGateway } from './gateway';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** MB that are still held after all collections. */
async function held(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return process.memoryUsage().heapUsed / 1e6;
}

describe('a fleet for some time (the long run is npm run soak)', function () {
  this.timeout(60_000);

  it('holds no more after thousands of readings and faults than before', async () => {
    const kinds: GatewayOptions['units'][number][] = ['silent', 'exception-11', 'half-frame', 'garbage'];
    const gateways: Gateway[] = [];
    for (let i = 0; i < 40; i++) {
      gateways.push(await startGateway({ units: { 1: i % 5 ? 0 : kinds[(i / 5) % 4] }, patience: 20 }));
    }
    const rows = gateways.map(({ port }, i) => ({ id: `m${i}`, host: '127.0.0.1', port, profile: 'plain' }));
    const links = new MeterLinks(() => undefined);
    let readings = 0;
    const poller = new Poller(
      readFleet(rows, 'meters', undefined, PLAIN),
      (meter) => links.of(meter),
      readPollerSettings({ interval: 0.1, waveformInterval: 0 }),
      { ...collect(() => false).output, reading: () => readings++ },
    );
    const seconds = (s: number) => new Promise((resolve) => setTimeout(resolve, s * 1000));
    await seconds(4);
    const [early, readEarly] = [await held(), readings];
    await seconds(10);
    const [late, readLate] = [await held(), readings];
    poller.stop();
    await links.close();
    for (const gateway of gateways) await gateway.close();
    assert.ok(readLate - readEarly > 1000, `${readLate - readEarly} readings in between`);
    assert.ok(late < early * 1.05 + 0.5, `${early.toFixed(1)} MB, then ${late.toFixed(1)} MB`);
  });
});
