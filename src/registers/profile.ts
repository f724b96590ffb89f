import type { QuantityName } from '../record';
import { type ByteOrder, decode, type RegisterType, TYPE_LENGTH } from './codec';
import { holdsCode } from './codes';
import type { EventLogTable } from './event-log';
import { factorOf } from './units';

/**
 * What a statement about a device rests on: the maker's document; the maker's document of a related device
 * of the same family; open-source code, a public register list or a bug report with bytes from the wire;
 * memory, unproven until somebody checks it; or the user's own table.
 */
export type Evidence = 'document' | 'related document' | 'open source' | 'memory' | 'user';

/** A statement about a device, where it comes from, and how far it can be relied on. */
export interface Statement {
  text: string;
  source: string;
  evidence: Evidence;
}

/** One value in a meter's registers. Addresses are those on the wire: 40001 in the 4xxxx notation is 0. */
export interface RegisterLine {
  address: number;
  type: RegisterType;
  /** Where it is not that of the profile. */
  order?: ByteOrder;
  /** The value in `unit` is the number in the registers times this. */
  scale?: number;
  /** Unit of the document, e.g. `kW`; the SI unit of the quantity where it is left out. */
  unit?: string;
  /** Address of an int16 that holds the exponent of a further factor of ten. */
  exponent?: number;
  /** The number (or NaN) that stands for "not measured", before any scaling. */
  missing?: number;
  /** Codes of {@link ./codes} for "not measured" or "not available": the value is left out. */
  notAvailable?: readonly string[];
  /** Codes for "beyond the range of the meter": the value is reported as no number. */
  overflow?: readonly string[];
  /** Only the amount counts: the sign depends on a setting of the meter. */
  magnitude?: boolean;
  /** The value is this run of bits of the (whole) number, bit 0 being the lowest. */
  bits?: { from: number; count: number };
  /**
   * Power factor over four quadrants as PowerLogic meters have it: 1 at 0 degrees, 0 at 90, -1 at 180, and
   * on to 2 at 270; what lies beyond 1 and -1 is folded back, so that the sign is that of active power.
   */
  fourQuadrant?: boolean;
  /** Where they differ from those of the profile. */
  source?: string;
  evidence?: Evidence;
}

export interface SettingOptions {
  writable?: boolean;
  /** Written by the reader of the waveform or of the log, not by users. */
  reserved?: boolean;
  initial?: number;
}

/** A text in a meter's registers. */
export interface TextLine {
  address: number;
  /** Registers, of two characters each. */
  length: number;
}

/** A device as a small table: what the reader of meters knows of it, and all that it knows. */
export interface Profile {
  /** Name in the fleet table. */
  name: string;
  title: string;
  /** The public document that addresses, types and units come from, and what they were checked against. */
  source: string;
  evidence: Evidence;
  /** What the meter puts in place of a value that it does not have. */
  codes?: Statement;
  /** What has to be set at the meter for the table to hold. */
  setup?: Statement;
  order: ByteOrder;
  /** Where the quantities lie: holding registers (function code 03, the default) or input registers (04). */
  table?: 'holding' | 'input';
  /** Registers that the device gives out in one request, where that is less than 125. */
  maxRead?: number;
  /** Quantities come on the primary side: CT and PT of the fleet table are for waveforms and log alone. */
  primary?: boolean;
  /** Measured quantities. */
  quantities: Partial<Record<QuantityName, RegisterLine>>;
  /** Settings and counters by the names of the meter's documents. */
  registers: Record<string, RegisterLine & SettingOptions>;
  /** Who the device says it is, told once and when it changes. */
  identity?: Record<string, TextLine | RegisterLine>;
  /** Stretches of registers (the end not in it) that the device refuses to have read along. */
  unreadable?: { from: number; to: number }[];
  /** The meter hands out its waveform through the FIFO of {@link ./waveform-fifo}. */
  waveformFifo?: boolean;
  /** How the meter's own event log is read. */
  eventLog?: EventLogTable;
  /** Where the registers lie is found out at the meter: by the SunSpec marker. */
  discover?: 'sunspec';
}

/**
 * The value of a line.
 * @param word the register at an address
 * @param order of the profile
 * @returns the value in SI units; undefined where the meter says that it does not measure it; NaN where
 *   the registers hold no number, or the meter's code for a value beyond its range
 */
export function readLine(
  line: RegisterLine,
  order: ByteOrder,
  word: (address: number) => number,
): number | undefined {
  const length = TYPE_LENGTH[line.type];
  const byteOrder = line.order ?? order;
  for (let i = 0; i < length; i++) run[i] = word(line.address + i);
  if (line.notAvailable && holdsCode(line.notAvailable, run, length, byteOrder)) return undefined;
  if (line.overflow && holdsCode(line.overflow, run, length, byteOrder)) return Number.NaN;
  let number = decode(run, 0, line.type, byteOrder);
  if (line.missing !== undefined && Object.is(number, line.missing)) return undefined;
  if (line.bits) number = Math.floor(number / 2 ** line.bits.from) % 2 ** line.bits.count;
  if (line.fourQuadrant) number = foldPowerFactor(number);
  if (line.magnitude) number = Math.abs(number);
  // The factors first: 3 x (0.1 x 1000) is 300, (3 x 0.1) x 1000 is not.
  const scaled = number * ((line.scale ?? 1) * factorOf(line.unit));
  if (line.exponent === undefined) return scaled;
  const exponent = (word(line.exponent) << 16) >> 16;
  // SunSpec: a scale factor that is not implemented; no factor of a meter is beyond ten digits.
  if (Math.abs(exponent) > 10) return Number.NaN;
  // Dividing by a whole power of ten keeps 0.7882 from becoming 0.78819999.
  return exponent < 0 ? scaled / 10 ** -exponent : scaled * 10 ** exponent;
}
const run = new Uint16Array(4);

function foldPowerFactor(value: number): number {
  if (value > 1) return 2 - value;
  if (value < -1) return -2 - value;
  return value;
}
