import assert from 'node:assert/strict';
import { categorise, en50160, itic, sagSeverity, semiF47 } from '../../../src/record';

describe('cells of EN 50160', () => {
  // A point inside each cell of the table of dips: rows A to X by residual voltage, columns by duration.
  const RESIDUALS: [row: string, pu: number][] = [
    ['A', 0.85],
    ['B', 0.75],
    ['C', 0.55],
    ['D', 0.2],
    ['X', 0.02],
  ];
  const DURATIONS = [0.1, 0.3, 0.7, 3, 30];
  it('names all 25 cells of dips', () => {
    for (const [row, pu] of RESIDUALS) {
      DURATIONS.forEach((seconds, i) => {
        assert.equal(en50160('sag', pu, seconds), `${row}${i + 1}`);
      });
    }
  });
  it('names the six cells of swells', () => {
    for (const [row, pu] of [
      ['S', 1.25],
      ['T', 1.15],
    ] as const) {
      [0.2, 2, 20].forEach((seconds, i) => {
        assert.equal(en50160('swell', pu, seconds), `${row}${i + 1}`);
      });
    }
  });
  it('puts limits into the cells that the table says: 90 > u >= 80, 10 <= t <= 200', () => {
    assert.equal(en50160('sag', 0.8, 0.2), 'A1');
    assert.equal(en50160('sag', 0.799, 0.201), 'B2');
    assert.equal(en50160('sag', 0.05, 60), 'D5');
    assert.equal(en50160('sag', 0.4, 0.01), 'C1');
    assert.equal(en50160('swell', 1.2, 0.5), 'S1');
    assert.equal(en50160('interruption', 0.01, 1), 'X3');
  });
  it('has no cell for what the tables leave out', () => {
    assert.equal(en50160('sag', 0.9, 1), undefined);
    assert.equal(en50160('sag', 0.5, 0.009), undefined);
    assert.equal(en50160('sag', 0.5, 61), undefined);
    assert.equal(en50160('swell', 1.1, 1), undefined);
    assert.equal(en50160('undervoltage', 0.85, 30), undefined);
  });
});

describe('ride-through curves', () => {
  // Points on either side of every segment of the ITI curve.
  const ITIC: [pu: number, seconds: number, region: string][] = [
    [0, 0.02, 'no interruption'],
    [0, 0.021, 'no damage'],
    [0.7, 0.5, 'no interruption'],
    [0.69, 0.5, 'no damage'],
    [0.79, 0.51, 'no damage'],
    [0.8, 10, 'no interruption'],
    [0.89, 11, 'no damage'],
    [0.9, 1e6, 'no interruption'],
    [1.9, 0.0009, 'no interruption'],
    [1.3, 0.003, 'no interruption'],
    [1.3, 0.004, 'prohibited'],
    [1.2, 0.5, 'no interruption'],
    [1.15, 0.51, 'prohibited'],
    [1.1, 60, 'no interruption'],
  ];
  for (const [pu, seconds, region] of ITIC) {
    it(`ITI: ${pu} pu for ${seconds} s is ${region}`, () => assert.equal(itic(pu, seconds), region));
  }

  const F47: [pu: number, seconds: number, side: string | undefined][] = [
    [0.5, 0.2, 'above'],
    [0.49, 0.2, 'below'],
    [0.5, 0.21, 'below'],
    [0.7, 0.5, 'above'],
    [0.79, 1, 'below'],
    [0.8, 10, 'above'],
    [0.85, 20, 'below'],
    [1.2, 1, undefined],
  ];
  for (const [pu, seconds, side] of F47) {
    it(`SEMI F47: ${pu} pu for ${seconds} s is ${side ?? 'not its concern'}`, () =>
      assert.equal(semiF47(pu, seconds), side));
  }

  it('severity: 1 on the curve, by how much more is lost than the curve allows', () => {
    assert.equal(sagSeverity(0.5, 0.1), 1);
    assert.equal(sagSeverity(0, 0.1), 2);
    assert.ok(Math.abs((sagSeverity(0.85, 0.1) as number) - 0.3) < 1e-12);
    assert.equal(sagSeverity(0, 0.01), 1);
    assert.equal(sagSeverity(1.2, 0.1), undefined);
  });

  it('an event carries them all', () => {
    assert.deepEqual(categorise('sag', 0.45, 0.3, 15), {
      category: { ieee1159: 'instantaneous sag', en50160: 'C2', itic: 'no damage', semiF47: 'below' },
      flags: [],
      severity: (1 - 0.45) / (1 - 0.7),
    });
    assert.deepEqual(categorise('rvc', 0.96, 1, 50), { category: {}, flags: [] });
    assert.deepEqual(categorise('swell', 1.5, 5, 250).flags, ['outside table']);
  });
});
