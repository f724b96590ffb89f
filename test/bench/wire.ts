import { createRequire } from 'node:module';
import { type Channel, WaveformFrame } from '../../src/record';
import { endFlow, runFlow } from '../flow/flow-runner';
import { median, table } from './report';

const NAMES: Channel[] = ['va', 'vb', 'vc', 'ia', 'ib', 'ic'];
const SAMPLES = 2000;
const MESSAGES = 400;

const fromNodeRed = createRequire(require.resolve('node-red'));
const { cloneMessage } = fromNodeRed('@node-red/util').util as { cloneMessage<T>(msg: T): T };

function payloads(): [string, object][] {
  const sine = (k: number) => Float32Array.from({ length: SAMPLES }, (_, n) => 325 * Math.sin(n / 32 + k));
  const head = { kind: 'waveform', meter: 'm1', time: 1e12, rate: 10_000 };
  const typed = Object.fromEntries(NAMES.map((name, k) => [name, sine(k)]));
  const plain = Object.fromEntries(NAMES.map((name, k) => [name, Array.from(sine(k))]));
  return [
    ['WaveformFrame', WaveformFrame.from({ ...head, channels: typed })],
    ['plain typed arrays', { ...head, channels: typed }],
    ['plain arrays', { ...head, channels: plain }],
  ];
}

/** Microseconds for what Node-RED does for every wire after the first. */
function cloneCost(payload: object): number {
  const message = { topic: 'm1', payload };
  const runs: number[] = [];
  for (let round = 0; round < 15; round++) {
    const start = performance.now();
    for (let i = 0; i < MESSAGES; i++) cloneMessage(message);
    runs.push(((performance.now() - start) * 1000) / MESSAGES);
  }
  return median(runs);
}

/** Microseconds a message through a real flow with so many wires behind the first node. */
async function flowCost(payload: object, wires: number): Promise<number> {
  const sinks = Array.from({ length: wires }, (_, i) => `sink${i}`);
  const flow = await runFlow([
    { id: 'source', type: 'helper', wires: [sinks] },
    ...sinks.map((id) => ({ id, type: 'helper' })),
  ]);
  const runs: number[] = [];
  for (let round = 0; round < 9; round++) {
    for (const id of sinks) flow.got(id).length = 0;
    const start = performance.now();
    for (let i = 0; i < MESSAGES; i++) flow.node('source').send({ topic: 'm1', payload } as never);
    while (sinks.some((id) => flow.got(id).length < MESSAGES))
      await new Promise((resolve) => setImmediate(resolve));
    runs.push(((performance.now() - start) * 1000) / MESSAGES);
  }
  await endFlow();
  return median(runs);
}

/** What a further wire costs a message with a waveform of six channels of 2000 samples. */
export async function benchWire(): Promise<void> {
  const rows: string[][] = [];
  for (const [name, payload] of payloads()) {
    const clone = cloneCost(payload);
    const extra = (await flowCost(payload, 2)) - (await flowCost(payload, 1));
    rows.push([name, clone.toFixed(1), extra.toFixed(1)]);
  }
  table(
    'One extra wire, waveform of 6 channels x 2000 samples (goal: below 50 us)',
    ['payload', 'clone, us', 'in a flow, us'],
    rows,
  );
}
