import { registerNode } from '../../src/panel/register';
import { readPublisherSettings } from '../../src/publishing/publisher-settings';

registerNode('scada-publish', {
  color: '#f2d388',
  inputs: 1,
  outputs: ['receipts', 'diagnostics'],
  settings: {
    endpoint: { value: '', type: 'scada-endpoint', required: true },
    topic: { value: 'pq/{meter}/{kind}' },
    qos: { value: 1 },
    retain: { value: false },
    batch: { value: 100 },
    maxAge: { value: 30 },
    maxSize: { value: 500 },
    period: { value: 0 },
    deadband: { value: 0 },
    heartbeat: { value: 900 },
  },
  credentials: { key: { type: 'password' } },
  read: (settings) => readPublisherSettings(settings),
});
