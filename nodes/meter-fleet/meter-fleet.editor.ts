import { readFleet } from '../../src/metering/fleet';
import { registerNode } from '../../src/panel/register';
import { tableField } from '../../src/panel/table-field';

const COLUMNS = [
  'id',
  'link',
  'host',
  'port',
  'unit',
  'profile',
  'ct',
  'pt',
  'nominal',
  'wiring',
  'transformer',
  'phase',
];

let table: ReturnType<typeof tableField>;

registerNode('meter-fleet', {
  settings: {
    link: { value: '', type: 'modbus-link', required: false },
    meters: { value: [] },
  },
  read: (settings) => {
    const { meters, link } = settings as { meters?: unknown; link?: string };
    return readFleet(meters, 'settings.meters', link);
  },
  open(node) {
    // The link chosen in this panel, not the one saved before: "_ADD_" stands for none.
    const link = () => String($('#node-config-input-link').val() ?? '').replace('_ADD_', '');
    table = tableField('node-config-input-metersText', COLUMNS, (rows) => readFleet(rows, 'meters', link()));
    table.fill((node.meters as object[] | undefined) ?? []);
  },
  save(node) {
    node.meters = table.rows();
  },
});
