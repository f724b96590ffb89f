import { registerNode } from '../../src/panel/register';
import { readPublisherSettings } from '../../src/publishing/publisher-settings';

registerNode('scada-publish', {
  color: '#f2d388',
  inputs: 1,
  outputs: ['receipts', 'diagnostics'],
  settings: {
    endpoint: { value: '', type: 'scada-endpoint', required: true, icon: 'globe' },
    topic: { value: 'pq/{meter}/{kind}', icon: 'tasks', sources: ['str', 'env', 'flow', 'global'] },
    qos: { value: 1, icon: 'check-square-o', choices: [1, 2, 0] },
    retain: { value: false, icon: 'thumb-tack' },
    batch: { value: 100, icon: 'cubes' },
    maxAge: { value: 30, icon: 'calendar', group: 'store' },
    maxSize: { value: 500, icon: 'hdd-o' },
    key: { credential: 'password', icon: 'key' },
    period: { value: 0, icon: 'clock-o', group: 'thinning' },
    deadband: { value: 0, icon: 'arrows-v' },
    heartbeat: { value: 900, icon: 'heartbeat' },
  },
  read: (settings) => readPublisherSettings(settings),
});
