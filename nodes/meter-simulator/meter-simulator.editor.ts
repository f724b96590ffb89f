import { registerNode } from '../../src/panel/register';
import { tableField } from '../../src/panel/table-field';
import { readSimulatorSettings } from '../../src/simulation/settings';
import { SYNTHETIC_DEFAULTS as D, readSyntheticSettings } from '../../src/simulation/synthetic-settings';

const COLUMNS = ['type', 'at', 'duration', 'residual', 'phases', 'every'];

let table: ReturnType<typeof tableField>;

registerNode('meter-simulator', {
  color: '#c9c9c9',
  settings: {
    profile: { value: 'generic-pq' },
    port: { value: 1502 },
    meters: { value: 1 },
    firstUnit: { value: 1 },
    nominal: { value: D.nominal },
    recording: { value: '' },
    channels: { value: '' },
    encoding: { value: '' },
    loop: { value: false },
    frequency: { value: D.frequency },
    rate: { value: D.rate },
    current: { value: D.current },
    powerFactor: { value: D.powerFactor },
    noise: { value: D.noise },
    stagger: { value: 0 },
    disturbances: { value: [{ type: 'sag', at: 5, duration: 0.2, residual: 0.6, phases: 'abc', every: 20 }] },
  },
  read: (settings) => {
    readSimulatorSettings(settings);
    readSyntheticSettings(settings);
  },
  open(node) {
    // Flows from before there was a choice.
    if (!node.profile) $('#node-input-profile').val('generic-pq');
    table = tableField('node-input-disturbancesText', {
      columns: COLUMNS,
      read: (rows) => readSyntheticSettings({ disturbances: rows }),
    });
    table.fill((node.disturbances as object[] | undefined) ?? []);
  },
  save(node) {
    node.disturbances = table.rows();
  },
});
