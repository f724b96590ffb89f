import { check, FieldError } from '../record';
import { readChannelMap } from './channel-map';

export interface FileSettings {
  /** Record that is read where a message names none. */
  filename: string;
  /** Whether it is read when the flow starts. */
  atStart: boolean;
  /** Folder whose new records are read; empty for none. */
  watch: string;
  /** Whether records that are in the folder when it is first watched are read, too. */
  existing: boolean;
  /** Name of the meter; by station and device where empty. */
  meter: string;
  /** Channels by number or name, e.g. `va=1, vb=2`; found where empty. */
  channels: string;
  /** Code page of the header; found out where empty. */
  encoding: string;
  /** Declared voltage, V; 0: the level that a record begins with. */
  nominal: number;
}

export const FILE_DEFAULTS: FileSettings = {
  filename: '',
  atStart: false,
  watch: '',
  existing: true,
  meter: '',
  channels: '',
  encoding: '',
  nominal: 0,
};

/** Settings from a panel. Throws a FieldError that names the setting. */
export function readFileSettings(given: unknown, at = 'settings'): FileSettings {
  const g = check.object(given, at);
  const text = (name: 'filename' | 'watch' | 'meter' | 'channels' | 'encoding', max: number) =>
    g[name] === undefined || g[name] === '' ? '' : check.text(g[name], `${at}.${name}`, max);
  const flag = (name: 'atStart' | 'existing') =>
    check.boolean(g[name] ?? FILE_DEFAULTS[name], `${at}.${name}`);
  const channels = text('channels', 4096);
  readChannelMap(channels, `${at}.channels`);
  const encoding = text('encoding', 64);
  if (encoding) readEncoding(encoding, `${at}.encoding`);
  return {
    filename: text('filename', 4096),
    atStart: flag('atStart'),
    watch: text('watch', 4096),
    existing: flag('existing'),
    meter: text('meter', 128),
    channels,
    encoding,
    nominal: check.setting(g.nominal, `${at}.nominal`, FILE_DEFAULTS.nominal, {
      min: 0,
      max: 1e7,
      unit: 'V',
    }),
  };
}

function readEncoding(name: string, field: string): void {
  try {
    new TextDecoder(name);
  } catch {
    throw new FieldError(field, 'a code page, e.g. windows-1251 or gbk', name);
  }
}
