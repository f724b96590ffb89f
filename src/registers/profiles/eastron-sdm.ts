import type { Profile, RegisterLine, Statement } from '../profile';

const float = (address: number): RegisterLine => ({ address, type: 'float32' });
const wattHours = (address: number): RegisterLine => ({ address, type: 'float32', unit: 'kWh' });
const varHours = (address: number): RegisterLine => ({ address, type: 'float32', unit: 'kvarh' });

const codes: Statement = {
  text: 'no code: quantities that the configured wiring system lacks read 0, which is indistinguishable from a measured 0',
  source: 'Eastron SDM72D-M user manual V1.5, part 3, Modbus protocol, page 14',
  evidence: 'related document',
};

/**
 * Eastron SDM630. Its manual allows 40 parameters of two registers in a request; sister models 30, which
 * costs nothing here.
 */
export const sdm630: Profile = {
  name: 'sdm630',
  title: 'Eastron SDM630',
  source: 'Eastron SDM630-Modbus, Modbus protocol, input register parameters (30001 ff.)',
  evidence: 'document',
  codes,
  order: 'ABCD',
  table: 'input',
  maxRead: 60,
  quantities: {
    va: float(0x0000),
    vb: float(0x0002),
    vc: float(0x0004),
    ia: float(0x0006),
    ib: float(0x0008),
    ic: float(0x000a),
    pa: float(0x000c),
    pb: float(0x000e),
    pc: float(0x0010),
    sa: float(0x0012),
    sb: float(0x0014),
    sc: float(0x0016),
    qa: float(0x0018),
    qb: float(0x001a),
    qc: float(0x001c),
    pfa: float(0x001e),
    pfb: float(0x0020),
    pfc: float(0x0022),
    p: float(0x0034),
    s: float(0x0038),
    q: float(0x003c),
    pf: float(0x003e),
    f: float(0x0046),
    energy_import: wattHours(0x0048),
    energy_export: wattHours(0x004a),
    var_import: varHours(0x004c),
    var_export: varHours(0x004e),
    vab: float(0x00c8),
    vbc: float(0x00ca),
    vca: float(0x00cc),
    in: float(0x00e0),
    thd_va: float(0x00ea),
    thd_vb: float(0x00ec),
    thd_vc: float(0x00ee),
    thd_ia: float(0x00f0),
    thd_ib: float(0x00f2),
    thd_ic: float(0x00f4),
  },
  registers: {},
};

/** Eastron SDM120, one phase. */
export const sdm120: Profile = {
  name: 'sdm120',
  title: 'Eastron SDM120',
  source: 'Eastron SDM120-Modbus, Modbus protocol, input register parameters (30001 ff.)',
  evidence: 'document',
  codes,
  order: 'ABCD',
  table: 'input',
  maxRead: 60,
  quantities: {
    va: float(0x0000),
    ia: float(0x0006),
    pa: float(0x000c),
    sa: float(0x0012),
    qa: float(0x0018),
    pfa: float(0x001e),
    f: float(0x0046),
    energy_import: wattHours(0x0048),
    energy_export: wattHours(0x004a),
    var_import: varHours(0x004c),
    var_export: varHours(0x004e),
  },
  registers: {},
};
