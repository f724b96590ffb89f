/**
 * The one table of what can be measured: names as they travel in records, with unit and meaning.
 * SI units, never scaled; ratios in per unit, THD and unbalance in percent (design, section 3).
 */

export type Unit = 'V' | 'A' | 'W' | 'var' | 'VA' | 'Hz' | 'pu' | '%' | 'Wh' | 'varh';

/** Waveform channels and their units: voltages to neutral or between lines, currents, neutral. */
export const CHANNELS = {
  va: 'V',
  vb: 'V',
  vc: 'V',
  vn: 'V',
  vab: 'V',
  vbc: 'V',
  vca: 'V',
  ia: 'A',
  ib: 'A',
  ic: 'A',
  in: 'A',
} as const satisfies Record<string, Unit>;
export type Channel = keyof typeof CHANNELS;
export const CHANNEL_NAMES = Object.keys(CHANNELS) as Channel[];

export interface Quantity {
  unit: Unit;
  label: string;
}

/** Quantities of `reading` and `rms` records. */
export const QUANTITIES = {
  va: { unit: 'V', label: 'RMS voltage A to neutral' },
  vb: { unit: 'V', label: 'RMS voltage B to neutral' },
  vc: { unit: 'V', label: 'RMS voltage C to neutral' },
  vab: { unit: 'V', label: 'RMS voltage A to B' },
  vbc: { unit: 'V', label: 'RMS voltage B to C' },
  vca: { unit: 'V', label: 'RMS voltage C to A' },
  ia: { unit: 'A', label: 'RMS current A' },
  ib: { unit: 'A', label: 'RMS current B' },
  ic: { unit: 'A', label: 'RMS current C' },
  in: { unit: 'A', label: 'RMS neutral current' },
  p: { unit: 'W', label: 'active power, total' },
  pa: { unit: 'W', label: 'active power A' },
  pb: { unit: 'W', label: 'active power B' },
  pc: { unit: 'W', label: 'active power C' },
  q: { unit: 'var', label: 'reactive power, total' },
  qa: { unit: 'var', label: 'reactive power A' },
  qb: { unit: 'var', label: 'reactive power B' },
  qc: { unit: 'var', label: 'reactive power C' },
  s: { unit: 'VA', label: 'apparent power, total' },
  sa: { unit: 'VA', label: 'apparent power A' },
  sb: { unit: 'VA', label: 'apparent power B' },
  sc: { unit: 'VA', label: 'apparent power C' },
  pf: { unit: 'pu', label: 'power factor, total' },
  pfa: { unit: 'pu', label: 'power factor A' },
  pfb: { unit: 'pu', label: 'power factor B' },
  pfc: { unit: 'pu', label: 'power factor C' },
  f: { unit: 'Hz', label: 'frequency' },
  u2: { unit: '%', label: 'voltage unbalance, negative sequence' },
  u0: { unit: '%', label: 'voltage unbalance, zero sequence' },
  thd_va: { unit: '%', label: 'THD of voltage A' },
  thd_vb: { unit: '%', label: 'THD of voltage B' },
  thd_vc: { unit: '%', label: 'THD of voltage C' },
  thd_ia: { unit: '%', label: 'THD of current A' },
  thd_ib: { unit: '%', label: 'THD of current B' },
  thd_ic: { unit: '%', label: 'THD of current C' },
  energy_import: { unit: 'Wh', label: 'active energy, import' },
  energy_export: { unit: 'Wh', label: 'active energy, export' },
  var_import: { unit: 'varh', label: 'reactive energy, import' },
  var_export: { unit: 'varh', label: 'reactive energy, export' },
} as const satisfies Record<string, Quantity>;
export type QuantityName = keyof typeof QUANTITIES;

/** Values by quantity; one that could not be read is absent, never NaN or 0. */
export type Values = Partial<Record<QuantityName, number>>;

/** The phase a voltage channel speaks for in events: `a b c`, or the pair `ab bc ca`. */
export function phaseOf(channel: string): string {
  return channel.slice(1);
}

export function isChannel(name: string): name is Channel {
  return Object.hasOwn(CHANNELS, name);
}

export function isVoltage(name: Channel): boolean {
  return CHANNELS[name] === 'V';
}
