import { registerNode } from '../../src/panel/register';
import { REPORTER_DEFAULTS as D, LANGUAGES, readReporterSettings } from '../../src/reporting/settings';

registerNode('pq-report', {
  color: '#d9b8c4',
  inputs: 1,
  outputs: ['reports', 'diagnostics'],
  settings: {
    nominal: { value: D.nominal, icon: 'bolt' },
    frequency: { value: D.frequency, icon: 'signal', choices: [50, 60] },
    issuer: { value: D.issuer, icon: 'building-o' },
    language: { value: D.language, icon: 'language', choices: LANGUAGES },
    days: { value: D.days, icon: 'calendar', group: 'archive' },
    maxMeters: { value: D.maxMeters, icon: 'dashboard' },
  },
  read: (settings) => readReporterSettings(settings),
});
