/**
 * Makes `src/files/recordings/feeder-fault.cff`, the recording of the COMTRADE example: 1.6 s of a 230 V feeder.
 * For 120 ms a fault between phases b and c; then a motor starts again, and the voltages come back over 0.4 s.
 * Run with `node scripts/recording.mjs` after a build, when it is to be another one.
 */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from './demo.mjs';

const require = createRequire(import.meta.url);
const { WaveformFrame, voltageEvent } = require(join(root, 'dist/src/record'));
const { exportEvent } = require(join(root, 'dist/src/comtrade'));

const RATE = 2400;
const SECONDS = 1.6;
const FAULT = { from: 0.4, to: 0.52, sound: 0.42 };
const START = Date.parse('2026-05-04T09:12:31.000Z');
const OMEGA = 2 * Math.PI * 50;
const PEAK = 230 * Math.SQRT2;
const third = (2 * Math.PI) / 3;

/** Part of the voltage between b and c that is left. */
function left(t) {
  if (t < FAULT.from) return 1;
  if (t < FAULT.to) return FAULT.sound;
  // The motor takes its starting current.
  return 1 - 0.12 * Math.exp(-(t - FAULT.to) / 0.15);
}

const channels = ['va', 'vb', 'vc', 'ia', 'ib', 'ic'];
const frame = WaveformFrame.build(
  { meter: 'feeder', time: START, rate: RATE },
  channels,
  RATE * SECONDS,
  (samples) => {
    let seed = 11;
    const noise = () => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return seed / 2 ** 32 - 0.5;
    };
    for (let k = 0; k < RATE * SECONDS; k++) {
      const t = k / RATE;
      const a = Math.cos(OMEGA * t);
      const q = Math.sin(OMEGA * t);
      // b and c: their mean is -a/2, half their difference is what the fault takes.
      const half = (Math.sqrt(3) / 2) * left(t);
      const v = [a, -a / 2 + half * q, -a / 2 - half * q];
      const surge =
        t >= FAULT.from && t < FAULT.to ? 9 : t >= FAULT.to ? 1 + 4 * Math.exp(-(t - FAULT.to) / 0.15) : 1;
      for (let p = 0; p < 3; p++) {
        const angle = OMEGA * t - p * third;
        samples[p][k] = PEAK * (v[p] + 0.02 * Math.cos(5 * angle)) + 0.3 * noise();
        const many = p === 0 ? 1 + (surge - 1) * 0.2 : surge;
        samples[p + 3][k] = 12 * Math.SQRT2 * many * Math.cos(angle - 0.6) + 0.02 * noise();
      }
    }
  },
);
const event = voltageEvent({
  meter: 'feeder',
  time: START + FAULT.from * 1000,
  type: 'sag',
  state: 'end',
  duration: FAULT.to - FAULT.from,
  cycles: 50 * (FAULT.to - FAULT.from),
  reference: 230,
  extreme: Math.sqrt(0.25 + 0.75 * FAULT.sound ** 2),
  perPhase: {},
  flags: ['made up'],
  capture: frame,
});
const { cff } = exportEvent({ event, format: 'FLOAT32', single: true });
const file = join(root, 'src/files/recordings/feeder-fault.cff');
writeFileSync(file, cff);
console.log(`${file}: ${cff.length} bytes`);
