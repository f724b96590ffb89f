import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RATE, sagRecord } from '../comtrade/sag-record';
import { cfg } from '../comtrade/writer';
import { until } from '../until';
import { endFlow, type Flow, runFlow } from './flow-runner';

const START = Date.UTC(1999, 1, 1, 12, 0, 0, 500);

const FLOW = [
  { id: 'file', type: 'pq-file', nominal: 230, wires: [['detector', 'calculator', 'all'], ['said']] },
  { id: 'detector', type: 'sag-swell-detector', rvc: 0, wires: [['events'], [], [], []] },
  { id: 'calculator', type: 'var-calculator', wires: [['powers'], []] },
  ...['all', 'said', 'events', 'powers'].map((id) => ({ id, type: 'helper' })),
];

const kinds = (flow: Flow, id: string) => flow.got(id).map(({ payload }) => payload.kind);
const summaries = (flow: Flow) => flow.got('said').filter(({ payload }) => payload.kind === 'summary');
const diagnostics = (flow: Flow) => flow.got('said').filter(({ payload }) => payload.kind === 'diagnostic');
const statusOf = (flow: Flow, id = 'file') => {
  const { status } = flow.node(id) as unknown as { status: { args: { fill: string; text: string }[][] } };
  return status.args.map(([given]) => given);
};

describe('pq-file', function () {
  this.timeout(30_000);
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pq-file-'));
    const { cfg: header, dat } = sagRecord();
    await writeFile(join(folder, 'a.cfg'), header);
    await writeFile(join(folder, 'a.DAT'), dat);
  });
  afterEach(async () => {
    await endFlow();
    await rm(folder, { recursive: true, force: true });
  });

  /** What a file makes of detector and calculator: one sag at its own time, and powers of 5 A at 0.5 rad. */
  const holdsTheSag = (flow: Flow, meter = 'Station Device') => {
    const ends = flow.got('events').filter(({ payload }) => payload.state === 'end');
    assert.equal(ends.length, 1);
    const [{ payload: event }] = ends as unknown as { payload: Record<string, number & string> }[];
    assert.equal(event.meter, meter);
    assert.equal(event.type, 'sag');
    assert.ok(Math.abs(event.extreme - 0.6) < 0.005, String(event.extreme));
    assert.ok(Math.abs(event.time - (START + 990)) <= 20, String(event.time - START));
    assert.ok(Math.abs(event.duration - 0.2) < 0.035, String(event.duration));
    const [{ payload: power }] = flow.got('powers') as unknown as {
      payload: { total: { p: number; q: number } };
    }[];
    const s = 3 * 230 * 5;
    assert.ok(Math.abs(power.total.p - s * Math.cos(0.5)) < 0.01 * s, String(power.total.p));
    assert.ok(Math.abs(power.total.q - s * Math.sin(0.5)) < 0.01 * s, String(power.total.q));
  };

  it('reads the file that a message names, at its own time, and then says what it held', async () => {
    const flow = await runFlow(FLOW);
    flow.send('file', { filename: join(folder, 'a.cfg') });
    await until(() => summaries(flow).length === 1, 'the summary');
    holdsTheSag(flow);
    const [{ payload }] = summaries(flow) as unknown as { payload: Record<string, never> }[];
    assert.deepEqual(
      [payload.format, payload.file, payload.station, payload.start, payload.time],
      ['COMTRADE 1999 BINARY', 'a.cfg', 'Station', '01/02/1999 12:00:00.500000', START],
    );
    const [meter] = payload.meters as { channels: object; nominal: number; confidence: number }[];
    assert.deepEqual(meter.channels, { va: 4, vb: 5, vc: 6, ia: 1, ib: 2, ic: 3 });
    assert.equal(meter.nominal, 230);
    assert.deepEqual(payload.sent, { waveforms: 10, readings: 0, refused: 0 });
    assert.deepEqual(kinds(flow, 'all'), Array(10).fill('waveform'));
    assert.equal((flow.got('all')[9].payload as { last?: boolean }).last, true);
    assert.deepEqual(diagnostics(flow), []);
  });

  it('reads Buffers, and the file of the panel on any message', async () => {
    const { cfg: header, dat } = sagRecord();
    const flow = await runFlow([
      { ...FLOW[0], filename: join(folder, 'a.cfg'), meter: 'feeder 7' },
      ...FLOW.slice(1),
    ]);
    flow.send('file', { payload: { cfg: header, dat } });
    await until(() => summaries(flow).length === 1, 'the parts');
    holdsTheSag(flow, 'feeder 7');
    const cff = Buffer.concat([
      Buffer.from('--- file type: CFG ---\r\n'),
      header,
      Buffer.from(`--- file type: DAT BINARY: ${dat.length} ---\r\n`),
      dat,
    ]);
    flow.send('file', { payload: cff, filename: 'one.cff' });
    await until(() => summaries(flow).length === 2, 'the single file');
    assert.equal(summaries(flow)[1].payload.file, 'one.cff');
    flow.send('file', { payload: Date.now() });
    await until(() => summaries(flow).length === 3, 'the file of the panel');
    assert.equal(flow.got('events').filter(({ payload }) => payload.state === 'end').length, 3);
  });

  it('says loudly what it cannot read: error, red status, diagnostic, no summary', async () => {
    const { dat } = sagRecord();
    await writeFile(join(folder, 'text.cfg'), 'hello');
    await writeFile(join(folder, 'text.dat'), 'hello');
    await writeFile(
      join(folder, 'slow.cfg'),
      cfg(
        {
          rates: [[150, 9]],
          analog: ['1,UA,A,,V,1,0,0,-9,9,1,1,P', '2,UB,B,,V,1,0,0,-9,9,1,1,P', '3,UC,C,,V,1,0,0,-9,9,1,1,P'],
        },
        9,
      ),
    );
    await writeFile(
      join(folder, 'slow.dat'),
      Array.from(
        { length: 9 },
        (_, n) =>
          `${n + 1},${n * 6667},${[0, 1, 2].map((p) => Math.round(99 * Math.cos(2 * n + 2 * p))).join(',')}`,
      ).join('\n'),
    );
    await writeFile(join(folder, 'alone.cfg'), sagRecord().cfg);
    const flow = await runFlow(FLOW);
    const refuse = async (msg: object, message: RegExp, code: string) => {
      const before = [flow.got('errors').length, diagnostics(flow).length];
      flow.send('file', msg);
      await until(
        () => flow.got('errors').length > before[0] && diagnostics(flow).length > before[1],
        String(message),
      );
      assert.match(flow.got('errors').slice(-1)[0].error?.message ?? '', message);
      const [last] = diagnostics(flow).slice(-1);
      assert.equal(last.payload.code, 'FILE_REFUSED');
      assert.equal((last.payload.detail as { code: string }).code, code);
      assert.equal(statusOf(flow).slice(-1)[0].fill, 'red');
    };
    await refuse({ filename: join(folder, 'none.cfg') }, /ENOENT.*none\.cfg/, 'NO_FILE');
    await refuse({ filename: join(folder, 'alone.cfg') }, /ENOENT.*alone\.dat/, 'PART_MISSING');
    await refuse({ filename: join(folder, 'text.cfg') }, /text\.cfg, line /, 'FORMAT');
    await refuse({ filename: join(folder, 'slow.cfg') }, /150 Hz is 3\.1 samples a cycle/, 'NO_WAVEFORM');
    await refuse({ filename: '/etc/passwd' }, /passwd: a COMTRADE record is named by/, 'NO_RECORD');
    await refuse({ payload: dat }, /payload\.cff, byte/, 'FORMAT');
    await refuse({ filename: 5 }, /^msg\.filename: expected text/, 'FILE_UNREADABLE');
    await refuse({ payload: { cfg: dat } }, /^payload\.dat: expected a Buffer/, 'FILE_UNREADABLE');
    assert.deepEqual(summaries(flow), []);
    flow.send('file', { filename: join(folder, 'a.cfg') });
    await until(() => summaries(flow).length === 1, 'the next good file');
    holdsTheSag(flow);
  });

  it('says what the nodes behind it refused', async () => {
    const flow = await runFlow([
      { ...FLOW[0], wires: [['picky'], ['said']] },
      {
        id: 'picky',
        type: 'function',
        func: 'if (msg.payload.last) throw new Error("not this one");',
        wires: [[]],
      },
      ...FLOW.slice(3),
    ]);
    flow.send('file', { filename: join(folder, 'a.cfg') });
    await until(() => diagnostics(flow).length === 1, 'the diagnostic');
    assert.equal(diagnostics(flow)[0].payload.code, 'FRAMES_REFUSED');
    assert.match(
      String(diagnostics(flow)[0].payload.text),
      /a\.cfg: 1 records were refused: .*not this one \(1\)/,
    );
    assert.deepEqual((summaries(flow)[0].payload as { sent?: object }).sent, {
      waveforms: 10,
      readings: 0,
      refused: 1,
    });
    assert.deepEqual([statusOf(flow).slice(-1)[0].fill], ['red']);
  });

  it('sends no faster than its readers follow', async () => {
    const flow = await runFlow([
      { ...FLOW[0], wires: [['slow'], ['said']] },
      {
        id: 'slow',
        type: 'function',
        // Counts messages that were begun and are not done.
        func: `const now = (context.get('now') || 0) + 1;
          context.set('now', now);
          context.set('most', Math.max(now, context.get('most') || 0));
          setTimeout(() => { context.set('now', context.get('now') - 1); node.send({ payload: { most: context.get('most') } }); node.done(); }, 40);`,
        finalize: '',
        wires: [['all']],
      },
      ...FLOW.slice(3),
    ]);
    flow.send('file', { filename: join(folder, 'a.cfg') });
    await until(() => summaries(flow).length === 1, 'the summary');
    assert.equal(flow.got('all').length, 10);
    const most = Math.max(...flow.got('all').map(({ payload }) => payload.most as number));
    assert.ok(most >= 2 && most <= 6, `${most} at once`);
  });

  it('stops in the middle of a file when it is told to, and when it is closed', async () => {
    const slow = {
      id: 'slow',
      type: 'function',
      func: 'setTimeout(() => { node.send(msg); node.done(); }, 100);',
      wires: [['all']],
    };
    const long = sagRecord({ count: 8 * RATE });
    await writeFile(join(folder, 'long.cfg'), long.cfg);
    await writeFile(join(folder, 'long.dat'), long.dat);
    const flow = await runFlow([{ ...FLOW[0], wires: [['slow'], ['said']] }, slow, ...FLOW.slice(3)]);
    flow.send('file', { filename: join(folder, 'long.cfg') });
    await until(() => flow.got('all').length >= 2, 'the first frames');
    flow.send('file', { command: 'cancel' });
    await until(() => summaries(flow).length === 1, 'the end');
    const { doubts, sent } = summaries(flow)[0].payload as unknown as {
      doubts: { code: string }[];
      sent: { waveforms: number };
    };
    assert.ok(doubts.some(({ code }) => code === 'CANCELLED'));
    assert.ok(sent.waveforms < 40, String(sent.waveforms));
    flow.send('file', { filename: join(folder, 'long.cfg') });
    await until(() => flow.got('all').length > sent.waveforms, 'frames of the next file');
    await flow.remove('file');
  });

  it('reads each new record of a folder once, when it is complete', async () => {
    const watched = join(folder, 'in');
    await mkdir(watched);
    await copyFile(join(folder, 'a.cfg'), join(watched, 'first.cfg'));
    await copyFile(join(folder, 'a.DAT'), join(watched, 'first.dat'));
    const flow = await runFlow([{ ...FLOW[0], watch: watched }, ...FLOW.slice(1)]);
    await until(() => summaries(flow).length === 1, 'the record that was there');
    // Half of the data now, the other half later.
    const half = sagRecord({ count: RATE, promised: 2 * RATE });
    await writeFile(join(watched, 'second.cfg'), half.cfg);
    await writeFile(join(watched, 'second.dat'), half.dat);
    await new Promise((resolve) => setTimeout(resolve, 5000));
    assert.equal(summaries(flow).length, 1, 'a record that is not complete yet');
    await writeFile(join(watched, 'second.dat'), sagRecord().dat);
    await until(() => summaries(flow).length === 2, 'the second record', 15_000);
    assert.deepEqual(
      summaries(flow).map(({ payload }) => [payload.file, payload.samples]),
      [
        ['first.cfg', 2 * RATE],
        ['second.cfg', 2 * RATE],
      ],
    );
    await new Promise((resolve) => setTimeout(resolve, 4500));
    assert.equal(summaries(flow).length, 2);
    assert.deepEqual(flow.got('errors'), []);
  });
});
