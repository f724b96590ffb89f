import { registerNode } from '../../src/panel/register';
import { CALCULATOR_DEFAULTS as D, readCalculatorSettings } from '../../src/power/settings';

registerNode('var-calculator', {
  color: '#c3b1e1',
  inputs: 1,
  outputs: ['power', 'diagnostics'],
  settings: {
    frequency: { value: D.frequency },
    wiring: { value: D.wiring },
    window: { value: D.window },
    harmonics: { value: D.harmonics },
    ct: { value: D.ct },
    pt: { value: D.pt },
    rated: { value: D.rated },
    noLoad: { value: D.noLoad },
  },
  read: (settings) => readCalculatorSettings(settings),
});
