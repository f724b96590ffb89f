import { check, FieldError } from '../record';
import { PROFILES, type Profile } from '../registers';

/** One meter of the fleet table. */
export interface FleetMeter {
  id: string;
  /** Name or id of a shared link; else `host` and `port` of a Modbus TCP device of its own. */
  link?: string;
  host?: string;
  port: number;
  unit: number;
  profile: Profile;
  ct: number;
  pt: number;
  nominal?: number;
  wiring?: string;
  transformer?: string;
  phase?: string;
}

/** Rows of one fleet: enough for a utility's gateway, few enough to hold. */
export const MAX_FLEET = 20_000;

/**
 * The rows of a fleet table, checked one by one.
 * @param defaultLink taken for rows that name neither link nor host
 * @param own profiles of the user, by name
 * @throws FieldError with the row and the field, e.g. `meters[3].unit: expected ...`
 */
export function readFleet(
  rows: unknown,
  at = 'meters',
  defaultLink?: string,
  own: Readonly<Record<string, Profile>> = {},
): FleetMeter[] {
  const profiles = { ...PROFILES, ...own };
  const fleet = check
    .array(rows, at, MAX_FLEET)
    .map((row, i) => readMeter(row, `${at}[${i}]`, defaultLink, profiles));
  const seen = new Map<string, number>();
  fleet.forEach(({ id }, i) => {
    const before = seen.get(id);
    if (before !== undefined)
      throw new FieldError(`${at}[${i}].id`, `a name not used in row ${before + 1}`, id);
    seen.set(id, i);
  });
  return fleet;
}

function readMeter(
  row: unknown,
  at: string,
  defaultLink: string | undefined,
  profiles: Readonly<Record<string, Profile>>,
): FleetMeter {
  const r = check.object(row, at);
  const optional = (name: string) =>
    r[name] === undefined || r[name] === null || r[name] === ''
      ? undefined
      : check.text(r[name], `${at}.${name}`);
  const number = (name: string, fallback: number, range: check.Range) =>
    check.setting(r[name], `${at}.${name}`, fallback, range);
  const profile = optional('profile') ?? 'generic-pq';
  if (!Object.hasOwn(profiles, profile)) {
    throw new FieldError(`${at}.profile`, `one of ${Object.keys(profiles).join(', ')}`, profile);
  }
  const meter: FleetMeter = {
    id: check.text(r.id, `${at}.id`, 128),
    link: optional('link') ?? (optional('host') ? undefined : defaultLink || undefined),
    host: optional('host'),
    port: check.integer(number('port', 502, { min: 1, max: 65_535 }), `${at}.port`),
    unit: check.integer(number('unit', 1, { min: 0, max: 255 }), `${at}.unit`),
    profile: profiles[profile],
    ct: number('ct', 1, { above: 0, max: 1e6 }),
    pt: number('pt', 1, { above: 0, max: 1e6 }),
    wiring: optional('wiring'),
    transformer: optional('transformer'),
    phase: optional('phase'),
  };
  if (r.nominal !== undefined && r.nominal !== '') {
    meter.nominal = number('nominal', 230, { above: 0, max: 1e6, unit: 'V' });
  }
  if (!meter.link && !meter.host) throw new FieldError(`${at}.host`, 'a host, or a link', undefined);
  return meter;
}
