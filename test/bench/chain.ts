import { join } from 'node:path';
import type { Channel, WaveformFrame as Frame } from '../../src/record';
import { runPlain } from './plain-node-red';
import { median, table } from './report';

// The class that the nodes know: a frame of another one would be copied at each of them.
const { WaveformFrame }: typeof import('../../src/record') = require(
  join(__dirname, '..', '..', 'dist', 'src', 'record'),
);

const METERS = 100;
const RATE = 10_000;
/** Seconds of a frame. */
const FRAME = 0.2;
const NAMES: Channel[] = ['va', 'vb', 'vc', 'ia', 'ib', 'ic'];
/** Frames of each meter: those of the first seconds are the compiler's. */
const ROUNDS = 60;
const COUNTED = 30;

/** A frame of each meter: three phases of 230 V and 5 A with some harmonics; ten cycles fit, so all are alike. */
function framesOf(round: number): Frame[] {
  return Array.from({ length: METERS }, (_, m) =>
    WaveformFrame.build(
      { meter: `m${m}`, time: 1e12 + round * FRAME * 1000, rate: RATE },
      NAMES,
      RATE * FRAME,
      (views) => {
        views.forEach((view, i) => {
          view.set(WAVES[i]);
        });
      },
    ),
  );
}

const WAVES = NAMES.map((name, i) =>
  Float32Array.from({ length: RATE * FRAME }, (_, n) => {
    const angle = 2 * Math.PI * ((50 * n) / RATE - (i % 3) / 3);
    const size = name.startsWith('v') ? 325 : 7;
    return size * (Math.sin(angle) + 0.03 * Math.sin(5 * angle) + 0.02 * Math.sin(7 * angle));
  }),
);

/**
 * From a meter's frame to detector and calculator in Node-RED, all wired on: how many meters one core follows in
 * real time. One flow holds all three cases, fed one after the other.
 */
export async function benchChain(): Promise<void> {
  const flow = await runPlain([
    { id: 'source', type: 'bench-source', wires: [['detector'], ['calculator'], ['both', 'calculator']] },
    { id: 'detector', type: 'sag-swell-detector', journal: false, wires: [['sink'], ['sink'], ['sink'], []] },
    { id: 'both', type: 'sag-swell-detector', journal: false, wires: [['sink'], ['sink'], ['sink'], []] },
    { id: 'calculator', type: 'var-calculator', wires: [['sink'], ['sink']] },
    { id: 'sink', type: 'bench-sink' },
  ]);
  let round = 0;
  const metersPerCore = async (output: number): Promise<number> => {
    const runs: number[] = [];
    for (let k = 0; k < ROUNDS; k++) {
      const frames = framesOf(round++);
      const start = performance.now();
      for (const payload of frames) {
        const message = { topic: payload.meter, payload };
        flow.source.send([0, 1, 2].map((port) => (port === output ? message : null)));
        // As meters come: one after the other, each message through its wires.
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (k >= ROUNDS - COUNTED) runs.push((performance.now() - start) / 1000);
    }
    return (METERS * FRAME) / median(runs);
  };
  const rows: string[][] = [];
  for (const [output, name] of ['detector', 'calculator', 'detector and calculator'].entries()) {
    rows.push([name, (await metersPerCore(output)).toFixed(0)]);
  }
  if (flow.received() < 2 * METERS * (ROUNDS - 5)) throw new Error(`only ${flow.received()} records`);
  await flow.stop();
  table(
    'Meter frames of six channels at 10 kHz through Node-RED (goal for both: 400 meters)',
    ['frame to', 'meters per core in real time'],
    rows,
  );
}
