import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import helper from 'node-red-node-test-helper';
import type { Energy, Power } from '../../src/record';
import { freePort } from '../free-port';
import { wave } from '../signal/signals';
import { until } from '../until';
import { endFlow, type Flow, runFlow } from './flow-runner';

const RATE = 3200;
const EXAMPLE = join(__dirname, '..', '..', 'examples', 'A wrongly wired meter.json');
const WIRES = [['power'], ['diagnostics']];

/** Halves of a second of three phases of 230 V and 5 A; the current of phase a by a factor. */
function frames(seconds: number, { start = 0, ia = 1, meter = 'm1' } = {}) {
  const channels: Record<string, Float32Array> = {};
  ['a', 'b', 'c'].forEach((phase, k) => {
    const at = { rate: RATE, seconds, frequency: 50 };
    channels[`v${phase}`] = wave({ ...at, rms: 230, phase: -120 * k });
    channels[`i${phase}`] = wave({ ...at, rms: 5 * (k ? 1 : ia), phase: -120 * k - 25 });
  });
  return Array.from({ length: 2 * seconds }, (_, i) => ({
    kind: 'waveform',
    meter,
    time: 1e12 + start * 1000 + i * 500,
    rate: RATE,
    channels: Object.fromEntries(
      Object.entries(channels).map(([name, samples]) => [name, samples.subarray(i * 1600, (i + 1) * 1600)]),
    ),
  }));
}

describe('var-calculator in Node-RED', function () {
  this.timeout(70_000);
  let flow: Flow;

  afterEach(endFlow);

  async function start(settings: object = {}): Promise<void> {
    flow = await runFlow([
      { id: 'calculator', type: 'var-calculator', ...settings, wires: WIRES },
      ...['power', 'diagnostics'].map((id) => ({ id, type: 'helper' })),
    ]);
  }

  const feed = (...given: Parameters<typeof frames>) => {
    for (const payload of frames(...given)) flow.send('calculator', { payload });
  };
  const powers = () => flow.got('power').map(({ payload }) => payload as unknown as Power);
  const energyOf = (power: Power) => power.energy as Energy;

  it('gives power with its meter for topic, and names a reversed CT with what to do', async () => {
    await start();
    feed(6, { ia: -1 });
    await until(() => flow.got('diagnostics').length === 1, 'the diagnostic');
    const [{ payload, topic }] = flow.got('diagnostics');
    assert.deepEqual(
      [payload.kind, payload.meter, payload.code, topic],
      ['diagnostic', 'm1', 'CT_REVERSED', 'm1'],
    );
    assert.equal(payload.text, 'current a turned around');
    assert.equal(
      payload.hint,
      'Turn the current transformer of a around, or exchange its two secondary leads.',
    );
    assert.ok(flow.got('power').every((message) => message.topic === 'm1'));
    const { total } = powers()[0];
    assert.ok(Math.abs(total.p - 1150 * Math.cos((25 * Math.PI) / 180)) < 0.5, String(total.p));
  });

  it('keeps energies over a redeploy, and sets them to zero when told', async () => {
    await start();
    feed(2);
    await until(() => powers().length >= 8, 'windows');
    const before = energyOf(powers()[powers().length - 1]);
    await flow.redeploy('calculator', { harmonics: 40 });
    const seen = powers().length;
    feed(2, { start: 10 });
    await until(() => powers().length > seen, 'windows after the redeploy');
    const [first] = powers().slice(seen);
    assert.ok(energyOf(first).import > before.import);
    assert.ok(Math.abs(energyOf(first).seconds - before.seconds - (first.window ?? 0)) < 1e-6);

    flow.send('calculator', { command: 'reset-energy', meter: 'm1' });
    const then = powers().length;
    feed(2, { start: 20 });
    await until(() => powers().length > then, 'windows after the reset');
    assert.ok(Math.abs(energyOf(powers()[then]).seconds - (powers()[then].window ?? 0)) < 1e-6);
    assert.deepEqual(flow.got('errors'), []);
  });

  it('says what is wrong with a command', async () => {
    await start();
    flow.send('calculator', { command: 'reset' });
    flow.send('calculator', { command: 'reset-energy', meter: 'nobody' });
    flow.send('calculator', { command: 'reset-energy', meter: 7 });
    await until(() => flow.got('errors').length === 3, 'the errors');
    assert.deepEqual(
      flow.got('errors').map(({ error }) => error?.message),
      [
        'msg.command: expected one of reset-energy, stats, got "reset"',
        'msg.meter: expected a meter whose energy was counted, got "nobody"',
        'msg.meter: expected text of 1 to 256 characters, got 7',
      ],
    );
  });

  it('runs the example flow of a wrongly wired meter: faults named, mended, and over', async () => {
    const port = await freePort();
    const nodes = (JSON.parse(readFileSync(EXAMPLE, 'utf8')) as { type: string; id: string }[])
      .filter(({ type }) => !['tab', 'comment', 'delay'].includes(type))
      .map((node) => {
        if (node.type === 'meter-simulator' || node.type === 'modbus-link') return { ...node, port };
        return node.type === 'debug' || node.type === 'inject' ? { id: node.id, type: 'helper' } : node;
      })
      .map((node) =>
        node.id === 'wc-calculator' ? { ...node, wires: [['wc-power'], ['wc-diagnostics']] } : node,
      );
    flow = await runFlow(nodes);
    const told = () =>
      flow.got('wc-diagnostics').map(({ payload: { code, severity } }) => `${code} ${severity}`);
    const newest = () =>
      flow
        .got('wc-power')
        .map(({ payload }) => payload as unknown as Power)
        .pop() as Power;
    await until(() => told().length >= 2 && newest().corrected !== undefined, 'the faults', 25_000);
    assert.deepEqual(told().sort(), ['CT_REVERSED warning', 'CURRENTS_SWAPPED warning']);
    const load = 3 * 1150;
    assert.ok(Math.abs((newest().corrected?.total.p1 ?? 0) - 0.9 * load) < 0.01 * load);
    assert.ok(newest().total.p < 0);
    flow.send('wc-wiring', { command: 'mend' });
    const over = () => told().filter((one) => /^(CT_REVERSED|CURRENTS_SWAPPED) info$/.test(one));
    await until(() => over().length >= 2, 'the end of the faults', 25_000);
    const { total, compensation } = newest();
    assert.ok(Math.abs((total.dpf ?? 0) - 0.9) < 0.001, String(total.dpf));
    const size = 0.9 * load * (Math.tan(Math.acos(0.9)) - Math.tan(Math.acos(0.95)));
    assert.ok(Math.abs((compensation?.size ?? 0) - size) < 0.01 * load);
    assert.deepEqual(flow.got('errors'), []);
  });

  it('gives the panel the phasors of the meter that it asks for, with the corrected ones', async () => {
    await start();
    const latest = async (query = '') =>
      (await helper.request().get(`/var-calculator/calculator/latest${query}`).expect(200)).body;
    assert.deepEqual(await latest(), { meters: [], power: null });
    feed(6, { ia: -1, meter: 'north' });
    feed(1, { meter: 'south' });
    await until(() => powers().some(({ meter }) => meter === 'south'), 'both meters');
    assert.deepEqual((await latest()).meters, ['north', 'south']);
    assert.equal((await latest()).power.meter, 'south');
    const { power } = await latest('?meter=north');
    assert.ok(Math.abs(power.phases.a.i1.angle - 155) < 0.01, String(power.phases.a.i1.angle));
    assert.ok(Math.abs(power.corrected.phases.a.i1.angle + 25) < 0.01);
    assert.match(power.corrected.moves[0], /^turn the current transformer of a around/);
    assert.deepEqual((await latest('?meter=nobody')).power, null);
    await helper.request().get('/var-calculator/nothing/latest').expect(200, { meters: [], power: null });
  });
});
