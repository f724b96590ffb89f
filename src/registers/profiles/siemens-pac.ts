import type { Profile, RegisterLine, Statement } from '../profile';

const float = (address: number): RegisterLine => ({ address, type: 'float32', missing: Number.NaN });
const energy = (address: number): RegisterLine => ({ address, type: 'float64' });

const codes: Statement = {
  text: 'not measured: NaN, unproven; energies begin again at 0 after 1.0e+12',
  source:
    'no document read names a code; SENTRON PAC3100 manual A5E02385159B, A.2, for the overflow of energies',
  evidence: 'memory',
};

/** What PAC2200 and PAC3200 have in common. Power factors are amounts, without a sign: left out. */
const common: Profile['quantities'] = {
  va: float(1),
  vb: float(3),
  vc: float(5),
  vab: float(7),
  vbc: float(9),
  vca: float(11),
  ia: float(13),
  ib: float(15),
  ic: float(17),
  sa: float(19),
  sb: float(21),
  sc: float(23),
  pa: float(25),
  pb: float(27),
  pc: float(29),
  qa: float(31),
  qb: float(33),
  qc: float(35),
  f: float(55),
  s: float(63),
  p: float(65),
  q: float(67),
  energy_import: energy(801),
  energy_export: energy(809),
  var_import: energy(817),
  var_export: energy(825),
};

/** Siemens SENTRON PAC2200. Energies of tariff 1. */
export const pac2200: Profile = {
  name: 'pac2200',
  title: 'Siemens SENTRON PAC2200',
  source: 'Siemens, 7KM PAC2200 manual L1V30415167B, appendix A.1 Modbus TCP, measured variables',
  evidence: 'document',
  codes,
  order: 'ABCD',
  quantities: common,
  registers: {},
};

/** Siemens SENTRON PAC3200. Energies of tariff 1. */
export const pac3200: Profile = {
  name: 'pac3200',
  title: 'Siemens SENTRON PAC3200',
  source: 'Siemens, SENTRON PAC3200 manual A5E01168664B, 3.9.3 Modbus measured variables',
  evidence: 'document',
  codes,
  order: 'ABCD',
  quantities: {
    ...common,
    thd_va: float(43),
    thd_vb: float(45),
    thd_vc: float(47),
    thd_ia: float(49),
    thd_ib: float(51),
    thd_ic: float(53),
  },
  registers: {},
};
