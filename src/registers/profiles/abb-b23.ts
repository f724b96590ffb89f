import type { Profile, RegisterLine } from '../profile';

// What the meter does not have: all bits set; in signed numbers all but the sign.
const voltage = (address: number): RegisterLine => ({
  address,
  type: 'uint32',
  scale: 0.1,
  missing: 0xffffffff,
});
const current = (address: number): RegisterLine => ({
  address,
  type: 'uint32',
  scale: 0.01,
  missing: 0xffffffff,
});
const power = (address: number): RegisterLine => ({
  address,
  type: 'int32',
  scale: 0.01,
  missing: 0x7fffffff,
});
const factor = (address: number): RegisterLine => ({ address, type: 'int16', scale: 0.001, missing: 0x7fff });
/** Hundredths of a kWh or kvarh. */
const energy = (address: number): RegisterLine => ({ address, type: 'uint64', scale: 10, missing: 2 ** 64 });

/** ABB B23 and B24. */
export const abbB23: Profile = {
  name: 'abb-b23',
  title: 'ABB B23, B24',
  source: 'ABB B23/B24 User Manual 2CMC485003M0201, mapping tables of the chapter on Modbus',
  wordOrder: 'big',
  quantities: {
    energy_import: energy(0x5000),
    energy_export: energy(0x5004),
    var_import: energy(0x500c),
    var_export: energy(0x5010),
    va: voltage(0x5b00),
    vb: voltage(0x5b02),
    vc: voltage(0x5b04),
    ia: current(0x5b0c),
    ib: current(0x5b0e),
    ic: current(0x5b10),
    p: power(0x5b14),
    pa: power(0x5b16),
    pb: power(0x5b18),
    pc: power(0x5b1a),
    f: { address: 0x5b2c, type: 'uint16', scale: 0.01, missing: 0xffff },
    pf: factor(0x5b3a),
    pfa: factor(0x5b3b),
    pfb: factor(0x5b3c),
    pfc: factor(0x5b3d),
  },
  registers: {},
};
