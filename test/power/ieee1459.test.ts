import assert from 'node:assert/strict';
import { PowerCalculator, readCalculatorSettings } from '../../src/power';
import { type Channel, type Power, WaveformFrame } from '../../src/record';
import { sampled, type Tone } from './tones';

const RATE = 12_800;

/** The first window of some channels. */
function powerOf(channels: Partial<Record<Channel, Tone[]>>, settings: object = {}, seconds = 0.6): Power {
  const found: Power[] = [];
  const calculator = new PowerCalculator(readCalculatorSettings({ rated: 100, ...settings }), {
    power: (power) => found.push(power),
    finding() {},
  });
  const samples = Object.fromEntries(
    Object.entries(channels).map(([name, tones]) => [name, sampled(tones, RATE, seconds * RATE)]),
  );
  calculator.push(
    WaveformFrame.from({ kind: 'waveform', meter: 'm', time: 0, rate: RATE, channels: samples }),
  );
  return found[0];
}

/** Sines of order, RMS, degrees of lag against the first one. */
const sines = (hertz: number, parts: [number, number, number][]): Tone[] =>
  parts.map(([order, rms, lag]) => ({ hertz: order * hertz, rms, at: -90 - lag }));

const near = (found: number | undefined, truth: number, tolerance: number, what: string) =>
  assert.ok(Math.abs((found ?? Number.NaN) - truth) <= tolerance, `${what}: ${found} for ${truth}`);

describe('examples of IEEE 1459-2010', () => {
  /**
   * The signals of annex B: voltage of 100 V with 8, 15, 5 V of orders 3, 5, 7 at 70, -141, -142 degrees of lag,
   * current of 100 A with 20, 15, 10 A at 30, 165, -234, -234. Its powers by order: 8660.25, -13.94, -11.78, -1.74 W.
   */
  describe('annex B: single phase, nonsinusoidal', () => {
    const phase = powerOf(
      {
        va: sines(60, [
          [1, 100, 0],
          [3, 8, 70],
          [5, 15, -141],
          [7, 5, -142],
        ]),
        ia: sines(60, [
          [1, 100, 30],
          [3, 20, 165],
          [5, 15, -234],
          [7, 10, -234],
        ]),
      },
      { wiring: '1P2W' },
    ).phases.a;

    it('3.1.2.1, 3.1.2.2: RMS values and total harmonic distortion', () => {
      near(phase.v, Math.sqrt(100 ** 2 + 8 ** 2 + 15 ** 2 + 5 ** 2), 0.005, 'V');
      near(phase.i, Math.sqrt(100 ** 2 + 20 ** 2 + 15 ** 2 + 10 ** 2), 0.005, 'I');
      near(phase.thdV, 17.72, 0.005, 'THDV');
      near(phase.thdI, 26.93, 0.005, 'THDI');
    });

    it('3.1.2.3 to 3.1.2.5: active power, of the fundamental and of the harmonics', () => {
      near(phase.p, 8632.79, 0.3, 'P');
      near(phase.p1, 8660.25, 0.1, 'P1');
      near(phase.p - (phase.p1 ?? 0), -13.94 - 11.78 - 1.74, 0.05, 'PH');
    });

    it('3.1.2.6 to 3.1.2.14: Q1, S, S1, SN, DI, DV, SH, N', () => {
      near(phase.q, 5000, 0.2, 'Q1');
      near(phase.s, 10_517.5, 0.5, 'S');
      near(phase.s1, 10_000, 0.2, 'S1');
      near(phase.di, 2692.6, 0.2, 'DI');
      near(phase.dv, 1772.0, 0.2, 'DV');
      near(phase.sh, 477.1, 0.2, 'SH');
      near(phase.sn, Math.hypot(2692.58, 1772.0, 477.13), 0.5, 'SN');
      near(phase.n, Math.sqrt(10_517.55 ** 2 - 8632.79 ** 2), 0.5, 'N');
      near(phase.pf, 0.8208, 0.0001, 'PF');
      near(phase.dpf, 0.866, 0.0001, 'PF1');
    });

    it('annex B: the powers of Budeanu and Fryze, by their own definitions', () => {
      const rad = Math.PI / 180;
      const qb =
        5000 + 8 * 20 * Math.sin(95 * rad) + 15 * 15 * Math.sin(-93 * rad) + 5 * 10 * Math.sin(-92 * rad);
      near(phase.qBudeanu, qb, 0.3, 'QB');
      near(phase.dBudeanu, Math.sqrt(10_517.55 ** 2 - 8632.79 ** 2 - qb ** 2), 0.5, 'DB');
      near(phase.qFryze, phase.n ?? 0, 1e-9, 'QF');
    });
  });

  /**
   * 3.2.2.8, the case for effective values: four wires, a resistor from phase a to b, nothing on c. 480/277 V and
   * 277 A in both: Ve 277 V, Ie = 277 sqrt(2/3); the arithmetic and the vector power factor say 0.866 and 1, the
   * effective one sqrt(1/2).
   */
  it('3.2.2: three phases, unbalanced: vector, arithmetic and effective power factor', () => {
    const [v, i] = [277.128, 100];
    const tone = (rms: number, lag: number) => sines(60, [[1, rms, lag]]);
    const power = powerOf({
      va: tone(v, 0),
      vb: tone(v, 120),
      vc: tone(v, 240),
      // Vab leads Va by 30 degrees; what goes into a comes out of b.
      ia: tone(i, -30),
      ib: tone(i, 150),
      ic: tone(0, 0),
    });
    const { total } = power;
    near(total.p, Math.sqrt(3) * v * i, 5, 'P');
    near(total.q, 0, 3, 'Q');
    near(total.s, 2 * v * i, 5, 'SA');
    near(total.pf, 0.866, 0.0005, 'PFA');
    near(total.dpf, 1, 0.0005, 'PFV');
    near(total.ve, v, 0.05, 'Ve');
    near(total.ie, i * Math.sqrt(2 / 3), 0.02, 'Ie');
    near(total.pfe, Math.SQRT1_2, 0.0005, 'PFe');
    near(power.sequence?.i2, i / Math.sqrt(3), 0.02, 'I-');
  });

  it('3.2.2.8: the neutral counts in Ie, measured or summed; one loaded phase of three', () => {
    const tone = (rms: number, lag: number) => sines(50, [[1, rms, lag]]);
    const channels = {
      va: tone(230, 0),
      vb: tone(230, 120),
      vc: tone(230, 240),
      ia: tone(30, 0),
      ib: tone(0, 0),
      ic: tone(0, 0),
    };
    for (const given of [channels, { ...channels, in: tone(30, 180) }]) {
      const { total } = powerOf(given);
      near(total.ie, 30 * Math.sqrt(2 / 3), 0.01, 'Ie');
      near(total.se, 3 * 230 * 30 * Math.sqrt(2 / 3), 3, 'Se');
      near(total.p, 6900, 2, 'P');
    }
  });

  it('3.2.2.9: sequence components, unbalance and rotation of an unbalanced supply', () => {
    // Made of its components: 230 V positive, 4.6 V negative (2 %), 2.3 V zero (1 %), each at an angle of its own.
    const parts = { positive: [230, 0], negative: [4.6, 50], zero: [2.3, -80] } as const;
    const phase = (k: number): Tone[] => {
      const add = ([rms, at]: readonly [number, number], turn: number) => ({
        re: rms * Math.cos(((at + turn) * Math.PI) / 180),
        im: rms * Math.sin(((at + turn) * Math.PI) / 180),
      });
      const all = [add(parts.positive, -120 * k), add(parts.negative, 120 * k), add(parts.zero, 0)];
      const [re, im] = [all.reduce((sum, x) => sum + x.re, 0), all.reduce((sum, x) => sum + x.im, 0)];
      return sines(50, [[1, Math.hypot(re, im), (-Math.atan2(im, re) * 180) / Math.PI]]);
    };
    const current = (k: number) => sines(50, [[1, 5, 120 * k + 20]]);
    const right = powerOf({
      ...{ va: phase(0), vb: phase(1), vc: phase(2) },
      ...{ ia: current(0), ib: current(1), ic: current(2) },
    }).sequence;
    near(right?.v1, 230, 0.01, 'V1');
    near(right?.v2, 4.6, 0.005, 'V2');
    near(right?.v0, 2.3, 0.005, 'V0');
    near(right?.u2, 2, 0.002, 'u2');
    near(right?.u0, 1, 0.002, 'u0');
    near(right?.i1, 5, 0.001, 'I1');
    assert.equal(right?.rotation, 1);
    const turned = powerOf({
      ...{ va: phase(0), vb: phase(2), vc: phase(1) },
      ...{ ia: current(0), ib: current(2), ic: current(1) },
    }).sequence;
    assert.equal(turned?.rotation, -1);
    assert.equal(turned?.u2, undefined);
  });

  it('3.2.3.1: effective distortion powers of three balanced phases are three times those of one', () => {
    const tone = (rms: number, lag: number, third: number) =>
      sines(50, [
        [1, rms, lag],
        [5, third, 5 * lag],
      ]);
    const { total, phases } = powerOf({
      va: tone(230, 0, 10),
      vb: tone(230, 120, 10),
      vc: tone(230, 240, 10),
      ia: tone(30, 25, 6),
      ib: tone(30, 145, 6),
      ic: tone(30, 265, 6),
    });
    for (const name of ['sn', 'di', 'dv', 'sh', 'n'] as const)
      near(total[name], 3 * (phases.a[name] ?? 0), 2, name);
    near(total.di, 3 * 230 * 6, 1, 'DeI');
    near(total.se, 3 * Math.hypot(230, 10) * Math.hypot(30, 6), 2, 'Se');
  });
});

describe('wirings', () => {
  const tone = (rms: number, lag: number) => sines(50, [[1, rms, lag]]);
  // An unbalanced three-wire load; line voltages of an unbalanced supply.
  const terminals = { a: [235, 0], b: [228, 119], c: [231, 242] } as const;
  const currents = { a: [10, 40], b: [14, 150] } as const;
  const phasor = ([rms, lag]: readonly [number, number]) => {
    const at = (-lag * Math.PI) / 180;
    return { re: rms * Math.cos(at), im: rms * Math.sin(at) };
  };
  type Phasor = ReturnType<typeof phasor>;
  const minus = (x: Phasor, y: Phasor) => ({ re: x.re - y.re, im: x.im - y.im });
  const toneOf = ({ re, im }: Phasor) => tone(Math.hypot(re, im), (-Math.atan2(im, re) * 180) / Math.PI);
  const [a, b, c] = [phasor(terminals.a), phasor(terminals.b), phasor(terminals.c)];
  const [ia, ib] = [phasor(currents.a), phasor(currents.b)];
  const ic = minus({ re: 0, im: 0 }, { re: ia.re + ib.re, im: ia.im + ib.im });
  const watts = (v: Phasor, i: Phasor) => v.re * i.re + v.im * i.im;
  const vars = (v: Phasor, i: Phasor) => v.im * i.re - v.re * i.im;

  const inputs: [string, Partial<Record<Channel, Tone[]>>][] = [
    [
      'vab, vbc, ia, ic',
      { vab: toneOf(minus(a, b)), vbc: toneOf(minus(b, c)), ia: toneOf(ia), ic: toneOf(ic) },
    ],
    [
      'vbc, vca, ia, ib',
      { vbc: toneOf(minus(b, c)), vca: toneOf(minus(c, a)), ia: toneOf(ia), ib: toneOf(ib) },
    ],
    [
      'all line voltages, all currents',
      {
        vab: toneOf(minus(a, b)),
        vbc: toneOf(minus(b, c)),
        vca: toneOf(minus(c, a)),
        ia: toneOf(ia),
        ib: toneOf(ib),
        ic: toneOf(ic),
      },
    ],
    [
      'voltages to some earth',
      { va: toneOf(a), vb: toneOf(b), vc: toneOf(c), ia: toneOf(ia), ib: toneOf(ib) },
    ],
  ];
  for (const [what, channels] of inputs) {
    it(`3P3W from ${what}: two wattmeters, virtual neutral (IEEE 1459-2010, 3.2.2.8)`, () => {
      const { total, sequence, phases } = powerOf(channels, { wiring: '3P3W', rated: 10 });
      const [ab, cb] = [minus(a, b), minus(c, b)];
      near(total.p, watts(ab, ia) + watts(cb, ic), 0.5, 'P = Vab Ia + Vcb Ic');
      near(total.q, vars(ab, ia) + vars(cb, ic), 0.5, 'Q');
      // Against the mean of the terminals there is no zero sequence.
      near(sequence?.v0, 0, 0.01, 'V0');
      const lines = [minus(a, b), minus(b, c), minus(c, a)].reduce(
        (sum, { re, im }) => sum + re * re + im * im,
        0,
      );
      near(total.ve, Math.sqrt(lines / 9), 0.02, 'Ve');
      const squares = [ia, ib, ic].reduce((sum, { re, im }) => sum + re * re + im * im, 0);
      near(total.ie, Math.sqrt(squares / 3), 0.002, 'Ie');
      assert.deepEqual(Object.keys(phases), ['a', 'b', 'c']);
    });
  }

  it('3P3W says what is missing', () => {
    assert.throws(
      () => powerOf({ vab: tone(400, 0), ia: tone(5, 0), ib: tone(5, 0) }, { wiring: '3P3W' }),
      /payload\.channels: expected two of vab, vbc, vca, or va, vb and vc \(3P3W\), got "vab ia ib"/,
    );
    assert.throws(
      () => powerOf({ vab: tone(400, 0), vbc: tone(400, 120), ia: tone(5, 0) }, { wiring: '3P3W' }),
      /payload\.channels: expected two of the currents ia, ib, ic \(3P3W\)/,
    );
  });

  it('1P3W: two phases half a cycle apart', () => {
    const { total, phases, sequence } = powerOf(
      { va: tone(120, 0), vb: tone(120, 180), ia: tone(10, 30), ib: tone(6, 180) },
      { wiring: '1P3W', rated: 10 },
    );
    near(total.p, 1200 * Math.cos(Math.PI / 6) + 720, 0.3, 'P');
    near(total.q, 600, 0.3, 'Q');
    near(phases.b.v1?.angle === undefined ? undefined : Math.abs(phases.b.v1.angle), 180, 0.01, 'angle of b');
    assert.equal(sequence, undefined);
  });

  it('takes ratios and phase displacements out: an early CT makes no reactive power', () => {
    const channels = { va: tone(57.7, 0), ia: tone(2, 30 - 0.5) };
    const { phases } = powerOf(channels, { wiring: '1P2W', pt: 100, ct: 50, ctAngle: 0.5, rated: 5 });
    const s = 5770 * 100;
    near(phases.a.p, s * Math.cos(Math.PI / 6), 1e-4 * s, 'P');
    near(phases.a.q, s * Math.sin(Math.PI / 6), 1e-4 * s, 'Q1');
    near(phases.a.angle, 30, 0.005, 'angle');
    near(phases.a.i1?.angle, -30, 0.005, 'angle of the current');
    near(phases.a.crossingAngle, 30, 0.3, 'angle by zero crossings');
  });
});
