import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import helper from 'node-red-node-test-helper';
import { WaveformFrame } from '../../src/record';
import { seeded } from '../signal/signals';
import { until } from '../until';
import { endFlow, forgetMessages, runFlow } from './flow-runner';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** A disturbance of a known day. */
interface Known {
  /** s from the start of the day. */
  from: number;
  to: number;
  level: number;
  phases: number[];
}

export interface DayOptions {
  hours: number;
  events: number;
  rate: number;
}

export interface DayResult {
  known: number;
  found: number;
  /** What is wrong, in words: missed, invented, or off in time or size. */
  wrong: string[];
  /** MB held after each tenth of the time: heap and buffers. */
  held: number[];
  errors: number;
  /** Seconds that it took. */
  seconds: number;
}

const START = Date.UTC(2026, 0, 1);
const NOMINAL = 230;

/** So many sags and swells, each in a stretch of its own, of one, two or three phases. */
function schedule({ hours, events }: DayOptions): Known[] {
  const random = seeded(500);
  const part = () => random(1e6) / 1e6;
  const slot = (3600 * hours) / events;
  return Array.from({ length: events }, (_, i) => {
    const from = i * slot + 2 + part() * (slot - 9);
    const level = random(10) < 7 ? 0.05 + 0.8 * part() : 1.15 + 0.5 * part();
    const first = random(3);
    const phases = [[first], [first, (first + 1) % 3], [0, 1, 2]][random(3)];
    return { from, to: from + 0.04 + part() * part() * 4, level, phases };
  });
}

/**
 * Hours of a supply at 50 Hz, more or less, with known events, through the detector in Node-RED; frames of a
 * second. The interruption of three phases below 0.1 pu is left out: it would be two events.
 */
export async function runDay(options: DayOptions, progress: (hour: number) => void = () => undefined) {
  const { hours, rate } = options;
  const known = schedule(options).map((one) =>
    one.phases.length === 3 && one.level < 0.12 ? { ...one, level: 0.3 } : one,
  );
  const userDir = mkdtempSync(join(tmpdir(), 'pq-day-'));
  helper.settings({ userDir } as never);
  const flow = await runFlow([
    {
      id: 'detector',
      type: 'sag-swell-detector',
      nominal: NOMINAL,
      wires: [['events'], [], [], ['answers']],
    },
    { id: 'events', type: 'helper' },
    { id: 'answers', type: 'helper' },
  ]);
  const begun = performance.now();
  const ends: { time: number; type: string; extreme: number; duration: number; phases: string[] }[] = [];
  const take = () => {
    for (const { payload } of flow.got('events').splice(0)) {
      if (payload.state !== 'end') continue;
      const { time, type, extreme, duration, phases } = payload as never;
      ends.push({ time, type, extreme, duration, phases });
    }
  };
  const held: number[] = [];
  const frameOf = supply(rate, known);
  try {
    const total = 3600 * hours;
    for (let s = 0; s < total; s++) {
      flow.send('detector', { payload: frameOf(s) });
      if (s % 20 === 0) {
        await new Promise((resolve) => setImmediate(resolve));
        forgetMessages();
      }
      if ((s + 1) % Math.floor(total / 10) === 0) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        take();
        for (let i = 0; i < 3; i++) collectGarbage();
        const { heapUsed, arrayBuffers } = process.memoryUsage();
        held.push((heapUsed + arrayBuffers) / 1e6);
        progress((s + 1) / 3600);
      }
    }
    flow.send('detector', { command: 'flush' });
    flow.send('detector', { command: 'history', payload: { limit: 10_000 } });
    await until(() => flow.got('answers').length > 0, 'the journal');
    take();
    const wrong = compare(known, ends);
    const { events } = flow.got('answers')[0].payload as { events: object[] };
    if (events.length < ends.length - 1) wrong.push(`${events.length} of ${ends.length} in the journal`);
    const seconds = (performance.now() - begun) / 1000;
    const errors = flow.got('errors').length;
    return { known: known.length, found: ends.length, wrong, held, errors, seconds } satisfies DayResult;
  } finally {
    await endFlow();
    helper.settings({} as never);
    rmSync(userDir, { recursive: true, force: true });
  }
}

/** Frames of a second, one after the other: three sines by rotation, scaled where a disturbance is. */
function supply(rate: number, known: Known[]): (second: number) => WaveformFrame {
  const frequency = 50.013;
  const step = (2 * Math.PI * frequency) / rate;
  let next = 0;
  return (second) => {
    while (next < known.length - 1 && known[next].to < second) next++;
    const near = known.slice(next, next + 2).filter(({ from, to }) => from < second + 1 && to >= second);
    const head = { meter: 'm1', time: START + second * 1000, rate };
    return WaveformFrame.build(head, ['va', 'vb', 'vc'], rate, (views) => {
      views.forEach((view, phase) => {
        const angle = 2 * Math.PI * ((frequency * second) % 1) - (2 * Math.PI * phase) / 3;
        const [turnRe, turnIm] = [Math.cos(step), Math.sin(step)];
        let [re, im] = [Math.cos(angle), Math.sin(angle)];
        for (let n = 0; n < rate; n++) {
          view[n] = NOMINAL * Math.SQRT2 * im;
          const turned = re * turnRe - im * turnIm;
          im = re * turnIm + im * turnRe;
          re = turned;
        }
        for (const { from, to, level, phases } of near) {
          if (!phases.includes(phase)) continue;
          const first = Math.max(0, Math.ceil((from - second) * rate));
          const last = Math.min(rate, Math.ceil((to - second) * rate));
          for (let n = first; n < last; n++) view[n] *= level;
        }
      });
    });
  };
}

function compare(
  known: Known[],
  ends: { time: number; type: string; extreme: number; duration: number; phases: string[] }[],
): string[] {
  const wrong: string[] = [];
  const left = [...ends];
  for (const { from, to, level, phases } of known) {
    const what = `${level.toFixed(3)} pu from ${from.toFixed(3)} to ${to.toFixed(3)} s`;
    const at = left.findIndex(({ time }) => Math.abs((time - START) / 1000 - from) < 0.021);
    if (at < 0) {
      wrong.push(`missed: ${what}`);
      continue;
    }
    const [found] = left.splice(at, 1);
    if (found.type !== (level < 1 ? 'sag' : 'swell')) wrong.push(`${what}: ${found.type}`);
    if (Math.abs(found.extreme - level) > 0.002) wrong.push(`${what}: ${found.extreme} pu`);
    // Up to two cycles longer than the disturbance (IEC 61000-4-30, 5.4.2).
    const longer = found.duration - (to - from);
    if (longer < -0.01 || longer > 0.045) wrong.push(`${what}: ${found.duration} s`);
    const names = phases.map((phase) => 'abc'[phase]).sort();
    if (found.phases.join() !== names.join()) wrong.push(`${what}: phases ${found.phases}`);
  }
  for (const { time, type } of left) wrong.push(`invented: ${type} at ${(time - START) / 1000} s`);
  return wrong;
}
