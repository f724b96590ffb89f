import { readFleet } from '../../src/metering/fleet';
import { registerNode } from '../../src/panel/register';
import { readText } from '../../src/panel/table/rows';
import { PROFILES } from '../../src/registers/profiles';
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

const TITLES = Object.fromEntries(Object.values(PROFILES).map(({ name, title }) => [name, title]));

registerNode('meter-fleet', {
  settings: {
    link: { value: '', type: 'modbus-link', required: false, icon: 'plug' },
    readOnly: { value: false, icon: 'lock' },
    meters: {
      value: [],
      icon: 'table',
      table: { columns: COLUMNS, offers: { profile: TITLES, phase: ['a', 'b', 'c', 'abc'] } },
    },
    profiles: {
      value: [],
      icon: 'cube',
      table: {
        columns: PROFILE_COLUMNS,
        parse: (text, columns) => readText(text, columns, linesOfProfiles),
      },
    },
  },
  read: (settings) => {
    const given = settings as { meters?: unknown; link?: string; profiles?: unknown };
    const own = readProfiles(given.profiles ?? [], 'settings.profiles');
    return readFleet(given.meters, 'settings.meters', given.link, own);
  },
});
