import type { Profile, RegisterLine, Statement } from '../profile';

// The high word alone counts: 7FFF0001 is an overflow as much as 7FFFFFFF. As a power 8000xxxx would lie between
// -214.75 and -214.74 MW, so that the code of the M-Bus version costs next to no value.
const value = (address: number, scale: number, unit?: string): RegisterLine => ({
  address,
  type: 'int32',
  scale,
  unit,
  overflow: ['7FFFxxxx', '8000xxxx'],
});
const voltage = (address: number) => value(address, 0.1);
const current = (address: number) => value(address, 0.001);
const power = (address: number) => value(address, 0.1);
const frequency = (address: number): RegisterLine => ({
  address,
  type: 'int16',
  scale: 0.1,
  overflow: ['7FFF', '8000'],
});

const codes: Statement = {
  text:
    'overflow (EEEE on the display): 7FFF in the high word; 8000 (-EEE) too, which is documented for the M-Bus ' +
    'version alone',
  source:
    'Carlo Gavazzi, EM24-DIN PFA, PFB & X communication protocol, 2.2, page 7 (7FFF); EM24 M1 M-Bus ' +
    'communication protocol, 2.2, page 8 (7FFF, 8000)',
  evidence: 'document',
};
const APPLICATION =
  'Set the meter to application H: which variables exist, exported energy above all, depends on the ' +
  'application selected at the meter.';

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
  title: 'Carlo Gavazzi EM24 (RS485), application H',
  source: 'Carlo Gavazzi, EM24-DIN PFA, PFB & X communication protocol, version 4 revision 0, table 2.3',
  // Import: 3Eh is the total and 42h the partial counter, also in the register list of aggsoft.com.
  evidence: 'document',
  codes,
  setup: {
    text: `${APPLICATION} PFA models do not offer it.`,
    source:
      'EM24-DIN PFA, PFB & X communication protocol, 2.9.2 (1101h = 7; PFA: A, B, C, G; PFB: E, F, H; X: all); ' +
      'exception 2 without it: github.com/evcc-io/evcc pull request 31736',
    evidence: 'document',
  },
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
  title: 'Carlo Gavazzi EM24 (Ethernet), application H',
  source: 'Carlo Gavazzi, EM24_E1 (Ethernet) communication protocol, version 0 revision 1.3',
  evidence: 'document',
  codes: { ...codes, evidence: 'related document' },
  setup: {
    text: APPLICATION,
    source:
      'github.com/victronenergy/dbus-modbus-client, carlo_gavazzi.py, which writes 7 (H) to register A000h',
    evidence: 'open source',
  },
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
