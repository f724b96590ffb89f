import { JOURNAL_DEFAULTS as J, readJournalSettings } from '../../src/disturbance/journal/queries';
import { DETECTOR_DEFAULTS as D, readDetectorSettings } from '../../src/disturbance/settings';
import { registerNode } from '../../src/panel/register';

registerNode('sag-swell-detector', {
  color: '#e8a87c',
  inputs: 1,
  outputs: ['events', 'rms', 'diagnostics', 'answers'],
  settings: {
    nominal: { value: D.nominal },
    frequency: { value: D.frequency },
    sag: { value: D.sag },
    swell: { value: D.swell },
    interruption: { value: D.interruption },
    hysteresis: { value: D.hysteresis },
    minCycles: { value: D.minCycles },
    swellWindow: { value: D.swellWindow },
    rvc: { value: D.rvc },
    phaseTolerance: { value: D.phaseTolerance },
    mode: { value: D.mode },
    sliding: { value: D.sliding },
    preCycles: { value: D.preCycles },
    postCycles: { value: D.postCycles },
    maxCapture: { value: D.maxCapture },
    journal: { value: J.journal },
    journalDays: { value: J.maxDays },
    journalSize: { value: J.maxBytes / 1e6 },
    watchLow: { value: D.watchLow },
    watchHigh: { value: D.watchHigh },
  },
  read: (settings) => {
    readJournalSettings(settings);
    readDetectorSettings(settings);
  },
});
