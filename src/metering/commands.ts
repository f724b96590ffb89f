import { check, FieldError } from '../record';
import { decode, encode, type Profile, TYPE_LENGTH } from '../registers';
import type { ModbusLink } from './link';

/** What became of one register that was to be written. */
export interface Written {
  register: string;
  /** Missing where it was not read. */
  before?: number;
  value: number;
  /** False where the register held the value already, and nothing was written. */
  changed: boolean;
}

/** What clears the buffer overflow. */
export const CLEAR = 0xff00;
/** Logged events that one `capture` command sends. */
const MAX_CAPTURES = 20;
/** A payload beyond this is the time stamp that an inject node sends along. */
const TIME_STAMP = 1e9;

/**
 * How many logged events a `capture` command asks for: 1 where its payload says nothing.
 * @throws FieldError for anything but a whole number from 1 to 20
 */
export function readCaptureCount(payload: unknown, at = 'msg.payload'): number {
  const silent = payload === undefined || payload === null || payload === '';
  if (silent || (typeof payload === 'number' && payload > TIME_STAMP)) return 1;
  return check.integer(payload, at, { min: 1, max: MAX_CAPTURES });
}

/**
 * The registers of a `write` command, checked before the first is touched.
 * @returns name and value of each
 * @throws FieldError for a register that the profile does not mark as writable, or a value out of its range
 */
export function readWrites(profile: Profile, payload: unknown, at = 'payload'): [string, number][] {
  const writable = Object.keys(profile.registers).filter((name) => isWritable(profile, name));
  const wanted = Object.entries(check.object(payload, at));
  if (wanted.length === 0) throw new FieldError(at, `registers to write (${writable.join(', ')})`, payload);
  return wanted.map(([name, value]) => {
    if (!isWritable(profile, name)) {
      throw new FieldError(
        `${at}.${name}`,
        `a writable register of ${profile.name} (${writable.join(', ')})`,
        name,
      );
    }
    const { type } = profile.registers[name];
    const max = 2 ** (16 * TYPE_LENGTH[type]) - 1;
    return [
      name,
      check.integer(value, `${at}.${name}`, { min: 0, max: Math.min(max, Number.MAX_SAFE_INTEGER) }),
    ];
  });
}

/**
 * Writes registers idempotently: each is read, compared, written only where it differs, and read back. None is written
 * where the link does not allow one of them.
 * @param done hears of each as soon as it is written: what comes after it may fail
 * @throws the fault of the link; an Error where the meter holds another value than was written
 */
export async function writeRegisters(
  link: ModbusLink,
  unit: number,
  profile: Profile,
  writes: readonly [string, number][],
  done: (written: Written) => void,
): Promise<void> {
  for (const [register] of writes) {
    const { address, type } = profile.registers[register];
    link.checkWrite(address, TYPE_LENGTH[type]);
  }
  for (const [register, value] of writes) {
    const { address, type } = profile.registers[register];
    const read = async () =>
      decode(await link.read(unit, address, TYPE_LENGTH[type]), 0, type, profile.order);
    const before = await read();
    if (before !== value) {
      const words: number[] = [];
      encode(value, type, words, 0, profile.order);
      await link.write(unit, address, words);
      const after = await read();
      if (after !== value) {
        if (after !== before) done({ register, before, value: after as number, changed: true });
        throw new Error(`${register}: ${value} was written, the meter holds ${after}`);
      }
    }
    done({ register, before, value, changed: before !== value });
  }
}

/**
 * Clears the meter's buffer overflow: 0xFF00 to its register.
 * @throws FieldError where the profile has none
 */
export async function clearBuffer(link: ModbusLink, unit: number, profile: Profile): Promise<void> {
  const line = profile.registers.CLEAR_OVERFLOW;
  if (!line) throw new FieldError('msg.command', 'a command that this profile knows', 'clear-buffer');
  await link.write(unit, line.address, [CLEAR]);
}

function isWritable(profile: Profile, name: string): boolean {
  if (!Object.hasOwn(profile.registers, name)) return false;
  const { writable, reserved } = profile.registers[name];
  return writable === true && reserved !== true;
}
