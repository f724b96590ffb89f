import type { Profile, RegisterLine, Statement } from '../profile';

// The documents count registers from 1: register 3000 has the wire address 2999.
const wire = (register: number): number => register - 1;
const float = (register: number, unit?: string): RegisterLine => ({
  address: wire(register),
  type: 'float32',
  unit,
  missing: Number.NaN,
});
const factor = (register: number): RegisterLine => ({ ...float(register), fourQuadrant: true });
const energy = (register: number): RegisterLine => ({
  address: wire(register),
  type: 'int64',
  notAvailable: ['8000000000000000'],
});

const codes: Statement = {
  text: 'not available: NaN in floats (FFC00000); 8000000000000000 in energies, unproven',
  source:
    'github.com/htvekov/iem3155_esphome issue 1 (NaN with the sign bit, read from an iEM3155); Schneider FAQ ' +
    'FA221437 names 8000 for whole numbers of one register',
  evidence: 'open source',
};

/** PowerLogic PM5100, PM5300 and PM5500 series (PM5110 to PM5580). */
export const pm5000: Profile = {
  name: 'pm5000',
  title: 'Schneider PowerLogic PM5000 series',
  source: 'Schneider Electric, PM51xx/PM53xx and PM556x public Modbus register lists (FAQ FA234017)',
  evidence: 'document',
  codes,
  order: 'ABCD',
  quantities: {
    ia: float(3000),
    ib: float(3002),
    ic: float(3004),
    in: float(3006),
    vab: float(3020),
    vbc: float(3022),
    vca: float(3024),
    va: float(3028),
    vb: float(3030),
    vc: float(3032),
    pa: float(3054, 'kW'),
    pb: float(3056, 'kW'),
    pc: float(3058, 'kW'),
    p: float(3060, 'kW'),
    qa: float(3062, 'kvar'),
    qb: float(3064, 'kvar'),
    qc: float(3066, 'kvar'),
    q: float(3068, 'kvar'),
    sa: float(3070, 'kVA'),
    sb: float(3072, 'kVA'),
    sc: float(3074, 'kVA'),
    s: float(3076, 'kVA'),
    pfa: factor(3078),
    pfb: factor(3080),
    pfc: factor(3082),
    pf: factor(3084),
    f: float(3110),
    energy_import: energy(3204),
    energy_export: energy(3208),
    var_import: energy(3220),
    var_export: energy(3224),
  },
  registers: {},
  identity: {
    name: { address: wire(30), length: 20 },
    serial: { address: wire(130), type: 'uint32' },
  },
};

/** Acti9 iEM3150 to iEM3555. */
export const iem3000: Profile = {
  name: 'iem3000',
  title: 'Schneider Acti9 iEM3000 series',
  source: 'Schneider Electric, iEM3100/iEM3200/iEM3300 user manual DOCA0005EN, Modbus register list',
  evidence: 'document',
  codes,
  order: 'ABCD',
  quantities: {
    ia: float(3000),
    ib: float(3002),
    ic: float(3004),
    vab: float(3020),
    vbc: float(3022),
    vca: float(3024),
    va: float(3028),
    vb: float(3030),
    vc: float(3032),
    pa: float(3054, 'kW'),
    pb: float(3056, 'kW'),
    pc: float(3058, 'kW'),
    p: float(3060, 'kW'),
    q: float(3068, 'kvar'),
    s: float(3076, 'kVA'),
    pf: factor(3084),
    f: float(3110),
    energy_import: energy(3204),
    energy_export: energy(3208),
    var_import: energy(3220),
    var_export: energy(3224),
  },
  registers: {},
  identity: { serial: { address: wire(130), type: 'uint32' } },
};
