import { registerNode } from '../../src/panel/register';
import { exampleOf, readEndpointSettings } from '../../src/publishing/endpoint';

/** Fields that only some protocols have. */
const FIELDS: Record<string, string[]> = {
  token: ['http', 'influxdb', 'prometheus'],
  mqttVersion: ['mqtt'],
  clientId: ['mqtt', 'sparkplug'],
  keepalive: ['mqtt', 'sparkplug'],
  statusTopic: ['mqtt'],
  userProperties: ['mqtt'],
  group: ['sparkplug'],
  edgeNode: ['sparkplug'],
  gzip: ['http'],
  influxVersion: ['influxdb'],
  org: ['influxdb'],
  bucket: ['influxdb'],
  database: ['influxdb'],
  retention: ['influxdb'],
  mode: ['prometheus'],
  exchange: ['amqp'],
  queue: ['amqp'],
  virtualHost: ['stomp'],
  captures: ['mqtt', 'http', 'amqp', 'stomp'],
  timeout: ['http', 'influxdb', 'prometheus'],
};

registerNode('scada-endpoint', {
  settings: {
    protocol: { value: 'mqtt' },
    url: { value: 'mqtt://127.0.0.1:1883', required: true },
    tls: { value: '', type: 'tls-config', required: false },
    mqttVersion: { value: 4 },
    clientId: { value: '' },
    keepalive: { value: 30 },
    statusTopic: { value: '' },
    userProperties: { value: '' },
    group: { value: 'power-quality' },
    edgeNode: { value: 'gateway' },
    gzip: { value: true },
    influxVersion: { value: 2 },
    org: { value: '' },
    bucket: { value: '' },
    database: { value: '' },
    retention: { value: '' },
    mode: { value: 'scrape' },
    exchange: { value: 'amq.topic' },
    queue: { value: '' },
    virtualHost: { value: '/' },
    captures: { value: 'base64' },
    timeout: { value: 10 },
  },
  credentials: { username: { type: 'text' }, password: { type: 'password' }, token: { type: 'password' } },
  read: (settings) => readEndpointSettings(settings),
  open() {
    const [protocol, version] = ['protocol', 'influxVersion'].map((name) => $(`#node-config-input-${name}`));
    const show = () => {
      const chosen = String(protocol.val());
      for (const [name, protocols] of Object.entries(FIELDS)) {
        $(`#scada-endpoint-row-${name}`).toggle(protocols.includes(chosen));
      }
      if (chosen === 'influxdb') {
        const first = version.val() === '1';
        for (const name of ['database', 'retention']) $(`#scada-endpoint-row-${name}`).toggle(first);
        for (const name of ['org', 'bucket', 'token']) $(`#scada-endpoint-row-${name}`).toggle(!first);
      }
      $('#node-config-input-url').attr('placeholder', exampleOf(chosen));
      // What a field must be depends on the protocol: they are judged anew.
      for (const name of ['url', 'database', 'org', 'bucket'])
        $(`#node-config-input-${name}`).trigger('change');
    };
    protocol.on('change', show);
    version.on('change', show);
    show();
  },
});
