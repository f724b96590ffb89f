import type { Profile, RegisterLine } from '../profile';

/** What the meter has no value for: 0x8000 in whole numbers, NaN in floats. */
const NOT_MEASURED = -0x8000;

const power = (address: number): RegisterLine => ({
  address,
  type: 'int16',
  exponent: 16,
  missing: NOT_MEASURED,
});
const factor = (address: number): RegisterLine => ({
  address,
  type: 'int16',
  exponent: 17,
  missing: NOT_MEASURED,
});
const float = (address: number): RegisterLine => ({ address, type: 'float32', missing: Number.NaN });
const energy = (address: number): RegisterLine => ({ address, type: 'uint64', scale: 0.001 });

/**
 * The reference meter of the customer's documents (design, section 5).
 *
 * 40001 to 40020 are the wire addresses 0 to 19: powers and power factors as int16, times ten to the
 * power of the exponents in 40017 and 40018; 0x8000 (floats: NaN) stands for what is not measured. 4001 to 4020 and 4099 are addresses as written on the wire.
 * From 4200 on, chosen by this project: voltages, currents, frequency, THD as float32, energies in
 * thousandths of Wh and varh as uint64. 4100 to 4133 and 10000 to 59999: see waveform-fifo.ts; 4140 to
 * 4143 and 4300 to 4419: see numbered-log.ts.
 */
export const genericPq: Profile = {
  name: 'generic-pq',
  title: 'Generic power-quality meter',
  source: 'docs/generic-pq.md of this project, after the register map of the customer',
  evidence: 'document',
  codes: {
    text: 'not measured: 8000 in powers and power factors, NaN in floats',
    source: 'docs/generic-pq.md of this project, after the register map of the customer',
    evidence: 'document',
  },
  order: 'ABCD',
  quantities: {
    pa: power(0),
    pb: power(1),
    pc: power(2),
    p: power(3),
    qa: power(4),
    qb: power(5),
    qc: power(6),
    q: power(7),
    sa: power(8),
    sb: power(9),
    sc: power(10),
    s: power(11),
    pfa: factor(12),
    pfb: factor(13),
    pfc: factor(14),
    pf: factor(15),
    va: float(4200),
    vb: float(4202),
    vc: float(4204),
    vab: float(4206),
    vbc: float(4208),
    vca: float(4210),
    ia: float(4212),
    ib: float(4214),
    ic: float(4216),
    in: float(4218),
    f: float(4220),
    thd_va: float(4222),
    thd_vb: float(4224),
    thd_vc: float(4226),
    thd_ia: float(4228),
    thd_ib: float(4230),
    thd_ic: float(4232),
    energy_import: energy(4234),
    energy_export: energy(4238),
    var_import: energy(4242),
    var_export: energy(4246),
  },
  registers: {
    POWER_EXPONENT: { address: 16, type: 'int16' },
    FACTOR_EXPONENT: { address: 17, type: 'int16', initial: -4 },
    V_SAG_VAL: { address: 4001, type: 'uint16', writable: true, initial: 90 },
    V_SWELL_VAL: { address: 4002, type: 'uint16', writable: true, initial: 110 },
    SWELL_WINDOW: { address: 4003, type: 'uint16', writable: true, initial: 1 },
    PHASE_TOLERANCE: { address: 4004, type: 'uint16', writable: true, initial: 20 },
    LOG_CTRL: { address: 4005, type: 'uint16', writable: true, initial: 1 },
    LOG_MODE: { address: 4006, type: 'uint16', writable: true, initial: 0 },
    LOG_DIVIDER: { address: 4007, type: 'uint16', writable: true, initial: 1 },
    EVENT_COUNT: { address: 4010, type: 'uint32' },
    FIFO_POINTER: { address: 4012, type: 'uint32', writable: true, reserved: true },
    CLOCK: { address: 4014, type: 'uint64' },
    MAP_VERSION: { address: 4020, type: 'uint16', initial: 1 },
    CLEAR_OVERFLOW: { address: 4099, type: 'uint16', writable: true, reserved: true },
    EVENT_OLDEST: { address: 4140, type: 'uint32', initial: 1 },
    EVENT_POINTER: { address: 4142, type: 'uint32', writable: true, reserved: true, initial: 1 },
  },
  waveformFifo: true,
  eventLog: {
    strategy: 'numbered',
    count: 'EVENT_COUNT',
    oldest: 'EVENT_OLDEST',
    pointer: 'EVENT_POINTER',
    window: 4300,
  },
};
