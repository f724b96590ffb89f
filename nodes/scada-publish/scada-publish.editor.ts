import { registerNode } from '../../src/panel/register';
import { readPublisherSettings } from '../../src/publishing/publisher-settings';

registerNode('scada-publish', {
  color: '#f2d388',
  inputs: 1,
  outputs: ['receipts'],
  settings: {
    endpoint: { value: '', type: 'scada-endpoint', required: true },
    topic: { value: 'pq/{meter}/{kind}' },
    qos: { value: 1 },
  },
  read: (settings) => readPublisherSettings(settings),
});
