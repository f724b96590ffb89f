import { array, boolean, FieldError, number, object, oneOf, text } from './check';
import { CHANNELS, QUANTITIES } from './quantities';
import {
  EVENT_TYPES,
  GRADES,
  type Kind,
  type PqRecord,
  QUALITIES,
  RECEIPT_STATES,
  RMS_WINDOWS,
  SEVERITIES,
} from './records';
import { WaveformFrame } from './waveform';

type Check = (value: unknown, field: string) => unknown;
type Fields = Record<string, Check>;

const numeric: Check = (value, field) => number(value, field);
const amount: Check = (value, field) => number(value, field, { min: 0 });
const part: Check = (value, field) => number(value, field, { min: 0, max: 1 });
const short: Check = (value, field) => text(value, field);
const anyObject: Check = (value, field) => object(value, field);
const optional =
  (check: Check): Check =>
  (value, field) =>
    value === undefined ? undefined : check(value, field);
const nullable =
  (check: Check): Check =>
  (value, field) =>
    value === null ? null : check(value, field);
const choice =
  (choices: readonly string[]): Check =>
  (value, field) =>
    oneOf(value, field, choices);
const list =
  (check: Check): Check =>
  (value, field) =>
    array(value, field).forEach((entry, i) => {
      check(entry, `${field}[${i}]`);
    });
const mapOf =
  (check: Check, known?: object): Check =>
  (value, field) => {
    for (const [name, entry] of Object.entries(object(value, field))) {
      if (known && !Object.hasOwn(known, name)) {
        throw new FieldError(`${field}.${name}`, `a known name (${Object.keys(known).join(', ')})`, name);
      }
      check(entry, `${field}.${name}`);
    }
  };
const shape =
  (fields: Fields): Check =>
  (value, field) => {
    const found = object(value, field);
    for (const name of Object.keys(fields)) fields[name](found[name], `${field}.${name}`);
  };

const phasor = shape({ mag: numeric, angle: numeric });
const phasePower = shape({
  p: numeric,
  q: numeric,
  s: numeric,
  ...Object.fromEntries(
    [
      ...['v', 'i', 'pf', 'dpf', 'angle', 'crossingAngle', 'p1', 'q1', 's1', 'n', 'di', 'dv', 'sh', 'sn'],
      ...[
        'qBudeanu',
        'dBudeanu',
        'qFryze',
        'thdV',
        'thdI',
        'tdd',
        'kFactor',
        'crestV',
        'crestI',
        'dcV',
        'dcI',
      ],
    ].map((name) => [name, optional(numeric)]),
  ),
  v1: optional(phasor),
  i1: optional(phasor),
});
/** A phase whose waveform was measured has these besides; the values of a meter's reading may lack them. */
const measuredPhase = shape({
  ...Object.fromEntries(['v', 'i', 'p1', 'q1', 's1'].map((name) => [name, numeric])),
  v1: phasor,
  i1: phasor,
});
const corrected = shape({
  moves: list(short),
  phases: mapOf(
    shape({
      p1: numeric,
      q1: numeric,
      dpf: optional(numeric),
      angle: optional(numeric),
      v1: phasor,
      i1: phasor,
    }),
  ),
  total: shape({ p1: numeric, q1: numeric, dpf: optional(numeric) }),
});
const excess = shape({
  channel: short,
  order: (v, f) => (v === 'thd' || v === 'tdd' ? v : number(v, f)),
  value: numeric,
  limit: numeric,
});

const decision = shape({
  verdict: choice(['accept', 'reject']),
  phase: short,
  by: short,
  why: (v, f) => (v === '' ? v : text(v, f, 1000)),
  time: numeric,
});

const SOURCES = ['upstream', 'downstream', 'undetermined'];

/** What each kind must hold beside `kind`, `meter` and `time`. Waveforms have a class of their own. */
const FIELDS: Record<Exclude<Kind, 'waveform'>, Fields> = {
  reading: {
    values: mapOf(numeric, QUANTITIES),
    quality: choice(QUALITIES),
    summary: optional(
      shape({
        period: (v, f) => number(v, f, { above: 0, unit: 's' }),
        count: (v, f) => number(v, f, { min: 1 }),
        min: mapOf(numeric, QUANTITIES),
        max: mapOf(numeric, QUANTITIES),
        last: mapOf(numeric, QUANTITIES),
      }),
    ),
  },
  rms: {
    window: choice(RMS_WINDOWS),
    values: mapOf((v, f) => (Array.isArray(v) ? list(numeric)(v, f) : number(v, f)), QUANTITIES),
    step: optional((v, f) => number(v, f, { above: 0, unit: 's' })),
    flagged: boolean,
    coverage: optional((v, f) => number(v, f, { min: 0, max: 1 })),
  },
  event: {
    id: short,
    type: choice(EVENT_TYPES),
    state: choice(['start', 'end']),
    phases: list(short),
    duration: (v, f) => number(v, f, { min: 0, unit: 's' }),
    cycles: (v, f) => number(v, f, { min: 0 }),
    reference: (v, f) => number(v, f, { above: 0, unit: 'V' }),
    extreme: (v, f) => number(v, f, { min: 0, unit: 'pu' }),
    depth: numeric,
    severity: optional(numeric),
    perPhase: mapOf(shape({ extreme: numeric, time: numeric, duration: numeric })),
    category: anyObject,
    flags: list(short),
    within: optional(short),
    sagEnergy: optional(numeric),
    characteristic: optional(phasor),
    pointOnWave: optional(shape({ start: optional(numeric), end: optional(numeric) })),
    phaseJump: optional(numeric),
    direction: optional(shape({ source: choice(SOURCES), method: short })),
    deltaMax: optional(numeric),
    deltaSteady: optional(numeric),
    capture: optional((v, f) => WaveformFrame.from(v, f)),
  },
  power: {
    window: optional((v, f) => number(v, f, { above: 0, unit: 's' })),
    frequency: optional((v, f) => number(v, f, { above: 0, unit: 'Hz' })),
    phases: mapOf(phasePower),
    total: shape({ p: numeric, q: numeric, s: numeric, pf: optional(numeric), dpf: optional(numeric) }),
    sequence: optional(mapOf(numeric)),
    harmonics: mapOf(list(numeric), CHANNELS),
    groups: optional(mapOf(list(numeric), CHANNELS)),
    interharmonics: optional(mapOf(list(numeric), CHANNELS)),
    energy: optional(mapOf(numeric)),
    limits: optional(shape({ table: short, exceeded: list(excess) })),
    compensation: optional(shape({ target: numeric, size: numeric, resonance: optional(numeric) })),
    corrected: optional(corrected),
    flags: list(short),
  },
  'phase-map': {
    run: shape({ meters: optional(amount), gapsOnly: optional(amount) }),
    assignments: list(
      shape({
        meter: short,
        transformer: short,
        phase: nullable(short),
        score: nullable(numeric),
        margin: nullable(numeric),
        grade: choice(GRADES),
        recorded: nullable(short),
        agrees: nullable(boolean),
        reason: (v, f) => (v === '' ? v : text(v, f, 1000)),
        inputs: optional(numeric),
        confidence: optional(nullable(part)),
        missing: optional(numeric),
        had: optional(part),
        clockLate: optional(numeric),
        level: optional(numeric),
        moved: optional(shape({ from: short, time: numeric })),
        betterTransformer: optional(short),
        betterMargin: optional(numeric),
        since: optional(numeric),
        runs: optional(amount),
        decided: optional(decision),
        permuted: optional(boolean),
      }),
    ),
    transformers: list(anyObject),
  },
  diagnostic: {
    code: short,
    severity: choice(SEVERITIES),
    text: (v, f) => text(v, f, 1000),
    hint: (v, f) => text(v, f, 1000),
    detail: anyObject,
  },
  summary: {
    file: short,
    format: short,
    seconds: numeric,
    samples: (v, f) => number(v, f, { min: 0 }),
    frequency: optional(numeric),
    channels: list(anyObject),
    meters: list(
      shape({
        meter: short,
        channels: mapOf(numeric, CHANNELS),
        level: optional(numeric),
        nominal: optional(numeric),
        reason: short,
        confidence: (v, f) => number(v, f, { min: 0, max: 1 }),
      }),
    ),
    sections: list(anyObject),
    doubts: list(shape({ code: short, text: (v, f) => text(v, f, 4000) })),
    sent: optional(shape({ waveforms: numeric, readings: numeric, refused: optional(numeric) })),
  },
  receipt: {
    id: short,
    target: short,
    state: choice(RECEIPT_STATES),
    attempts: (v, f) => number(v, f, { min: 0 }),
    error: optional((v, f) => text(v, f, 1000)),
  },
};

export const KINDS = ['waveform', ...Object.keys(FIELDS)] as Kind[];

/** The kind a payload says it is, nothing else checked. Throws a FieldError where it names none we know. */
export function kindOf(payload: unknown, at = 'payload'): Kind {
  const kind = object(payload, at).kind;
  return oneOf(kind, `${at}.kind`, KINDS);
}

/**
 * The record in a payload, checked whole; plain waveforms become frames.
 * @throws FieldError that names the field, e.g. `payload.values.va: expected a finite number, got NaN`
 */
export function parseRecord(payload: unknown, at = 'payload'): PqRecord {
  const kind = kindOf(payload, at);
  if (kind === 'waveform') return WaveformFrame.from(payload, at);
  const record = payload as Record<string, unknown>;
  // A phase map speaks for many meters and a receipt for any record: both may come without one.
  if (record.meter !== undefined || (kind !== 'phase-map' && kind !== 'receipt')) {
    text(record.meter, `${at}.meter`);
  }
  number(record.time, `${at}.time`, { unit: 'ms since 1970' });
  const fields = FIELDS[kind];
  for (const name of Object.keys(fields)) fields[name](record[name], `${at}.${name}`);
  if (kind === 'power' && record.window !== undefined) mapOf(measuredPhase)(record.phases, `${at}.phases`);
  if (kind === 'event' && record.capture !== undefined && !(record.capture instanceof WaveformFrame)) {
    return { ...record, capture: WaveformFrame.from(record.capture) } as unknown as PqRecord;
  }
  return payload as PqRecord;
}
