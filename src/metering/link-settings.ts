import type { ConnectionOptions } from 'node:tls';
import { check, FieldError } from '../record';

export const TRANSPORTS = ['tcp', 'rtu-over-tcp', 'rtu'] as const;

export interface LinkSettings {
  transport: (typeof TRANSPORTS)[number];
  host: string;
  port: number;
  serialPort: string;
  baudRate: number;
  dataBits: 7 | 8;
  parity: 'none' | 'even' | 'odd';
  stopBits: 1 | 2;
  /** ms until an answer is given up. */
  timeout: number;
  /** Further tries after the first. */
  retries: number;
  /** Pause between an answer and the next request, ms. */
  gap: number;
  /** For a connection with TLS: CA, client certificate and key, as Node.js takes them. */
  tls?: ConnectionOptions;
  /** Nothing is written over this link. */
  readOnly: boolean;
  /** Registers that may be written, first and last of each range; all where there are none. */
  writable: [first: number, last: number][];
}

/** Settings from a panel. Throws a FieldError that names the setting. */
export function readLinkSettings(given: unknown, at = 'settings'): LinkSettings {
  const g = check.object(given, at);
  const number = (name: string, fallback: number, range: check.Range) =>
    check.integer(check.setting(g[name], `${at}.${name}`, fallback, range), `${at}.${name}`);
  const transport = check.oneOf(g.transport || 'tcp', `${at}.transport`, TRANSPORTS);
  const serial = transport === 'rtu';
  return {
    transport,
    host: serial ? '' : check.text(g.host, `${at}.host`),
    port: number('port', 502, { min: 1, max: 65_535 }),
    serialPort: serial ? check.text(g.serialPort, `${at}.serialPort`) : '',
    baudRate: number('baudRate', 9600, { min: 300, max: 4_000_000, unit: 'baud' }),
    dataBits: check.oneOf(number('dataBits', 8, {}), `${at}.dataBits`, [7, 8] as const),
    parity: check.oneOf(g.parity || 'none', `${at}.parity`, ['none', 'even', 'odd'] as const),
    stopBits: check.oneOf(number('stopBits', 1, {}), `${at}.stopBits`, [1, 2] as const),
    timeout: number('timeout', 1000, { min: 10, max: 600_000, unit: 'ms' }),
    retries: number('retries', 3, { min: 0, max: 20 }),
    gap: number('gap', 0, { min: 0, max: 60_000, unit: 'ms' }),
    readOnly: check.boolean(g.readOnly ?? false, `${at}.readOnly`),
    writable: readRanges(g.writable, `${at}.writable`),
  };
}

/** Ranges of registers such as `4099, 40000-40010`. */
function readRanges(given: unknown, at: string): [number, number][] {
  if (given === undefined || given === null || given === '') return [];
  return check
    .text(given, at, 1024)
    .split(',')
    .map((part) => {
      const [, first, last = first] = /^\s*(\d{1,5})\s*(?:-\s*(\d{1,5})\s*)?$/.exec(part) ?? [];
      const range: [number, number] = [Number(first), Number(last)];
      if (first === undefined || range[1] < range[0] || range[1] > 65_535)
        throw new FieldError(at, 'registers such as 4099, 40000-40010', given);
      return range;
    });
}
