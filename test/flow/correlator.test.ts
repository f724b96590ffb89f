import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import helper from 'node-red-node-test-helper';
import { PhaseCorrelator, readCorrelatorSettings } from '../../src/phasing';
import type { PhaseMap } from '../../src/record';
import { randoms } from '../power/tones';
import { until } from '../until';
import { endFlow, type Flow, runFlow } from './flow-runner';

const DAY = 86_400_000;
const START = 1_700_006_400_000;
const INTERVALS = 288;

interface Table {
  references: { meter: string; transformer: string; phase: string }[];
  meters: { meter: string; transformer: string; phase: string }[];
}

/** So many transformers with three references and some customers each; every tenth record is wrong. */
function tables(transformers: number, customers: number): Table {
  const all = (count: number, prefix: string) =>
    Array.from({ length: transformers }, (_, t) =>
      Array.from({ length: count }, (_, k) => {
        const wrong = prefix === 'M' && k % 10 === 9;
        return { meter: `${prefix}${t}-${k}`, transformer: `T${t}`, phase: 'abc'[(k + (wrong ? 1 : 0)) % 3] };
      }),
    ).flat();
  return { references: all(3, 'R'), meters: all(customers, 'M') };
}

/** Readings of one slot of all meters. */
function* slots({ references, meters }: Table, count = INTERVALS): Generator<object[]> {
  const random = randoms(3);
  const level = new Map<string, number>();
  for (let slot = 0; slot < count; slot++) {
    for (const { transformer, phase } of references) {
      const key = transformer + phase;
      level.set(key, 0.95 * (level.get(key) ?? 0) + 2 * (random() - 0.5));
    }
    yield [...references, ...meters].map(({ meter, transformer }) => {
      const phase = 'abc'[Number(meter.split('-')[1]) % 3];
      const va = 230 + (level.get(transformer + phase) ?? 0) + 0.6 * (random() - 0.5);
      return { kind: 'reading', meter, time: START + slot * 300_000, values: { va }, quality: 'good' };
    });
  }
}

describe('phase-correlator in Node-RED', function () {
  this.timeout(60_000);
  let flow: Flow;

  afterEach(endFlow);

  const start = async (settings: object): Promise<void> => {
    flow = await runFlow([
      {
        id: 'correlator',
        type: 'phase-correlator',
        days: 1,
        schedule: '',
        ...settings,
        wires: [['map'], ['diagnostics']],
      },
      { id: 'map', type: 'helper' },
      { id: 'diagnostics', type: 'helper' },
    ]);
  };
  const maps = () => flow.got('map').map(({ payload }) => payload as unknown as PhaseMap);

  it('runs in worker threads: the result of one thread byte for byte, the event loop free meanwhile', async () => {
    const table = tables(60, 30);
    await start(table);
    const alone = new PhaseCorrelator(readCorrelatorSettings({ days: 1, ...table }));
    for (const payload of slots(table)) {
      flow.send('correlator', { payload });
      for (const reading of payload) alone.push(reading as never, Date.now());
    }
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    flow.send('correlator', { command: 'run' });
    await until(() => maps().length === 1, 'the map', 30_000);
    delay.disable();
    const expected = alone.run(Date.now());
    assert.equal(JSON.stringify(maps()[0]), JSON.stringify(expected.map));
    assert.equal(maps()[0].run.meters, 1800);
    assert.equal(maps()[0].run.excluded, 0);
    const [{ payload }] = flow.got('diagnostics');
    assert.equal(payload.code, 'PHASE_RECORD');
    assert.equal((payload.detail as { count: number }).count, 180);

    const message = flow.got('map')[0] as unknown as { results: string; changes: string };
    assert.deepEqual(JSON.parse(message.results), JSON.parse(JSON.stringify(maps()[0])));
    const changes = message.changes.split('\r\n');
    assert.equal(changes[0], 'meter,transformer,recorded,phase,score,margin,confidence,grade,reason');
    assert.equal(changes.length, 182);
    assert.match(
      changes[1],
      /^M\d+-\d9?,T\d+,[abc],[abc],0\.\d{3},0\.\d{3},1\.0000,match,differs from the recorded phase$/,
    );
    // Counted, not asserted as a time: machines differ.
    console.log(
      `      longest wait of the event loop in a run of 1,800 meters: ${(delay.max / 1e6).toFixed(0)} ms`,
    );
  });

  it('sends corrections in the format that is set, and says how many it cannot express', async () => {
    const table = tables(1, 20);
    const [place] = table.meters.splice(9, 1);
    await start({
      ...table,
      changes: 'geojson',
      meters: [...table.meters, { ...place, longitude: 13.4, latitude: 52.5 }],
    });
    for (const payload of slots({ ...table, meters: [...table.meters, place] }))
      flow.send('correlator', { payload });
    flow.send('correlator', { command: 'run' });
    await until(() => maps().length === 1, 'the map', 30_000);
    const { changes, changesLeftOut } = flow.got('map')[0] as unknown as {
      changes: string;
      changesLeftOut: number;
    };
    const { features } = JSON.parse(changes) as { features: { id: string; geometry: object | null }[] };
    assert.deepEqual(features.map(({ id, geometry }) => [id, geometry]).sort(), [
      ['M0-19', null],
      ['M0-9', { type: 'Point', coordinates: [13.4, 52.5] }],
    ]);
    assert.equal(changesLeftOut, 0);
  });

  it('compares the transformers that are named, and those restored a day ago by itself', async () => {
    const table = tables(3, 12);
    await start(table);
    const all = [...slots(table, INTERVALS + 24)];
    for (const payload of all.slice(0, 20)) flow.send('correlator', { payload });
    const outage = {
      kind: 'event',
      meter: 'M1-4',
      type: 'interruption',
      phases: ['a'],
      cycles: 500,
      reference: 230,
    };
    const event = {
      ...outage,
      ...{
        time: START + 3_000_000,
        id: 'x',
        duration: 600,
        extreme: 0,
        depth: 1,
        perPhase: {},
        category: {},
        flags: [],
      },
    };
    flow.send('correlator', { payload: { ...event, state: 'start' } });
    flow.send('correlator', { payload: { ...event, state: 'end' } });
    for (const payload of all.slice(20)) flow.send('correlator', { payload });
    await until(() => maps().length === 1, 'the delta run', 20_000);
    const transformers = (map: PhaseMap) => [
      ...new Set(map.assignments.map(({ transformer }) => transformer)),
    ];
    assert.deepEqual(transformers(maps()[0]), ['T1']);
    flow.send('correlator', { command: 'run', payload: { transformers: ['T0', 'T2'] } });
    await until(() => maps().length === 2, 'the run of two', 20_000);
    assert.deepEqual(transformers(maps()[1]), ['T0', 'T2']);
    assert.deepEqual(flow.got('errors'), []);
  });

  it('takes the word of a crew, and records of a GIS, and keeps what was said over a deploy', async () => {
    const userDir = mkdtempSync(join(tmpdir(), 'pq-flow-crew-'));
    helper.settings({ userDir } as never);
    const table = tables(1, 12);
    const now = Date.now();
    const shift = now - (now % 300_000) - START - INTERVALS * 300_000;
    const send = (count: number, from = 0) => {
      for (const payload of [...slots(table, count)].slice(from)) {
        const moved = (payload as { time: number }[]).map((one) => ({ ...one, time: one.time + shift }));
        flow.send('correlator', { payload: moved });
      }
    };
    await start(table);
    send(INTERVALS - 1);
    flow.send('correlator', { command: 'run' });
    await until(() => maps().length === 1, 'the map', 20_000);
    const wrong = maps()[0].assignments.find(({ agrees }) => agrees === false);
    assert.equal(wrong?.meter, 'M0-9');
    const said = (code: string) => flow.got('diagnostics').filter(({ payload }) => payload.code === code);
    flow.send('correlator', { command: 'reject', payload: { meter: 'M0-9', by: 'crew 7', why: 'seen' } });
    await until(() => said('PHASE_DECISION').length === 1, 'the answer');
    flow.send('correlator', { command: 'accept', payload: { meter: 'M0-9' } });
    await until(() => flow.got('errors').length === 1, 'the refusal');
    assert.match(String(flow.got('errors')[0].error?.message), /^payload\.by: /);
    await flow.redeploy('correlator', { match: 0.84 });
    send(INTERVALS, INTERVALS - 1);
    flow.send('correlator', { command: 'records', payload: [{ meter: 'M0-3', phase: 'b' }] });
    await until(() => said('RECORDS_TAKEN').length === 1, 'the records');
    flow.send('correlator', { command: 'run' });
    await until(() => maps().length === 2, 'the map after the deploy', 20_000);
    const standing = (meter: string) => maps()[1].assignments.find((one) => one.meter === meter);
    assert.equal(standing('M0-9')?.decided?.by, 'crew 7');
    assert.deepEqual([standing('M0-9')?.grade, standing('M0-9')?.runs], ['suspect', 2]);
    assert.deepEqual([standing('M0-3')?.recorded, standing('M0-3')?.agrees], ['b', false]);
    const { changes } = flow.got('map')[1] as unknown as { changes: string };
    assert.ok(changes.includes('M0-3') && !changes.includes('M0-9'), changes);
    flow.send('correlator', { command: 'history' });
    await until(() => said('PHASE_RUNS').length === 1, 'the runs');
    assert.equal((said('PHASE_RUNS')[0].payload.detail as { runs: object[] }).runs.length, 2);
    await endFlow();
    helper.settings({} as never);
    rmSync(userDir, { recursive: true, force: true });
    await runFlow([]);
  });

  it('runs by its schedule, one run at a time, and leaves nothing behind when it is closed in one', async () => {
    const table = tables(40, 30);
    await start({ ...table, schedule: '* * * * * *' });
    for (const payload of slots(table)) flow.send('correlator', { payload });
    await until(() => maps().length >= 2, 'two runs by the schedule', 30_000);
    flow.send('correlator', { command: 'run' });
    flow.send('correlator', { command: 'run' });
    const messages = () => flow.got('errors').map(({ error }) => error?.message ?? '');
    // One at least: a run of the schedule may be under way as well.
    await until(() => messages().length > 0, 'the refusal');
    flow.send('correlator', { command: 'fly' });
    await until(() => messages().some((message) => message.includes('fly')), 'the error');
    for (const message of messages()) {
      assert.match(
        message,
        /^msg\.command: expected (no run under way, got "run"|one of run, reset, import, cancel, plot, stats, records, accept, reject, history, got "fly")$/,
      );
    }
  });

  it('reads a file, and gives the plot of a transformer', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pq-flow-import-'));
    try {
      const table = tables(2, 9);
      await start({ ...table, folder });
      const file = join(folder, 'series.csv');
      const lines = [...slots(table)].flatMap((readings) =>
        (readings as { meter: string; time: number; values: { va: number } }[]).map(
          ({ meter, time, values }) => `${new Date(time).toISOString()},${meter},${values.va}`,
        ),
      );
      writeFileSync(file, ['time,meter,va', ...lines].join('\n'));
      flow.send('correlator', { command: 'import', payload: { file } });
      flow.send('correlator', { command: 'import', payload: { file: join(folder, 'nothing.csv') } });
      await until(() => flow.got('errors').length === 1, 'the error');
      assert.match(flow.got('errors')[0].error?.message ?? '', /ENOENT/);
      flow.send('correlator', { command: 'run' });
      await until(() => maps().length === 1, 'the map', 20_000);
      assert.deepEqual([maps()[0].run.match, maps()[0].run.meters], [18, 18]);
      flow.send('correlator', { command: 'plot', payload: { transformer: 'T1' } });
      await until(() => flow.got('map').length === 2, 'the plot');
      const { payload, topic } = flow.got('map')[1];
      assert.equal(topic, 'T1');
      assert.equal((payload.points as unknown[]).length, 9);
      flow.send('correlator', { command: 'plot', payload: { transformer: 'T9' } });
      await until(() => flow.got('errors').length === 2, 'the error');
      assert.equal(
        flow.got('errors')[1].error?.message,
        'payload.transformer: expected a transformer with meters, got "T9"',
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('imports from its folder alone, can be stopped, and answers meanwhile', async () => {
    const around = mkdtempSync(join(tmpdir(), 'pq-flow-import-'));
    const folder = join(around, 'import');
    mkdirSync(folder);
    try {
      await start({ ...tables(1, 6), folder });
      writeFileSync(join(around, 'outside.csv'), 'time,m\n');
      symlinkSync('/etc/passwd', join(folder, 'link.csv'));
      const outside = ['/etc/passwd', '/dev/zero', '../outside.csv', 'link.csv', folder];
      for (const file of outside) flow.send('correlator', { command: 'import', payload: { file } });
      await until(() => flow.got('errors').length === outside.length, 'the refusals');
      for (const { error } of flow.got('errors')) {
        assert.match(String(error?.message), /^payload\.file: expected a file/);
        assert.ok(!String(error?.message).includes('root:'));
      }
      // A large one, in a thread: other commands are answered, and it can be given up.
      const row = (n: number) => `${new Date(1.7e12 + n * 1000).toISOString()},${'230.5,'.repeat(199)}230.5`;
      const head = `time,${Array.from({ length: 200 }, (_, m) => `m${m}`).join(',')}`;
      writeFileSync(
        join(folder, 'large.csv'),
        [head, ...Array.from({ length: 40_000 }, (_, n) => row(n))].join('\n'),
      );
      flow.send('correlator', { command: 'import', payload: { file: 'large.csv' } });
      flow.send('correlator', { command: 'stats' });
      await until(() => flow.got('diagnostics').length === 1, 'an answer');
      assert.equal(flow.got('diagnostics')[0].payload.code, 'STAGE_STATISTICS');
      flow.send('correlator', { command: 'cancel' });
      await until(() => flow.got('errors').length === outside.length + 1, 'the end of the import');
      assert.match(String(flow.got('errors').at(-1)?.error?.message), /the import was cancelled/);
    } finally {
      rmSync(around, { recursive: true, force: true });
    }
  });

  it('goes on with its window after a redeploy, and without it where it is not to be kept', async () => {
    const userDir = mkdtempSync(join(tmpdir(), 'pq-flow-series-'));
    helper.settings({ userDir } as never);
    try {
      const table = tables(1, 6);
      const now = Date.now();
      const shift = now - (now % 300_000) - START - INTERVALS * 300_000;
      await start(table);
      for (const payload of slots(table)) {
        const moved = (payload as { time: number }[]).map((one) => ({ ...one, time: one.time + shift }));
        flow.send('correlator', { payload: moved });
      }
      await flow.redeploy('correlator', { days: 1, low: 0.5 });
      flow.send('correlator', { command: 'run' });
      await until(() => maps().length === 1, 'the map', 20_000);
      assert.equal(maps()[0].run.match, 6);
      await flow.redeploy('correlator', { keep: false });
      flow.send('correlator', { command: 'run' });
      await until(() => maps().length === 2, 'the empty map', 20_000);
      assert.equal(maps()[1].run.excluded, 6);
      assert.deepEqual(flow.got('errors'), []);
    } finally {
      await endFlow();
      helper.settings({} as never);
      rmSync(userDir, { recursive: true, force: true });
      await runFlow([]);
    }
  });

  it('gives the same bytes with one worker, two and five', async () => {
    const table = tables(25, 24);
    const built = join(__dirname, '..', '..', 'dist', 'src', 'phasing');
    const engine: typeof import('../../src/phasing') = require(built);
    const correlator = new engine.PhaseCorrelator(engine.readCorrelatorSettings({ days: 1, ...table }));
    for (const readings of slots(table))
      for (const one of readings) correlator.push(one as never, Date.now());
    const results: string[] = [];
    for (const size of [1, 2, 5]) {
      const seen: number[] = [];
      const pool = new engine.WorkerPool((done) => seen.push(done), size);
      results.push(JSON.stringify(await correlator.runWith(pool, 0)));
      assert.equal(seen[seen.length - 1], 25);
    }
    assert.ok(results.every((one) => one === results[0]));
    assert.equal(results[0], JSON.stringify(correlator.run(0)));
    // What comes during a run waits for its end, and changes nothing in it.
    const during = correlator.runWith(new engine.WorkerPool(), 0);
    await assert.rejects(correlator.runWith(new engine.WorkerPool(), 0), /a run is under way/);
    for (let slot = 0; slot < 40; slot++) {
      const time = START + (INTERVALS + slot) * 300_000;
      correlator.push({ kind: 'reading', meter: 'M0-1', time, values: { va: 500 }, quality: 'good' }, time);
    }
    assert.equal(JSON.stringify(await during), results[0]);
    const then = correlator.run(0).map;
    assert.equal(then.time, START + (INTERVALS + 39) * 300_000);
    // Stopped in the middle it says so, and leaves no thread behind.
    const pool = new engine.WorkerPool(() => void pool.stop(), 2);
    await assert.rejects(correlator.runWith(pool, 0), /the run was stopped/);
    await endFlow();
    await runFlow([]);
  });

  it('runs the example flow: every fault of the simulated customers is named', async () => {
    const path = join(__dirname, '..', '..', 'examples', 'Phases of simulated customers.json');
    const nodes = (JSON.parse(readFileSync(path, 'utf8')) as { type: string; id: string }[])
      .filter(({ type }) => !['tab', 'comment', 'inject'].includes(type))
      .map((node) => (node.type === 'debug' ? { id: node.id, type: 'helper' } : node));
    flow = await runFlow(nodes);
    flow.send('ph-week', {});
    await until(() => flow.got('ph-map').length === 1, 'the map', 30_000);
    await until(() => flow.got('ph-diagnostics').length === 4, 'the diagnostics');
    const found = flow
      .got('ph-diagnostics')
      .map(({ payload: { code, detail } }) => [
        code,
        (detail as { meters: { meter: string }[] }).meters.map(({ meter }) => meter.slice(-2)).join(' '),
      ]);
    assert.deepEqual(found.sort(), [
      ['CLOCK_OFFSET', '06'],
      ['PHASE_MOVED', '08'],
      ['PHASE_RECORD', '03 08 18'],
      ['VOLTAGE_OFFSET', '12'],
    ]);
    const { run } = flow.got('ph-map')[0].payload as unknown as PhaseMap;
    assert.deepEqual([run.match, run.excluded], [23, 1]);
    assert.equal(
      (flow.got('ph-changes')[0] as unknown as { changes: string }).changes.split('\r\n').length,
      5,
    );
    assert.deepEqual(flow.got('errors'), []);
  });

  it('names a schedule that cannot be', () => {
    assert.throws(
      () => readCorrelatorSettings({ schedule: 'on mondays' }),
      /settings\.schedule: expected a cron expression \(minute hour day month weekday\), e\.g\. "0 3 \* \* 1", or nothing, got "on mondays"/,
    );
    assert.equal(readCorrelatorSettings({}).schedule, '0 3 * * 1');
    assert.ok(START % DAY === 0);
  });
});
