import { DETECTOR_DEFAULTS as D, readDetectorSettings } from '../../src/disturbance/settings';
import { registerNode } from '../../src/panel/register';

registerNode('sag-swell-detector', {
  color: '#e8a87c',
  inputs: 1,
  outputs: ['events', 'rms', 'diagnostics'],
  settings: {
    nominal: { value: D.nominal },
    frequency: { value: D.frequency },
    sag: { value: D.sag },
    swell: { value: D.swell },
    interruption: { value: D.interruption },
    hysteresis: { value: D.hysteresis },
    minCycles: { value: D.minCycles },
    preCycles: { value: D.preCycles },
    postCycles: { value: D.postCycles },
    maxCapture: { value: D.maxCapture },
  },
  read: (settings) => readDetectorSettings(settings),
});
