import assert from 'node:assert/strict';
import type { Finding } from '../../src/record';
import { Admission, budgetOf } from '../../src/shared';

const HOUR = 3_600_000;

function opened(meters: number, bytes = 1e9) {
  const said: Finding[] = [];
  const released: string[] = [];
  const clock = { now: 0 };
  const admission = new Admission(
    { meters, bytes },
    { released: (meter) => released.push(meter), over: (finding) => said.push(finding) },
    () => clock.now,
  );
  return { admission, said, released, clock };
}

describe('admission of meters', () => {
  it('serves who is served, refuses one too many, counts it and says it once, with names and number', () => {
    const { admission, said, released } = opened(100);
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 112; n++) assert.equal(admission.admits(`m${n}`, 10), n < 100);
    }
    admission.close();
    assert.deepEqual(admission.counters, { metersRefused: 12, recordsRefused: 36, metersReleased: 0 });
    assert.deepEqual([admission.size, released.length, said.length], [100, 0, 1]);
    assert.equal(said[0].code, 'METERS_OVER_LIMIT');
    assert.match(
      said[0].text,
      /^100 meters are served, which is the limit: refused m100, .*m109 and 2 more$/,
    );
    assert.deepEqual([said[0].detail.refused, said[0].detail.limit], [12, 100]);
  });

  it('counts the bytes that meters hold, and never takes any from who is served', () => {
    const { admission, said } = opened(1000, 1000);
    for (let n = 0; n < 10; n++) assert.equal(admission.admits(`m${n}`, 100), true);
    assert.equal(admission.admits('m10', 1), false);
    assert.equal(admission.admits('m3', 500), true);
    admission.close();
    assert.match(said[0].text, /10 meters hold 0 of 0 MB: refused m10/);
  });

  it('gives the place of a meter that rests, or was silent for a day, to another one', () => {
    const { admission, released, clock } = opened(3);
    for (const meter of ['a', 'b', 'c']) admission.admits(meter, 1);
    clock.now = 23 * HOUR;
    admission.admits('b', 1);
    assert.equal(admission.admits('d', 1), false);
    clock.now = 24 * HOUR;
    assert.equal(admission.admits('d', 1), true);
    assert.equal(admission.admits('e', 1), true);
    assert.equal(admission.admits('f', 1), false);
    assert.deepEqual(released, ['a', 'c']);
    admission.rest('b');
    assert.equal(admission.admits('f', 1), true);
    assert.deepEqual(released, ['a', 'c', 'b']);
    // One that rests and is heard of again is served on.
    admission.rest('d');
    assert.equal(admission.admits('d', 1), true);
    assert.equal(admission.admits('g', 1), false);
  });

  it('serves 20,000 meters where the machine has the memory, fewer where it has not, or as many as a setting says', () => {
    assert.deepEqual(budgetOf(0, 8e9), { meters: 20_000, bytes: 2e9 });
    assert.equal(budgetOf(0, 1.6e9).meters, 20_000);
    assert.equal(budgetOf(0, 0.8e9).meters, 10_000);
    assert.equal(budgetOf(30_000, 0.8e9).meters, 30_000);
  });
});
