import { readPollerSettings } from '../../src/metering/poller-settings';
import { registerNode } from '../../src/panel/register';

const SOURCES = ['num', 'env', 'flow', 'global'] as const;

registerNode('meter-poll', {
  color: '#8fc1d9',
  inputs: 1,
  outputs: ['readings', 'events', 'diagnostics'],
  settings: {
    fleet: { value: '', type: 'meter-fleet', required: true, icon: 'list' },
    interval: { value: 10, icon: 'clock-o', sources: SOURCES },
    eventInterval: { value: 60, icon: 'bell', sources: SOURCES },
    waveformInterval: { value: 0.5, icon: 'area-chart', sources: SOURCES },
    waveformOn: { value: false, icon: 'toggle-on' },
    waveformFit: { value: false, icon: 'compress' },
    concurrency: { value: 64, icon: 'random' },
  },
  read: (settings) => readPollerSettings(settings),
});
