import { join } from 'node:path';
import { table } from './report';

const built = (folder: string) => require(join(__dirname, '..', '..', 'dist', 'src', folder));
const { readDetectorSettings, SagSwellDetector }: typeof import('../../src/disturbance') =
  built('disturbance');
const { WaveformFrame }: typeof import('../../src/record') = built('record');

const METERS = 1000;

/** MB held after all collections: heap and buffers. */
function held(): number {
  for (let i = 0; i < 4; i++) global.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 1e6;
}

/** A frame of 0.2 s of a meter, three voltages, of `level` pu. */
function frameOf(meter: string, k: number, level: number, rate = 10_000) {
  const length = rate / 5;
  return WaveformFrame.build({ meter, time: k * 200, rate }, ['va', 'vb', 'vc'], length, (views) => {
    views.forEach((view, phase) => {
      // 10 cycles fit: all frames are alike.
      for (let n = 0; n < length; n++) {
        view[n] = level * 325 * Math.sin(2 * Math.PI * ((50 * n) / rate - phase / 3));
      }
    });
  });
}

/** Memory of the detector per meter: at rest, and in an event of which 10 s are captured. */
export function benchMemory(): void {
  const settings = readDetectorSettings({});
  const perMeter = (meters: number, seconds: number, level: number, rate = 10_000) => {
    const detector = new SagSwellDetector(settings, {
      event() {},
      rms() {},
      diagnostic() {},
      excursion() {},
    });
    const before = held();
    for (let k = 0; k < 5 * seconds; k++) {
      for (let m = 0; m < meters; m++) detector.push(frameOf(`m${m}`, k, k < 10 ? 1 : level, rate));
    }
    const kb = ((held() - before) * 1000) / meters;
    return { kb, meters: detector.status.meters };
  };
  const many = new SagSwellDetector(settings, { event() {}, rms() {}, diagnostic() {} });
  let busy = 0;
  for (let k = 0; k < 10; k++) {
    const frames = Array.from({ length: METERS }, (_, m) => frameOf(`m${m}`, k, 1));
    const start = performance.now();
    for (const frame of frames) many.push(frame);
    // The first second is that of the compiler.
    if (k >= 5) busy += performance.now() - start;
  }
  many.finish();
  const rest = perMeter(METERS, 3, 1);
  const early = perMeter(20, 11, 0.5);
  const late = perMeter(20, 30, 0.5);
  const slower = perMeter(20, 11, 0.5, 6400);
  table(
    'Memory of a meter in the detector, three voltages at 10 kHz (goals: 200 kB at rest, 1 MB with 10 s captures)',
    ['', 'kB a meter'],
    [
      [`at rest, ${rest.meters} meters through one detector`, rest.kb.toFixed(0)],
      ['9 s into an event', early.kb.toFixed(0)],
      ['28 s into an event, its capture of 10 s held', late.kb.toFixed(0)],
      ['10 s of three voltages as they came', ((10 * 10_000 * 3 * 4) / 1000).toFixed(0)],
      ['9 s into an event, sampled at 6,400 Hz', slower.kb.toFixed(0)],
    ],
  );
  table(
    `${METERS} meters of three voltages at 10 kHz through one detector`,
    ['', ''],
    [['ms of computing for a second of signal', busy.toFixed(0)]],
  );
}
