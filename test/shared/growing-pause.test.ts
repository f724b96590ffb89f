import assert from 'node:assert/strict';
import { growingPause } from '../../src/shared';

describe('pauses before the next try', () => {
  it('grow from failure to failure, up to the longest, with a part left to chance', () => {
    const settings = { first: 500, growth: 1.5, longest: 60_000, jitter: 0.2 };
    const pauses = [1, 2, 3, 12, 13, 1e6].map((failures) => growingPause(settings, failures, 0.5));
    assert.deepEqual(pauses, [500, 750, 1125, 500 * 1.5 ** 11, 60_000, 60_000]);
    assert.deepEqual([growingPause(settings, 1, 0), growingPause(settings, 1, 1)], [400, 600]);
    const some = Array.from({ length: 100 }, () => growingPause(settings, 20));
    assert.ok(some.every((pause) => pause >= 48_000 && pause <= 72_000));
    assert.ok(new Set(some).size > 90, 'chance');
  });
});
