import assert from 'node:assert/strict';
import { faultOf, ModbusLink, readLinkSettings } from '../../src/metering';
import { cleanUpAfterEach } from '../clean-up';
import { seeded } from '../signal/signals';
import { SABOTAGE, type SaboteurSettings, startSaboteur, wordAt } from './rtu-saboteur';

const cleanUp = cleanUpAfterEach();

interface Outcome {
  right: number;
  wrong: number;
  faults: Map<string, number>;
  ms: number;
}

/** Readings of some registers of some units, one after the other, over a line that spoils them. */
async function readOver(
  settings: SaboteurSettings,
  {
    units,
    readings,
    timeout,
    retries,
  }: { units: number; readings: number; timeout: number; retries: number },
): Promise<Outcome> {
  const saboteur = await startSaboteur(settings);
  const link = new ModbusLink(
    readLinkSettings({ transport: 'rtu-over-tcp', host: '127.0.0.1', port: saboteur.port, timeout, retries }),
  );
  cleanUp(() => saboteur.close());
  cleanUp(() => link.close());
  const outcome: Outcome = { right: 0, wrong: 0, faults: new Map(), ms: 0 };
  const began = performance.now();
  for (let n = 0; n < readings; n++) {
    const unit = 1 + (n % units);
    const address = settings.random(1000);
    // Often as many: that is when one answer can be taken for another.
    const count = settings.random(3) ? 6 : 1 + settings.random(20);
    try {
      const words = await link.read(unit, address, count);
      const isRight = words.length === count && words.every((word, i) => word === wordAt(unit, address + i));
      outcome[isRight ? 'right' : 'wrong']++;
    } catch (error) {
      const { code } = faultOf(error);
      outcome.faults.set(code, (outcome.faults.get(code) ?? 0) + 1);
    }
  }
  outcome.ms = performance.now() - began;
  await link.close();
  await saboteur.close();
  return outcome;
}

function say(name: string, outcomes: Outcome[]): void {
  const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((total, one) => total + of(one), 0);
  const [right, wrong] = [sum(({ right }) => right), sum(({ wrong }) => wrong)];
  const faults = new Map<string, number>();
  for (const one of outcomes)
    for (const [code, count] of one.faults) faults.set(code, (faults.get(code) ?? 0) + count);
  const lost = [...faults].map(([code, count]) => `${code} ${count}`).join(', ');
  const all = right + wrong + [...faults.values()].reduce((a, b) => a + b, 0);
  console.log(
    `      ${name}: ${all} readings, ${wrong} wrong, ${((100 * right) / all).toFixed(1)} % arrive; ${lost}`,
  );
}

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
