import { readFleet } from '../../src/metering/fleet';
import { registerNode } from '../../src/panel/register';
import { readText } from '../../src/panel/table';
import { tableField } from '../../src/panel/table-field';
import { linesOfProfiles, PROFILE_COLUMNS, readProfiles } from '../../src/registers/user-profiles';

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

let meters: ReturnType<typeof tableField>;
let profiles: ReturnType<typeof tableField>;

registerNode('meter-fleet', {
  settings: {
    link: { value: '', type: 'modbus-link', required: false },
    meters: { value: [] },
    profiles: { value: [] },
  },
  read: (settings) => {
    const given = settings as { meters?: unknown; link?: string; profiles?: unknown };
    const own = readProfiles(given.profiles ?? [], 'settings.profiles');
    return readFleet(given.meters, 'settings.meters', given.link, own);
  },
  open(node) {
    // The link chosen in this panel, not the one saved before: "_ADD_" stands for none.
    const link = () => String($('#node-config-input-link').val() ?? '').replace('_ADD_', '');
    const own = () => {
      try {
        return readProfiles(profiles.rows());
      } catch {
        // Told at the table of the profiles.
        return {};
      }
    };
    profiles = tableField('node-config-input-profilesText', {
      columns: PROFILE_COLUMNS,
      read: (rows) => readProfiles(rows),
      parse: (text, columns) => readText(text, columns, linesOfProfiles),
      changed: () => meters?.judge(),
    });
    meters = tableField('node-config-input-metersText', {
      columns: COLUMNS,
      read: (rows) => readFleet(rows, 'meters', link(), own()),
    });
    profiles.fill((node.profiles as object[] | undefined) ?? []);
    meters.fill((node.meters as object[] | undefined) ?? []);
  },
  save(node) {
    node.meters = meters.rows();
    node.profiles = profiles.rows();
  },
});
