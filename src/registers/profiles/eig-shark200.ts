import type { Profile, RegisterLine } from '../profile';

const float = (address: number): RegisterLine => ({ address, type: 'float32' });
const energy = (address: number): RegisterLine => ({ address, type: 'int32' });

/**
 * Electro Industries Shark 200 with the power-quality option (V-Switch 5 or 6). Its event and waveform logs
 * are fetched by registers/eig-log.ts; they are at the meter's terminals, its readings on the primary side.
 */
export const shark200: Profile = {
  name: 'shark200',
  title: 'Electro Industries Shark 200',
  source: 'Electro Industries, Shark 200/200T user manual E149701, appendix B',
  order: 'ABCD',
  primary: true,
  quantities: {
    va: float(0x03e7),
    vb: float(0x03e9),
    vc: float(0x03eb),
    vab: float(0x03ed),
    vbc: float(0x03ef),
    vca: float(0x03f1),
    ia: float(0x03f3),
    ib: float(0x03f5),
    ic: float(0x03f7),
    p: float(0x03f9),
    q: float(0x03fb),
    s: float(0x03fd),
    pf: float(0x03ff),
    f: float(0x0401),
    in: float(0x0403),
    pa: float(0x0405),
    pb: float(0x0407),
    pc: float(0x0409),
    qa: float(0x040b),
    qb: float(0x040d),
    qc: float(0x040f),
    sa: float(0x0411),
    sb: float(0x0413),
    sc: float(0x0415),
    pfa: float(0x0417),
    pfb: float(0x0419),
    pfc: float(0x041b),
    // Unit and decimals of the energies are settings of the meter (here: Wh); it calls import received.
    energy_import: energy(0x05db),
    energy_export: energy(0x05dd),
    var_import: energy(0x05e3),
    var_export: energy(0x05e5),
  },
  registers: {},
  identity: {
    name: { address: 0x0000, length: 8 },
    serial: { address: 0x0008, length: 8 },
  },
  eventLog: {
    strategy: 'eig',
    // The status blocks of the logs follow one another, 16 registers each, from 0xC737 (alarms) on.
    events: { log: 10, status: 0xc797 },
    waveforms: { log: 11, status: 0xc7a7 },
  },
};
