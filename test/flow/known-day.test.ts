import assert from 'node:assert/strict';
import { runDay } from './known-day';

describe('a known stretch of time through the detector (the whole day is npm run soak:day)', function () {
  this.timeout(120_000);

  it('gives every event, no other, and holds no more at the end than before', async () => {
    const { known, found, wrong, held, errors } = await runDay({ hours: 1, events: 60, rate: 3200 });
    assert.deepEqual(wrong, []);
    assert.deepEqual([known, found, errors], [60, 60, 0]);
    const [early, late] = [held[2], held[held.length - 1]];
    assert.ok(late < early * 1.1 + 2, `${held.map((mb) => mb.toFixed(1))} MB`);
  });
});
