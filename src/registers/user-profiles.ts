import { check, FieldError, QUANTITIES, type QuantityName } from '../record';
import { BYTE_ORDERS, type RegisterType, TYPE_LENGTH } from './codec';
import { isCode } from './codes';
import type { Profile, RegisterLine, SettingOptions } from './profile';
import { PROFILES } from './profiles';
import { baseOf, UNIT_FACTORS } from './units';

/** Columns of the table in which users add devices of their own: one line a value. */
export const PROFILE_COLUMNS = [
  'profile',
  'quantity',
  'address',
  'type',
  'order',
  'scale',
  'unit',
  'table',
  'exponent',
  'missing',
  'notAvailable',
  'overflow',
  'bits',
  'length',
  'writable',
  'maxRead',
] as const;

const MAX_LINES = 10_000;
const MAX_CODES = 8;
const TYPES = [...Object.keys(TYPE_LENGTH), 'ascii'] as (RegisterType | 'ascii')[];
const REGISTER_NAME = /^[A-Z][A-Z0-9_]{0,31}$/;
const PROFILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const END = 0x10000;

type Row = Record<string, unknown>;

/**
 * Devices from a table, checked line by line.
 * @param rows one value each, by the names of {@link PROFILE_COLUMNS}; numbers may be texts, hexadecimal too
 * @returns profiles by name
 * @throws FieldError that names row and column, e.g. `profiles[3].type: expected ...`
 */
export function readProfiles(rows: unknown, at = 'profiles'): Record<string, Profile> {
  const profiles: Record<string, Profile> = Object.create(null);
  const seen = new Map<string, number>();
  check.array(rows ?? [], at, MAX_LINES).forEach((given, i) => {
    const field = `${at}[${i}]`;
    const row = check.object(given, field);
    const name = readProfileName(row.profile, `${field}.profile`);
    const quantity = readQuantity(row.quantity, `${field}.quantity`);
    const key = `${name}\n${quantity}`;
    const before = seen.get(key);
    if (before !== undefined) {
      throw new FieldError(`${field}.quantity`, `a value not given in row ${before + 1}`, quantity);
    }
    seen.set(key, i);
    profiles[name] ??= {
      name,
      title: name,
      source: 'table of the user',
      evidence: 'user',
      order: 'ABCD',
      quantities: {},
      registers: {},
    };
    readDeviceOptions(row, profiles[name], field);
    readValue(row, quantity, profiles[name], field);
  });
  return profiles;
}

/**
 * The lines of profiles written as JSON: a list of lines as they are, or an object of profiles, each with
 * `quantities` and `registers` by name.
 * @throws FieldError where it is neither
 */
export function linesOfProfiles(json: unknown, at = 'profiles'): Row[] {
  if (Array.isArray(json)) return json.map((row, i) => check.object(row, `${at}[${i}]`));
  return Object.entries(check.object(json, at)).flatMap(([name, given]) => {
    const profile = check.object(given, `${at}.${name}`);
    const { quantities = {}, registers = {}, identity = {}, ...rest } = profile;
    const parts = Object.entries({ quantities, registers, identity });
    return parts.flatMap(([part, lines]) =>
      Object.entries(check.object(lines, `${at}.${name}.${part}`)).map(([quantity, line]) => ({
        ...rest,
        ...check.object(line, `${at}.${name}.${part}.${quantity}`),
        profile: name,
        quantity,
      })),
    );
  });
}

function readProfileName(value: unknown, field: string): string {
  const name = check.text(value, field, 64);
  if (!PROFILE_NAME.test(name)) throw new FieldError(field, 'letters, digits, dot, dash', name);
  if (Object.hasOwn(PROFILES, name)) throw new FieldError(field, 'a name that is not built in', name);
  return name;
}

function readQuantity(value: unknown, field: string): string {
  const name = check.text(value, field, 32);
  if (Object.hasOwn(QUANTITIES, name) || REGISTER_NAME.test(name)) return name;
  const known = Object.keys(QUANTITIES).join(', ');
  throw new FieldError(field, `a quantity (${known}) or the name of a register in CAPITALS`, name);
}

/** What stands on each line but holds for the device. */
function readDeviceOptions(row: Row, profile: Profile, field: string): void {
  if (given(row.table)) {
    const table = check.oneOf(row.table, `${field}.table`, ['holding', 'input'] as const);
    if (profile.table !== undefined && profile.table !== table) {
      throw new FieldError(`${field}.table`, `${profile.table}, as on the lines before`, table);
    }
    profile.table = table;
  }
  if (given(row.maxRead)) {
    profile.maxRead = whole(row.maxRead, `${field}.maxRead`, { min: 1, max: 125 });
  }
}

function readValue(row: Row, name: string, profile: Profile, field: string): void {
  const isQuantity = Object.hasOwn(QUANTITIES, name);
  const type = check.oneOf(row.type, `${field}.type`, TYPES);
  const address = whole(row.address, `${field}.address`, { min: 0, max: END - 1 });
  if (type === 'ascii') {
    if (isQuantity) throw new FieldError(`${field}.type`, 'a type of number for a quantity', type);
    const length = whole(row.length, `${field}.length`, { min: 1, max: Math.min(125, END - address) });
    profile.identity = { ...profile.identity, [name.toLowerCase()]: { address, length } };
    return;
  }
  if (address + TYPE_LENGTH[type] > END) {
    throw new FieldError(
      `${field}.address`,
      `room for the ${TYPE_LENGTH[type]} registers of ${type}`,
      address,
    );
  }
  if (profile.maxRead !== undefined && profile.maxRead < TYPE_LENGTH[type]) {
    throw new FieldError(
      `${field}.maxRead`,
      `room for the ${TYPE_LENGTH[type]} registers of ${type}`,
      profile.maxRead,
    );
  }
  const line: RegisterLine & SettingOptions = { address, type };
  if (given(row.order)) line.order = check.oneOf(row.order, `${field}.order`, BYTE_ORDERS);
  if (given(row.scale)) line.scale = readScale(row.scale, `${field}.scale`);
  if (given(row.unit))
    line.unit = readUnit(row.unit, isQuantity ? (name as QuantityName) : undefined, `${field}.unit`);
  if (given(row.exponent)) line.exponent = whole(row.exponent, `${field}.exponent`, { min: 0, max: END - 1 });
  if (given(row.missing)) line.missing = readMissing(row.missing, `${field}.missing`);
  for (const column of ['notAvailable', 'overflow'] as const) {
    if (given(row[column])) line[column] = readCodes(row[column], type, `${field}.${column}`);
  }
  if (given(row.bits)) line.bits = readBits(row.bits, type, `${field}.bits`);
  if (given(row.writable) && readFlag(row.writable, `${field}.writable`)) {
    if (isQuantity)
      throw new FieldError(`${field}.writable`, 'nothing: quantities are measured', row.writable);
    line.writable = true;
  }
  if (isQuantity) profile.quantities[name as QuantityName] = line;
  else profile.registers[name] = line;
}

function readScale(value: unknown, field: string): number {
  const scale = check.setting(value, field, 1, { min: -1e12, max: 1e12 });
  if (scale === 0) throw new FieldError(field, 'a factor other than 0', value);
  return scale;
}

function readUnit(value: unknown, quantity: QuantityName | undefined, field: string): string {
  const unit = check.text(value, field, 8);
  const own = quantity && QUANTITIES[quantity].unit;
  const choices = Object.keys(UNIT_FACTORS).filter((name) => name && (!own || baseOf(name) === own));
  return check.oneOf(unit, field, own === '%' || own === 'pu' ? [own] : choices);
}

function readMissing(value: unknown, field: string): number {
  if (value === 'NaN' || Number.isNaN(value)) return Number.NaN;
  return check.setting(hex(value), field, 0, { min: -(2 ** 64), max: 2 ** 64 });
}

/** Codes in hexadecimal, `x` for any digit: a list of them, or a text with blanks between them. */
function readCodes(value: unknown, type: RegisterType, field: string): string[] {
  const digits = 4 * TYPE_LENGTH[type];
  const texts = Array.isArray(value) ? value : check.text(value, field, 256).trim().split(/\s+/);
  const expected = `up to ${MAX_CODES} codes of ${digits} hexadecimal digits, x for any digit`;
  if (texts.length === 0 || texts.length > MAX_CODES) throw new FieldError(field, expected, value);
  return texts.map((text) => {
    const code = String(text).replace(/^0x(?=.{4})/i, (prefix) =>
      String(text).length === digits + 2 ? '' : prefix,
    );
    if (!isCode(code, TYPE_LENGTH[type])) throw new FieldError(field, expected, value);
    return code.toUpperCase().replaceAll('X', 'x');
  });
}

function readBits(value: unknown, type: RegisterType, field: string): { from: number; count: number } {
  const size = 16 * TYPE_LENGTH[type];
  const expected = `the lowest bit and the number of bits, e.g. 3:1, within ${size}`;
  if (!type.startsWith('uint')) throw new FieldError(field, 'a type uint16, uint32 or uint64 for bits', type);
  const found =
    typeof value === 'object' && value !== null
      ? [(value as { from?: unknown }).from, (value as { count?: unknown }).count].map(Number)
      : String(value).split(':').map(Number);
  const [from, count] = found;
  // 53 bits are what a number holds exactly.
  const fits = found.length === 2 && found.every(Number.isInteger) && from >= 0 && count >= 1 && count <= 53;
  if (!fits || from + count > size) throw new FieldError(field, expected, value);
  return { from, count };
}

function readFlag(value: unknown, field: string): boolean {
  if (typeof value === 'boolean') return value;
  return (
    check.oneOf(String(value).toLowerCase(), field, ['true', 'false', 'yes', 'no'] as const) in
    { true: 1, yes: 1 }
  );
}

function whole(value: unknown, field: string, range: check.Range): number {
  if (!given(value)) throw new FieldError(field, 'a whole number', value);
  return check.integer(check.setting(hex(value), field, 0, range), field);
}

/** Documents count registers in hexadecimal as often as not. */
function hex(value: unknown): unknown {
  return typeof value === 'string' && /^-?0x[0-9a-f]+$/i.test(value)
    ? Number.parseInt(value.replace(/0x/i, ''), 16)
    : value;
}

function given(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}
