import { monitorEventLoopDelay } from 'node:perf_hooks';
import { readDetectorSettings, SagSwellDetector } from '../../src/disturbance';
import { PowerCalculator, readCalculatorSettings } from '../../src/power';
import { WaveformFrame } from '../../src/record';
import { table } from './report';

const RATE = 3200;
/** Samples of a frame: 0.1 s. */
const LENGTH = 320;
const ROUNDS = 12;
/** The frame in which each meter has its sag. */
const SAG = 6;
/** Messages that come before the flow breathes. */
const SLICE = 50;

function frame(meter: string, n: number): WaveformFrame {
  const time = 1e12 + n * 100;
  return WaveformFrame.build({ meter, time, rate: RATE }, ['va', 'ia'], LENGTH, ([va, ia]) => {
    const gain = n === SAG ? 0.6 : 1;
    for (let i = 0; i < LENGTH; i++) {
      const angle = (2 * Math.PI * 50 * i) / RATE;
      va[i] = gain * 325 * Math.cos(angle);
      ia[i] = 7 * Math.cos(angle - 0.5);
    }
  });
}

async function run(meters: number): Promise<string[]> {
  global.gc?.();
  const before = process.memoryUsage();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const ends = new Map<string, number>();
  let over = 0;
  let windows = 0;
  const detector = new SagSwellDetector(readDetectorSettings({ rvc: 0, maxMeters: 20_000 }), {
    event: ({ meter, state }) => {
      if (state === 'end') ends.set(meter, (ends.get(meter) ?? 0) + 1);
    },
    rms() {},
    diagnostic: ({ code }) => {
      if (code === 'METERS_OVER_LIMIT') over++;
    },
  });
  const calculator = new PowerCalculator(readCalculatorSettings({ wiring: '1P2W', maxMeters: 20_000 }), {
    power: () => windows++,
    finding: (_meter, _time, { code }) => {
      if (code === 'METERS_OVER_LIMIT') over++;
    },
  });
  delay.enable();
  const start = performance.now();
  let highest = 0;
  for (let n = 0; n < ROUNDS; n++) {
    for (let m = 0; m < meters; m++) {
      const one = frame(`m${m}`, n);
      detector.push(one);
      calculator.push(one);
      if (m % SLICE === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    highest = Math.max(highest, process.memoryUsage().rss);
  }
  const ms = performance.now() - start;
  delay.disable();
  detector.close();
  calculator.close();
  const once = [...ends.values()].filter((count) => count === 1).length;
  return [
    meters.toLocaleString('en'),
    `${(ms / 1000).toFixed(1)} s`,
    `${((1000 * ms) / (ROUNDS * meters)).toFixed(0)} us`,
    `${Math.round((highest - before.rss) / 1e6)} MB`,
    `${(delay.percentile(99) / 1e6).toFixed(0)} ms`,
    `${(delay.max / 1e6).toFixed(0)} ms`,
    String(once),
    String(windows),
    String(over),
  ];
}

/** 1.2 s of thousands of meters through detector and calculator: memory, delay of the loop, events exactly once. */
export async function benchManyMeters(): Promise<void> {
  const rows: string[][] = [];
  for (const meters of [5000, 5001, 20_000, 20_001]) rows.push(await run(meters));
  table(
    'Detector and calculator, 0.1 s frames at 3.2 kHz',
    ['meters', 'time', 'a message', 'memory', 'delay p99', 'longest', 'events once', 'windows', 'over limit'],
    rows,
  );
}
