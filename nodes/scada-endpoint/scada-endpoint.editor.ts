import { registerNode } from '../../src/panel/register';
import { testButton, testRow } from '../../src/panel/test-button';
import { exampleOf, PROTOCOLS, readEndpointSettings } from '../../src/publishing/endpoint';

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
  successStatus: ['http'],
  successText: ['http'],
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
};

registerNode('scada-endpoint', {
  settings: {
    protocol: { value: 'mqtt', icon: 'exchange', choices: PROTOCOLS },
    url: { value: 'mqtt://127.0.0.1:1883', required: true, icon: 'globe' },
    tls: { value: '', type: 'tls-config', required: false, icon: 'lock' },
    username: { credential: 'text', icon: 'user' },
    password: { credential: 'password', icon: 'key' },
    token: { credential: 'password', icon: 'ticket' },
    mqttVersion: { value: 4, icon: 'code-fork', choices: [4, 5] },
    clientId: { value: '', icon: 'id-badge' },
    keepalive: { value: 30, icon: 'heartbeat' },
    statusTopic: { value: '', icon: 'bell', placeholder: 'pq/gateway/status' },
    userProperties: { value: '', icon: 'tags', placeholder: '{"site": "north"}' },
    group: { value: 'power-quality', icon: 'sitemap' },
    edgeNode: { value: 'gateway', icon: 'microchip' },
    gzip: { value: true, icon: 'compress' },
    successStatus: { value: '', icon: 'check', placeholder: '200, 202' },
    successText: { value: '', icon: 'check-square-o', placeholder: '"accepted"' },
    influxVersion: { value: 2, icon: 'code-fork', choices: [2, 1] },
    org: { value: '', icon: 'building' },
    bucket: { value: '', icon: 'archive' },
    database: { value: '', icon: 'database' },
    retention: { value: '', icon: 'calendar' },
    mode: { value: 'scrape', icon: 'arrows-h', choices: ['scrape', 'remote-write'] },
    exchange: { value: 'amq.topic', icon: 'random' },
    queue: { value: '', icon: 'inbox' },
    virtualHost: { value: '/', icon: 'server' },
    captures: { value: 'base64', icon: 'area-chart', choices: ['base64', 'binary', 'numbers'] },
    timeout: { value: 10, icon: 'hourglass-half', below: testRow('scada-endpoint') },
  },
  sound: { org: 'org', bucket: 'bucket', database: 'database' },
  read: (settings) => readEndpointSettings(settings),
  open(node, form) {
    const show = () => {
      const { protocol, influxVersion } = form.values();
      for (const [name, protocols] of Object.entries(FIELDS)) {
        $(`#scada-endpoint-row-${name}`).toggle(protocols.includes(String(protocol)));
      }
      if (protocol === 'influxdb') {
        const first = influxVersion === '1';
        for (const name of ['database', 'retention']) $(`#scada-endpoint-row-${name}`).toggle(first);
        for (const name of ['org', 'bucket', 'token']) $(`#scada-endpoint-row-${name}`).toggle(!first);
      }
      $('#node-config-input-url').attr('placeholder', exampleOf(String(protocol)));
    };
    form.onChange(show);
    testButton('scada-endpoint', node, form);
  },
});
