import assert from 'node:assert/strict';
import { EnergyRegisters, PowerCalculator, readCalculatorSettings } from '../../src/power';
import { type Energy, type Power, WaveformFrame } from '../../src/record';
import { sampled } from './tones';

const RATE = 6400;

function calculator(stored?: unknown, settings: object = {}) {
  const powers: Power[] = [];
  const engine = new PowerCalculator(
    readCalculatorSettings({ wiring: '1P2W', ...settings }),
    { power: (power) => powers.push(power), finding() {} },
    stored,
  );
  const feed = (meter: string, lag: number, current = 5, seconds = 2.2, time = 0) => {
    const tone = (rms: number, at: number) => sampled([{ hertz: 50, rms, at }], RATE, seconds * RATE);
    const channels = { va: tone(230, 0), ia: tone(current, -lag) };
    engine.push(WaveformFrame.from({ kind: 'waveform', meter, time, rate: RATE, channels, last: true }));
  };
  return { engine, powers, feed };
}

const near = (found: number | undefined, truth: number, what: string) =>
  assert.ok(
    Math.abs((found ?? Number.NaN) - truth) < 1e-4 * Math.max(1e-3, Math.abs(truth)),
    `${what}: ${found} for ${truth}`,
  );

describe('energy registers', () => {
  it('count import and export apart, and reactive energy by quadrant (IEC 62053-23, annex C)', () => {
    const rad = Math.PI / 180;
    for (const [lag, active, quadrant] of [
      [30, 'import', 'q1'],
      [150, 'export', 'q2'],
      [-150, 'export', 'q3'],
      [-30, 'import', 'q4'],
    ] as const) {
      const { engine, powers, feed } = calculator();
      feed('m', lag);
      const energy = engine.energy.m;
      assert.ok(powers.length >= 9);
      const hours = powers.reduce((sum, { window = 0 }) => sum + window, 0) / 3600;
      const expected: Record<string, number> = {
        [active]: Math.abs(1150 * Math.cos(lag * rad)) * hours,
        [quadrant]: Math.abs(1150 * Math.sin(lag * rad)) * hours,
        seconds: hours * 3600,
      };
      for (const [name, value] of Object.entries(energy)) {
        if (expected[name] === undefined) assert.equal(value, 0, `${name} at ${lag} degrees`);
        else near(value, expected[name], `${name} at ${lag} degrees`);
      }
      // Each record says how the registers stood after it.
      assert.deepEqual(powers[powers.length - 1].energy, energy);
    }
  });

  it('do not creep: below the no-load threshold only time is counted', () => {
    const { engine, feed } = calculator(undefined, { noLoad: 0.01 });
    feed('m', 30, 0.04);
    const { seconds, ...counted } = engine.energy.m;
    assert.ok(seconds > 1.7);
    assert.ok(Object.values(counted).every((value) => value === 0));
  });

  it('go on over a restart where they stood, and over a gap without what was not measured', () => {
    const first = calculator();
    first.feed('m', 0);
    const kept = JSON.parse(JSON.stringify(first.engine.energy));
    const second = calculator(kept);
    second.feed('m', 0, 5, 2.2, 1e6);
    near(second.engine.energy.m.import, 2 * kept.m.import, 'import');
    near(second.engine.energy.m.seconds, 2 * kept.m.seconds, 'seconds');
  });

  it('are set to zero by meter, or all', () => {
    const { engine, feed } = calculator();
    feed('m1', 0);
    feed('m2', 0);
    assert.equal(engine.resetEnergy('m1'), true);
    assert.deepEqual(Object.keys(engine.energy), ['m2']);
    assert.equal(engine.resetEnergy('m1'), false);
    engine.resetEnergy();
    assert.deepEqual(engine.energy, {});
  });

  it('hold so many meters, the newest ones, and count the rest; damaged stores are not taken', () => {
    const registers = new EnergyRegisters(
      {
        bad: { import: Number.NaN },
        worse: null,
        text: 'x',
        minus: good(-1),
        ok: good(2),
      },
      5000,
    );
    assert.deepEqual(Object.keys(registers.stored()), ['ok']);
    for (let k = 0; k < 5010; k++) registers.add(`m${k}`, 100, 0, 1);
    assert.equal(Object.keys(registers.stored()).length, 5000);
    assert.equal(registers.dropped, 11);
    assert.deepEqual(
      Object.keys(new EnergyRegisters(registers.stored()).stored()),
      Object.keys(registers.stored()),
    );
    for (const nothing of [undefined, null, 7, 'text', []])
      assert.deepEqual(new EnergyRegisters(nothing).stored(), {});
  });
});

function good(value: number): Energy {
  return { import: value, export: 0, q1: 0, q2: 0, q3: 0, q4: 0, seconds: 0 };
}
