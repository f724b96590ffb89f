import type { Profile, RegisterLine } from '../profile';

const voltage = (address: number): RegisterLine => ({
  address,
  type: 'uint32',
  scale: 0.1,
  notAvailable: ['FFFFFFFF'],
});
const current = (address: number): RegisterLine => ({
  address,
  type: 'uint32',
  scale: 0.01,
  notAvailable: ['FFFFFFFF'],
});
const power = (address: number): RegisterLine => ({
  address,
  type: 'int32',
  scale: 0.01,
  notAvailable: ['7FFFFFFF'],
});
const factor = (address: number): RegisterLine => ({
  address,
  type: 'int16',
  scale: 0.001,
  notAvailable: ['7FFF'],
});
const energy = (address: number, unit: string): RegisterLine => ({
  address,
  type: 'uint64',
  scale: 0.01,
  unit,
  notAvailable: ['FFFFFFFFFFFFFFFF'],
});

/** ABB B23 and B24. */
export const abbB23: Profile = {
  name: 'abb-b23',
  title: 'ABB B23, B24',
  source: 'ABB B23/B24 User Manual 2CMC485003M0201, mapping tables of the chapter on Modbus',
  evidence: 'document',
  codes: {
    text: 'not available: all bits set in unsigned numbers, the greatest number in signed ones (7FFF, 7FFFFFFF)',
    source:
      'ABB A43/A44 user manual 2CMC48001M0201 revision C, 9.3 unused registers; for the B23 the same text and ' +
      'bytes from the wire in github.com/gonium/gosdm630 pull request 122',
    evidence: 'related document',
  },
  order: 'ABCD',
  quantities: {
    energy_import: energy(0x5000, 'kWh'),
    energy_export: energy(0x5004, 'kWh'),
    var_import: energy(0x500c, 'kvarh'),
    var_export: energy(0x5010, 'kvarh'),
    va: voltage(0x5b00),
    vb: voltage(0x5b02),
    vc: voltage(0x5b04),
    vab: voltage(0x5b06),
    vbc: voltage(0x5b08),
    vca: voltage(0x5b0a),
    ia: current(0x5b0c),
    ib: current(0x5b0e),
    ic: current(0x5b10),
    in: current(0x5b12),
    p: power(0x5b14),
    pa: power(0x5b16),
    pb: power(0x5b18),
    pc: power(0x5b1a),
    q: power(0x5b1c),
    qa: power(0x5b1e),
    qb: power(0x5b20),
    qc: power(0x5b22),
    s: power(0x5b24),
    sa: power(0x5b26),
    sb: power(0x5b28),
    sc: power(0x5b2a),
    f: { address: 0x5b2c, type: 'uint16', scale: 0.01, notAvailable: ['FFFF'] },
    pf: factor(0x5b3a),
    pfa: factor(0x5b3b),
    pfb: factor(0x5b3c),
    pfc: factor(0x5b3d),
  },
  registers: {},
};
