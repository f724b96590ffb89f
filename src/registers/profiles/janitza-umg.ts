import type { Profile, RegisterLine } from '../profile';

const float = (address: number): RegisterLine => ({ address, type: 'float32', missing: Number.NaN });

/**
 * Janitza UMG 103, 104, 511, 512, 604, 605, 96RM, 96-PA: the block of frequently required readings that
 * they share, on the primary side. The cos phi at 19044 is that of
 * the fundamental, not the power factor, and is left out.
 */
export const janitzaUmg: Profile = {
  name: 'janitza-umg',
  title: 'Janitza UMG',
  source: 'Janitza, Modbus address list UMG 604 (1.038.009) and UMG 96RM-E, readings 19000 to 19120',
  evidence: 'document',
  codes: {
    text: 'not measured: NaN, unproven; an overrange is shown in a register of its own (600 in the UMG 96RM-M), not read',
    source: 'no document read names a code; Janitza UMG 96RM-M user manual, page 85, for register 600',
    evidence: 'memory',
  },
  order: 'ABCD',
  primary: true,
  quantities: {
    va: float(19000),
    vb: float(19002),
    vc: float(19004),
    vab: float(19006),
    vbc: float(19008),
    vca: float(19010),
    ia: float(19012),
    ib: float(19014),
    ic: float(19016),
    in: float(19018),
    pa: float(19020),
    pb: float(19022),
    pc: float(19024),
    p: float(19026),
    sa: float(19028),
    sb: float(19030),
    sc: float(19032),
    s: float(19034),
    qa: float(19036),
    qb: float(19038),
    qc: float(19040),
    q: float(19042),
    f: float(19050),
    energy_import: float(19068),
    energy_export: float(19076),
    thd_va: float(19110),
    thd_vb: float(19112),
    thd_vc: float(19114),
    thd_ia: float(19116),
    thd_ib: float(19118),
    thd_ic: float(19120),
  },
  registers: {},
};
