import { JOURNAL_DEFAULTS as J, readJournalSettings } from '../../src/disturbance/journal/queries';
import { DETECTOR_DEFAULTS as D, DETECTOR_MODES, readDetectorSettings } from '../../src/disturbance/settings';
import { registerNode } from '../../src/panel/register';
import { showThresholds, THRESHOLD_VIEW } from './thresholds.editor';

/** Where a threshold may come from: it may change while the flow runs. */
const SOURCES = ['num', 'msg', 'flow', 'global', 'env'] as const;

registerNode('sag-swell-detector', {
  color: '#e8a87c',
  inputs: 1,
  outputs: ['events', 'rms', 'diagnostics', 'answers'],
  settings: {
    nominal: { value: D.nominal, icon: 'bolt', sources: SOURCES },
    frequency: { value: D.frequency, icon: 'signal', choices: ['auto', 50, 60] },
    sag: { value: D.sag, icon: 'arrow-down', group: 'thresholds', sources: SOURCES },
    swell: { value: D.swell, icon: 'arrow-up', sources: SOURCES },
    interruption: { value: D.interruption, icon: 'power-off', sources: SOURCES },
    hysteresis: { value: D.hysteresis, icon: 'arrows-v', sources: SOURCES },
    minCycles: { value: D.minCycles, icon: 'hourglass-half', sources: SOURCES },
    swellWindow: { value: D.swellWindow, icon: 'hourglass-half', sources: SOURCES },
    rvc: { value: D.rvc, icon: 'exchange', sources: SOURCES },
    phaseTolerance: {
      value: D.phaseTolerance,
      icon: 'balance-scale',
      sources: SOURCES,
      below: THRESHOLD_VIEW,
    },
    mode: { value: D.mode, icon: 'clock-o', group: 'judging', choices: DETECTOR_MODES },
    sliding: { value: D.sliding, icon: 'line-chart' },
    preCycles: { value: D.preCycles, icon: 'step-backward', group: 'capture' },
    postCycles: { value: D.postCycles, icon: 'step-forward' },
    maxCapture: { value: D.maxCapture, icon: 'film' },
    maxMeters: { value: D.maxMeters, icon: 'users' },
    journal: { value: J.journal, icon: 'book', group: 'journal' },
    journalDays: { value: J.maxDays, icon: 'calendar' },
    journalSize: { value: J.maxBytes / 1e6, icon: 'hdd-o' },
    watchLow: { value: D.watchLow, icon: 'eye' },
    watchHigh: { value: D.watchHigh, icon: 'eye' },
  },
  read: (settings) => {
    readJournalSettings(settings);
    readDetectorSettings(settings);
  },
  open: showThresholds,
});
