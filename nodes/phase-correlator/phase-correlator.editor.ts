import { registerNode } from '../../src/panel/register';
import { CHANGES, GAPS, METHODS, PHASES, readCorrelatorSettings, WEEKLY } from '../../src/phasing/settings';

registerNode('phase-correlator', {
  color: '#a8d5ba',
  inputs: 1,
  outputs: ['map', 'diagnostics'],
  settings: {
    interval: { value: 300, icon: 'clock-o' },
    days: { value: 7, icon: 'calendar' },
    match: { value: 0.85, icon: 'check', group: 'grades' },
    suspect: { value: 0.7, icon: 'question' },
    low: { value: 0.6, icon: 'times' },
    maxGap: { value: 3, icon: 'ellipsis-h', group: 'method' },
    gaps: { value: 'exclude', icon: 'eraser', choices: GAPS },
    method: { value: 'auto', icon: 'random', choices: METHODS },
    clusters: { value: 3, icon: 'object-group' },
    lowPass: { value: 0, icon: 'filter' },
    components: { value: 0, icon: 'compress' },
    schedule: { value: WEEKLY, icon: 'calendar-check-o', group: 'runs' },
    changes: { value: 'csv', icon: 'share-square-o', choices: CHANGES },
    keep: { value: true, icon: 'hdd-o' },
    key: { credential: 'password', icon: 'key' },
    folder: { value: '', icon: 'folder-open-o', placeholder: 'import' },
    maxMeters: { value: 0, icon: 'users' },
    references: {
      value: [],
      icon: 'star',
      group: 'meters',
      table: {
        columns: ['meter', 'transformer', 'feeder', 'substation', 'phase'],
        offers: { phase: PHASES },
      },
    },
    meters: {
      value: [],
      icon: 'table',
      table: {
        columns: [
          ...['meter', 'transformer', 'feeder', 'substation', 'phase', 'kva', 'distance', 'collector'],
          ...['mrid', 'longitude', 'latitude'],
        ],
      },
    },
  },
  read: (settings) => readCorrelatorSettings(settings),
});
