import assert from 'node:assert/strict';
import { PowerCalculator, readCalculatorSettings, WIRINGS } from '../../src/power';
import { CHANNEL_NAMES, type Channel, parseRecord, WaveformFrame } from '../../src/record';
import { randoms } from './tones';

/** What a meter may send: signals, noise, spikes, constants, values beyond all measure. */
function samples(random: () => number, length: number, rate: number): Float32Array {
  const kind = Math.floor(random() * 8);
  const size = 10 ** (12 * random() - 4);
  const frequency = 100 * random();
  return Float32Array.from({ length }, (_, n) => {
    switch (kind) {
      case 0:
        return 0;
      case 1:
        return size;
      case 2:
        return size * (random() - 0.5);
      case 3:
        return n % 97 === 0 ? size : 0;
      case 4:
        return 3e38 * (random() - 0.5);
      case 5:
        return 1e-42 * random();
      default:
        return size * Math.sin((2 * Math.PI * frequency * n) / rate);
    }
  });
}

describe('whatever a meter sends', () => {
  it('gives whole records and findings, or an error that names the field; the next meter is measured right', function () {
    this.timeout(60_000);
    const random = randoms(23);
    let records = 0;
    let measuredBy: (meter: string, p: number) => void = () => {};
    for (let run = 0; run < 150; run++) {
      const wiring = WIRINGS[Math.floor(random() * WIRINGS.length)];
      const settings = {
        wiring,
        limits: 'IEEE 519-2022',
        targetPf: 0.95,
        detail: true,
        corrected: true,
        shortCircuit: 20,
      };
      const calculator = new PowerCalculator(
        readCalculatorSettings({ ...settings, frequency: random() < 0.5 ? 'auto' : 60 }),
        {
          power: (power) => {
            records++;
            measuredBy(power.meter, power.total.p);
            parseRecord(JSON.parse(JSON.stringify(power)));
          },
          finding: (_meter, time, { text, hint }) => {
            assert.ok(Number.isFinite(time) && hint.length > 0);
            assert.doesNotMatch(text, /NaN|undefined|Infinity/);
          },
        },
      );
      const names = CHANNEL_NAMES.filter(() => random() < 0.7);
      let time = 1e12 * random();
      for (let k = 0; k < 6; k++) {
        const rate = random() < 0.8 ? 3200 : 960 + 40_000 * random();
        const length = Math.floor(1 + 2000 * random());
        const channels = Object.fromEntries(names.map((name) => [name, samples(random, length, rate)]));
        try {
          calculator.push(WaveformFrame.from({ kind: 'waveform', meter: 'm', time, rate, channels }));
        } catch (error) {
          assert.match((error as Error).message, /^payload\.\w+/);
        }
        time += random() < 0.8 ? (length / rate) * 1000 : 5000 * (random() - 0.5);
      }
      const good: Partial<Record<Channel, Float32Array>> = {};
      for (const name of CHANNEL_NAMES) {
        const lag = { a: 0, b: 120, c: 240, n: 0 }[name[1]] ?? 0;
        const between = name.length === 3;
        good[name] = Float32Array.from(
          { length: 3200 },
          (_, n) =>
            (name[0] === 'v' ? 325 * (between ? Math.sqrt(3) : 1) : name === 'in' ? 0 : 7) *
            Math.cos(2 * Math.PI * 50 * (n / 3200) - ((lag - (between ? 30 : 0)) * Math.PI) / 180),
        );
      }
      const found = new Set<number>();
      measuredBy = (meter, p) => {
        if (meter === 'good') found.add(p);
      };
      calculator.push(
        WaveformFrame.from({ kind: 'waveform', meter: 'good', time: 0, rate: 3200, channels: good }),
      );
      const phases = { '1P2W': 1, '1P3W': 2, '3P3W': 3, '3P4W': 3 }[wiring];
      assert.ok(found.size > 0);
      for (const p of found) assert.ok(Math.abs(p - (phases * 325 * 7) / 2) < 0.1, `${p} W, ${wiring}`);
    }
    assert.ok(records > 200, String(records));
  });
});
