import assert from 'node:assert/strict';
import { sagType, sourceDirection } from '../../src/disturbance/character';
import type { Channel } from '../../src/record';
import { detect, frameOf } from './helpers';

const RATE = 6400;
const RAD = Math.PI / 180;

interface Num {
  re: number;
  im: number;
}
const num = (mag: number, degrees: number): Num => ({
  re: mag * Math.cos(degrees * RAD),
  im: mag * Math.sin(degrees * RAD),
});
const plus = (a: Num, b: Num): Num => ({ re: a.re + b.re, im: a.im + b.im });
const times = (a: Num, b: Num): Num => ({ re: a.re * b.re - a.im * b.im, im: a.re * b.im + a.im * b.re });
const over = (a: Num, b: Num): Num => {
  const d = b.re ** 2 + b.im ** 2;
  return { re: (a.re * b.re + a.im * b.im) / d, im: (a.im * b.re - a.re * b.im) / d };
};

/** Samples of phasors (RMS) that change at `from` and come back at `to` seconds; sine angles at t = 0. */
function samples(
  before: Partial<Record<Channel, Num>>,
  during: Partial<Record<Channel, Num>>,
  from: number,
  to: number,
  { seconds = 1.4, frequency = 50 } = {},
) {
  const channels: Partial<Record<Channel, Float32Array>> = {};
  for (const name of Object.keys(before) as Channel[]) {
    channels[name] = Float32Array.from({ length: seconds * RATE }, (_, n) => {
      const t = n / RATE;
      const { re, im } = (t >= from && t < to ? during : before)[name] as Num;
      const w = 2 * Math.PI * frequency * t;
      return Math.SQRT2 * (re * Math.sin(w) + im * Math.cos(w));
    });
  }
  return frameOf(channels, RATE);
}

const A = num(1, 120);
const A2 = num(1, 240);

/**
 * Voltages at a fault of impedance zero behind impedance `zf` of the grid `zs`, by the sequence networks of
 * the textbook (Bollen 2000, 4.2): Z1 = Z2, Z0 = k Z1. Phase a is the one unlike the others.
 */
function faultVoltages(kind: 'three-phase' | 'phase-to-phase', v: Num): [Num, Num, Num] {
  const e = [num(1, 0), A2, A];
  if (kind === 'three-phase') return e.map((one) => times(v, one)) as [Num, Num, Num];
  // V1 = (1 + V) / 2, V2 = (1 - V) / 2, V0 = 0 (4.27): a keeps its voltage.
  const half = { re: 0.5, im: 0 };
  const one = plus(times(half, { re: 1, im: 0 }), times(half, v));
  const two = plus(times(half, { re: 1, im: 0 }), times({ re: -0.5, im: 0 }, v));
  return [plus(one, two), plus(times(A2, one), times(A, two)), plus(times(A, one), times(A2, two))];
}

describe('type of a sag', () => {
  const fault = (kind: 'three-phase' | 'phase-to-phase', v: Num) => faultVoltages(kind, v);
  const v = num(0.4, -20);

  it('is A of a fault in all phases, C of one between two, on whichever phases they lie', () => {
    const found = sagType(fault('three-phase', v));
    assert.equal(found.type, 'A');
    assert.ok(Math.abs(found.voltage.mag - 0.4) < 1e-9 && Math.abs(found.voltage.angle + 20) < 1e-9);
    const [a, b, c] = fault('phase-to-phase', v);
    for (const [type, turned] of [
      ['Ca', [a, b, c]],
      ['Cb', [times(A2, c), times(A2, a), times(A2, b)]],
      ['Cc', [times(A, b), times(A, c), times(A, a)]],
    ] as const) {
      const c3 = sagType(turned as unknown as [Num, Num, Num]);
      assert.equal(c3.type, type);
      assert.ok(Math.abs(c3.voltage.mag - 0.4) < 1e-9 && Math.abs(c3.voltage.angle + 20) < 1e-9);
    }
  });

  it('changes as through a delta-wye transformer: C to D, E to F, F to G, B to C without its zero sequence', () => {
    // A delta-wye transformer turns line voltages into phase voltages (Bollen 2000, 4.4.4, type 3): a from b - c.
    const deltaWye = ([a, b, c]: Num[]): [Num, Num, Num] => {
      const line = (p: Num, q: Num) => times(num(1 / Math.sqrt(3), 90), plus(p, times({ re: -1, im: 0 }, q)));
      return [line(b, c), line(c, a), line(a, b)];
    };
    const typeC = fault('phase-to-phase', v);
    const typeD = sagType(deltaWye(typeC));
    assert.equal(typeD.type, 'Da');
    assert.ok(Math.abs(typeD.voltage.mag - 0.4) < 1e-9);
    // Single phase to ground at a solidly earthed place: phase a falls, the others stay.
    const typeB: [Num, Num, Num] = [v, A2, A];
    assert.equal(sagType(typeB).type, 'Ba');
    // Two phases to ground, Z0 = Z1: both fall alike.
    const typeE: [Num, Num, Num] = [num(1, 0), times(v, A2), times(v, A)];
    assert.equal(sagType(typeE).type, 'Ea');
    const typeF = sagType(deltaWye(typeE));
    assert.equal(typeF.type, 'Fa');
    assert.ok(Math.abs(typeF.voltage.mag - 0.4) < 1e-9);
    const typeG = sagType(deltaWye(deltaWye(typeE)));
    assert.equal(typeG.type, 'Ga');
    assert.ok(Math.abs(typeG.voltage.mag - 0.4) < 1e-9);
  });

  it('is measured from the waveform, with its characteristic voltage and jump of phase', () => {
    const at = (k: number) => num(230, -120 * k);
    const before = { va: at(0), vb: at(1), vc: at(2) };
    const [a, b, c] = fault('phase-to-phase', v).map((one) => times({ re: 230, im: 0 }, one));
    for (const frequency of [50, 60, 51.7]) {
      const frame = samples(before, { va: a, vb: b, vc: c }, 0.6, 0.8, { frequency });
      const [event] = detect({ nominal: 230 }, frame).ends;
      assert.equal(event.category.bollen, 'Ca');
      assert.ok(
        Math.abs((event.characteristic?.mag as number) - 0.4) < 0.005,
        JSON.stringify(event.characteristic),
      );
      assert.ok(
        Math.abs((event.characteristic?.angle as number) + 20) < 1.5,
        JSON.stringify(event.characteristic),
      );
      // The deeper of b and c, whose angle the closed form gives.
      const worst =
        Math.hypot(b.re, b.im) < Math.hypot(c.re, c.im) ? { is: b, was: at(1) } : { is: c, was: at(2) };
      const ratio = over(worst.is, worst.was);
      const jump = Math.atan2(ratio.im, ratio.re) / RAD;
      assert.ok(Math.abs((event.phaseJump as number) - jump) < 1.5, `${event.phaseJump} for ${jump}`);
    }
  });

  it('is the same type on a grid that turns the other way', () => {
    const at = (k: number) => num(230, 120 * k);
    const [a, b, c] = fault('phase-to-phase', num(0.4, 0)).map((one) => times({ re: 230, im: 0 }, one));
    const frame = samples({ va: at(0), vb: at(1), vc: at(2) }, { va: a, vb: c, vc: b }, 0.6, 0.8);
    assert.equal(detect({}, frame).ends[0].category.bollen, 'Ca');
  });

  it('is told of two line voltages, and not of one phase', () => {
    const line = (k: number) => num(400, -120 * k);
    const low = (k: number) => num(200, -120 * k);
    const frame = samples({ vab: line(0), vbc: line(1) }, { vab: low(0), vbc: low(1) }, 0.6, 0.8);
    assert.equal(detect({ nominal: 400 }, frame).ends[0].category.bollen, 'A');
    const single = samples({ va: num(230, 0) }, { va: num(100, 0) }, 0.6, 0.8);
    const [event] = detect({}, single).ends;
    assert.equal(event.category.bollen, undefined);
    assert.equal(event.characteristic, undefined);
  });
});

describe('point on wave and sag energy', () => {
  it('tell where on the wave a sag begins and ends, to a sample', () => {
    for (let degrees = 0; degrees < 360; degrees += 15) {
      // Steps midway between samples.
      const from = (Math.round((0.6 + degrees / 360 / 50) * RATE) - 0.5) / RATE;
      const to = (Math.round((0.8 + degrees / 720 / 50) * RATE) - 0.5) / RATE;
      const frame = samples({ va: num(230, 0) }, { va: num(115, 0) }, from, to);
      const { pointOnWave } = detect({}, frame).ends[0];
      for (const [found, t] of [
        [pointOnWave?.start, from],
        [pointOnWave?.end, to],
      ]) {
        const truth = (360 * 50 * (t as number)) % 360;
        const off = Math.abs((((found as number) - truth + 540) % 360) - 180);
        // At a crossing both signals are next to nothing, and so is what tells them apart.
        assert.ok(off <= 3 * ((360 * 50) / RATE), `${degrees}: ${found} for ${truth}`);
      }
    }
  });

  it('sums up 1 - u squared over the phases and the time of the sag', () => {
    const at = (mag: number, k: number) => num(mag, -120 * k);
    const before = { va: at(230, 0), vb: at(230, 1), vc: at(230, 2) };
    const frame = samples(before, { va: at(115, 0), vb: at(161, 1), vc: at(230, 2) }, 0.5, 1);
    const [event] = detect({}, frame).ends;
    const truth = 0.5 * (1 - 0.25) + 0.5 * (1 - 0.49);
    assert.ok(Math.abs((event.sagEnergy as number) - truth) < 0.01, String(event.sagEnergy));
  });
});

describe('direction of the source', () => {
  // A source of 1 pu behind zs, the meter, a line to a load; faults on either side (per unit, phasors).
  const zs = num(0.05, 80);
  const load = num(1, 25);
  const state = (source: Num, fault: Num | undefined) => {
    const right = fault ? over(times(fault, load), plus(fault, load)) : load;
    const i = over(source, plus(zs, right));
    return { v: times(i, right), i };
  };
  const before = state(num(1, 0), undefined);

  it('is downstream for a fault behind the meter, upstream for one in the source', () => {
    for (const z of [num(0.02, 60), num(0.1, 30), num(0.2, 5)]) {
      assert.equal(sourceDirection(before, state(num(1, 0), z)).source, 'downstream');
    }
    for (const e of [num(0.4, -10), num(0.7, 0), num(0.85, 15)]) {
      assert.equal(sourceDirection(before, state(e, undefined)).source, 'upstream');
    }
  });

  it('is upstream, too, for a load that takes more current at less voltage', () => {
    const during = { v: times(before.v, num(0.7, -5)), i: over(before.i, num(0.7, 5)) };
    assert.equal(sourceDirection(before, during).source, 'upstream');
  });

  it('is not told where the current hardly moves', () => {
    const still = { v: times(before.v, num(0.7, 0)), i: before.i };
    assert.equal(sourceDirection(before, still).source, 'undetermined');
  });

  it('is measured from voltages and currents, with the method named', () => {
    const during = state(num(1, 0), num(0.05, 60));
    for (const [meant, is] of [
      ['downstream', during],
      ['upstream', state(num(0.5, -5), undefined)],
    ] as const) {
      const three = ({ v, i }: { v: Num; i: Num }) => {
        const turned = (one: Num, k: number, by: number) => times(times(one, num(by, 0)), num(1, -120 * k));
        return Object.fromEntries(
          ['a', 'b', 'c'].flatMap((phase, k) => [
            [`v${phase}`, turned(v, k, 230)],
            [`i${phase}`, turned(i, k, 5)],
          ]),
        );
      };
      const [event] = detect({}, samples(three(before), three(is), 0.6, 0.9)).ends;
      assert.deepEqual(event.direction, { source: meant, method: 'incremental impedance' });
      const single = samples(
        { va: num(230, 0), ia: num(5, -25) },
        { va: num(115, 0), ia: num(2.5, -25) },
        0.6,
        0.9,
      );
      assert.equal(detect({}, single).ends[0].direction?.source, 'upstream');
    }
  });
});
