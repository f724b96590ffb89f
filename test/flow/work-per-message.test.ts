import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import helper from 'node-red-node-test-helper';
import { cleanUpAfterEach } from '../clean-up';
import { upTo } from '../publishing/records';
import { wave } from '../signal/signals';
import { until } from '../until';
import { endFlow, type Flow, runFlow } from './flow-runner';

const cleanUp = cleanUpAfterEach();
const { SagSwellDetector } = require(join(__dirname, '..', '..', 'dist', 'src', 'disturbance'));

const METERS = 3000;
/** A status is shown for each of the first messages, and once when the node is made. */
const AT_ONCE = 101;

/** Three messages of each meter; the voltage of all has fallen in the last. */
const readings = (n: number) => (meter: string) => ({
  kind: 'reading',
  meter,
  time: 1e12 + n * 10_000,
  values: { va: n < 2 ? 230 : 180, ia: 5, p: 1000, q: 300 },
  quality: 'good',
});
const va = wave({ rate: 1600, seconds: 0.6, frequency: 50, rms: 230, gain: (t) => (t < 0.3 ? 1 : 0.7) });
const waveforms = (n: number) => (meter: string) => ({
  kind: 'waveform',
  meter,
  time: 1e12 + n * 200,
  rate: 1600,
  channels: { va: va.subarray(n * 320, (n + 1) * 320) },
});

/** Counts how often something of each detector is asked for. */
function countUses(...names: string[]): Map<string, number> {
  const counts = new Map(names.map((name) => [name, 0]));
  for (const name of names) {
    const own = Object.getOwnPropertyDescriptor(SagSwellDetector.prototype, name) as PropertyDescriptor;
    const count = () => counts.set(name, (counts.get(name) ?? 0) + 1);
    Object.defineProperty(SagSwellDetector.prototype, name, {
      ...own,
      ...(own.get
        ? {
            get() {
              count();
              return own.get?.call(this);
            },
          }
        : {
            value(...args: unknown[]) {
              count();
              return own.value.apply(this, args);
            },
          }),
    });
    cleanUp(() => Object.defineProperty(SagSwellDetector.prototype, name, own));
  }
  return counts;
}

describe('the work for a message', function () {
  this.timeout(120_000);

  async function running(type: string): Promise<Flow> {
    const userDir = mkdtempSync(join(tmpdir(), 'pq-work-'));
    helper.settings({ userDir } as never);
    cleanUp(
      () => rmSync(userDir, { recursive: true, force: true }),
      () => helper.settings({} as never),
      endFlow,
    );
    return await runFlow([
      {
        id: 'node',
        type,
        nominal: 230,
        rvc: 0,
        wiring: '1P2W',
        maxMeters: METERS,
        journal: false,
        wires: [['first']],
      },
      { id: 'complete', type: 'complete', scope: ['node'], wires: [['done']] },
      { id: 'done', type: 'helper' },
      { id: 'first', type: 'helper' },
    ]);
  }

  /** Statuses of the node so far. */
  function statuses(flow: Flow): { fill: string }[] {
    const node = flow.node('node');
    const { args, thisValues } = node.status as unknown as {
      args: [{ fill: string }][];
      thisValues: unknown[];
    };
    return args.filter((_, i) => thisValues[i] === node).map(([status]) => status);
  }

  /** Sends three messages of each meter at once, and waits until all are done. */
  async function send(flow: Flow, records: typeof readings | typeof waveforms): Promise<void> {
    for (const n of upTo(3)) {
      for (const m of upTo(METERS)) flow.send('node', { payload: records(n)(`m${m}`) });
      await until(
        () => flow.got('done').length + flow.got('errors').length === (n + 1) * METERS,
        () => `message ${(n + 1) * METERS}, ${flow.got('done').length} are done`,
        60_000,
      );
    }
    assert.deepEqual(flow.got('errors'), []);
  }

  for (const [what, records] of Object.entries({ readings, waveforms })) {
    it(`is the same for 3,000 meters as for one: ${what} at the detector`, async () => {
      const uses = countUses('status', 'standing', 'suspend');
      const began = performance.now();
      const flow = await running('sag-swell-detector');
      await send(flow, records);
      await until(() => flow.got('first').length === METERS, 'an event in progress of each meter', 60_000);
      // The clock shows what has come of it, without a further message.
      await until(() => statuses(flow).at(-1)?.fill === 'yellow', 'a status of open events');
      const seconds = Math.ceil((performance.now() - began) / 1000);
      const shown = statuses(flow).length;
      assert.ok(shown <= AT_ONCE + seconds, `${shown} statuses in ${seconds} s`);
      // Nor is looked for more often than shown: events in progress are noted every ten seconds besides.
      const noted = Math.ceil(seconds / 10);
      const { status, standing, suspend } = Object.fromEntries(uses);
      assert.ok(status <= AT_ONCE + seconds + noted, `looked ${status} times in ${seconds} s`);
      assert.ok(standing <= noted, `${standing} times all events in ${seconds} s`);
      assert.equal(suspend, 0);
    });
  }

  it('is the same for 3,000 meters as for one: readings at the calculator', async () => {
    const began = performance.now();
    const flow = await running('var-calculator');
    await send(flow, readings);
    const seconds = Math.ceil((performance.now() - began) / 1000);
    const shown = statuses(flow).length;
    assert.ok(shown <= AT_ONCE + seconds, `${shown} statuses in ${seconds} s`);
  });
});
