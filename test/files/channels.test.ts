import assert from 'node:assert/strict';
import { findMeters } from '../../src/files/channels/finder';
import type { NamedChannel } from '../../src/files/channels/names';
import { signalsOf } from '../../src/files/channels/signal';
import { seeded } from '../signal/signals';

/** A channel and the sine on it: RMS, degrees; `mean` beside it. */
interface Made {
  id: string;
  unit?: string;
  phase?: string;
  component?: string;
  rms?: number;
  angle?: number;
  mean?: number;
}

const RATE = 3200;
const HERTZ = 50;
/** Stretches of 3.25 cycles, at several places. */
const PROBES = [0, 0.4, 1.31].map((at) => ({ at, length: 208 }));

function find(made: readonly Made[]) {
  const random = seeded(5);
  const probes = PROBES.map(({ at, length }) => ({
    rate: RATE,
    samples: made.map(({ rms = 0, angle = 0, mean = 0 }) =>
      Float64Array.from({ length }, (_, n) => {
        const turn = 2 * Math.PI * (HERTZ * (at + n / RATE) + angle / 360);
        // The last bit of a converter.
        return mean + rms * Math.SQRT2 * Math.cos(turn) + (rms ? rms * 1e-4 * (random(3) - 1) : 0);
      }),
    ),
  }));
  const channels = made.map(
    ({ id, unit = 'V', phase = '', component = '' }, i): NamedChannel => ({
      index: i + 1,
      id,
      unit,
      phase,
      component,
    }),
  );
  const { meters, doubts } = findMeters(channels, signalsOf(probes, HERTZ));
  return {
    // By number in the file.
    channels: meters.map((meter) =>
      Object.fromEntries(Object.entries(meter.channels).map(([name, place]) => [name, place + 1])),
    ),
    meters,
    doubts,
    codes: doubts.map(({ code }) => code),
  };
}

const V = (ids: readonly string[], rms = 230, turn = -120, unit = 'V'): Made[] =>
  ids.map((id, k) => ({ id, unit, rms, angle: 20 + turn * k }));
const I = (ids: readonly string[], rms = 5, lag = 30): Made[] =>
  ids.map((id, k) => ({ id, unit: 'A', rms, angle: 20 - lag - 120 * k }));

const VOLTAGES = V(['VA', 'VB', 'VC']);
const CURRENTS = I(['IA', 'IB', 'IC']);

describe('files: finding the channels of a meter', () => {
  it('takes voltages and currents for what they are, whichever come first', () => {
    const found = find([...CURRENTS, ...VOLTAGES]);
    assert.deepEqual(found.channels, [{ va: 4, vb: 5, vc: 6, ia: 1, ib: 2, ic: 3 }]);
    assert.deepEqual(found.codes, []);
    assert.ok(found.meters[0].confidence > 0.9);
    assert.match(found.meters[0].reason, /A B C in the names, equal levels, 120 degrees apart/);
    assert.deepEqual(find([...VOLTAGES, ...CURRENTS]).channels, [
      { va: 1, vb: 2, vc: 3, ia: 4, ib: 5, ic: 6 },
    ]);
  });

  it('takes phases by name in any order', () => {
    const reversed = [...CURRENTS, ...VOLTAGES].reverse();
    assert.deepEqual(find(reversed).channels, [{ va: 3, vb: 2, vc: 1, ia: 6, ib: 5, ic: 4 }]);
    const mixed = [...VOLTAGES, ...CURRENTS]
      .filter((_, i) => i % 2)
      .concat([...VOLTAGES, ...CURRENTS].filter((_, i) => i % 2 === 0));
    // VB IA IC VA VC IB
    assert.deepEqual(find(mixed).channels, [{ va: 4, vb: 1, vc: 5, ia: 2, ib: 6, ic: 3 }]);
  });

  for (const [what, volts, amps] of [
    ['R, S, T', ['VR', 'VS', 'VT'], ['IR', 'IS', 'IT']],
    ['L1, L2, L3', ['U L1', 'U L2', 'U L3'], ['I L1', 'I L2', 'I L3']],
    ['1, 2, 3', ['U1', 'U2', 'U3'], ['I1', 'I2', 'I3']],
    ['R, Y, B', ['VR', 'VY', 'VB'], ['IR', 'IY', 'IB']],
    ['u, v, w', ['Uu', 'Uv', 'Uw'], ['Iu', 'Iv', 'Iw']],
    [
      'the last letter of long names',
      ['Bus 1 Volts A', 'Bus 1 Volts B', 'Bus 1 Volts C'],
      ['Bus 1 Amps A', 'Bus 1 Amps B', 'Bus 1 Amps C'],
    ],
  ] as [string, string[], string[]][]) {
    it(`knows phases that are called ${what}`, () => {
      const found = find([...I(amps), ...V(volts)]);
      assert.deepEqual(found.channels, [{ va: 4, vb: 5, vc: 6, ia: 1, ib: 2, ic: 3 }]);
    });
  }

  it('knows phases by the phase field where names say nothing', () => {
    const fields = ['A', 'B', 'C', 'A', 'B', 'C'];
    const made = [...V(['Input four', 'Input nine', 'Input ten']), ...I(['Clamp x', 'Clamp xi', 'Clamp zz'])];
    const found = find(made.map((channel, i) => ({ ...channel, phase: fields[i] })));
    assert.deepEqual(found.channels, [{ va: 1, vb: 2, vc: 3, ia: 4, ib: 5, ic: 6 }]);
  });

  it('takes two of three line voltages', () => {
    const pair: Made[] = [
      { id: 'U21', rms: 400, angle: 50 },
      { id: 'U32', rms: 400, angle: -70 },
    ];
    const found = find([...I(['I1', 'I2', 'I3']), ...pair]);
    assert.deepEqual(found.channels, [{ vab: 4, vbc: 5, ia: 1, ib: 2, ic: 3 }]);
  });

  it('takes three line voltages where there are no others, and leaves them where there are', () => {
    const lines = V(['VAB', 'VBC', 'VCA'], 400);
    assert.deepEqual(find(lines).channels, [{ vab: 1, vbc: 2, vca: 3 }]);
    assert.deepEqual(find([...lines, ...VOLTAGES]).channels, [{ va: 4, vb: 5, vc: 6 }]);
  });

  it('leaves residual, sequence and synchronising voltages', () => {
    const others: Made[] = [
      { id: '3U0', rms: 2, angle: 77 },
      { id: 'VSYNC', rms: 231, angle: 20 },
      { id: 'VS', rms: 229, angle: 22 },
      { id: '3I0', unit: 'A', rms: 0.1, angle: 1 },
      { id: 'V0', rms: 0.7, angle: 77 },
      { id: 'V2', rms: 1, angle: 77 },
    ];
    for (const made of [
      [...VOLTAGES, ...others, ...CURRENTS],
      [...others, ...VOLTAGES, ...CURRENTS],
    ]) {
      const [meter, ...more] = find(made).channels;
      assert.deepEqual(more, []);
      const first = made.findIndex(({ id }) => id === 'VA') + 1;
      const current = made.findIndex(({ id }) => id === 'IA') + 1;
      assert.deepEqual(meter, {
        va: first,
        vb: first + 1,
        vc: first + 2,
        ia: current,
        ib: current + 1,
        ic: current + 2,
      });
    }
  });

  it('takes the neutral of the same name', () => {
    const neutral: Made[] = [
      { id: 'VN', rms: 1.5, angle: 100 },
      { id: 'IN', unit: 'A', rms: 0.4, angle: 100 },
    ];
    const found = find([...VOLTAGES, ...CURRENTS, ...neutral]);
    assert.deepEqual(found.channels, [{ va: 1, vb: 2, vc: 3, vn: 7, ia: 4, ib: 5, ic: 6, in: 8 }]);
  });

  it('rejects RMS values and angles that have the names of phases, by their samples', () => {
    const steady = (ids: string[], mean: number, unit: string) => ids.map((id): Made => ({ id, unit, mean }));
    const slow = [
      ...steady(['Va', 'Vb', 'Vc'], 230, 'V'),
      ...steady(['Ia', 'Ib', 'Ic'], 5, 'A'),
      ...steady(['UA', 'UB', 'UC'], -120, 'V'),
    ];
    const found = find([...slow, ...V(['Bus VA', 'Bus VB', 'Bus VC']), ...I(['Bus IA', 'Bus IB', 'Bus IC'])]);
    assert.deepEqual(found.channels, [{ va: 10, vb: 11, vc: 12, ia: 13, ib: 14, ic: 15 }]);
    assert.deepEqual(find(slow).channels, []);
  });

  it('takes three equal voltages a third of a turn apart where no name says anything, in their true order', () => {
    const names = ['Kanal acht', 'Kanal vier', 'Kanal zwei'];
    assert.deepEqual(find(V(names)).channels, [{ va: 1, vb: 2, vc: 3 }]);
    // The other way round: b and c are exchanged, so that the sequence is a-b-c.
    assert.deepEqual(find(V(names, 230, 120)).channels, [{ va: 1, vb: 3, vc: 2 }]);
  });

  it('takes none of three voltages without names that are not a third of a turn apart, or not equal', () => {
    const names = ['Kanal acht', 'Kanal vier', 'Kanal zwei'];
    assert.deepEqual(find(V(names, 230, 0)).channels, []);
    assert.deepEqual(find(V(names, 230, 90)).channels, []);
    const unequal = V(names).map((channel, k) => ({ ...channel, rms: [230, 60, 230][k] }));
    assert.deepEqual(find(unequal).channels, []);
  });

  it('takes a single voltage for phase a, with its current, and says so', () => {
    const one = find([
      { id: 'Current', unit: 'A', rms: 4 },
      { id: 'Voltage', rms: 120 },
    ]);
    assert.deepEqual(one.channels, [{ va: 2, ia: 1 }]);
    assert.deepEqual(one.codes, ['SINGLE_PHASE']);
    const lone = find([{ id: 'Voltage', rms: 120 }]);
    assert.deepEqual(lone.channels, [{ va: 1 }]);
    // Two legs of a split phase.
    const split = find(V(['Voltage left', 'Voltage right'], 120, 180));
    assert.deepEqual(split.channels, [{ va: 1, vb: 2 }]);
    assert.deepEqual(split.codes, ['SINGLE_PHASE']);
  });

  it('makes a meter of each bus, each with its own currents by name', () => {
    const bus = (n: number, rms: number) => [
      ...V([`Bus ${n} VA`, `Bus ${n} VB`, `Bus ${n} VC`], rms),
      ...I([`Bus ${n} IA`, `Bus ${n} IB`, `Bus ${n} IC`], rms / 50),
    ];
    const found = find([...bus(1, 230), ...bus(2, 110)]);
    assert.deepEqual(found.channels, [
      { va: 1, vb: 2, vc: 3, ia: 4, ib: 5, ic: 6 },
      { va: 7, vb: 8, vc: 9, ia: 10, ib: 11, ic: 12 },
    ]);
    assert.deepEqual(found.codes, []);
    assert.notEqual(found.meters[0].label, found.meters[1].label);
    // Currents before all voltages, and the second bus first.
    const [one, two] = [bus(1, 230), bus(2, 110)];
    const shuffled = find([...two.slice(3), ...one.slice(3), ...two.slice(0, 3), ...one.slice(0, 3)]);
    assert.deepEqual(shuffled.channels, [
      { va: 7, vb: 8, vc: 9, ia: 1, ib: 2, ic: 3 },
      { va: 10, vb: 11, vc: 12, ia: 4, ib: 5, ic: 6 },
    ]);
  });

  it('takes no currents where several sets may belong to the voltages, and says so', () => {
    const feeders = [1, 2, 3].flatMap((n) => I([`Feeder ${n} IA`, `Feeder ${n} IB`, `Feeder ${n} IC`]));
    const found = find([...V(['Bus VA', 'Bus VB', 'Bus VC']), ...feeders]);
    assert.deepEqual(found.channels, [{ va: 1, vb: 2, vc: 3 }]);
    assert.deepEqual(found.codes, ['CURRENTS_UNASSIGNED']);
    assert.match(
      found.doubts[0].text,
      /3 sets of currents.*Feeder 1 IA, Feeder 1 IB, Feeder 1 IC; Feeder 2 IA/,
    );
  });

  it('gives the only currents to neither of two buses whose names do not say', () => {
    const buses = ['East', 'West'].flatMap((name) => V([`${name} VA`, `${name} VB`, `${name} VC`]));
    const found = find([...buses, ...CURRENTS]);
    assert.deepEqual(found.channels, [
      { va: 1, vb: 2, vc: 3 },
      { va: 4, vb: 5, vc: 6 },
    ]);
    assert.deepEqual(found.codes, ['CURRENTS_UNASSIGNED', 'CURRENTS_UNASSIGNED']);
  });

  it('leaves voltages that are dead, and says so', () => {
    const spare = V(['Spare VA', 'Spare VB', 'Spare VC'], 0);
    const found = find([...spare, ...VOLTAGES]);
    assert.deepEqual(found.channels, [{ va: 4, vb: 5, vc: 6 }]);
    assert.deepEqual(found.codes, ['DEAD_CHANNELS']);
    assert.match(found.doubts[0].text, /Spare VA, Spare VB, Spare VC/);
  });

  it('takes dead voltages by name where there are no others: an outage is a record, too', () => {
    const found = find([...V(['VA', 'VB', 'VC'], 0), ...I(['IA', 'IB', 'IC'], 0)]);
    assert.deepEqual(found.channels, [{ va: 1, vb: 2, vc: 3, ia: 4, ib: 5, ic: 6 }]);
    assert.ok(found.meters[0].confidence <= 0.5);
    assert.match(found.meters[0].reason, /no signal/);
  });

  it('keeps the names of phases that turn a-c-b, and says so', () => {
    const found = find([...V(['VA', 'VB', 'VC'], 230, 120), ...CURRENTS]);
    assert.deepEqual(found.channels, [{ va: 1, vb: 2, vc: 3, ia: 4, ib: 5, ic: 6 }]);
    assert.deepEqual(found.codes, ['ROTATION']);
    assert.match(found.doubts[0].text, /VA, VB, VC: the phase sequence is a-c-b/);
  });

  it('keeps a phase that is dead or down beside two that are not', () => {
    const down = VOLTAGES.map((channel, k) => (k === 1 ? { ...channel, rms: 0 } : channel));
    assert.deepEqual(find(down).channels, [{ va: 1, vb: 2, vc: 3 }]);
  });

  it('makes no meter without voltages', () => {
    assert.deepEqual(find(CURRENTS).channels, []);
    assert.deepEqual(find([{ id: 'Frequency', unit: 'Hz', mean: 50 }]).channels, []);
    assert.deepEqual(find([]).channels, []);
  });
});
