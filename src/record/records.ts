import type { Values } from './quantities';
import type { RecordSummary } from './summary';
import type { WaveformFrame } from './waveform';

/** The records that travel in `msg.payload` (design, section 3). Times are Unix epoch, ms. */

export interface Reading {
  kind: 'reading';
  meter: string;
  time: number;
  values: Values;
  quality: Quality;
  /** The reading stands for several: `values` are their means, of registers the last. */
  summary?: ReadingSummary;
}
export interface ReadingSummary {
  /** s */
  period: number;
  /** Readings. */
  count: number;
  min: Values;
  max: Values;
  last: Values;
}
export const QUALITIES = ['good', 'uncertain', 'bad'] as const;
export type Quality = (typeof QUALITIES)[number];

export interface Rms {
  kind: 'rms';
  meter: string;
  /** Time of the end of the first value's interval. */
  time: number;
  window: RmsWindow;
  /** One value a quantity; arrays for `half-cycle`, which then has `step`. */
  values: Partial<Record<keyof Values, number | number[]>>;
  /** Seconds between half-cycle values. */
  step?: number;
  /** The interval holds a sag, swell or interruption (IEC 61000-4-30, 4.7). */
  flagged: boolean;
  /** Part of an interval of the clock that was measured, where that was not all of it. */
  coverage?: number;
}
export const RMS_WINDOWS = ['half-cycle', '10-cycle', '150-cycle', '10-s', '10-min', '2-h'] as const;
export type RmsWindow = (typeof RMS_WINDOWS)[number];

export const EVENT_TYPES = ['sag', 'swell', 'interruption', 'rvc', 'undervoltage', 'overvoltage'] as const;
export type EventType = (typeof EVENT_TYPES)[number];

export interface PhaseExtent {
  /** Lowest (sag, interruption) or highest (swell) Urms(1/2), pu of the reference. */
  extreme: number;
  /** Start on this phase, ms. */
  time: number;
  /** Seconds. */
  duration: number;
}

export interface PqEvent {
  kind: 'event';
  meter: string;
  /** Start of the event, in the `start` and in the `end` message. */
  time: number;
  /** Made of meter, type and start: the same input gives the same id. */
  id: string;
  type: EventType;
  state: 'start' | 'end';
  /** Phases that took part: `a b c`, or `ab bc ca`. */
  phases: string[];
  /** Seconds; so far, in the `start` message. */
  duration: number;
  /** Duration in cycles of the measured frequency. */
  cycles: number;
  /** Reference voltage, V. */
  reference: number;
  /** Lowest or highest Urms(1/2) of any phase, pu: the residual voltage of a sag. */
  extreme: number;
  /** How far the extreme is from the reference, pu. */
  depth: number;
  /** Voltage-sag severity against SEMI F47 (IEEE 1564, 5.3.2): 1 on the curve, more below it. */
  severity?: number;
  perPhase: Record<string, PhaseExtent>;
  category: { ieee1159?: string; en50160?: string; itic?: string; semiF47?: string; bollen?: string };
  flags: string[];
  /** Id of the sag that this interruption is part of, or of the sag or swell that outlasted a minute. */
  within?: string;
  /** Sag energy, s: integral of 1 - u² over all phases that took part (IEEE 1564, 5.3.1). */
  sagEnergy?: number;
  /** Characteristic voltage of the sag's type (`category.bollen`), pu of the voltage before. */
  characteristic?: Phasor;
  /** Angle of the worst phase where it changed at start and end, degrees after its rising zero crossing. */
  pointOnWave?: { start?: number; end?: number };
  /** Angle of the worst phase in the event against that before it, degrees. */
  phaseJump?: number;
  /** Side of the meter that it came from, where currents tell. */
  direction?: { source: 'upstream' | 'downstream' | 'undetermined'; method: string };
  /** Of a rapid voltage change, pu: largest difference from the voltage before, and that of the voltage after. */
  deltaMax?: number;
  deltaSteady?: number;
  capture?: WaveformFrame;
}

export interface Phasor {
  /** RMS. */
  mag: number;
  /** Degrees, -180 to 180, against voltage A (the first voltage present). */
  angle: number;
}

/** Power of one phase; a meter that gives readings only fills p, q, s and what else it measures. */
export interface PhasePower {
  /** Active power of all samples, W: positive is taken from the grid. */
  p: number;
  /** Fundamental reactive power Q1, var; positive inductive. */
  q: number;
  s: number;
  v?: number;
  i?: number;
  pf?: number;
  dpf?: number;
  /** Voltage angle minus current angle, degrees; positive inductive. */
  angle?: number;
  /** The same by zero crossings: a check. */
  crossingAngle?: number;
  p1?: number;
  q1?: number;
  s1?: number;
  /** Nonactive, current and voltage distortion, harmonic apparent, nonfundamental apparent power (IEEE 1459, 3.1.2). */
  n?: number;
  di?: number;
  dv?: number;
  sh?: number;
  sn?: number;
  /** Reactive and distortion power of Budeanu, reactive power of Fryze. */
  qBudeanu?: number;
  dBudeanu?: number;
  qFryze?: number;
  /** Percent. */
  thdV?: number;
  thdI?: number;
  tdd?: number;
  kFactor?: number;
  crestV?: number;
  crestI?: number;
  /** DC offset, V and A. */
  dcV?: number;
  dcI?: number;
  v1?: Phasor;
  i1?: Phasor;
}

/** Energies since the first window or the last reset; the reactive ones by the quadrants of IEC 62053-23. */
export interface Energy {
  /** Wh. */
  import: number;
  export: number;
  /** varh. */
  q1: number;
  q2: number;
  q3: number;
  q4: number;
  /** Seconds that were measured: where there were gaps, nothing is added. */
  seconds: number;
}

export interface HarmonicExcess {
  channel: string;
  /** Order, or `thd`, `tdd`. */
  order: number | 'thd' | 'tdd';
  /** Percent. */
  value: number;
  limit: number;
}

export interface Compensation {
  /** Displacement power factor aimed at. */
  target: number;
  /** Size of the capacitor bank, var; 0 where none is needed. */
  size: number;
  /** Order at which it resonates with the supply, where the short-circuit current is known. */
  resonance?: number;
}

/** Powers as they would be with a wiring fault mended: fundamentals. */
export interface CorrectedPower {
  /** What is mended. */
  moves: string[];
  phases: Record<string, { p1: number; q1: number; dpf?: number; angle?: number; v1: Phasor; i1: Phasor }>;
  total: { p1: number; q1: number; dpf?: number };
}

export interface Power {
  kind: 'power';
  meter: string;
  /** End of the window, or of the reading. */
  time: number;
  /** Seconds; absent where the values are those of a meter's reading. */
  window?: number;
  frequency?: number;
  phases: Record<string, PhasePower>;
  total: {
    p: number;
    q: number;
    s: number;
    pf?: number;
    dpf?: number;
    [further: string]: number | undefined;
  };
  sequence?: Record<string, number>;
  /** RMS by order, index 0 = order 0. */
  harmonics: Record<string, number[]>;
  groups?: Record<string, number[]>;
  /** Index h: between orders h and h + 1. */
  interharmonics?: Record<string, number[]>;
  energy?: Energy;
  limits?: { table: string; exceeded: HarmonicExcess[] };
  compensation?: Compensation;
  corrected?: CorrectedPower;
  flags: string[];
}

export const GRADES = ['match', 'suspect', 'low', 'excluded'] as const;
export type Grade = (typeof GRADES)[number];

export interface Assignment {
  meter: string;
  transformer: string;
  phase: string | null;
  score: number | null;
  /** Score minus that of the second-best phase. */
  margin: number | null;
  grade: Grade;
  recorded: string | null;
  agrees: boolean | null;
  reason: string;
  /** Voltages of a meter that has more than one: `phase` and `recorded` hold the phase of each. */
  inputs?: number;
  /** Likelihood that no other phase is the right one, 0 to 1. */
  confidence?: number | null;
  /** Part of the intervals without a reading, where there are any. */
  missing?: number;
  /** Part of the intervals over which it was compared, where its longer gaps were masked. */
  had?: number;
  /** Seconds by which the meter's clock is late (early, where negative), where that is over a minute. */
  clockLate?: number;
  /** Parts of the voltage by which the meter reads above its neighbours, where that is over 1 %. */
  level?: number;
  /** The meter changed its phase inside the window: from which one, and when, ms. */
  moved?: { from: string; time: number };
  /** Transformer whose meters it is more like than those of its own. */
  betterTransformer?: string;
  /** By how much it is more like the meters of that one than those of its own, in Fisher's z. */
  betterMargin?: number;
  /** Time of the first run that found it there, ms, and in how many runs since, without a break. */
  since?: number;
  runs?: number;
  /** What a field crew said of the phase of this meter. */
  decided?: { verdict: 'accept' | 'reject'; phase: string; by: string; why: string; time: number };
  /** The records of its whole transformer are another way round than the references: no error of this meter. */
  permuted?: boolean;
}

/** How a run went: what reads these numbers is here, the rest is for people. */
export interface PhaseRun {
  /** Meters of the run, and those of them that only their gaps keep out: masked they would take part. */
  meters?: number;
  gapsOnly?: number;
  [further: string]: unknown;
}

export interface PhaseMap {
  kind: 'phase-map';
  meter: string;
  time: number;
  run: PhaseRun;
  assignments: Assignment[];
  transformers: Record<string, unknown>[];
}

export const SEVERITIES = ['info', 'warning', 'error'] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface Diagnostic {
  kind: 'diagnostic';
  meter: string;
  time: number;
  code: string;
  severity: Severity;
  text: string;
  /** One sentence: what to check. */
  hint: string;
  detail: Record<string, unknown>;
}

export const RECEIPT_STATES = ['delivered', 'stored', 'dropped', 'rejected'] as const;
export type ReceiptState = (typeof RECEIPT_STATES)[number];

export interface Receipt {
  kind: 'receipt';
  meter: string;
  time: number;
  id: string;
  target: string;
  state: ReceiptState;
  attempts: number;
  error?: string;
}

export type PqRecord =
  | WaveformFrame
  | Reading
  | Rms
  | PqEvent
  | Power
  | PhaseMap
  | Diagnostic
  | Receipt
  | RecordSummary;
export type Kind = PqRecord['kind'];
export type RecordOf<K extends Kind> = Extract<PqRecord, { kind: K }>;
