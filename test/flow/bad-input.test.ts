import assert from 'node:assert/strict';
import { freePort } from '../free-port';
import { startTestBroker, type TestBroker } from '../publishing/broker';
import { until } from '../until';
import { endFlow, type Flow, runFlow } from './flow-runner';

const RATE = 3200;

/** Two seconds of 230 V and 5 A with a sag, as plain arrays. */
function waveform(change: object = {}) {
  const sine = (rms: number, gain: (t: number) => number) =>
    Array.from(
      { length: 2 * RATE },
      (_, n) => gain(n / RATE) * rms * Math.SQRT2 * Math.sin((2 * Math.PI * 50 * n) / RATE),
    );
  const sag = (t: number) => (t > 1 && t < 1.2 ? 0.5 : 1);
  return {
    kind: 'waveform',
    meter: 'm1',
    time: 1000,
    rate: RATE,
    channels: { va: sine(230, sag), ia: sine(5, () => 1) },
    ...change,
  };
}

const READING = { kind: 'reading', meter: 'm1', time: 1e12, values: { va: 230 }, quality: 'good' };

const BAD_PAYLOADS: [string, unknown, RegExp][] = [
  ['nothing', undefined, /^payload: expected an object, got nothing/],
  ['text', 'hello', /^payload: expected an object, got "hello"/],
  [
    'an unknown kind',
    { kind: 'banana' },
    /^payload\.kind: expected one of waveform, reading, .*, got "banana"/,
  ],
  ['no kind', {}, /^payload\.kind: .* got nothing/],
];
const BAD_WAVEFORMS: [string, unknown, RegExp][] = [
  [
    'channels of unequal length',
    waveform({ channels: { va: [1, 2], ia: [1] } }),
    /^payload\.channels\.ia: expected 2 samples as in va, got 1/,
  ],
  [
    'NaN',
    waveform({ channels: { va: [1, Number.NaN], ia: [1, 2] } }),
    /^payload\.channels\.va\[1\]: expected a finite number, got NaN/,
  ],
  ['rate 0', waveform({ rate: 0 }), /^payload\.rate: expected a finite number \(Hz\) above 0/],
  ['no meter', waveform({ meter: '' }), /^payload\.meter: expected text/],
  ['no voltage', waveform({ channels: { ic: [1] } }), /^payload\.channels: expected /],
];
const BAD_READINGS: [string, unknown, RegExp][] = [
  [
    'a value that is NaN',
    { ...READING, values: { va: Number.NaN } },
    /^payload\.values\.va: expected a finite number, got NaN/,
  ],
  [
    'an unknown quantity',
    { ...READING, values: { volts: 1 } },
    /^payload\.values\.volts: expected a known name/,
  ],
  ['a time that is text', { ...READING, time: 'now' }, /^payload\.time: /],
];

let broker: TestBroker;
before(async () => {
  broker = await startTestBroker();
});
after(() => broker.close());
afterEach(endFlow);

/** Sends each bad message, then a good one: an error that names the field each, and the good one works. */
async function check(
  flow: Flow,
  node: string,
  bad: [string, object, RegExp][],
  good: () => Promise<void>,
): Promise<void> {
  for (const [what, msg, message] of bad) {
    const before = flow.got('errors').length;
    flow.send(node, msg);
    await until(() => flow.got('errors').length > before, `the error for ${what}`);
    const { error } = flow.got('errors')[before];
    assert.match(error?.message ?? '', message, what);
    assert.equal(error?.source.id, node);
  }
  assert.equal(flow.got('out').length, 0, 'nothing is sent for bad input');
  await good();
  assert.equal(flow.got('errors').length, bad.length);
}

const asMessages = (bad: [string, unknown, RegExp][]) =>
  bad.map(([what, payload, message]): [string, object, RegExp] => [what, { payload }, message]);

describe('bad input reaches a Catch node by name, and the next good message works', () => {
  it('sag-swell-detector', async () => {
    const flow = await runFlow([
      { id: 'node', type: 'sag-swell-detector', nominal: 230, wires: [['out'], [], []] },
      { id: 'out', type: 'helper' },
    ]);
    const bad = [
      ...asMessages([...BAD_PAYLOADS, ...BAD_WAVEFORMS]),
      [
        'an unknown command',
        { command: 'explode' },
        /^msg\.command: expected one of configure, flush, history, replay, export, stats, got "explode"/,
      ],
      [
        'a threshold that cannot be',
        { command: 'configure', payload: { sag: 7 } },
        /^payload\.sag: .* got 7/,
      ],
    ] as [string, object, RegExp][];
    await check(flow, 'node', bad, async () => {
      // A record that is not for this node is passed over without an error.
      flow.send('node', { payload: READING });
      flow.send('node', { payload: waveform() });
      flow.send('node', { command: 'flush' });
      await until(() => flow.got('out').length === 2, 'start and end of the sag');
      const { payload, topic } = flow.got('out')[1];
      assert.deepEqual([payload.kind, payload.type, payload.state, topic], ['event', 'sag', 'end', 'm1']);
    });
  });

  it('var-calculator', async () => {
    const flow = await runFlow([
      { id: 'node', type: 'var-calculator', wires: [['out'], []] },
      { id: 'out', type: 'helper' },
    ]);
    await check(flow, 'node', asMessages([...BAD_PAYLOADS, ...BAD_WAVEFORMS]), async () => {
      flow.send('node', { payload: READING });
      flow.send('node', { payload: waveform() });
      await until(() => flow.got('out').length >= 8, 'power records');
    });
  });

  it('phase-correlator', async () => {
    const references = ['a', 'b', 'c'].map((phase) => ({ meter: `R${phase}`, transformer: 'T1', phase }));
    const flow = await runFlow([
      { id: 'node', type: 'phase-correlator', interval: 300, days: 0.25, references, wires: [['out'], []] },
      { id: 'out', type: 'helper' },
    ]);
    const bad = [
      ...asMessages([...BAD_PAYLOADS, ...BAD_READINGS]),
      [
        'a bad reading in an array',
        { payload: [READING, { ...READING, quality: 'so-so' }] },
        /^payload\[1\]\.quality: expected one of good/,
      ],
      [
        'an unknown command',
        { command: 'guess' },
        /^msg\.command: expected one of run, reset, import, cancel, plot, stats, records, accept, reject, history, got "guess"/,
      ],
    ] as [string, object, RegExp][];
    await check(flow, 'node', bad, async () => {
      const at = (meter: string, slot: number, va: number) => ({
        ...READING,
        meter,
        time: 3e5 * slot,
        values: { va },
      });
      const turns = { Ra: 0, Rb: 1, Rc: 2, m1: 0 };
      const readings = Object.entries(turns).flatMap(([meter, turn]) =>
        Array.from({ length: 72 }, (_, i) => at(meter, 100 + i, 230 + ((i * i + 5 * turn) % 11))),
      );
      flow.send('node', { payload: readings });
      flow.send('node', { command: 'run' });
      await until(() => flow.got('out').length === 1, 'the phase map');
      const [assignment] = flow.got('out')[0].payload.assignments as {
        meter: string;
        phase: string;
        grade: string;
      }[];
      // The bad array left nothing behind: m1 is heard now for the first time, whole.
      assert.deepEqual([assignment.meter, assignment.phase, assignment.grade], ['m1', 'a', 'match']);
    });
  });

  it('scada-publish', async () => {
    const flow = await runFlow([
      { id: 'endpoint', type: 'scada-endpoint', name: 'broker', protocol: 'mqtt', url: broker.url },
      {
        id: 'node',
        type: 'scada-publish',
        endpoint: 'endpoint',
        topic: 'pq/{meter}/{kind}',
        qos: 1,
        wires: [['out']],
      },
      { id: 'out', type: 'helper' },
    ]);
    const bad = asMessages([...BAD_PAYLOADS, ...BAD_WAVEFORMS.slice(0, 4), ...BAD_READINGS]);
    await check(flow, 'node', bad, async () => {
      flow.send('node', { payload: READING });
      await until(() => flow.got('out').length === 1, 'the receipt');
      assert.deepEqual(
        [flow.got('out')[0].payload.state, flow.got('out')[0].payload.target],
        ['delivered', 'broker'],
      );
    });
  });

  it('meter-poll', async () => {
    const port = await freePort();
    const flow = await runFlow([
      { id: 'sim', type: 'meter-simulator', port, meters: 1 },
      { id: 'fleet', type: 'meter-fleet', meters: [{ id: 'm1', host: '127.0.0.1', port, unit: 1 }] },
      {
        id: 'node',
        type: 'meter-poll',
        fleet: 'fleet',
        interval: 3600,
        waveformInterval: 0,
        wires: [['all'], [], []],
      },
      { id: 'all', type: 'helper' },
      { id: 'out', type: 'helper' },
    ]);
    await until(() => flow.got('all').length > 0, 'the first reading');
    const bad: [string, object, RegExp][] = [
      [
        'no command',
        { payload: '' },
        /^msg\.command: expected one of poll, write, clear-buffer, capture, stats, got nothing/,
      ],
      ['an unknown command', { command: 'dance' }, /^msg\.command: .* got "dance"/],
      [
        'an unknown meter',
        { command: 'poll', meter: 'm2' },
        /^msg\.meter: expected a meter of the fleet \(m1\), got "m2"/,
      ],
      [
        'a write without a meter',
        { command: 'write', payload: { V_SAG_VAL: 85 } },
        /^msg\.meter: expected text/,
      ],
      [
        'a write of nothing',
        { command: 'write', meter: 'm1', payload: {} },
        /^payload: expected registers to write/,
      ],
      [
        'a register that is not writable',
        { command: 'write', meter: 'm1', payload: { V_SAG_VAL: 85, EVENT_COUNT: 0 } },
        /^payload\.EVENT_COUNT: expected a writable register of generic-pq \(V_SAG_VAL, V_SWELL_VAL/,
      ],
      [
        'a value that is no whole number',
        { command: 'write', meter: 'm1', payload: { V_SAG_VAL: 'low' } },
        /^payload\.V_SAG_VAL: expected a whole number/,
      ],
      ['a meter that is no name', { command: 'poll', meter: 5 }, /^msg\.meter: expected text/],
      [
        'a capture of nothing that can be counted',
        { command: 'capture', meter: 'm1', payload: 'all' },
        /^msg\.payload: expected a whole number/,
      ],
      [
        'captures without end',
        { command: 'capture', meter: 'm1', payload: 1000 },
        /^msg\.payload: .* 1 to 20/,
      ],
    ];
    await check(flow, 'node', bad, async () => {
      const before = flow.got('all').length;
      flow.send('node', { command: 'poll', meter: 'm1' });
      await until(() => flow.got('all').length > before, 'the reading asked for');
    });
  });

  it('settings that cannot be: the node says so to every message, and does not bring Node-RED down', async () => {
    const flow = await runFlow([
      { id: 'detector', type: 'sag-swell-detector', sag: 'low' },
      { id: 'calculator', type: 'var-calculator', ct: -1 },
      { id: 'correlator', type: 'phase-correlator', interval: 0 },
      { id: 'endpoint', type: 'scada-endpoint', url: 'http://nowhere' },
      { id: 'publish', type: 'scada-publish', endpoint: 'endpoint' },
      { id: 'fleet', type: 'meter-fleet', meters: [{ id: 'm1', unit: 999, host: 'x' }] },
      { id: 'poll', type: 'meter-poll', fleet: 'fleet' },
      { id: 'orphan', type: 'meter-poll', fleet: 'gone' },
      { id: 'sim', type: 'meter-simulator', recording: '/nowhere/x.cfg' },
      { id: 'link', type: 'modbus-link', transport: 'smoke' },
    ]);
    const expected: Record<string, RegExp> = {
      detector: /^settings\.sag: /,
      calculator: /^settings\.ct: /,
      correlator: /^settings\.interval: /,
      publish: /^settings\.endpoint: /,
      poll: /^settings\.fleet: /,
      orphan: /^settings\.fleet: /,
    };
    for (const [id, message] of Object.entries(expected)) {
      flow.send(id, { payload: waveform(), command: undefined });
      await until(
        () => flow.got('errors').some(({ error }) => error?.source.id === id),
        `the error of ${id}`,
      );
      const told = flow.got('errors').filter(({ error }) => error?.source.id === id);
      assert.match(told[told.length - 1].error?.message ?? '', message);
    }
  });
});
