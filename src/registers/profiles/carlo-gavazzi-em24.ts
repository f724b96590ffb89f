import type { Profile, RegisterLine } from '../profile';

// Overflow: 7FFF in the high word, whatever is in the low one; the greatest value stands for it.
const value = (address: number, scale: number, unit?: string): RegisterLine => ({
  address,
  type: 'int32',
  scale,
  unit,
  missing: 0x7fffffff,
});
const voltage = (address: number) => value(address, 0.1);
const current = (address: number) => value(address, 0.001);
const power = (address: number) => value(address, 0.1);
const frequency = (address: number): RegisterLine => ({
  address,
  type: 'int16',
  scale: 0.1,
  missing: 0x7fff,
});

/** The variables up to 002Dh; power factors carry the sign of lead and lag, not of power: left out. */
const common: Profile['quantities'] = {
  va: voltage(0x00),
  vb: voltage(0x02),
  vc: voltage(0x04),
  vab: voltage(0x06),
  vbc: voltage(0x08),
  vca: voltage(0x0a),
  ia: current(0x0c),
  ib: current(0x0e),
  ic: current(0x10),
  pa: power(0x12),
  pb: power(0x14),
  pc: power(0x16),
  sa: power(0x18),
  sb: power(0x1a),
  sc: power(0x1c),
  qa: power(0x1e),
  qb: power(0x20),
  qc: power(0x22),
  p: power(0x28),
  s: power(0x2a),
  q: power(0x2c),
};

/** Carlo Gavazzi EM24-DIN with RS485. */
export const em24: Profile = {
  name: 'em24',
  title: 'Carlo Gavazzi EM24 (RS485)',
  source: 'Carlo Gavazzi, EM24-DIN PFA, PFB & X communication protocol, version 4 revision 0, table 2.3',
  order: 'CDAB',
  table: 'input',
  maxRead: 11,
  quantities: {
    ...common,
    f: frequency(0x37),
    energy_import: value(0x3e, 0.1, 'kWh'),
    var_import: value(0x40, 0.1, 'kvarh'),
    energy_export: value(0x5c, 0.1, 'kWh'),
    var_export: value(0x5e, 0.1, 'kvarh'),
  },
  registers: {},
};

/** Carlo Gavazzi EM24-DIN E1, with Ethernet. */
export const em24Ethernet: Profile = {
  name: 'em24-e1',
  title: 'Carlo Gavazzi EM24 (Ethernet)',
  source: 'Carlo Gavazzi, EM24_E1 (Ethernet) communication protocol, version 0 revision 1.3',
  order: 'CDAB',
  table: 'input',
  quantities: {
    ...common,
    f: frequency(0x33),
    energy_import: value(0x34, 0.1, 'kWh'),
    energy_export: value(0x4e, 0.1, 'kWh'),
  },
  registers: {},
};
