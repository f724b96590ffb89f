import { type Channel, check, WaveformFrame } from '../record';
import type { Captures, Entry } from './captures';
import type { Disturbance, Part } from './polyphase';

/** A time in ms for each position. */
type Dated<T> = Omit<T, 'start' | 'end'> & { start: number; end: number };

/** An event in progress, or one that waits for its last cycles, as it is put aside: times in ms. */
export interface SuspendedEvent
  extends Pick<Entry, 'time' | 'id' | 'within' | 'reference' | 'flags' | 'character' | 'endAngle'> {
  type: Disturbance['type'];
  end: number;
  extreme: number;
  parts: Dated<Part>[];
  captureStart: number;
  captureLimit: number;
  /** ms. */
  period: number;
  endPeriod?: number;
  worst?: { channel: number; start: number; u: number };
  /** A capture that was cut off at its limit. */
  early?: SuspendedFrame;
}

export interface SuspendedFrame {
  time: number;
  rate: number;
  layout: string;
  length: number;
  /** Base 64. */
  data: string;
}

/** A meter put aside in the middle of its events: plain data, for a store that keeps JSON. */
export interface SuspendedMeter {
  meter: string;
  /** How far it was judged, ms. */
  judged: number;
  /** Latest values of each voltage, pu; null for none. */
  latest: (number | null)[];
  latestDeclared: (number | null)[];
  events: SuspendedEvent[];
  /** The newest samples: what a stream that goes on begins with. */
  tail?: SuspendedFrame;
  /** ms from reading to reading, of a meter that gives no waveform. */
  interval?: number;
}

/** All meters with events in progress. */
export interface Suspended {
  version: 1;
  meters: SuspendedMeter[];
}

/** Samples of all channels that the tail of one meter may hold: 10 s of six channels at 10 kHz, and some more. */
const MAX_TAIL = 700_000;

export function packFrame({ time, rate, layout, length, data }: WaveformFrame): SuspendedFrame {
  return { time, rate, layout, length, data: data.toString('base64') };
}

export function unpackFrame(meter: string, frame: SuspendedFrame): WaveformFrame {
  const { time, rate, layout, length, data } = frame;
  const bytes = Buffer.from(data, 'base64');
  return WaveformFrame.build({ meter, time, rate }, layout.split(' ') as Channel[], length, (views) => {
    views.forEach((view, i) => {
      Buffer.from(view.buffer, view.byteOffset, view.byteLength).set(
        bytes.subarray(i * length * 4, (i + 1) * length * 4),
      );
    });
  });
}

/** The newest samples from a position on, unless they are too many to be put aside. */
export function tailOf(history: Captures['history'], from: number): WaveformFrame | undefined {
  const tail = history.slice(from, history.end);
  return tail && tail.length * tail.names.length <= MAX_TAIL ? tail : undefined;
}

/**
 * @param perSample ms
 * @param samples whether its capture goes along
 */
export function suspendEvent(entry: Entry, perSample: number, samples: boolean): SuspendedEvent {
  const { disturbance, time, id, within, reference, flags, character, endAngle, worst } = entry;
  const { type, start, end, extreme, parts } = disturbance;
  // All by the start, whose time was told.
  const at = (position: number) => time + (position - start) * perSample;
  return {
    type,
    time,
    id,
    within,
    reference,
    flags,
    character,
    endAngle,
    end: at(end),
    extreme,
    parts: parts.map((part) => ({
      ...part,
      start: at(part.start),
      end: at(part.end),
      energy: part.energy * perSample,
    })),
    captureStart: at(entry.captureStart),
    captureLimit: at(entry.captureLimit),
    period: entry.period * perSample,
    endPeriod: entry.endPeriod && entry.endPeriod * perSample,
    worst: worst && { ...worst, start: at(worst.start) },
    early: entry.early && samples ? packFrame(entry.early) : undefined,
  };
}

/**
 * The entries of events that were put aside.
 * @param positionOf position of a time in ms @param perSample ms
 */
export function resumeEvents(
  { meter, events }: SuspendedMeter,
  positionOf: (time: number) => number,
  perSample: number,
): Entry[] {
  const entries = events.map((event): Entry => {
    const { type, time, end, extreme, parts, period, endPeriod, worst, early, ...rest } = event;
    const disturbance: Disturbance = {
      type,
      start: positionOf(time),
      end: positionOf(end),
      extreme,
      parts: parts.map((part) => ({
        ...part,
        start: positionOf(part.start),
        end: positionOf(part.end),
        energy: part.energy / perSample,
      })),
    };
    return {
      ...rest,
      flags: [...rest.flags],
      time,
      disturbance,
      captureStart: positionOf(rest.captureStart),
      captureLimit: positionOf(rest.captureLimit),
      period: period / perSample,
      endPeriod: endPeriod && endPeriod / perSample,
      worst: worst && { ...worst, start: positionOf(worst.start) },
      early: early && unpackFrame(meter, early),
    };
  });
  for (const { disturbance, within } of entries) {
    disturbance.within = entries.find(({ id }) => id === within)?.disturbance;
  }
  return entries;
}

/**
 * What a store gave back.
 * @throws FieldError for what was not put there by {@link Suspended}
 */
export function readSuspended(given: unknown, at = 'store'): SuspendedMeter[] {
  if (given === undefined || given === null) return [];
  const g = check.object(given, at);
  check.oneOf(g.version as number, `${at}.version`, [1]);
  return check.array(g.meters, `${at}.meters`).map((one, i) => {
    const field = `${at}.meters[${i}]`;
    const meter = check.object(one, field);
    check.text(meter.meter, `${field}.meter`);
    check.number(meter.judged, `${field}.judged`);
    check.array(meter.events, `${field}.events`).forEach((event, k) => {
      const e = check.object(event, `${field}.events[${k}]`);
      check.text(e.id, `${field}.events[${k}].id`);
      check.number(e.time, `${field}.events[${k}].time`);
      check.array(e.parts, `${field}.events[${k}].parts`);
    });
    for (const name of ['latest', 'latestDeclared']) check.array(meter[name], `${field}.${name}`);
    return meter as unknown as SuspendedMeter;
  });
}

export const toNulls = (values: readonly number[]): (number | null)[] =>
  values.map((value) => (Number.isNaN(value) ? null : value));
export const fromNulls = (values: readonly (number | null)[]): number[] =>
  values.map((value) => value ?? Number.NaN);
