import assert from 'node:assert/strict';
import { get } from 'sparkplug-payload';
import type { UPayload } from 'sparkplug-payload/lib/sparkplugbpayload';
import { cleanUpAfterEach } from '../clean-up';
import { until } from '../until';
import { type Received, startTestBroker } from './broker';
import { openPublisher } from './helpers';
import { reading, sag } from './records';

const cleanUp = cleanUpAfterEach();
/** The payload as others read and write it. */
const spb = get('spBv1.0');
if (!spb) throw new Error('sparkplug-payload has no spBv1.0');
const decode = ({ payload }: Received) => spb.decodePayload(payload) as UPayload;
const longs = (value: unknown) => Number(value);
const typeOf = ({ topic }: Received) => topic.split('/')[2];
const deviceOf = ({ topic }: Received) => topic.split('/')[4];

const GROUP = 'grid';
const NODE = 'gateway';
const topic = (type: string, device?: string) =>
  ['spBv1.0', GROUP, type, NODE, ...(device ? [device] : [])].join('/');

async function edge() {
  const broker = await startTestBroker();
  cleanUp(broker.close);
  const setup = { endpoint: { protocol: 'sparkplug', url: broker.url, group: GROUP, edgeNode: NODE } };
  const made = await openPublisher(cleanUp, setup);
  await until(() => broker.messages.length > 0, 'the birth');
  return { broker, ...made };
}

const rebirth = () =>
  Buffer.from(
    spb.encodePayload({
      timestamp: Date.now(),
      metrics: [{ name: 'Node Control/Rebirth', type: 'Boolean', value: true }],
    } as UPayload),
  );

/**
 * Statements of the Eclipse Sparkplug Specification 3.0.0 that concern an edge node, by their numbers, each with what
 * shows it. Not met: devices and metrics that appear in a session are born in it (DBIRTH), not before all data of it
 * (payloads-dbirth-order): a meter is not known before its first reading. Against a SHOULD NOT, data says its type
 * (payloads-metric-datatype-not-req): without it sparkplug-payload gives null for every value.
 */
describe('Sparkplug B', function () {
  this.timeout(30_000);

  it('CONNECT: tck-id-payloads-ndeath-will-message, -qos, -retain, -seq, -bdseq, principles-persistence-clean-session-311, message-flow-edge-node-ncmd-subscribe', async () => {
    const { broker } = await edge();
    const [{ clean, will }] = broker.connections;
    assert.equal(clean, true);
    assert.equal(will?.topic, topic('NDEATH'));
    assert.deepEqual([will?.qos, will?.retain], [1, false]);
    const death = decode({ ...(will as Received), payload: Buffer.from((will as Received).payload) });
    assert.deepEqual(
      death.metrics?.map(({ name, type, value }) => [name, type, longs(value)]),
      [['bdSeq', 'UInt64', 0]],
    );
    assert.ok(death.seq === undefined || death.seq === null || longs(death.seq) === 0);
    assert.deepEqual(
      broker.subscriptions.slice(0, 2).map(({ topic: of, qos }) => [of, qos]),
      [
        [topic('NCMD'), 1],
        [topic('DCMD', '+'), 1],
      ],
    );
  });

  it('NBIRTH: tck-id-payloads-nbirth-timestamp, -seq, -bdseq, -bdseq-repeat, -rebirth-req, -qos, -retain, payloads-sequence-num-zero-nbirth, data-commands-rebirth-name, -datatype, -value', async () => {
    const before = Date.now();
    const { broker } = await edge();
    const [birth] = broker.messages;
    assert.equal(birth.topic, topic('NBIRTH'));
    assert.deepEqual([birth.qos, birth.retain], [0, false]);
    const { timestamp, seq, metrics } = decode(birth);
    assert.ok(longs(timestamp) >= before && longs(timestamp) <= Date.now());
    assert.equal(longs(seq), 0);
    assert.deepEqual(
      metrics?.map(({ name, type, value }) => [name, type, type === 'Boolean' ? value : longs(value)]),
      [
        ['bdSeq', 'UInt64', 0],
        ['Node Control/Rebirth', 'Boolean', false],
      ],
    );
  });

  it('DBIRTH before DDATA: tck-id-payloads-dbirth-timestamp, -seq, -seq-inc, -qos, -retain, data-publish-dbirth, -dbirth-values, payloads-metric-datatype-req, payloads-alias-uniqueness, -alias-birth-requirement; DDATA: payloads-ddata-timestamp, -seq, -seq-inc, -order, -qos, -retain, payloads-alias-data-cmd-requirement, payloads-metric-timestamp-in-UTC', async () => {
    const { broker, publisher } = await edge();
    for (let n = 0; n < 20; n++) await publisher.accept(reading(n, n % 2 ? 'meter/1' : 'm2'));
    await publisher.accept(sag(5, 'm2', 50));
    await until(() => publisher.queued === 0, 'the records');
    const names = new Map<number, string>();
    const born = new Set<string>();
    const values: Record<string, unknown[]> = {};
    let expected = 0;
    for (const message of broker.messages) {
      const { timestamp, seq, metrics = [] } = decode(message);
      assert.deepEqual([message.qos, message.retain], [0, false]);
      assert.equal(longs(seq), expected, 'one greater than the one before');
      expected = (expected + 1) % 256;
      assert.ok(longs(timestamp) > 0);
      const device = deviceOf(message);
      for (const metric of metrics ?? []) {
        const { name, alias, type, value, timestamp: at } = metric;
        if (typeOf(message) === 'DBIRTH') {
          assert.ok(name && type, 'a birth has names and types');
          const known = names.get(longs(alias));
          assert.ok(known === undefined || known === `${device} ${name}`, 'an alias is of one metric');
          names.set(longs(alias), `${device} ${name}`);
          assert.ok(value !== undefined || metric.isNull || name === 'event/samples');
        }
        if (typeOf(message) === 'DDATA') {
          assert.ok(born.has(device), 'born before it has data');
          assert.ok(!name, 'data has aliases only');
          const [of, field] = (names.get(longs(alias)) as string).split(' ');
          assert.equal(of, device);
          const key = `${of} ${field}`;
          values[key] ??= [];
          values[key].push(field === 'va' ? [longs(at) - 1.7e12, value] : value);
        }
      }
      if (typeOf(message) === 'DBIRTH') born.add(device);
    }
    assert.deepEqual([...born].sort(), ['m2', 'meter_1']);
    for (const [device, odd] of [
      ['m2', 0],
      ['meter_1', 1],
    ] as const) {
      const own = Array.from({ length: 10 }, (_, i) => 2 * i + odd);
      assert.deepEqual(
        values[`${device} va`],
        own.map((n) => [n, reading(n).values.va]),
      );
    }
    assert.deepEqual(values['m2 event/extreme'], [0.41]);
    assert.deepEqual(values['m2 event/type'], ['sag']);
    const [bytes] = values['m2 event/samples'] as Uint8Array[];
    assert.equal(Buffer.from(bytes).toString('latin1', 0, 4), 'PQC1');
  });

  it('the sequence goes from 255 to 0: tck-id-payloads-ddata-seq-inc', async () => {
    const { broker, publisher } = await edge();
    for (let n = 0; n < 300; n++) await publisher.accept(reading(n));
    await until(() => publisher.queued === 0, 'the records');
    const seqs = broker.messages.map((message) => longs(decode(message).seq));
    assert.deepEqual(
      seqs,
      seqs.map((_, i) => i % 256),
    );
    assert.ok(seqs.length > 300);
  });

  it('a rebirth on command: tck-id-operational-behavior-data-commands-rebirth-action-1, -2, -3', async () => {
    const { broker, publisher } = await edge();
    for (let n = 0; n < 6; n++) await publisher.accept(reading(n, `m${n % 3}`));
    await until(() => publisher.queued === 0, 'the records');
    const before = broker.messages.length;
    broker.publish(topic('NCMD'), Buffer.from('rubbish'));
    broker.publish(topic('NCMD'), rebirth());
    const since = () => broker.messages.slice(before).filter((message) => typeOf(message) !== 'NCMD');
    await until(() => since().length === 4, 'the births');
    assert.deepEqual(
      since().map((message) => [typeOf(message), deviceOf(message), longs(decode(message).seq)]),
      [
        ['NBIRTH', undefined, 0],
        ['DBIRTH', 'm0', 1],
        ['DBIRTH', 'm1', 2],
        ['DBIRTH', 'm2', 3],
      ],
    );
    const bdSeq = decode(since()[0]).metrics?.find(({ name }) => name === 'bdSeq')?.value;
    assert.equal(longs(bdSeq), 0, 'the same as in the will');
    const values = decode(since()[1]).metrics?.find(({ name }) => name === 'va')?.value;
    assert.equal(values, reading(3).values.va, 'the current value');
    await publisher.accept(reading(9, 'm1'));
    await until(() => since().length === 5, 'the next value');
    assert.deepEqual([typeOf(since()[4]), longs(decode(since()[4]).seq)], ['DDATA', 4]);
  });

  it('a new connection: bdSeq counts on, births come first, what waited is historical, nothing is lost; a lost line leaves the death to the broker', async () => {
    const { broker, publisher, said } = await edge();
    await publisher.accept(reading(0));
    await until(() => publisher.queued === 0, 'the record');
    const before = broker.messages.length;
    broker.cut();
    await until(() => said.includes('disconnected'), 'the loss');
    for (let n = 1; n <= 5; n++) await publisher.accept(reading(n));
    await until(() => publisher.queued === 0, 'the rest');
    const after = broker.messages.slice(before);
    assert.deepEqual(after.slice(0, 3).map(typeOf), ['NDEATH', 'NBIRTH', 'DBIRTH']);
    const bdSeqOf = (message: Received) =>
      longs(decode(message).metrics?.find(({ name }) => !name || name === 'bdSeq')?.value);
    assert.equal(bdSeqOf(after[0]), 0);
    assert.equal(bdSeqOf(after[1]), 1);
    const data = after.filter((message) => typeOf(message) === 'DDATA');
    assert.equal(data.length, 5);
    for (const message of data) {
      for (const metric of decode(message).metrics ?? []) assert.equal(metric.isHistorical, true);
    }
    await publisher.accept(reading(9));
    await until(() => publisher.queued === 0, 'a fresh one');
    const fresh = decode(broker.messages.at(-1) as Received).metrics ?? [];
    assert.ok(fresh.every(({ isHistorical }) => !isHistorical));
  });

  it('an end in order leaves no DISCONNECT, so that the death is told: tck-id-operational-behavior-edge-node-intentional-disconnect-packet', async () => {
    const { broker, target, close } = await edge();
    await close();
    await target.close();
    await until(() => broker.messages.some((message) => typeOf(message) === 'NDEATH'), 'the death');
  });

  it('a meter that does not answer has died: tck-id-operational-behavior-device-ddeath; it is born again with its next reading', async () => {
    const { broker, publisher } = await edge();
    await publisher.accept(reading(0));
    await publisher.accept({
      kind: 'diagnostic',
      meter: 'm1',
      time: 1.7e12 + 1,
      code: 'TIMEOUT_ERROR',
      severity: 'error',
      text: 'the meter does not answer',
      hint: 'Check the firewall.',
      detail: {},
    });
    await publisher.accept(reading(2));
    await until(() => publisher.queued === 0, 'the records');
    const types = broker.messages.map(typeOf);
    const death = types.indexOf('DDEATH');
    assert.ok(death > 0);
    assert.deepEqual(types.slice(death), ['DDEATH', 'DBIRTH', 'DDATA']);
  });
});
