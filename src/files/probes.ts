import type { ComtradeRecord } from '../comtrade';
import type { ChannelSignal, Probe } from './channels/signal';
import type { Section } from './timeline';

/** Stretches that are looked at, s, and how many of them. */
export const PROBE_SECONDS = 0.065;
const MOST_PROBES = 12;
/** Samples a cycle of 50 Hz that are looked at. */
const PROBED_PER_CYCLE = 48;
/** Rates from here on may show a cycle: slower sections are not probed. */
const PROBED_RATE = 300;

export async function probeAt(
  record: ComtradeRecord,
  from: number,
  to: number,
  rate: number,
): Promise<Probe> {
  const samples = record.config.analog.map(() => new Float64Array(to - from));
  const analog = samples.map((_, place) => place);
  for await (const { values, count, first } of record.data.rows({ analog, from, to })) {
    values.forEach((own, place) => {
      samples[place].set(own.subarray(0, count), first - from);
    });
  }
  const by = Math.max(1, Math.floor(rate / 50 / PROBED_PER_CYCLE));
  return { rate: rate / by, samples: by === 1 ? samples : samples.map((own) => averaged(own, by)) };
}

/** Means of so many samples each; missing ones are left out. */
function averaged(samples: Float64Array, by: number): Float64Array {
  return Float64Array.from({ length: Math.floor(samples.length / by) }, (_, k) => {
    let sum = 0;
    let n = 0;
    for (let i = k * by; i < (k + 1) * by; i++) {
      if (Number.isNaN(samples[i])) continue;
      sum += samples[i];
      n++;
    }
    return n ? sum / n : Number.NaN;
  });
}

/** The start of each fast section, and places in between, spread over the record. */
export async function probesOf(record: ComtradeRecord, sections: readonly Section[]): Promise<Probe[]> {
  const quick = sections.filter(({ rate }) => rate >= PROBED_RATE);
  // Of a record of slow values alone they show the levels.
  const fast = quick.length ? quick : sections;
  const samples = fast.reduce((sum, { from, to }) => sum + to - from, 0);
  const places: { from: number; to: number; rate: number }[] = [];
  for (const { from, to, rate } of fast) {
    const length = Math.min(to - from, Math.max(8, Math.round(rate * PROBE_SECONDS)));
    const count = Math.max(1, Math.round((MOST_PROBES * (to - from)) / samples));
    for (let k = 0; k < count; k++) {
      const at = count === 1 ? from : from + Math.floor((k * (to - from - length)) / (count - 1));
      places.push({ from: at, to: at + length, rate });
    }
  }
  const probes: Probe[] = [];
  for (const { from, to, rate } of places.slice(0, 2 * MOST_PROBES))
    probes.push(await probeAt(record, from, to, rate));
  return probes;
}

export function silent(count: number): ChannelSignal[] {
  return Array.from({ length: count }, () => ({ rms: 0, mean: 0, phasors: [], share: 0 }));
}

/** Samples of some channels, as they stand in the file. */
export async function readSpan(
  record: ComtradeRecord,
  places: readonly number[],
  from: number,
  to: number,
): Promise<Float64Array[]> {
  const first = Math.max(0, from);
  const all = places.map(() => new Float64Array(Math.max(0, to - first)));
  for await (const { values, count, first: at } of record.data.rows({ analog: places, from: first, to })) {
    values.forEach((own, place) => {
      all[place].set(own.subarray(0, count), at - first);
    });
  }
  return all;
}
