import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import {
  hideSecrets,
  MqttTarget,
  publish,
  readEndpointSettings,
  readPublisherSettings,
  readTopicTemplate,
  topicOf,
} from '../../src/publishing';
import { parseRecord, type Reading, WaveformFrame } from '../../src/record';
import { cleanUpAfterEach } from '../clean-up';
import { until } from '../until';
import { startTestBroker } from './broker';

const READING: Reading = { kind: 'reading', meter: 'm1', time: 1, values: { va: 230 }, quality: 'good' };

const cleanUp = cleanUpAfterEach();

function connect(url: string, more: object = {}) {
  const said: string[] = [];
  const target = new MqttTarget(
    { url, ...more },
    { state: (s) => said.push(s), failed: (r) => said.push(`failed: ${r}`) },
  );
  cleanUp(() => target.close());
  return { target, said };
}

describe('publishing by MQTT', () => {
  it('delivers records as JSON at QoS 1, and gives a receipt with a stable id', async () => {
    const broker = await startTestBroker();
    cleanUp(broker.close);
    const { target } = connect(broker.url);
    const frame = WaveformFrame.from({
      kind: 'waveform',
      meter: 'm/1',
      time: 5,
      rate: 1000,
      channels: { va: [1, 2] },
    });
    const settings = readPublisherSettings({});
    const receipts = [
      await publish(READING, settings, target, 'broker'),
      await publish(frame, settings, target, 'broker'),
    ];
    for (const receipt of receipts) assert.equal(parseRecord(receipt).kind, 'receipt');
    assert.deepEqual(
      receipts.map(({ state, target: to, attempts }) => [state, to, attempts]),
      [
        ['delivered', 'broker', 1],
        ['delivered', 'broker', 1],
      ],
    );
    assert.equal((await publish(READING, settings, target, 'broker')).id, receipts[0].id);
    await until(() => broker.messages.length === 3, 'the messages');
    assert.deepEqual(
      broker.messages.map(({ topic, qos }) => [topic, qos]),
      [
        ['pq/m1/reading', 1],
        ['pq/m_1/waveform', 1],
        ['pq/m1/reading', 1],
      ],
    );
    assert.deepEqual(JSON.parse(broker.messages[0].payload), READING);
    assert.deepEqual(JSON.parse(broker.messages[1].payload), frame.toJSON());
  });

  it('keeps what is published while the broker is away, and delivers it in order when it is back', async () => {
    const first = await startTestBroker();
    const { port } = first;
    const { target, said } = connect(first.url);
    await target.publish('t', 'before', 1);
    await first.close();
    await until(
      () => said[said.length - 1] === 'disconnected' || said.some((s) => s.startsWith('failed')),
      'the loss',
    );
    const waiting = Array.from({ length: 20 }, (_, i) => target.publish('t', String(i), 1));
    assert.equal(target.pending, 20);
    const second = await startTestBroker(port);
    cleanUp(second.close);
    await Promise.all(waiting);
    assert.deepEqual(
      second.messages.map(({ payload }) => payload),
      Array.from({ length: 20 }, (_, i) => String(i)),
    );
    assert.equal(target.pending, 0);
  });

  it('refuses more than it can hold, counts it, and gives up with an error when it is closed', async () => {
    const { target } = connect('mqtt://127.0.0.1:1');
    const results = Array.from({ length: 10_010 }, () =>
      target.publish('t', 'x', 1).then(
        () => 'sent',
        (e: Error) => e.message,
      ),
    );
    assert.equal(target.pending, 10_000);
    assert.equal(target.counters.refused, 10);
    await target.close();
    const said = await Promise.all(results);
    assert.equal(said.filter((s) => /closed before the broker acknowledged/.test(s)).length, 10_000);
    await assert.rejects(target.publish('t', 'x', 1), /the connection is closed/);
  });

  it('leaves no socket behind, also when it is closed while it connects', async () => {
    const sockets = new Set<Socket>();
    const mute = createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => {});
      socket.resume();
    });
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', () => resolve()));
    cleanUp(() => new Promise<void>((resolve) => mute.close(() => resolve())));
    const { target } = connect(`mqtt://127.0.0.1:${(mute.address() as { port: number }).port}`);
    await until(() => sockets.size === 1, 'the connection');
    await target.close();
    await until(() => sockets.size === 0, 'its end');
  });

  it('says why it cannot connect, once, and never a secret', async () => {
    const broker = await startTestBroker(0, { username: 'u', password: 'right-secret' });
    cleanUp(broker.close);
    const { said } = connect(broker.url, { username: 'u', password: 'wrong-secret' });
    await until(() => said.some((s) => s.startsWith('failed')), 'the refusal');
    assert.match(said.find((s) => s.startsWith('failed')) as string, /[Nn]ot authorized|Bad user/);
    assert.ok(!said.join().includes('secret'));
    assert.equal(
      hideSecrets('mqtt://u:p@host failed with p4ss', ['p4ss']),
      'mqtt://***@host failed with ***',
    );
  });
});

describe('topics and endpoints', () => {
  it('fills a template, a field to a level', () => {
    assert.equal(
      topicOf('pq/{meter}/{kind}/{type}', { meter: 'a/b+c#$\n', kind: 'event', type: 'sag' }),
      'pq/a_b_c___/event/sag',
    );
    assert.equal(topicOf('pq/{type}', {}), 'pq/none');
  });

  it('refuses templates that no broker would take', () => {
    for (const bad of ['pq/#', 'a/+/b', '$SYS/x', 'pq/{password}', '']) {
      assert.throws(() => readTopicTemplate(bad, 'settings.topic'), /^settings\.topic: /);
    }
    assert.throws(() => readPublisherSettings({ qos: 3 }), /settings\.qos: expected one of 0, 1, 2, got 3/);
  });

  it('takes MQTT addresses, and never one with a password in it', () => {
    assert.equal(readEndpointSettings({ url: 'mqtts://broker.example:8883' }).protocol, 'mqtt');
    for (const url of ['', 'http://x', 'mqtt://', 'rubbish']) {
      assert.throws(() => readEndpointSettings({ url }), /settings\.url: expected an address such as mqtt:/);
    }
    assert.throws(
      () => readEndpointSettings({ url: 'mqtt://user:s3cret@host' }),
      (e: Error) => /without user and password/.test(e.message) && !e.message.includes('s3cret'),
    );
  });
});
