import assert from 'node:assert/strict';
import { PowerCalculator, readCalculatorSettings } from '../../src/power';
import { type Power, WaveformFrame } from '../../src/record';
import { meanProduct, plainLine, randoms, sampled, type Tone } from './tones';

const RATED = 5;
const VOLTAGE = 230;
const RATES = [2500, 3200, 6400, 10_000, 25_600];

interface Case {
  rate: number;
  frequency: number;
  /** Degrees by which the current lags. */
  lag: number;
  current: number;
  voltage: Tone[];
  load: Tone[];
}

interface Errors {
  magnitude: number;
  p: number;
  q: number;
  angle: number;
  thd: number;
  frequency: number;
}

type Kind = 'clean' | 'harmonics' | 'interharmonics on lines' | 'interharmonics beside lines';

/** A case of a kind; the frequency, rate, load and all angles by chance. */
function chance(kind: Kind, random: () => number): Case {
  const rate = RATES[Math.floor(random() * RATES.length)];
  const frequency = 42.5 + random() * 26.5;
  const lag = -90 + 180 * random();
  const current = RATED * (0.05 + 1.95 * random());
  const voltage: Tone[] = [{ hertz: frequency, rms: VOLTAGE, at: 360 * random() }];
  const load: Tone[] = [{ hertz: frequency, rms: current, at: voltage[0].at - lag }];
  const add = (hertz: number) => {
    voltage.push({ hertz, rms: 0.1 * VOLTAGE, at: 360 * random() });
    load.push({ hertz, rms: 0.1 * current, at: 360 * random() });
  };
  const cycles = frequency > 55 ? 12 : 10;
  const line = frequency / cycles;
  if (kind !== 'clean') {
    const top = Math.min(63, Math.floor((0.45 * rate) / frequency - 0.5));
    for (let order = 2; order <= top; order++) add(order * frequency);
  }
  // Three of them, five lines (25 Hz) from the fundamental or more; beside lines, half a line is the worst.
  if (kind === 'interharmonics on lines') for (const k of [5, 7, 23]) add((cycles + k) * line);
  if (kind === 'interharmonics beside lines') for (const k of [5.5, 15.3, 27.5]) add((cycles + k) * line);
  return { rate, frequency, lag, current, voltage, load };
}

function measure({ rate, voltage, load }: Case, seconds = 0.9): Power[] {
  const length = Math.ceil(seconds * rate);
  const found: Power[] = [];
  const calculator = new PowerCalculator(readCalculatorSettings({ wiring: '1P2W' }), {
    power: (power) => found.push(power),
    finding() {},
  });
  const channels = { va: sampled(voltage, rate, length), ia: sampled(load, rate, length) };
  calculator.push(WaveformFrame.from({ kind: 'waveform', meter: 'm', time: 0, rate, channels }));
  assert.ok(found.length >= 2, 'windows');
  return found;
}

/** Errors in the units of the issue: percent, percent of S, degrees, points. */
function errorsOf(given: Case, power: Power): Errors {
  const { v1, i1, p, q, angle, thdV, thdI } = power.phases.a;
  const [from, to] = [power.time / 1000 - (power.window ?? 0), power.time / 1000];
  const s1 = VOLTAGE * given.current;
  // What the plain window's line is, in closed form: the fundamental, and what leaks into it from beside the lines.
  const cycles = given.frequency > 55 ? 12 : 10;
  const v = plainLine(given.voltage, from, to, cycles);
  const i = plainLine(given.load, from, to, cycles);
  const plain = { p1: v.re * i.re + v.im * i.im, q1: v.im * i.re - v.re * i.im };
  const thd = (tones: Tone[]) => {
    const harmonic = ({ hertz }: Tone) =>
      Math.abs(hertz / given.frequency - Math.round(hertz / given.frequency)) < 1e-9;
    const squares = tones
      .slice(1)
      .filter(harmonic)
      .map(({ rms }) => rms ** 2);
    return (100 * Math.sqrt(squares.reduce((a, b) => a + b, 0))) / tones[0].rms;
  };
  const worst = (...values: number[]) => Math.max(...values.map(Math.abs));
  return {
    magnitude:
      100 * worst((v1?.mag ?? 0) / Math.hypot(v.re, v.im) - 1, (i1?.mag ?? 0) / Math.hypot(i.re, i.im) - 1),
    p: (100 * worst(p - meanProduct(given.voltage, given.load, from, to))) / s1,
    q: (100 * worst(q - plain.q1)) / s1,
    angle: worst((angle ?? 0) - (Math.atan2(plain.q1, plain.p1) * 180) / Math.PI),
    thd: worst((thdV ?? 0) - thd(given.voltage), (thdI ?? 0) - thd(given.load)),
    frequency: worst((power.frequency ?? 0) - given.frequency),
  };
}

describe('accuracy of power against closed form', function () {
  this.timeout(120_000);
  const rows: string[] = [];

  const LIMITS: Record<Kind, Partial<Errors>> = {
    clean: { magnitude: 0.01, p: 0.01, q: 0.02, angle: 0.01, thd: 0.05, frequency: 0.001 },
    harmonics: { magnitude: 0.01, p: 0.01, q: 0.02, angle: 0.01, thd: 0.05, frequency: 0.001 },
    'interharmonics on lines': { magnitude: 0.01, p: 0.01, q: 0.02, angle: 0.01, frequency: 0.01 },
    // P of one window holds the beat that is in it: judged over many windows, below.
    'interharmonics beside lines': { magnitude: 0.01, q: 0.02, angle: 0.01, frequency: 0.01 },
  };
  for (const [kind, limits] of Object.entries(LIMITS) as [Kind, Partial<Errors>][]) {
    it(`${kind}: 5 to 200 % of rated current, every angle, 42.5 to 69 Hz, 2.5 to 25.6 kHz`, () => {
      const random = randoms(7);
      const worst: Errors = { magnitude: 0, p: 0, q: 0, angle: 0, thd: 0, frequency: 0 };
      let count = 0;
      const wrong: string[] = [];
      for (let k = 0; k < 150; k++) {
        const given = chance(kind, random);
        for (const power of measure(given)) {
          count++;
          const errors = errorsOf(given, power);
          for (const name of Object.keys(worst) as (keyof Errors)[]) {
            worst[name] = Math.max(worst[name], errors[name]);
            const limit = limits[name];
            if (limit !== undefined && errors[name] > limit) {
              const { rate, frequency, lag, current } = given;
              wrong.push(
                `${name} off by ${errors[name]}: ${JSON.stringify({ rate, frequency, lag, current })}`,
              );
            }
          }
        }
      }
      const cells = Object.values(worst).map((value) => value.toFixed(5).padStart(11));
      rows.push(`${kind.padEnd(28)}${String(count).padStart(8)}${cells.join('')}`);
      assert.deepEqual(wrong.slice(0, 5), [], `${wrong.length} wrong`);
    });
  }

  it('P of windows side by side adds up: beats of interharmonics beside lines are gone from the mean', () => {
    const random = randoms(3);
    for (let k = 0; k < 10; k++) {
      const given = chance('interharmonics beside lines', random);
      const powers = measure(given, 8);
      const seconds = powers.reduce((sum, { window = 0 }) => sum + window, 0);
      const energy = powers.reduce((sum, { window = 0, total }) => sum + window * total.p, 0);
      const truth = given.voltage.reduce((sum, tone, i) => {
        const other = given.load[i];
        return sum + tone.rms * other.rms * Math.cos(((tone.at - other.at) * Math.PI) / 180);
      }, 0);
      const error = Math.abs(energy / seconds - truth) / (VOLTAGE * given.current);
      assert.ok(error < 5e-4, `${error} at ${given.rate} Hz, ${given.frequency} Hz`);
    }
  });

  after(() => {
    const head = ['V1, I1 %', 'P % of S', 'Q1 % of S', 'angle', 'THD points', 'Hz'];
    console.log(
      `      ${''.padEnd(28)}${'windows'.padStart(8)}${head.map((name) => name.padStart(11)).join('')}`,
    );
    for (const row of rows) console.log(`      ${row}`);
  });
});
