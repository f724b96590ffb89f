import { type PqEvent, voltageEvent, WaveformFrame } from '../../record';
import { EIG, EIG_TRIGGERS, type EigCapture, type EigPqRecord } from '../../registers';
import type { FleetMeter } from '../fleet';
import { channelRatio } from '../readings';

/** Volts that are taken for nominal where the fleet table does not say. */
const NOMINAL = 120;

type Kind = 'sag' | 'swell';

/** An event that has begun and not ended: plain data. */
interface OpenEvent {
  time: number;
  capture: number;
  tag: number;
  /** Worst RMS so far at the meter's terminals, V, and times, by phase. */
  phases: Record<string, { worst: number; time: number; end?: number }>;
}

export type OpenEvents = Partial<Record<Kind, OpenEvent>>;

/** An event that is over, still without its capture. */
export interface FinishedEvent {
  kind: Kind;
  open: OpenEvent;
  /** Of the record that ended it. */
  end: { time: number; capture: number; tag: number };
}

/** Takes one record into what is open; gives what it ends. */
export function followRecord(open: OpenEvents, record: EigPqRecord): FinishedEvent[] {
  const finished: FinishedEvent[] = [];
  for (const kind of ['sag', 'swell'] as const) {
    const bits = EIG_TRIGGERS.map((trigger, bit) => ({ ...trigger, bit })).filter(
      ({ type, current }) => type === kind && !current,
    );
    const isSet = (states: number, bit: number) => (states & (1 << bit)) !== 0;
    const touched = bits.filter(({ bit }) => isSet(record.changed, bit));
    if (touched.length === 0) continue;
    for (const { bit, phase } of touched) {
      const out = isSet(record.present, bit);
      // A return whose beginning fell out of the log: nothing can be made of it.
      if (!out && !open[kind]?.phases[phase]) continue;
      open[kind] ??= { time: record.time, capture: record.capture, tag: record.cycleTag, phases: {} };
      const event = open[kind];
      event.phases[phase] ??= { worst: record.worst[bit], time: record.time };
      const part = event.phases[phase];
      const worst = record.worst[bit];
      // 0 where the meter has not measured the excursion yet: an RMS that is worse comes with the return.
      if (!out || (worst > 0 && isWorse(kind, worst, part.worst))) part.worst = worst;
      if (!out) part.end = record.time;
    }
    const event = open[kind];
    if (!event || bits.some(({ bit }) => isSet(record.present, bit))) continue;
    delete open[kind];
    finished.push({
      kind,
      open: event,
      end: { time: record.time, capture: record.capture, tag: record.cycleTag },
    });
  }
  return finished;
}

/** The record of an event, with its capture where the meter still has it. */
export function eigEvent(
  source: FleetMeter,
  { kind, open, end }: FinishedEvent,
  capture: EigCapture | undefined,
): PqEvent {
  const { id: meter, pt, nominal } = source;
  const reference = nominal ?? NOMINAL * pt;
  const flags = ['meter log', 'time to 1 s'];
  if (nominal === undefined) flags.push('nominal voltage assumed');
  if (open.capture > 0 && !capture) flags.push('capture not available');
  const inCapture = capture !== undefined && end.capture === open.capture && end.tag > open.tag;
  const duration =
    inCapture && capture ? (end.tag - open.tag) / capture.rate : Math.max(0, (end.time - open.time) / 1000);
  if (!inCapture) flags.push('duration to 1 s');
  const parts = Object.entries(open.phases).map(
    ([phase, { worst, time, end: until }]) =>
      [
        phase,
        {
          extreme: (worst * pt) / reference,
          time,
          duration: inCapture ? duration : Math.max(0, ((until ?? end.time) - time) / 1000),
        },
      ] as const,
  );
  const extremes = parts.map(([, { extreme }]) => extreme);
  const extreme = kind === 'sag' ? Math.min(...extremes) : Math.max(...extremes);
  const type = kind === 'sag' && extreme < 0.1 ? 'interruption' : kind;
  return voltageEvent({
    meter,
    time: open.time,
    type,
    state: 'end',
    duration,
    cycles: duration * 60,
    reference,
    extreme,
    perPhase: Object.fromEntries(parts),
    flags,
    capture: capture && frameOf(source, capture, open.time),
  });
}

function frameOf(meter: FleetMeter, capture: EigCapture, time: number): WaveformFrame {
  const { rate, cycleTag, channels } = capture;
  const names = Object.keys(channels) as (keyof typeof channels)[];
  const head = { meter: meter.id, time: time - (cycleTag / rate) * 1000, rate };
  return WaveformFrame.build(head, names, EIG.samplesPerChannel, (views) => {
    names.forEach((name, c) => {
      const ratio = channelRatio(name, meter);
      channels[name]?.forEach((value, n) => {
        views[c][n] = value * ratio;
      });
    });
  });
}

/** What comes from a store may be anything. */
export function isOpenEvents(open: unknown): open is OpenEvents {
  if (typeof open !== 'object' || !open) return false;
  return Object.values(open as OpenEvents).every(
    (event) =>
      [event?.time, event?.capture, event?.tag].every(Number.isFinite) &&
      typeof event?.phases === 'object' &&
      Object.values(event.phases ?? {}).every(
        (part) => Number.isFinite(part?.worst) && Number.isFinite(part?.time),
      ),
  );
}

function isWorse(kind: Kind, a: number, b: number): boolean {
  return b === 0 || (kind === 'sag' ? a < b : a > b);
}
