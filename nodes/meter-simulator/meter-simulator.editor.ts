import { registerNode } from '../../src/panel/register';
import { readSimulatorSettings, SIMULATED_PROFILES } from '../../src/simulation/settings';
import {
  SYNTHETIC_DEFAULTS as D,
  DISTURBANCE_TYPES,
  readSyntheticSettings,
} from '../../src/simulation/synthetic-settings';

registerNode('meter-simulator', {
  color: '#c9c9c9',
  settings: {
    profile: { value: 'generic-pq', icon: 'cube', choices: SIMULATED_PROFILES },
    port: { value: 1502, icon: 'random' },
    meters: { value: 1, icon: 'dashboard' },
    firstUnit: { value: 1, icon: 'hashtag' },
    nominal: { value: D.nominal, icon: 'bolt' },
    recording: { value: '', icon: 'file-o', group: 'recording', placeholder: '/path/to/record.cfg' },
    channels: { value: '', icon: 'list-ol', placeholder: 'va=1, vb=2, vc=3' },
    encoding: { value: '', icon: 'font', placeholder: 'windows-1251' },
    loop: { value: false, icon: 'repeat' },
    clock: { value: 'record', icon: 'clock-o', choices: ['host', 'record'] },
    frequency: { value: D.frequency, icon: 'signal', group: 'synthetic' },
    rate: { value: D.rate, icon: 'tachometer' },
    current: { value: D.current, icon: 'plug' },
    powerFactor: { value: D.powerFactor, icon: 'adjust' },
    noise: { value: D.noise, icon: 'random' },
    stagger: { value: 0, icon: 'sort-amount-asc' },
    disturbances: {
      value: [{ type: 'sag', at: 5, duration: 0.2, residual: 0.6, phases: 'abc', every: 20 }],
      icon: 'bolt',
      table: {
        columns: ['type', 'at', 'duration', 'residual', 'phases', 'every'],
        offers: { type: DISTURBANCE_TYPES, phases: ['abc', 'a', 'b', 'c'] },
      },
    },
  },
  read: (settings) => {
    readSimulatorSettings(settings);
    readSyntheticSettings(settings);
  },
});
