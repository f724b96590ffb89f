import assert from 'node:assert/strict';
import {
  PROTOCOLS,
  publicAddresses,
  readEndpointSettings,
  readPublisherSettings,
  readTopicTemplate,
  reasonOf,
  topicOf,
} from '../../src/publishing';

describe('settings of publishing', () => {
  it('fills a topic, a field to a level', () => {
    assert.equal(
      topicOf('pq/{meter}/{kind}/{type}', { meter: 'a/b+c#$\n', kind: 'event', type: 'sag' }),
      'pq/a_b_c___/event/sag',
    );
    assert.equal(topicOf('pq/{type}', {}), 'pq/none');
  });

  it('refuses topics that no broker would take, and settings out of range', () => {
    for (const bad of ['pq/#', 'a/+/b', '$SYS/x', 'pq/{password}', '']) {
      assert.throws(() => readTopicTemplate(bad, 'settings.topic'), /^settings\.topic: /);
    }
    const bad: [object, RegExp][] = [
      [{ qos: 3 }, /settings\.qos: expected one of 0, 1, 2, got 3/],
      [{ maxAge: 0 }, /settings\.maxAge: .*days.* above 0/],
      [{ maxSize: 'much' }, /settings\.maxSize: expected a number \(MB\)/],
      [{ batch: 0 }, /settings\.batch/],
      [{ batch: 1.5 }, /settings\.batch/],
      [{ deadband: -1 }, /settings\.deadband/],
      [{ retain: 'yes' }, /settings\.retain/],
    ];
    for (const [settings, message] of bad) assert.throws(() => readPublisherSettings(settings), message);
    assert.deepEqual(readPublisherSettings({}), {
      topic: 'pq/{meter}/{kind}',
      qos: 1,
      retain: false,
      maxAge: 30 * 86_400_000,
      maxBytes: 500e6,
      batch: 100,
      period: 0,
      deadband: 0,
      heartbeat: 900,
    });
  });

  it('takes the addresses of each protocol, and never one with a password in it', () => {
    const good: [string, string, string][] = [
      ['mqtt', 'mqtts://broker.example:8883', 'mqtts://broker.example:8883'],
      ['sparkplug', 'mqtt://127.0.0.1', 'mqtt://127.0.0.1'],
      ['http', 'https://scada.example', 'https://scada.example/api/v1/ingest'],
      ['http', 'https://scada.example/other', 'https://scada.example/other'],
      ['prometheus', 'http://127.0.0.1:9464', 'http://127.0.0.1:9464/metrics'],
      ['amqp', 'amqps://rabbit.example/grid', 'amqps://rabbit.example/grid'],
      ['stomp', 'stomp://127.0.0.1:61613', 'stomp://127.0.0.1:61613'],
    ];
    for (const [protocol, url, read] of good) assert.equal(readEndpointSettings({ protocol, url }).url, read);
    for (const protocol of PROTOCOLS) {
      for (const url of ['', 'ftp://x', 'mqtt://', 'rubbish']) {
        assert.throws(
          () => readEndpointSettings({ protocol, url, database: 'd', org: 'o', bucket: 'b' }),
          /settings\.url: expected an address such as/,
        );
      }
    }
    assert.throws(
      () => readEndpointSettings({ url: 'mqtt://user:s3cret@host' }),
      (e: Error) => /without user and password/.test(e.message) && !e.message.includes('s3cret'),
    );
  });

  it('names what is missing or cannot be', () => {
    const bad: [object, RegExp][] = [
      [{ protocol: 'carrier pigeon', url: 'x' }, /settings\.protocol: expected one of mqtt, sparkplug/],
      [{ protocol: 'influxdb', url: 'http://h:8086' }, /settings\.org/],
      [{ protocol: 'influxdb', url: 'http://h:8086', influxVersion: 1 }, /settings\.database/],
      [{ url: 'mqtt://h', mqttVersion: 3 }, /settings\.mqttVersion/],
      [{ url: 'mqtt://h', statusTopic: 'a/#' }, /settings\.statusTopic/],
      [{ url: 'mqtt://h', userProperties: '{' }, /settings\.userProperties: expected JSON such as/],
      [{ url: 'mqtt://h', userProperties: { a: 1 } }, /settings\.userProperties\.a/],
      [{ protocol: 'sparkplug', url: 'mqtt://h', group: 'a/b' }, /settings\.group: expected a name without/],
      [{ url: 'mqtt://h', captures: 'json' }, /settings\.captures: expected one of base64, binary, numbers/],
      [{ url: 'mqtt://h', timeout: 0 }, /settings\.timeout/],
      [
        { url: 'mqtt://h', tls: 'some-node' },
        /settings\.url: expected an address with TLS \(mqtts:\/\/ or wss:/,
      ],
    ];
    for (const [settings, message] of bad) assert.throws(() => readEndpointSettings(settings), message);
  });

  it('knows a public address from one of a site', async () => {
    const names: Record<string, string[]> = { 'scada.example': ['93.184.216.34', '10.0.0.1'] };
    const of = (url: string) => publicAddresses(url, async (host) => names[host] ?? []);
    for (const host of [
      '127.0.0.1',
      '10.1.2.3',
      '172.16.0.1',
      '172.31.9.9',
      '192.168.1.1',
      '100.64.0.1',
      '[::1]',
      '[fd00::1]',
      '[fe80::1]',
    ]) {
      assert.deepEqual(await of(`http://${host}:80`), [], host);
    }
    assert.deepEqual(await of('http://172.32.0.1'), ['172.32.0.1']);
    assert.deepEqual(await of('mqtt://[2001:db8::1]:1883'), ['2001:db8::1']);
    assert.deepEqual(await of('mqtt://scada.example'), ['93.184.216.34']);
    assert.deepEqual(await of('mqtt://unknown.example'), []);
  });

  it('says what an error means', () => {
    const coded = (code: string, message: string) => reasonOf(Object.assign(new Error(message), { code }));
    assert.match(
      coded('CERT_HAS_EXPIRED', 'certificate has expired'),
      /certificate of the server has expired/,
    );
    assert.match(coded('ERR_TLS_CERT_ALTNAME_INVALID', 'x'), /for another host name/);
    assert.match(
      coded('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1'),
      /nobody listens there.*127\.0\.0\.1:1/,
    );
    assert.equal(reasonOf(undefined), 'unknown error');
  });
});
