import assert from 'node:assert/strict';
import { Semaphore } from '../../src/metering/semaphore';
import { until } from '../until';

/** Work that goes on until it is ended. */
function work() {
  const made = { running: false, ended: false, end: () => {} };
  const run = () =>
    new Promise<void>((resolve) => {
      made.running = true;
      made.end = () => {
        made.ended = true;
        resolve();
      };
    });
  return { made, run };
}

describe('places for meters that are asked at once', () => {
  it('are as many as were given, whatever takes long without being expected to be short', async () => {
    const slots = new Semaphore(2);
    const all = Array.from({ length: 4 }, work);
    const done = all.map(({ run }) => slots.run(run));
    await until(() => all[1].made.running, 'two');
    assert.equal(all[2].made.running, false);
    all[0].made.end();
    await until(() => all[2].made.running, 'the third');
    assert.equal(all[3].made.running, false);
    for (const { made } of all.slice(1)) {
      await until(() => made.running, 'the next');
      made.end();
    }
    await Promise.all(done);
  });

  it('are given up by who is silent, so far as there is room beside them', async () => {
    const slots = new Semaphore(2, 3);
    const silent = Array.from({ length: 8 }, work);
    const done = silent.map(({ run }) => slots.run(run, 5));
    // Three beside, two in their places: no more.
    await until(() => silent[4].made.running, 'five');
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(silent.filter(({ made }) => made.running).length, 5);
    // One that is beside makes room for one that holds a place, whose place the next one has.
    silent[0].made.end();
    await until(() => silent[5].made.running, 'the next');
    for (const { made } of silent) {
      await until(() => made.running, 'all');
      made.end();
    }
    await Promise.all(done);
    const after = work();
    const last = slots.run(after.run);
    assert.equal(after.made.running, true);
    after.made.end();
    await last;
  });
});
