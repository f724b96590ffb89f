import { isVoltage, QUANTITIES, type QuantityName, type Values } from '../record';
import { type Profile, type RegisterLine, readLine } from '../registers';
import type { ModbusLink } from './link';
import { type Block, gapsOf, planReads, type Span, spansOf, splitBlock } from './plan';

/** Exception code of the Modbus specification, section 7. */
const ILLEGAL_ADDRESS = 2;

/** Where a meter is and how its numbers come to the primary side. */
export interface MeterAddress {
  id: string;
  unit: number;
  ct: number;
  pt: number;
}

/** What one look at a meter's registers gave, on the primary side and not yet judged. */
export interface RawReading {
  /** When the last of it came, ms since 1970. */
  time: number;
  values: Values;
  /** Quantities whose registers held no number, or the meter's code for an overflow. */
  notNumbers: QuantityName[];
}

const PLANS = new WeakMap<Profile, Block[]>();

/** The plan that meters of a profile begin with: one for all of them. */
function initialPlan(profile: Profile): Block[] {
  let plan = PLANS.get(profile);
  if (!plan) {
    plan = planReads(Object.values(profile.quantities), profile.unreadable, profile.maxRead);
    PLANS.set(profile, plan);
  }
  return plan;
}

/**
 * Reads the measured quantities of one meter. A block that the meter refuses with exception 2 (illegal
 * data address) is cut into smaller ones, and that is remembered; a value that it refuses by itself is
 * left out from then on.
 */
export class ReadingReader {
  private readonly names: QuantityName[];
  private plan: readonly Block[];
  /** Gaps that it refused to have read along. */
  private readonly learned: Span[] = [];
  /** Addresses of values that it refused. */
  private readonly refusedAddresses = new Set<number>();

  constructor(
    private readonly profile: Profile,
    private readonly meter: MeterAddress,
  ) {
    this.names = Object.keys(profile.quantities) as QuantityName[];
    this.plan = initialPlan(profile);
  }

  /** Quantities of the profile that this meter does not have. */
  get refused(): QuantityName[] {
    if (this.refusedAddresses.size === 0) return [];
    return this.names.filter((name) => !this.isReadable(name));
  }

  /** @throws the fault of the link: a reading is whole or not there */
  async read(link: ModbusLink): Promise<RawReading> {
    const words = new Map<number, number>();
    const known = this.learned.length + this.refusedAddresses.size;
    for (const block of this.plan) await this.readBlock(link, block, words);
    if (this.learned.length + this.refusedAddresses.size > known) this.replan();
    const values: Values = {};
    const notNumbers: QuantityName[] = [];
    const word = (address: number) => words.get(address) ?? 0;
    for (const name of this.names) {
      if (!this.isReadable(name)) continue;
      const value = readLine(this.profile.quantities[name] as RegisterLine, this.profile.order, word);
      if (value === undefined) continue;
      if (Number.isFinite(value)) values[name] = value * ratioOf(name, this.profile, this.meter);
      else notNumbers.push(name);
    }
    return { time: Date.now(), values, notNumbers };
  }

  private async readBlock(link: ModbusLink, block: Block, words: Map<number, number>): Promise<void> {
    try {
      const data = await link.read(this.meter.unit, block.address, block.count, this.profile.table);
      data.forEach((word, i) => {
        words.set(block.address + i, word);
      });
    } catch (error) {
      if ((error as { modbusCode?: number }).modbusCode !== ILLEGAL_ADDRESS) throw error;
      const pieces = splitBlock(block);
      this.learned.push(...gapsOf(block));
      if (pieces.length === 0) this.refusedAddresses.add(block.address);
      // A meter that refuses its last value too knows nothing of this profile: that is its fault to tell.
      if (!this.names.some((name) => this.isReadable(name))) {
        this.refusedAddresses.clear();
        throw error;
      }
      for (const piece of pieces) await this.readBlock(link, piece, words);
    }
  }

  /** The plan anew, with what this meter refused so far. */
  private replan(): void {
    const lines = this.names
      .filter((name) => this.isReadable(name))
      .map((name) => this.profile.quantities[name]);
    const refused = [...this.refusedAddresses].map((from) => ({ from, to: from + 1 }));
    const unreadable = [...(this.profile.unreadable ?? []), ...this.learned, ...refused];
    this.plan = planReads(lines as RegisterLine[], unreadable, this.profile.maxRead);
  }

  private isReadable(name: QuantityName): boolean {
    const spans = spansOf(this.profile.quantities[name] as RegisterLine);
    return spans.every(({ from }) => !this.refusedAddresses.has(from));
  }
}

/** What the instrument transformers make of a quantity. */
export function ratioOf(name: QuantityName, { primary }: Profile, { ct, pt }: MeterAddress): number {
  if (primary || name.startsWith('thd')) return 1;
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
