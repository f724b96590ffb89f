import { registerNode } from '../../src/panel/register';
import { tableField } from '../../src/panel/table-field';
import { readCorrelatorSettings, WEEKLY } from '../../src/phasing/settings';

const COLUMNS = {
  references: ['meter', 'transformer', 'phase'],
  meters: ['meter', 'transformer', 'phase', 'kva', 'distance', 'collector'],
};
const TABLES = ['references', 'meters'] as const;

let fields: Record<string, ReturnType<typeof tableField>>;

registerNode('phase-correlator', {
  color: '#a8d5ba',
  inputs: 1,
  outputs: ['map', 'diagnostics'],
  settings: {
    interval: { value: 300 },
    days: { value: 7 },
    match: { value: 0.85 },
    suspect: { value: 0.7 },
    low: { value: 0.6 },
    maxGap: { value: 3 },
    method: { value: 'auto' },
    clusters: { value: 3 },
    lowPass: { value: 0 },
    components: { value: 0 },
    schedule: { value: WEEKLY },
    keep: { value: true },
    references: { value: [] },
    meters: { value: [] },
  },
  credentials: { key: { type: 'password' } },
  read: (settings) => readCorrelatorSettings(settings),
  open(node) {
    fields = Object.fromEntries(
      TABLES.map((name) => {
        const field = tableField(`node-input-${name}Text`, {
          columns: COLUMNS[name],
          read: (rows) => readCorrelatorSettings({ [name]: rows }),
        });
        field.fill((node[name] as object[] | undefined) ?? []);
        return [name, field];
      }),
    );
  },
  save(node) {
    for (const name of TABLES) node[name] = fields[name].rows();
  },
});
