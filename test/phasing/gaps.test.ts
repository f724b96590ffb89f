import assert from 'node:assert/strict';
import { PhaseCorrelator, readCorrelatorSettings } from '../../src/phasing';
import { leftOutByGaps, parseRecord, type Reading } from '../../src/record';
import { seeded } from '../signal/signals';

const SLOTS = 288;
const STEP = 300_000;
const NOW = 2e12;
const REFERENCES = ['a', 'b', 'c'].map((phase) => ({ meter: `R${phase}`, transformer: 'T1', phase }));

/** What becomes of a meter in a slot: undefined for no reading. */
type Spoil = (slot: number, va: number) => number | undefined;

const gap =
  (from: number, to: number): Spoil =>
  (slot, va) =>
    slot >= from && slot < to ? undefined : va;

/** A run over a day of `count` meters on one phase each and one meter, `m3`, on three. */
function run(count: number, spoilt: Record<string, Spoil>, settings: object = {}) {
  const random = seeded(9);
  const wander = () => (random(2001) - 1000) / 1000;
  const correlator = new PhaseCorrelator(
    readCorrelatorSettings({ days: 1, references: REFERENCES, ...settings }),
  );
  const level = [0, 0, 0];
  for (let slot = 0; slot < SLOTS; slot++) {
    for (let p = 0; p < 3; p++) level[p] = 0.95 * level[p] + wander();
    const push = (meter: string, volts: Record<string, number>) => {
      const values: Record<string, number> = {};
      for (const [input, va] of Object.entries(volts)) {
        const left = spoilt[meter] ? spoilt[meter](slot, va) : va;
        if (left !== undefined) values[input] = left;
      }
      const time = NOW - (SLOTS - slot) * STEP;
      const reading: Reading = { kind: 'reading', meter, time, values, quality: 'good' };
      if (Object.keys(values).length) correlator.push(reading, NOW);
    };
    REFERENCES.forEach(({ meter }, p) => {
      push(meter, { va: 230 + level[p] });
    });
    for (let k = 0; k < count; k++) push(`m1-${k}`, { va: 230 + level[k % 3] + 0.2 * wander() });
    const [va, vb, vc] = level.map((volts) => 230 + volts + 0.2 * wander());
    push('m3', { va, vb, vc });
  }
  const { map, diagnostics } = correlator.run(NOW);
  parseRecord(map);
  return { map, told: diagnostics.find(({ code }) => code === 'GAPS_EXCLUDE') };
}

describe('meters that only their gaps keep out', () => {
  it('are counted in the map, a meter of three phases once; the diagnostic says the same number', () => {
    const { map, told } = run(9, { 'm1-0': gap(50, 60), m3: gap(100, 110) });
    const { meters, gapsOnly, excluded } = map.run;
    assert.deepEqual([meters, gapsOnly, excluded], [10, 2, 2]);
    assert.equal(told?.text, '2 of 10 meters are left out because of their gaps');
    assert.deepEqual(told?.detail, { excluded: 2, meters: 10, kept: 2 });
  });

  it('are told from a tenth of the meters on', () => {
    const { map, told } = run(9, { m3: gap(100, 110) });
    assert.equal(map.run.gapsOnly, 1);
    assert.equal(told, undefined);
    assert.equal(leftOutByGaps({ meters: 10, gapsOnly: 1 }), undefined);
    assert.deepEqual(leftOutByGaps({ meters: 9, gapsOnly: 1 }), { out: 1, all: 9 });
    assert.equal(leftOutByGaps({}), undefined);
  });

  it('are not those that a mask would not keep: another interval, less than half of the readings, a stuck value', () => {
    const { map, told } = run(9, {
      'm1-0': (slot, va) => (slot % 3 === 0 ? va : undefined),
      'm1-1': gap(20, 200),
      'm1-2': () => 230,
      'm1-3': gap(50, 60),
    });
    assert.equal(map.run.excluded, 4);
    assert.equal(map.run.gapsOnly, 1);
    assert.equal(told, undefined);
  });

  it('take part when they are masked, and say how many of their intervals they had', () => {
    const spoilt = { 'm1-0': gap(50, 60), m3: gap(100, 124), 'm1-1': gap(30, 32) };
    const { map, told } = run(9, spoilt, { gaps: 'mask' });
    assert.equal(map.run.gapsOnly, 0);
    assert.equal(told, undefined);
    const masked = map.assignments.filter(({ had }) => had !== undefined);
    // A short gap is filled, as ever.
    assert.deepEqual(
      masked.map(({ meter, had = 0, reason }) => [meter, Math.round(SLOTS * had), reason]),
      [
        ['m1-0', 278, 'compared over 97 % of the intervals'],
        ['m3', 264, 'compared over 92 % of the intervals'],
      ],
    );
  });
});
