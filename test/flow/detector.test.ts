import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import helper from 'node-red-node-test-helper';
import { freePort } from '../free-port';
import { wave } from '../signal/signals';
import { until } from '../until';
import { endFlow, type Flow, runFlow } from './flow-runner';

const RATE = 3200;
const DETECTOR = { id: 'detector', type: 'sag-swell-detector', nominal: 230, rvc: 0 };
const WIRES = [['events'], ['rms'], ['diagnostics'], ['answers']];

/** Tenths of a second of a supply whose voltage falls to 0.6 pu from 1 to 1.4 s and to 0.93 from 2 to 2.2 s. */
function frames(seconds = 3, start = 1e12) {
  const gain = (t: number) => (t > 1 && t < 1.4 ? 0.6 : t > 2 && t < 2.2 ? 0.93 : 1);
  const va = wave({ rate: RATE, seconds, frequency: 50, rms: 230, gain });
  return Array.from({ length: seconds * 10 }, (_, i) => ({
    kind: 'waveform',
    meter: 'm1',
    time: start + i * 100,
    rate: RATE,
    channels: { va: va.subarray(i * 320, (i + 1) * 320) },
  }));
}

describe('sag-swell-detector in Node-RED', function () {
  this.timeout(30_000);
  let userDir: string;
  let flow: Flow;

  beforeEach(async () => {
    userDir = mkdtempSync(join(tmpdir(), 'pq-flow-'));
    helper.settings({ userDir } as never);
  });
  afterEach(async () => {
    await endFlow();
    helper.settings({} as never);
    rmSync(userDir, { recursive: true, force: true });
  });

  async function start(settings: object = {}): Promise<void> {
    flow = await runFlow([
      { ...DETECTOR, ...settings, wires: WIRES },
      ...['events', 'rms', 'diagnostics', 'answers'].map((id) => ({ id, type: 'helper' })),
    ]);
  }

  const states = () =>
    flow.got('events').map(({ payload: { type, state, id, flags } }) => ({ type, state, id, flags }));

  /** The answer to a command. */
  async function ask(message: object): Promise<Record<string, unknown>> {
    const before = flow.got('answers').length;
    flow.send('detector', message);
    await until(() => flow.got('answers').length > before || flow.got('errors').length > 0, 'the answer');
    assert.deepEqual(
      flow.got('errors').map(({ error }) => error?.message),
      [],
    );
    return flow.got('answers')[before].payload;
  }

  it('reports an event once that is in progress while the node is redeployed', async () => {
    await start();
    const all = frames();
    for (const payload of all.slice(0, 13)) flow.send('detector', { payload });
    await until(() => flow.got('events').length === 1, 'the start');
    await flow.redeploy('detector', { maxCapture: 5 });
    for (const payload of all.slice(13)) flow.send('detector', { payload });
    await until(() => flow.got('events').length === 2, 'the end');
    const [begun, ended] = states();
    assert.equal(begun.state, 'start');
    assert.deepEqual(ended, { ...begun, state: 'end' });
    const { duration, extreme, capture } = flow.got('events')[1].payload as Record<string, never>;
    assert.ok(Math.abs(duration - 0.4) < 0.035 && Math.abs(extreme - 0.6) < 0.001);
    assert.ok((capture as { length: number }).length > 0.75 * RATE);
    assert.deepEqual(flow.got('errors'), []);
  });

  it('keeps what happened in a journal, and answers history, replay and export from it', async () => {
    await start();
    for (const payload of frames()) flow.send('detector', { payload });
    flow.send('detector', { command: 'flush' });
    await until(() => flow.got('events').length === 2, 'the sag');
    const id = flow.got('events')[1].payload.id as string;
    assert.deepEqual(readdirSync(join(userDir, 'power-quality', 'journal')), ['detector']);

    let events: Record<string, unknown>[] = [];
    await until(async () => {
      ({ events } = (await ask({ command: 'history', payload: { captures: true } })) as never);
      return events.length === 1;
    }, 'the event to be written');
    assert.equal(events[0].id, id);
    assert.ok((events[0].capture as { length: number }).length > 0.75 * RATE);

    const answer = await ask({ command: 'replay', payload: { sag: 0.94 }, topic: 'what if' });
    assert.deepEqual(answer.old, { types: { sag: 1 }, categories: { 'instantaneous sag': 1 } });
    assert.deepEqual(answer.new, { types: { sag: 2 }, categories: { 'instantaneous sag': 2 } });
    assert.equal(answer.exact, true);
    assert.equal(flow.got('answers').at(-1)?.topic, 'what if');

    const { cfg, dat, hdr, name } = await ask({ command: 'export', payload: { id, format: 'ASCII' } });
    assert.match(cfg as string, /^m1,power-quality,2013\r\n1,1A,0D\r\n/);
    assert.match(hdr as string, new RegExp(`^Event ${id}`));
    assert.ok(Buffer.isBuffer(dat) && /^m1_sag_2001/.test(name as string));
    const { cff } = await ask({ command: 'export', payload: { event: events[0], single: true } });
    assert.match(String(cff), /^--- file type: CFG ---/);

    // The journal outlives the node.
    await flow.redeploy('detector', { sag: 0.85 });
    const later = (await ask({ command: 'history', payload: {} })) as { events: object[]; more: boolean };
    assert.deepEqual([later.events.length, later.more], [1, false]);
  });

  it('watches 1,000 meters at once', async () => {
    await start({ journal: false });
    const gain = (t: number) => (t > 0.6 && t < 0.8 ? 0.7 : 1);
    const va = wave({ rate: 1600, seconds: 1.2, frequency: 50, rms: 230, gain });
    for (const [time, from, to] of [
      [1e12, 0, 1000],
      [1e12 + 625, 1000, 1920],
    ]) {
      for (let m = 0; m < 1000; m++) {
        const channels = { va: va.subarray(from, to) };
        flow.send('detector', { payload: { kind: 'waveform', meter: `m${m}`, time, rate: 1600, channels } });
      }
    }
    flow.send('detector', { command: 'flush' });
    await until(() => flow.got('events').length >= 2000, 'all events', 20_000);
    const ends = flow.got('events').filter(({ payload }) => payload.state === 'end');
    assert.equal(new Set(ends.map(({ payload }) => payload.meter)).size, 1000);
    for (const { payload } of ends) assert.ok(Math.abs((payload.extreme as number) - 0.7) < 0.001);
    assert.equal(flow.got('events').length, 2000);
  });

  it('judges readings of meters that give nothing else', async () => {
    await start({ phaseTolerance: 0 });
    for (const [i, va] of [230, 230, 180, 230].entries()) {
      flow.send('detector', {
        payload: { kind: 'reading', meter: 'r1', time: 1e12 + i * 10_000, values: { va }, quality: 'good' },
      });
    }
    await until(() => flow.got('events').length === 2, 'the sag');
    assert.deepEqual(flow.got('events')[1].payload.flags, ['resolution 10 s']);
  });

  it('runs the example flow of other thresholds: counts, and a COMTRADE file', async () => {
    const port = await freePort();
    const EXAMPLE = join(__dirname, '..', '..', 'examples', 'Other thresholds tried on the past.json');
    const nodes = (JSON.parse(readFileSync(EXAMPLE, 'utf8')) as { type: string; id: string }[])
      .filter(({ type }) => !['tab', 'comment', 'catch', 'inject', 'file', 'switch', 'change'].includes(type))
      .map((node) => {
        if (node.type === 'debug') return { id: node.id, type: 'helper' };
        // The sags come sooner here.
        const disturbances = [
          { type: 'sag', at: 1, duration: 0.3, residual: 0.85, phases: 'abc' },
          { type: 'sag', at: 2.5, duration: 0.4, residual: 0.93, phases: 'b' },
        ];
        if (node.type === 'meter-simulator') return { ...node, port, disturbances };
        if (node.type === 'modbus-link') return { ...node, port };
        return node.id === 'pj-detector'
          ? { ...node, wires: [['pj-events'], [], ['pj-diagnostics'], ['pj-answers']] }
          : node;
      });
    flow = await runFlow(nodes);
    const replay = async () => {
      const before = flow.got('pj-answers').length;
      flow.send('pj-detector', { command: 'replay', payload: { sag: 0.94 } });
      await until(() => flow.got('pj-answers').length > before, 'the answer');
      return flow.got('pj-answers')[before].payload as Record<string, { types: { sag?: number } }>;
    };
    await until(async () => (await replay()).new.types.sag === 2, 'both falls', 25_000);
    const answer = await replay();
    assert.equal(answer.old.types.sag, 1);
    assert.equal(answer.exact, true);
    assert.deepEqual(flow.got('errors'), []);
  });

  it('says what is wrong with a command', async () => {
    await start({ journal: false });
    for (const message of [
      { command: 'historie' },
      { command: 'history', payload: {} },
      { command: 'configure', payload: { rvc: 9 } },
      { command: 'export', payload: { kind: 'event' } },
      { payload: { kind: 'reading', meter: 'r1', time: 0, values: { va: 'x' }, quality: 'good' } },
    ]) {
      flow.send('detector', message);
    }
    await until(() => flow.got('errors').length === 5, 'the errors');
    const said = flow.got('errors').map(({ error }) => error?.message);
    for (const pattern of [
      /msg\.command: expected one of configure, flush, history, replay, export, stats, got "historie"/,
      /settings\.journal: expected a journal, and a user folder for it/,
      /payload\.rvc: expected a finite number \(pu\) from 0 to 0\.5, got 9/,
      /payload\.meter: expected text/,
      /payload\.values\.va: expected a finite number, got "x"/,
    ]) {
      assert.ok(
        said.some((text) => pattern.test(text ?? '')),
        `${pattern} in ${said.join('\n')}`,
      );
    }
  });
});
