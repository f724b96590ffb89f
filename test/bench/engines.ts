import { join } from 'node:path';
import FFT from 'fft.js';
import { inTurns, table } from './report';

// As it is shipped. Bundled, this file lies two folders deep as well.
const built = (folder: string) => require(join(__dirname, '..', '..', 'dist', 'src', folder));
const { readDetectorSettings, SagSwellDetector }: typeof import('../../src/disturbance') =
  built('disturbance');
const { PowerCalculator, readCalculatorSettings }: typeof import('../../src/power') = built('power');
const { WaveformFrame }: typeof import('../../src/record') = built('record');
type Frame = import('../../src/record').WaveformFrame;

const RATE = 10_000;
const SECONDS = 60;

/** Orders of the calculator's input, each 2 % of the fundamental. */
const HARMONICS = 63;

function frames(orders = 1): Frame[] {
  // A cycle is a whole number of samples: one is made, and laid end to end.
  const cycle = (rms: number, k: number) =>
    Float32Array.from({ length: RATE / 50 }, (_, n) => {
      let sum = 0;
      for (let order = 1; order <= orders; order++) {
        sum += (order === 1 ? 1 : 0.02) * Math.sin(2 * Math.PI * order * ((50 * n) / RATE - k / 3));
      }
      return rms * Math.SQRT2 * sum;
    });
  const sine = (rms: number, k: number, from: number) => {
    const one = cycle(rms, k);
    return Float32Array.from({ length: 2000 }, (_, n) => one[(from + n) % one.length]);
  };
  return Array.from({ length: (SECONDS * RATE) / 2000 }, (_, i) => {
    const at = i * 2000;
    const channels = {
      va: sine(230, 0, at),
      vb: sine(230, 1, at),
      vc: sine(230, 2, at),
      ia: sine(5, 0, at),
      ib: sine(5, 1, at),
      ic: sine(5, 2, at),
    };
    return WaveformFrame.from({
      kind: 'waveform',
      meter: 'm1',
      time: (at / RATE) * 1000,
      rate: RATE,
      channels,
    });
  });
}

/** The plain half-cycle RMS loop of baselines.md: sign changes and sums of squares, nothing else. */
function plainRms(samples: Float32Array): number {
  let sum = 0;
  let count = 0;
  let last = 0;
  let previous = 0;
  for (let n = 0; n < samples.length; n++) {
    const x = samples[n];
    if (previous < 0 !== x < 0 && count > 0) {
      last += Math.sqrt(sum / count);
      sum = 0;
      count = 0;
    }
    sum += x * x;
    count++;
    previous = x;
  }
  return last;
}

export function benchEngines(): void {
  const input = frames();
  const voltages = input.flatMap((frame) =>
    ['va', 'vb', 'vc'].map((name) => frame.channel(name as 'va') as Float32Array),
  );
  const megasamples = (3 * SECONDS * RATE) / 1e6;

  let sink = 0;
  const {
    first: plain,
    second: detector,
    ratio,
  } = inTurns(
    () => {
      for (const view of voltages) sink += plainRms(view);
    },
    (engine) => {
      for (const frame of input) engine.push(frame);
    },
    () => new SagSwellDetector(readDetectorSettings({}), { event() {}, rms() {}, diagnostic() {} }),
  );
  const perSecond = (ms: number) => (megasamples / ms) * 1000;
  table(
    'Detector, three voltages at 10 kHz, against the plain RMS loop',
    ['', 'Msamples/s', 'ratio'],
    [
      ['plain RMS loop', perSecond(plain).toFixed(0), '1.00'],
      ['sag-swell detector', perSecond(detector).toFixed(0), ratio.toFixed(2)],
    ],
  );

  benchCalculator();
  if (sink === 0) throw new Error('the benchmark measured nothing');
}

/** The calculator against the transforms of its windows alone, as the library does them for real input. */
function benchCalculator(): void {
  const input = frames(HARMONICS);
  const fft = new FFT(2048);
  const lines = fft.createComplexArray();
  const points = Array.from({ length: 2048 }, (_, n) => Math.sin(n));
  const windows = SECONDS * 5;
  let found = 0;
  const {
    first: bare,
    second: calculator,
    ratio,
  } = inTurns(
    () => {
      for (let i = 0; i < windows * 6; i++) fft.realTransform(lines, points);
    },
    (engine) => {
      for (const frame of input) engine.push(frame);
    },
    () => new PowerCalculator(readCalculatorSettings({}), { power: () => found++, finding() {} }),
  );
  table(
    'Calculator, six channels at 10 kHz with 63 harmonics, against its bare FFTs',
    ['', 'windows/s', 'ratio'],
    [
      ['six FFTs of 2048', ((windows / bare) * 1000).toFixed(0), '1.00'],
      ['var calculator', ((windows / calculator) * 1000).toFixed(0), ratio.toFixed(2)],
    ],
  );
  if (found === 0) throw new Error('the benchmark measured nothing');
}
