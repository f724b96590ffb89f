import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../free-port';
import { startTestBroker } from '../publishing/broker';
import { itWith } from '../shared-data';
import { until } from '../until';
import { endFlow, type Message, runFlow } from './flow-runner';

const EXAMPLE = join(__dirname, '..', '..', 'examples', 'Sags from simulated meters to MQTT.json');

afterEach(endFlow);

interface Event {
  meter: string;
  type: string;
  state: string;
  phases: string[];
  extreme: number;
  duration: number;
  cycles: number;
  time: number;
  category: { ieee1159: string };
  flags: string[];
  within?: string;
  id: string;
}

const eventsOf = (messages: Message[], state = 'end') =>
  messages.map(({ payload }) => payload as unknown as Event).filter((event) => event.state === state);

/** Simulator -> meter-poll -> detector, over a real Modbus wire. */
async function playRecording(recording: string, nominal: number, settings: object = {}) {
  const port = await freePort();
  return await runFlow([
    { id: 'sim', type: 'meter-simulator', port, meters: 1, nominal, recording },
    {
      id: 'link',
      type: 'modbus-link',
      name: 'wire',
      transport: 'tcp',
      host: '127.0.0.1',
      port,
      timeout: 2000,
    },
    { id: 'fleet', type: 'meter-fleet', link: 'link', meters: [{ id: 'rec', unit: 1 }] },
    {
      id: 'poll',
      type: 'meter-poll',
      fleet: 'fleet',
      interval: 3600,
      waveformInterval: 0.1,
      wires: [['detector'], [], ['diagnostics']],
    },
    {
      id: 'detector',
      type: 'sag-swell-detector',
      nominal,
      ...settings,
      wires: [['events'], ['rms'], ['diagnostics']],
    },
    { id: 'events', type: 'helper' },
    { id: 'rms', type: 'helper' },
    { id: 'diagnostics', type: 'helper' },
  ]);
}

const ended = (diagnostics: Message[]) =>
  diagnostics.some(({ payload }) => payload.code === 'END_OF_WAVEFORM');

describe('the pipeline in Node-RED', function () {
  this.timeout(60_000);

  it('runs the example flow from end to end: sags of two meters, power and receipts at a real broker', async () => {
    const broker = await startTestBroker();
    const port = await freePort();
    const nodes = (JSON.parse(readFileSync(EXAMPLE, 'utf8')) as { type: string; id: string }[])
      .filter(({ type }) => !['tab', 'comment', 'catch'].includes(type))
      .map((node) => {
        switch (node.type) {
          case 'meter-simulator':
            return {
              ...node,
              port,
              stagger: 0.5,
              disturbances: [{ type: 'sag', at: 1, duration: 0.2, residual: 0.6, phases: 'abc', every: 2 }],
            };
          case 'modbus-link':
            return { ...node, port };
          case 'scada-endpoint':
            return { ...node, url: broker.url };
          case 'debug':
            return { id: node.id, type: 'helper' };
          default:
            return node;
        }
      });
    try {
      const flow = await runFlow(nodes);
      const records = () => broker.messages.map(({ payload }) => JSON.parse(String(payload)));
      const sags = (meter: string) =>
        records().filter((r) => r.kind === 'event' && r.state === 'end' && r.meter === meter);
      const got = () =>
        ['pq-power', 'pq-receipts', 'errors']
          .map(
            (id) =>
              `${id} ${flow.got(id).length}, last ${JSON.stringify(flow.got(id).at(-1))?.slice(0, 500)}`,
          )
          .join('; ');
      await until(
        () => sags('feeder-1').length > 0 && sags('feeder-2').length > 0,
        () => `a sag of each meter; the broker has ${broker.messages.length} messages, ${got()}`,
        30_000,
      );
      for (const meter of ['feeder-1', 'feeder-2']) {
        const [sag] = sags(meter);
        assert.equal(sag.type, 'sag');
        assert.deepEqual(sag.phases, ['a', 'b', 'c']);
        assert.ok(Math.abs(sag.extreme - 0.6) < 0.003, String(sag.extreme));
        assert.ok(sag.duration >= 0.2 && sag.duration < 0.24);
        assert.equal(sag.category.ieee1159, 'instantaneous sag');
        assert.ok(sag.capture.length > 0.55 * 3200);
        assert.equal(Buffer.from(sag.capture.channels.va, 'base64').length, 4 * sag.capture.length);
      }
      assert.ok(
        broker.messages.every(
          ({ topic, qos }) => /^pq\/feeder-[12]\/(event|diagnostic)$/.test(topic) && qos === 1,
        ),
      );
      await until(() => flow.got('pq-power').length > 3, 'power records');
      const { payload } = flow.got('pq-power')[3];
      const power = payload as unknown as { total: { p: number; q: number } };
      // 230 V, 5 A, 0.9 inductive, three phases; with what the harmonics carry.
      assert.ok(Math.abs(power.total.q - 3 * 1150 * Math.sin(Math.acos(0.9))) < 3, String(power.total.q));
      assert.ok(Math.abs(power.total.p - 3 * 1150 * 0.9) < 30, String(power.total.p));
      await until(() => flow.got('pq-receipts').length >= broker.messages.length - 1, 'the receipts');
      assert.deepEqual(flow.got('errors'), []);
    } finally {
      await endFlow();
      await broker.close();
    }
  });

  itWith(
    'recordings/f1_1b274run.cfg',
    'plays f1_1b274run through the wire: the sag of its README, at 60 Hz',
    async (path) => {
      const flow = await playRecording(path, 2401.8);
      await until(
        () => ended(flow.got('diagnostics')) && eventsOf(flow.got('events')).length > 0,
        'the end of the recording',
        40_000,
      );
      const [sag, ...more] = eventsOf(flow.got('events'));
      assert.deepEqual(more, []);
      assert.deepEqual([sag.type, sag.phases, sag.flags], ['sag', ['b'], ['end of data']]);
      assert.ok(Math.abs(sag.extreme - 0.381) < 0.005, String(sag.extreme));
      assert.ok(Math.abs(sag.cycles / sag.duration - 60) < 0.05);
      const { capture } = flow.got('events')[1].payload as unknown as {
        capture: { time: number; length: number; rate: number };
      };
      assert.deepEqual([capture.length, capture.rate], [40_001, 100_000]);
      // From the start of the recording to the end of the first Urms(1/2) below 0.9.
      const first = (sag.time - capture.time) / 1000 + 1 / 60;
      assert.ok(first >= 0.155 && first < 0.155 + 1 / 120, String(first));
      assert.deepEqual(flow.got('errors'), []);
    },
  );

  itWith(
    'recordings/substation-110kv.cfg',
    'plays substation-110kv through the wire: dips, interruption, rise to 1.4 pu, in order',
    async (path) => {
      const flow = await playRecording(path, 52_900, { sag: 0.85 });
      await until(() => ended(flow.got('diagnostics')), 'the end of the recording', 40_000);
      await until(
        () => eventsOf(flow.got('events')).length >= eventsOf(flow.got('events'), 'start').length,
        'the last event',
      );
      const events = eventsOf(flow.got('events')).sort((a, b) => a.time - b.time);
      const deep = events.filter(({ type }) => type === 'sag').slice(0, 5);
      [0.67, 0.64, 0.45, 0.23, 0.055].forEach((fact, i) => {
        assert.ok(Math.abs(deep[i].extreme - fact) < 0.01, `${deep[i].extreme} for ${fact}`);
      });
      const interruption = events.find(({ type }) => type === 'interruption');
      assert.equal(interruption?.within, deep[4].id);
      const later = events.slice(events.indexOf(deep[4]) + 1);
      const highest = Math.max(...later.filter(({ type }) => type === 'swell').map(({ extreme }) => extreme));
      assert.ok(Math.abs(highest - 1.4) < 0.005, String(highest));
      const lost = flow.got('diagnostics').filter(({ payload }) => payload.code === 'BUFFER_OVERFLOW');
      assert.deepEqual(lost, []);
      assert.deepEqual(flow.got('errors'), []);
    },
  );

  it('frees its ports when the flow is stopped', async () => {
    const port = await freePort();
    for (let round = 0; round < 3; round++) {
      const flow = await runFlow([
        { id: 'sim', type: 'meter-simulator', port, meters: 2 },
        {
          id: 'fleet',
          type: 'meter-fleet',
          meters: [1, 2].map((unit) => ({ id: `m${unit}`, host: '127.0.0.1', port, unit })),
        },
        {
          id: 'poll',
          type: 'meter-poll',
          fleet: 'fleet',
          interval: 0.2,
          waveformInterval: 0.1,
          wires: [['out'], [], []],
        },
        { id: 'out', type: 'helper' },
      ]);
      await until(() => flow.got('out').length > 4, 'records');
      assert.deepEqual(flow.got('errors'), []);
      await endFlow();
    }
    await runFlow([]);
  });
});
