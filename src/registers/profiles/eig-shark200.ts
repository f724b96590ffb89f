import type { Profile, RegisterLine } from '../profile';

const float = (address: number): RegisterLine => ({ address, type: 'float32' });
/**
 * Energies are signed: received and delivered always have opposite signs, and which is the positive one
 * depends on the setting "view as load" or "view as generator". The amount is the energy.
 */
const energy = (address: number): RegisterLine => ({
  address,
  type: 'int32',
  magnitude: true,
  source:
    'Electro Industries, Shark MP200 manual E166703, Modbus map, interval energy (signs); aggsoft.com register ' +
    'list of the Shark 250: 1500 is Wh of quadrants 1 and 4, 1502 of 2 and 3, 1508 varh of 1 and 2, 1510 of 3 and 4',
  evidence: 'related document',
});

/**
 * Electro Industries Shark 200 with the power-quality option (V-Switch 5 or 6). Its event and waveform logs
 * are fetched by registers/eig-log.ts; they are at the meter's terminals, its readings on the primary side.
 */
export const shark200: Profile = {
  name: 'shark200',
  title: 'Electro Industries Shark 200',
  source: 'Electro Industries, Shark 200/200T user manual E149701, appendix B',
  evidence: 'document',
  codes: {
    text: 'no code: all readings are 0 until the first are available and while the meter does not measure',
    source: 'Electro Industries, Shark 200S manual E149721, Modbus map, notes on page MM-22',
    evidence: 'related document',
  },
  setup: {
    text:
      'Set the meter to "view as load", so that active power drawn is positive, and its energies to Wh without ' +
      'decimals. Received is read as import, delivered as export: unproven on a Shark 200, taken from sister models.',
    source:
      'Electro Industries, Shark MP200 manual E166703, Modbus map; register list of the Shark 250, aggsoft.com',
    evidence: 'related document',
  },
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
    // Unit and decimals of the energies are settings of the meter (here: Wh).
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
