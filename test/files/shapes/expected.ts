import type { ShapedRecord } from '../shapes';
import { endOf, type Section } from './sections';
import type { Content } from './signal';

/** RMS values of one cycle that stepping by half a cycle may find, pu, over all sections. */
interface Found {
  low: number;
  high: number;
}

/** What may be told of one channel that is judged. */
export interface ChannelTruth {
  /** As events name it: `a`, `ab`. */
  phase: string;
  /** With windows anywhere. */
  best: Found;
  /** With the worst place of the windows, and away from the edges of sections. */
  sure: Found;
  /** Turns by which the voltage jumps. */
  jump: number;
}

/** An event as a detector by IEC 61000-4-30 must find it: s from the first sample. */
export interface EventTruth {
  type: 'sag' | 'swell';
  presence: 'sure' | 'possible' | 'none';
  channels: ChannelTruth[];
  start: { from: number; to: number };
  end: { from: number; to: number };
  /** Start or end by an edge of a section: what happened there is known less well, and flagged. */
  isByEdge: boolean;
}

/** Steps of the windows in half a cycle. */
const STEPS = 96;
/** Cycles at the start and at the end of a section from which a detector need have no value yet. */
const SHY = { start: 1.1, end: 0.6 };
const SAG = 0.9;
const SWELL = 1.1;
/** Around the thresholds either is right. */
const MARGIN = 0.02;

/** @returns undefined for a record without an event */
export function expectedEvent({ shape, truth }: ShapedRecord): EventTruth | undefined {
  const { system, sections } = shape;
  const event = system.disturbance;
  if (!event) return undefined;
  const cycle = 1 / system.frequency;
  const present = truth.channels.map(({ content }) => content);
  const toNeutral = present.filter((content) => /^v[abc]$/.test(content));
  const judged =
    toNeutral.length > 0 ? toNeutral : present.filter((content) => /^v(ab|bc|ca)$/.test(content));
  const channels = [...new Set(judged)].map((content) => channelTruth(content, shape, truth.nominal));
  const isSag = event.type === 'sag';
  const sees = (found: Found, margin: number) =>
    isSag ? found.low < SAG - margin : found.high > SWELL + margin;
  const isSure = channels.some(({ sure }) => sees(sure, MARGIN));
  const isPossible = channels.some(({ best }) => sees(best, -MARGIN));
  const start = { from: event.from - 1.5 * cycle, to: event.from + 0.5 * cycle };
  const end = { from: event.to - 0.5 * cycle, to: event.to + 1.5 * cycle };
  let isByEdge = false;
  for (const [before, after] of edgesOf(sections)) {
    const isNear = (t: number) => before < t + 2.5 * cycle && after > t - 2.5 * cycle;
    for (const [range, t] of [
      [start, event.from],
      [end, event.to],
    ] as const) {
      if (!isNear(t)) continue;
      range.from = Math.min(range.from, before - 1.5 * cycle);
      range.to = Math.max(range.to, after + 1.5 * cycle);
      isByEdge = true;
    }
  }
  return {
    type: event.type,
    presence: isSure ? 'sure' : isPossible ? 'possible' : 'none',
    channels,
    start,
    end,
    isByEdge,
  };
}

/** Whether a channel's own event is certain, or at least possible. */
export function isAffected({ type }: EventTruth, found: Found, margin: number): boolean {
  return type === 'sag' ? found.low < SAG - margin : found.high > SWELL + margin;
}

function channelTruth(content: Content, shape: ShapedRecord['shape'], nominal: number): ChannelTruth {
  const { system, sections } = shape;
  const { disturbance, frequency } = system;
  const best: Found = { low: Number.POSITIVE_INFINITY, high: 0 };
  const lows = new Float64Array(STEPS).fill(Number.POSITIVE_INFINITY);
  const highs = new Float64Array(STEPS);
  const step = 1 / frequency / (2 * STEPS);
  const origin = (disturbance?.from ?? 0) - 4 / frequency;
  const until = (disturbance?.to ?? 0) + 4 / frequency;
  const count = Math.ceil((until - origin) / step);
  const squares = new Float64Array(count + 1);
  for (let k = 0; k < count; k++)
    squares[k + 1] = squares[k] + system.at(content, origin + (k + 0.5) * step) ** 2;
  const fast = sections.filter(({ kind }) => kind === 'fast');
  for (let k = 0; k + 2 * STEPS <= count; k++) {
    const from = origin + k * step;
    const to = from + 1 / frequency;
    const section = fast.find((one) => from >= one.time && to <= endOf(one));
    if (!section) continue;
    const u = Math.sqrt((squares[k + 2 * STEPS] - squares[k]) / (2 * STEPS)) / nominal;
    best.low = Math.min(best.low, u);
    best.high = Math.max(best.high, u);
    if (from < section.time + SHY.start / frequency || to > endOf(section) - SHY.end / frequency) continue;
    lows[k % STEPS] = Math.min(lows[k % STEPS], u);
    highs[k % STEPS] = Math.max(highs[k % STEPS], u);
  }
  return {
    phase: content.slice(1),
    best,
    sure: { low: Math.max(...lows), high: Math.min(...highs) },
    jump: system.jumpOf(content) / (2 * Math.PI),
  };
}

/** End and next start of fast sections: what lies between holds no waveform. */
function edgesOf(sections: Section[]): [number, number][] {
  const fast = sections.filter(({ kind }) => kind === 'fast');
  return fast.slice(1).map((section, i) => [endOf(fast[i]), section.time]);
}
