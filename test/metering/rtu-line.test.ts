import assert from 'node:assert/strict';
import { ModbusLink, readLinkSettings } from '../../src/metering';
import { cleanUpAfterEach } from '../clean-up';
import { seeded } from '../signal/signals';
import { SABOTAGE, startSaboteur } from './rtu-saboteur';
import { type Outcome, readOver, say } from './spoilt-line';

const cleanUp = cleanUpAfterEach();

describe('an RTU line', function () {
  this.timeout(300_000);

  it('never takes a late answer for the next: 2.0 to 2.2 timeouts late, one to eight units, with and without retries', async () => {
    const runs = [1, 2, 8].flatMap((units) => [0, 3].map((retries) => ({ units, retries })));
    const outcomes = await Promise.all(
      runs.map(({ units, retries }, k) =>
        readOver(
          { part: 0.25, kinds: ['late'], late: [200, 220], random: seeded(100 + k) },
          { units, readings: 60, timeout: 100, retries },
        ),
      ),
    );
    say('late', outcomes);
    for (const { wrong, right } of outcomes) {
      assert.equal(wrong, 0);
      assert.ok(right >= 30);
    }
  });

  describe('takes nothing wrong for a value', () => {
    const outcomes = new Map<string, Outcome[]>();

    // All at once: most of it is waiting for answers that do not come.
    before(async () => {
      await Promise.all(
        SABOTAGE.map(async (kind) => {
          const runs = [0, 1, 2, 3].map((k) =>
            readOver(
              { part: 0.2, kinds: [kind], late: [200, 500], random: seeded(200 + k) },
              { units: [1, 2, 5, 8][k], readings: 100, timeout: 100, retries: k % 2 ? 2 : 0 },
            ),
          );
          outcomes.set(kind, await Promise.all(runs));
        }),
      );
    });

    for (const kind of SABOTAGE) {
      it(kind, () => {
        const found = outcomes.get(kind) ?? [];
        say(kind, found);
        assert.equal(found.length, 4);
        for (const { wrong, right } of found) {
          assert.equal(wrong, 0);
          assert.ok(right >= 50, `${right} right`);
        }
      });
    }
  });

  it('says once that the adapter echoes, and counts what was no answer', async () => {
    const saboteur = await startSaboteur({ part: 0, kinds: [], late: [0, 1], echo: true, random: seeded(3) });
    cleanUp(() => saboteur.close());
    const link = new ModbusLink(
      readLinkSettings({ transport: 'rtu-over-tcp', host: '127.0.0.1', port: saboteur.port }),
    );
    cleanUp(() => link.close());
    assert.equal(link.takeNotice(), undefined);
    for (let n = 0; n < 5; n++) await link.read(1, n, 3);
    assert.equal(link.takeNotice()?.code, 'ECHO');
    assert.equal(link.takeNotice(), undefined);
    assert.deepEqual(link.line, { late: 0, foreign: 0, noise: 0, echo: true });
  });

  it('removes the echo of an adapter by itself', async () => {
    const outcome = await readOver(
      { part: 0, kinds: [], late: [0, 1], echo: true, random: seeded(3) },
      { units: 3, readings: 300, timeout: 200, retries: 0 },
    );
    assert.deepEqual([outcome.right, outcome.wrong], [300, 0]);
  });

  it('takes nothing wrong for a value where all of it happens', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, k) =>
        readOver(
          { part: 0.05, kinds: SABOTAGE, late: [150, 280], random: seeded(300 + k), echo: k % 3 === 0 },
          { units: 1 + (k % 8), readings: 500, timeout: 100, retries: k % 2 ? 2 : 0 },
        ),
      ),
    );
    say('all of it', outcomes);
    assert.equal(
      outcomes.reduce((sum, { wrong }) => sum + wrong, 0),
      0,
    );
  });
});
