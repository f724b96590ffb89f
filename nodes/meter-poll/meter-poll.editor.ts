import { readPollerSettings } from '../../src/metering/poller-settings';
import { registerNode } from '../../src/panel/register';

registerNode('meter-poll', {
  color: '#8fc1d9',
  inputs: 1,
  outputs: ['readings', 'events', 'diagnostics'],
  settings: {
    fleet: { value: '', type: 'meter-fleet', required: true },
    interval: { value: 10 },
    eventInterval: { value: 60 },
    waveformInterval: { value: 0.5 },
    concurrency: { value: 64 },
  },
  read: (settings) => readPollerSettings(settings),
});
