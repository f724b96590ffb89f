import {
  en50160Harmonics,
  type Finding,
  type HarmonicExcess,
  type HarmonicLimits,
  iec61000v2v2,
  ieee519Current,
  ieee519Voltage,
  type Power,
} from '../../record';
import type { CalculatorSettings, LimitTableName } from '../settings';

/** Seconds of the values that are judged: the very short time value of IEEE 519, 15 windows of IEC 61000-4-30. */
const INTERVAL = 2.9;

/** The limits of a table for voltages and, where it has some, for currents. */
export function limitsOf(
  settings: Pick<CalculatorSettings, 'limits' | 'nominal' | 'wiring' | 'shortCircuit'>,
): { voltage: HarmonicLimits; current?: HarmonicLimits } | undefined {
  const { limits, nominal, wiring, shortCircuit } = settings;
  const betweenLines = wiring === '3P4W' ? Math.sqrt(3) * nominal : wiring === '1P3W' ? 2 * nominal : nominal;
  const tables: Record<LimitTableName, () => ReturnType<typeof limitsOf>> = {
    none: () => undefined,
    'EN 50160': () => ({ voltage: en50160Harmonics }),
    'IEC 61000-2-2': () => ({ voltage: iec61000v2v2 }),
    'IEEE 519-2014': () => ({
      voltage: ieee519Voltage(betweenLines),
      current: ieee519Current(shortCircuit, 2014),
    }),
    'IEEE 519-2022': () => ({
      voltage: ieee519Voltage(betweenLines),
      current: ieee519Current(shortCircuit, 2022),
    }),
  };
  return tables[limits]();
}

/** Limits as plots show them: in percent by order, null where the table has none; undefined without a table. */
export function limitTable(settings: CalculatorSettings):
  | {
      table: string;
      voltage?: (number | null)[];
      current?: (number | null)[];
      /** What percents of currents are of, A. */
      currentBase: number;
    }
  | undefined {
  const limits = limitsOf(settings);
  if (!limits) return undefined;
  const byOrder = (table: HarmonicLimits) =>
    Array.from({ length: settings.harmonics + 1 }, (_, order) => table.of(order) ?? null);
  return {
    table: settings.limits,
    voltage: byOrder(limits.voltage),
    ...(limits.current && { current: byOrder(limits.current) }),
    currentBase: settings.demand || settings.rated * settings.ct,
  };
}

/**
 * Judges the harmonics of one meter by three seconds at a time: RMS over the windows. The standards judge so
 * many percent of these values, or of ten-minute ones, in a day or week; this says what is above the limit now.
 */
export class LimitWatch {
  private readonly limits: ReturnType<typeof limitsOf>;
  private readonly sums = new Map<string, Float64Array>();
  private seconds = 0;

  constructor(private readonly settings: CalculatorSettings) {
    this.limits = limitsOf(settings);
  }

  /** Takes a window. @returns what is above its limit, when three seconds are full */
  see(power: Power): HarmonicExcess[] | undefined {
    if (!this.limits || !power.window) return undefined;
    for (const [channel, orders] of Object.entries(power.harmonics)) {
      const sums = this.sumsOf(channel, orders.length);
      for (let order = 1; order < orders.length; order++)
        sums[order] += orders[order] * orders[order] * power.window;
    }
    this.seconds += power.window;
    if (this.seconds < INTERVAL) return undefined;
    const found = [...this.sums].flatMap(([channel, sums]) => this.judge(channel, sums));
    this.sums.clear();
    this.seconds = 0;
    return found;
  }

  private sumsOf(channel: string, length: number): Float64Array {
    const held = this.sums.get(channel);
    if (held?.length === length) return held;
    const sums = new Float64Array(length);
    this.sums.set(channel, sums);
    return sums;
  }

  private judge(channel: string, sums: Float64Array): HarmonicExcess[] {
    const isCurrent = channel.startsWith('i');
    const limits = isCurrent ? this.limits?.current : this.limits?.voltage;
    const { demand, rated, ct, noLoad } = this.settings;
    const base = isCurrent ? demand || rated * ct : Math.sqrt(sums[1] / this.seconds);
    if (!limits || !(base > 0) || (isCurrent && Math.sqrt(sums[1] / this.seconds) <= noLoad * rated * ct))
      return [];
    const found: HarmonicExcess[] = [];
    let total = 0;
    for (let order = 2; order < sums.length; order++) {
      const square = sums[order] / this.seconds;
      if (order <= limits.totalTo) total += square;
      const value = (100 * Math.sqrt(square)) / base;
      const limit = limits.of(order);
      if (limit !== undefined && value > limit) found.push({ channel, order, value, limit });
    }
    const value = (100 * Math.sqrt(total)) / base;
    if (value > limits.total)
      found.push({ channel, order: isCurrent ? 'tdd' : 'thd', value, limit: limits.total });
    return found;
  }
}

/** Names of harmonics that are told at most. */
const TOLD = 4;

/** What is above its limit, as one finding. */
export function excessFinding(table: string, exceeded: readonly HarmonicExcess[]): Finding | undefined {
  if (exceeded.length === 0) return undefined;
  const worst = [...exceeded].sort((a, b) => b.value / b.limit - a.value / a.limit);
  const names = worst.slice(0, TOLD).map(({ channel, order, value, limit }) => {
    const what = typeof order === 'number' ? `order ${order}` : order.toUpperCase();
    return `${channel} ${what} ${value.toPrecision(3)} % (limit ${limit.toPrecision(3)} %)`;
  });
  const more = worst.length > TOLD ? `, and ${worst.length - TOLD} more` : '';
  return {
    code: 'HARMONIC_LIMIT',
    severity: 'warning',
    text: `harmonics above ${table} for three seconds: ${names.join(', ')}${more}`,
    hint: 'Look for converters, chargers or a resonance with capacitors; the standard allows some percent of the time.',
    detail: { table, exceeded: worst },
  };
}
