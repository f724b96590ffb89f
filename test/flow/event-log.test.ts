import assert from 'node:assert/strict';
import { freePort } from '../free-port';
import { until } from '../until';
import { endFlow, runFlow } from './flow-runner';

afterEach(endFlow);

interface Logged {
  id: string;
  time: number;
  kind: string;
  meter: string;
  type: string;
  flags: string[];
  capture?: { rate: number; channels: object };
}

/** A simulated meter with a sag every second, and a meter-poll that reads its log but not its waveform. */
async function flowOf(profile: string) {
  const port = await freePort();
  const disturbances = [{ type: 'sag', at: 1, duration: 0.1, residual: 0.6, phases: 'b', every: 1 }];
  const nodes = [
    { id: 'sim', type: 'meter-simulator', port, meters: 1, profile, disturbances },
    {
      id: 'fleet',
      type: 'meter-fleet',
      meters: [{ id: 'm1', host: '127.0.0.1', port, profile, nominal: 230 }],
    },
    {
      id: 'poll',
      type: 'meter-poll',
      fleet: 'fleet',
      interval: 3600,
      eventInterval: 0.2,
      waveformInterval: 0,
      wires: [['readings'], ['events'], ['diagnostics']],
    },
    { id: 'readings', type: 'helper' },
    { id: 'events', type: 'helper' },
    { id: 'diagnostics', type: 'helper' },
  ];
  const flow = await runFlow(nodes);
  const events = () => flow.got('events').map(({ payload }) => payload as unknown as Logged);
  return { flow, events };
}

describe("the meters' own event logs in Node-RED", function () {
  this.timeout(40_000);

  for (const profile of ['generic-pq', 'shark200']) {
    it(`${profile}: events on the second output with their waveform; capture sends one again`, async () => {
      const { flow, events } = await flowOf(profile);
      await until(() => events().length >= 2, 'two events', 20_000);
      for (const event of events()) {
        assert.deepEqual([event.kind, event.meter, event.type], ['event', 'm1', 'sag']);
        assert.ok(event.flags.includes('meter log'));
        assert.ok(event.capture && event.capture.rate > 1000);
      }
      assert.equal(flow.got('events')[0].topic, 'm1');
      const ids = events().map(({ id }) => id);
      assert.equal(new Set(ids).size, ids.length);
      flow.send('poll', { command: 'capture', meter: 'm1' });
      await until(
        () => events().some(({ id }, i) => events().findIndex((e) => e.id === id) < i),
        'one again',
      );
      flow.send('poll', { command: 'stats', meter: 'm1' });
      await until(
        () => flow.got('diagnostics').some(({ payload }) => payload.code === 'METER_STATISTICS'),
        'the counters',
      );
    });
  }

  it('keeps how far a log was read in the context: what happens meanwhile comes after a redeploy, once', async () => {
    const { flow, events } = await flowOf('generic-pq');
    await until(() => events().length >= 1, 'an event', 20_000);
    const stored = flow.node('poll').context().flow.get('eventLogs_poll') as Record<
      string,
      { count: number }
    >;
    assert.ok(stored.m1.count >= 1);
    const before = events().length;
    const begun = () =>
      flow.got('diagnostics').filter(({ payload }) => payload.code === 'EVENT_LOG_BEGUN').length;
    const begunBefore = begun();
    // The node is deployed anew and does not look for a while: the meter goes on, and logs on.
    await flow.redeploy('poll', { eventInterval: 2 });
    await until(() => events().length >= before + 3, 'the events of meanwhile', 20_000);
    const times = events().map(({ time }) => time);
    assert.equal(new Set(times).size, times.length);
    // One a second, none missing.
    for (let i = 1; i < times.length; i++) {
      assert.ok(Math.abs(times[i] - times[i - 1] - 1000) < 50, `${times[i] - times[i - 1]} ms apart`);
    }
    assert.equal(begun(), begunBefore);
  });
});
