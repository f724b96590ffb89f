import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import helper from 'node-red-node-test-helper';
import { freePort } from '../free-port';
import { wave } from '../signal/signals';
import { until } from '../until';
import { endFlow, type Flow, runFlow } from './flow-runner';

const RATE = 3200;
const TEN_MINUTES = 600_000;

/** A second of supply with a sag to 0.8 pu for 0.2 s. */
function second(start: number) {
  const gain = (t: number) => (t > 0.4 && t < 0.6 ? 0.8 : 1);
  const va = wave({ rate: RATE, seconds: 1, frequency: 50, rms: 230, gain });
  return { kind: 'waveform', meter: 'm1', time: start, rate: RATE, channels: { va } };
}

describe('values at run time, and reports, in Node-RED', function () {
  this.timeout(30_000);
  let userDir: string;
  let flow: Flow;

  beforeEach(() => {
    userDir = mkdtempSync(join(tmpdir(), 'pq-desk-'));
    helper.settings({ userDir } as never);
  });
  afterEach(async () => {
    await endFlow();
    helper.settings({} as never);
    rmSync(userDir, { recursive: true, force: true });
  });

  const ends = () => flow.got('out').filter(({ payload }) => payload.state === 'end').length;
  const errors = () => flow.got('errors').map(({ error }) => error?.message ?? '');

  it('the detector follows a threshold in the context of the flow, at once, and refuses what is none', async () => {
    flow = await runFlow([
      {
        id: 'detector',
        type: 'sag-swell-detector',
        nominal: 230,
        rvc: 0,
        sag: 'limit',
        sagType: 'flow',
        journal: false,
        wires: [['out'], [], [], []],
      },
      { id: 'out', type: 'helper' },
    ]);
    const context = flow.node('detector').context().flow;
    const pass = (start: number) => flow.send('detector', { payload: second(start) });
    pass(1e12);
    pass(1e12 + 1000);
    await until(() => ends() === 2, 'sags under the default of 0.9');
    context.set('limit', 0.7);
    pass(1e12 + 2000);
    pass(1e12 + 3000);
    context.set('limit', 0.85);
    pass(1e12 + 4000);
    pass(1e12 + 5000);
    await until(() => ends() >= 4, 'sags under 0.85 again');
    assert.equal(ends(), 4, 'none under 0.7');
    context.set('limit', 'low');
    pass(1e12 + 6000);
    await until(() => errors().length > 0, 'the error');
    assert.match(errors()[0], /^settings.sag: expected a number \(pu\) above 0 and not above 1, got "low"/);
  });

  it('a source that is none is told, and each message has the error', async () => {
    flow = await runFlow([
      { id: 'detector', type: 'sag-swell-detector', sag: 'x', sagType: 'jsonata', wires: [[], [], [], []] },
    ]);
    flow.send('detector', { payload: second(1e12) });
    await until(() => errors().some((text) => /sagType: expected one of/.test(text)), 'the error');
  });

  it('takes a setting from the environment', async () => {
    process.env.PQ_TEST_NOMINAL = '115';
    try {
      flow = await runFlow([
        {
          id: 'detector',
          type: 'sag-swell-detector',
          nominal: 'PQ_TEST_NOMINAL',
          nominalType: 'env',
          rvc: 0,
          journal: false,
          wires: [['out'], [], [], []],
        },
        { id: 'out', type: 'helper' },
      ]);
      flow.send('detector', { payload: second(1e12) });
      await until(
        () => flow.got('out').some(({ payload }) => payload.type === 'swell'),
        '230 V to be a swell of 115 V',
      );
    } finally {
      delete process.env.PQ_TEST_NOMINAL;
    }
  });

  const report = { id: 'report', type: 'pq-report', nominal: 230, wires: [['out'], ['diagnostics']] };
  const helpers = ['out', 'diagnostics'].map((id) => ({ id, type: 'helper' }));
  const rms = (k: number, va: number) => ({
    kind: 'rms',
    meter: 'm1',
    time: Math.floor(Date.now() / TEN_MINUTES) * TEN_MINUTES - k * TEN_MINUTES,
    window: '10-min',
    values: { va },
    flagged: false,
  });

  it('pq-report answers its commands, names what is wrong, and goes on with the next record', async () => {
    flow = await runFlow([report, ...helpers]);
    flow.send('report', { payload: rms(3, 230) });
    flow.send('report', { payload: { kind: 'rms', meter: 'm1' } });
    flow.send('report', { payload: second(1e12) });
    flow.send('report', { payload: rms(2, 231) });
    flow.send('report', { command: 'week', payload: {} });
    flow.send('report', { command: 'month' });
    flow.send('report', { command: 'week', payload: { meter: 'nobody' } });
    flow.send('report', { command: 'plot', payload: { plot: 'magnitude-duration' }, topic: 'kept' });
    await until(() => flow.got('out').length === 2 && errors().length === 3, 'two answers and three errors');
    const [first, second_] = flow.got('out').sort((a) => (a.topic === 'kept' ? 1 : -1));
    assert.equal((first.payload.assessment as { intervals: number }).intervals, 2);
    assert.ok(Buffer.isBuffer(first.payload.pdf));
    assert.match(String(second_.payload), /^<svg/);
    const told = errors().sort();
    assert.match(told[0], /^msg.command: expected one of week, disturbance, plot, stats, got "month"/);
    assert.match(told[1], /^payload.meter: expected one of m1, got "nobody"/);
    assert.match(told[2], /^payload.time: expected a finite number/);
  });

  it('pq-report keeps a week over a redeploy', async () => {
    flow = await runFlow([report, ...helpers]);
    for (let k = 20; k > 0; k--) flow.send('report', { payload: rms(k, 230) });
    flow.send('report', { command: 'week' });
    await until(() => flow.got('out').length === 1, 'the first report', 15_000);
    await flow.redeploy('report', { issuer: 'somebody' });
    flow.send('report', { command: 'week' });
    await until(() => flow.got('out').length === 2, 'the second report', 15_000);
    const [before, after] = flow
      .got('out')
      .map(({ payload }) => payload as { assessment: { intervals: number }; html: string });
    assert.deepEqual([before.assessment.intervals, after.assessment.intervals], [20, 20]);
    assert.match(after.html, /by somebody/);
  });

  it('pq-report with settings that cannot be says so to each message', async () => {
    flow = await runFlow([{ ...report, days: 1 }, ...helpers]);
    flow.send('report', { payload: rms(1, 230) });
    await until(() => errors().some((text) => /settings.days: .*from 7 to 400/.test(text)), 'the error');
  });
});

describe('the sidebar after a restart', function () {
  this.timeout(60_000);

  it('shows the events of before, and their captures from the journal', async () => {
    const { startNodeRed } = await import(join(__dirname, '..', '..', 'scripts', 'demo.mjs'));
    const folder = mkdtempSync(join(tmpdir(), 'pq-restart-'));
    const frames = `
      for (let n = 0; n < 30; n++) {
        const va = Array.from({ length: 320 }, (_, k) => {
          const t = (n * 320 + k) / 3200;
          return 325 * (t > 1 && t < 1.3 ? 0.6 : 1) * Math.sin(2 * Math.PI * 50 * t);
        });
        node.send({ payload: { kind: 'waveform', meter: 'm1', time: 1.7e12 + n * 100, rate: 3200, channels: { va } } });
      }`;
    const flow = (once: boolean) => [
      { id: 'tab', type: 'tab', label: 'restart' },
      {
        id: 'go',
        type: 'inject',
        z: 'tab',
        x: 1,
        y: 1,
        once,
        onceDelay: 0.1,
        props: [],
        wires: [['frames']],
      },
      {
        id: 'frames',
        type: 'function',
        z: 'tab',
        x: 1,
        y: 1,
        func: frames,
        outputs: 1,
        wires: [['detector']],
      },
      {
        id: 'detector',
        type: 'sag-swell-detector',
        z: 'tab',
        x: 1,
        y: 1,
        nominal: 230,
        rvc: 0,
        wires: [[], [], [], []],
      },
    ];
    const eventsAt = async (url: string) =>
      (await (await fetch(`${url}power-quality/desk/events`)).json()) as { id: string; state: string }[];
    let nodeRed = await startNodeRed({ port: await freePort(), flow: flow(true), userDir: folder });
    try {
      await until(async () => (await eventsAt(nodeRed.url))[0]?.state === 'end', 'the event', 20_000);
      const [{ id }] = await eventsAt(nodeRed.url);
      await nodeRed.stop();
      nodeRed = await startNodeRed({ port: await freePort(), flow: flow(false), userDir: folder });
      await until(async () => (await eventsAt(nodeRed.url)).some((one) => one.id === id), 'it again', 20_000);
      const capture = await fetch(`${nodeRed.url}power-quality/desk/capture?${new URLSearchParams({ id })}`);
      assert.equal(capture.status, 200);
      const { channels, length } = JSON.parse(capture.headers.get('x-capture') ?? '{}');
      assert.deepEqual(channels, ['va']);
      assert.equal((await capture.arrayBuffer()).byteLength, 4 * length);
      const unknown = await fetch(`${nodeRed.url}power-quality/desk/capture?id=nothing`);
      assert.equal(unknown.status, 404);
    } finally {
      await nodeRed.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
