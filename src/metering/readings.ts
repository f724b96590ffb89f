import { isVoltage, QUANTITIES, type Quality, type QuantityName, type Reading, type Values } from '../record';
import { decode, type Profile, type RegisterLine } from '../registers';
import type { ModbusLink } from './link';
import { type Block, planReads } from './plan';

/** Where a meter is and how its numbers come to the primary side. */
export interface MeterAddress {
  id: string;
  unit: number;
  ct: number;
  pt: number;
}

/** Reads the measured quantities of meters of one profile. */
export class ReadingReader {
  private readonly names: QuantityName[];
  private readonly plan: Block[];

  constructor(private readonly profile: Profile) {
    this.names = Object.keys(profile.quantities) as QuantityName[];
    this.plan = planReads(Object.values(profile.quantities));
  }

  /** @throws the fault of the link: a reading is whole or not there */
  async read(link: ModbusLink, meter: MeterAddress): Promise<Reading> {
    const words = new Map<number, number>();
    for (const { address, count } of this.plan) {
      const data = await link.read(meter.unit, address, count);
      data.forEach((word, i) => {
        words.set(address + i, word);
      });
    }
    const values: Values = {};
    let quality: Quality = 'good';
    for (const name of this.names) {
      const value = this.value(words, this.profile.quantities[name] as RegisterLine);
      // A meter says NaN for what it cannot measure: absent, and the reading not wholly good.
      if (Number.isFinite(value)) values[name] = value * ratioOf(name, meter);
      else quality = 'uncertain';
    }
    return { kind: 'reading', meter: meter.id, time: Date.now(), values, quality };
  }

  private value(words: ReadonlyMap<number, number>, line: RegisterLine): number {
    const at = (address: number) => words.get(address) ?? 0;
    const run = [0, 1, 2, 3].map((i) => at(line.address + i));
    const number = decode(run, 0, line.type, this.profile.wordOrder);
    if (number === line.missing) return Number.NaN;
    const scaled = number * (line.scale ?? 1);
    if (line.exponent === undefined) return scaled;
    const exponent = decode([at(line.exponent)], 0, 'int16');
    // Dividing by a whole power of ten keeps 0.7882 from becoming 0.78819999.
    return exponent < 0 ? scaled / 10 ** -exponent : scaled * 10 ** exponent;
  }
}

/** What the instrument transformers make of a quantity. */
export function ratioOf(name: QuantityName, { ct, pt }: MeterAddress): number {
  if (name.startsWith('thd')) return 1;
  switch (QUANTITIES[name].unit) {
    case 'V':
      return pt;
    case 'A':
      return ct;
    case 'W':
    case 'var':
    case 'VA':
    case 'Wh':
    case 'varh':
      return ct * pt;
    default:
      return 1;
  }
}

export function channelRatio(name: Parameters<typeof isVoltage>[0], { ct, pt }: MeterAddress): number {
  return isVoltage(name) ? pt : ct;
}
