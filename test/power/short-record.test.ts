import assert from 'node:assert/strict';
import { openRecord } from '../../src/files';
import { PowerCalculator, readCalculatorSettings } from '../../src/power';
import { type Finding, type Power, WaveformFrame } from '../../src/record';
import { itWith } from '../shared-data';
import { sampled, type Tone } from './tones';

const RATE = 10_000;

function measure(voltage: Tone[], current: Tone[], seconds: number, rate = RATE) {
  const powers: Power[] = [];
  const findings: Finding[] = [];
  const calculator = new PowerCalculator(readCalculatorSettings({ wiring: '1P2W' }), {
    power: (power) => powers.push(power),
    finding: (_meter, _time, finding) => findings.push(finding),
  });
  const length = Math.round(seconds * rate);
  const channels = { va: sampled(voltage, rate, length), ia: sampled(current, rate, length) };
  calculator.push(WaveformFrame.from({ kind: 'waveform', meter: 'm', time: 0, rate, channels, last: true }));
  return { powers, findings };
}

const tone = (hertz: number, rms: number, at = 0): Tone => ({ hertz, rms, at });

describe('power of a record', () => {
  it('shorter than a window is measured over its whole cycles, under a flag', () => {
    for (const [hertz, cycles] of [
      [50, 3],
      [60, 4],
      [50, 7],
    ]) {
      const voltage = [tone(hertz, 230), tone(5 * hertz, 11.5)];
      const current = [tone(hertz, 5, -30), tone(3 * hertz, 1)];
      const { powers, findings } = measure(voltage, current, (cycles + 0.02) / hertz);
      assert.equal(powers.length, 1, `${cycles} cycles of ${hertz} Hz: ${JSON.stringify(findings)}`);
      const [{ phases, flags, frequency = 0, window = 0 }] = powers;
      assert.deepEqual(flags, [`window of ${cycles} cycles: short record`]);
      assert.ok(Math.abs(frequency - hertz) < 0.05 && Math.abs(window - cycles / hertz) < 2e-4);
      const s = 230 * 5;
      assert.ok(Math.abs(phases.a.p - s * Math.cos(Math.PI / 6)) < 2e-3 * s, String(phases.a.p));
      assert.ok(Math.abs(phases.a.q - s * Math.sin(Math.PI / 6)) < 2e-3 * s, String(phases.a.q));
      assert.ok(Math.abs((phases.a.thdI ?? 0) - 20) < 0.3, String(phases.a.thdI));
    }
  });

  it('of fewer than three cycles, or without a voltage, is said not to be measured', () => {
    const short = measure([tone(50, 230)], [tone(50, 5)], 0.046);
    assert.deepEqual(short.powers, []);
    assert.deepEqual(
      short.findings.map(({ code, text }) => [code, text]),
      [['RECORD_TOO_SHORT', 'no power measured: 2.3 cycles are fewer than three']],
    );
    const dead = measure([], [tone(50, 5)], 0.1);
    assert.deepEqual(dead.powers, []);
    assert.match(dead.findings[0].text, /no voltage to follow in 0\.100 s/);
  });

  /**
   * V1, I1, P1 and Q1 of a real record by direct summation over the plain window, in whole samples: its own samples, no
   * interpolation. Windows are those of the calculator, moved to whole samples: half a sample at each end is allowed for.
   */
  itWith(
    'recordings/f1_1b274run.cfg',
    'agrees with the plain window of IEC 61000-4-7 through a fault, to 1e-4 of S',
    async (path) => {
      const file = await openRecord({ path });
      const frames: WaveformFrame[] = [];
      for await (const record of file.records()) if (record.kind === 'waveform') frames.push(record);
      await file.close();
      const powers: Power[] = [];
      const calculator = new PowerCalculator(readCalculatorSettings({ window: 5 }), {
        power: (power) => powers.push(power),
        finding() {},
      });
      for (const frame of frames) calculator.push(frame);
      assert.ok(powers.length >= 2);
      const rate = frames[0].rate;
      const joined = (name: 'va' | 'ia' | 'vb' | 'ib' | 'vc' | 'ic') =>
        Float64Array.from(frames.flatMap((frame) => [...(frame.channel(name) ?? [])]));
      for (const power of powers) {
        const end = ((power.time - frames[0].time) / 1000) * rate;
        const length = (power.window ?? 0) * rate;
        for (const phase of ['a', 'b', 'c'] as const) {
          const [v, i] = [joined(`v${phase}`), joined(`i${phase}`)];
          const line = (x: Float64Array) => directLine(x, end - length, length, 6);
          const [pv, pi] = [line(v), line(i)];
          const q1 = pv.im * pi.re - pv.re * pi.im;
          const p1 = pv.re * pi.re + pv.im * pi.im;
          const found = power.phases[phase];
          assert.ok(
            Math.abs(found.q - q1) < 1e-4 * found.s,
            `Q1 of ${phase}: ${found.q} for ${q1}, S ${found.s}`,
          );
          assert.ok(Math.abs((found.p1 ?? 0) - p1) < 1e-4 * found.s, `P1 of ${phase}: ${found.p1} for ${p1}`);
        }
      }
    },
  );
});

/** Line of the rectangular window: the trapezoid rule, its ends cut between samples. */
function directLine(
  x: Float64Array,
  from: number,
  length: number,
  cycles: number,
): { re: number; im: number } {
  const w = (2 * Math.PI * cycles) / length;
  const at = (position: number, wave: (angle: number) => number) => {
    const n = Math.min(x.length - 2, Math.max(0, Math.floor(position)));
    const value = x[n] + (position - n) * (x[n + 1] - x[n]);
    return value * wave(w * (position - from));
  };
  const integral = (wave: (angle: number) => number) => {
    const to = from + length;
    const first = Math.ceil(from);
    const last = Math.floor(to);
    let sum =
      ((first - from) * (at(from, wave) + at(first, wave))) / 2 +
      ((to - last) * (at(last, wave) + at(to, wave))) / 2;
    for (let n = first; n < last; n++) sum += (at(n, wave) + at(n + 1, wave)) / 2;
    return sum;
  };
  return {
    re: (Math.SQRT2 * integral(Math.cos)) / length,
    im: (-Math.SQRT2 * integral(Math.sin)) / length,
  };
}
