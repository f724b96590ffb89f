import type { QuantityName } from '../record';
import type { RegisterType, WordOrder } from './codec';

/** One value in a meter's registers. Addresses are those on the wire: 40001 in the 4xxxx notation is 0. */
export interface RegisterLine {
  address: number;
  type: RegisterType;
  /** The value in SI units is the number in the registers times this. */
  scale?: number;
  /** Address of an int16 that holds the exponent of a further factor of ten. */
  exponent?: number;
  /** The number that stands for "not available", before any scaling. Floats say it by NaN. */
  missing?: number;
}

export interface SettingOptions {
  writable?: boolean;
  /** Written by the reader of the waveform, not by users. */
  reserved?: boolean;
  initial?: number;
}

/** A device as a small table: what the reader of meters knows of it, and all that it knows. */
export interface Profile {
  /** Name in the fleet table. */
  name: string;
  title: string;
  /** The public document that the table comes from. */
  source: string;
  wordOrder: WordOrder;
  /** Where the quantities lie: holding registers (function code 03, the default) or input registers (04). */
  table?: 'holding' | 'input';
  /** Registers that the device gives out in one request, where that is less than 125. */
  maxRead?: number;
  /** Measured quantities. */
  quantities: Partial<Record<QuantityName, RegisterLine>>;
  /** Settings and counters by the names of the meter's documents. */
  registers: Record<string, RegisterLine & SettingOptions>;
  /** Stretches of registers (the end not in it) that the device refuses to have read along. */
  unreadable?: { from: number; to: number }[];
  /** The meter hands out its waveform through the FIFO of {@link ./waveform-fifo}. */
  waveformFifo?: boolean;
}
