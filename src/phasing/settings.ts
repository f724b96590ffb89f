import { CronPattern } from 'croner';
import { check, FieldError } from '../record';

export const PHASES = ['a', 'b', 'c'] as const;
export type Phase = (typeof PHASES)[number];

export interface ReferenceMeter {
  meter: string;
  /** Empty for a sensor of a feeder, as on the medium voltage: it is a reference for all of its transformers. */
  transformer: string;
  feeder?: string;
  /** Substation of the feeder, where feeders of several have the same name. */
  substation?: string;
  phase: Phase;
  /** Its voltage is that between two phases: `a` stands for ab, `b` for bc, `c` for ca. */
  isLine?: boolean;
}

export interface CustomerMeter {
  meter: string;
  transformer: string;
  /** Feeder of its transformer: references are borrowed, and transformers compared, within it alone. */
  feeder?: string;
  substation?: string;
  /** Phase as the utility's records have it; of a meter of several phases one for each input, e.g. `bca`. */
  phase?: string;
  /** Rating of the transformer, kVA: of any of its meters. */
  kva?: number;
  /** Metres from the collector or the transformer, and the collector that reads it: what missing readings go with. */
  distance?: number;
  collector?: string;
  /** UUID of its usage point in the CIM model of the utility. */
  mrid?: string;
  /** Where it is, degrees in WGS 84: both or neither. */
  longitude?: number;
  latitude?: number;
}

export const GAPS = ['exclude', 'mask'] as const;
export type Gaps = (typeof GAPS)[number];

export const CHANGES = ['csv', 'cim', 'geojson'] as const;
export type ChangesFormat = (typeof CHANGES)[number];

export const METHODS = ['auto', 'pearson', 'kmeans'] as const;
export type Method = (typeof METHODS)[number];

export interface CorrelatorSettings {
  /** Seconds between readings. */
  interval: number;
  /** Length of the window that is compared, days. */
  days: number;
  /** Correlation from which on a phase is a match, a suspect; below `low` it means nothing. */
  match: number;
  suspect: number;
  low: number;
  /** Gaps shorter than this many intervals are interpolated; a longer one excludes the meter. */
  maxGap: number;
  /** What becomes of a meter with longer gaps: it is left out, or they are masked. */
  gaps: Gaps;
  /** Clusters where there are no references. */
  clusters: number;
  /** `auto`: against references where all three are there, else clusters. */
  method: Method;
  /** Intervals of a moving mean over each series; 0: none. */
  lowPass: number;
  /** Principal components of a transformer's series that are kept, against noise; 0: all. */
  components: number;
  /** When runs begin by themselves: a cron expression, local time; empty: never. */
  schedule: string;
  /** Format of the corrections for the GIS. */
  changes: ChangesFormat;
  /** Whether the window is kept on disk over restarts. */
  keep: boolean;
  /** Meters that are compared; more are refused, which is said. 0: as many as the memory allows. */
  maxMeters: number;
  /** Where tables to import lie; empty: `import` in the user folder. */
  folder: string;
  references: ReferenceMeter[];
  meters: CustomerMeter[];
}

/** Rows of a table: a bound on what a flow can make us hold. */
export const MAX_METERS = 1_000_000;

/** Settings from a panel. Throws a FieldError that names the setting, with the row of a table. */
export function readCorrelatorSettings(given: unknown, at = 'settings'): CorrelatorSettings {
  const g = check.object(given, at);
  const number = (name: string, fallback: number, range: check.Range) =>
    check.setting(g[name], `${at}.${name}`, fallback, range);
  const settings: CorrelatorSettings = {
    interval: number('interval', 300, { min: 1, max: 3600, unit: 's' }),
    days: number('days', 7, { above: 0, max: 60, unit: 'days' }),
    match: number('match', 0.85, { min: 0, max: 1 }),
    suspect: number('suspect', 0.7, { min: 0, max: 1 }),
    low: number('low', 0.6, { min: 0, max: 1 }),
    maxGap: check.integer(number('maxGap', 3, { min: 1, max: 100, unit: 'intervals' }), `${at}.maxGap`),
    gaps: check.oneOf((g.gaps as Gaps) || 'exclude', `${at}.gaps`, GAPS),
    clusters: check.integer(number('clusters', 3, { min: 2, max: 9 }), `${at}.clusters`),
    method: check.oneOf(g.method || 'auto', `${at}.method`, METHODS),
    lowPass: check.integer(number('lowPass', 0, { min: 0, max: 1000, unit: 'intervals' }), `${at}.lowPass`),
    components: check.integer(number('components', 0, { min: 0, max: 20 }), `${at}.components`),
    schedule: readSchedule(g.schedule ?? WEEKLY, `${at}.schedule`),
    changes: check.oneOf((g.changes as ChangesFormat) || 'csv', `${at}.changes`, CHANGES),
    keep: check.boolean(g.keep ?? true, `${at}.keep`),
    maxMeters: check.integer(number('maxMeters', 0, { min: 0, max: 1e6 }), `${at}.maxMeters`),
    folder: g.folder ? check.text(g.folder, `${at}.folder`, 4096) : '',
    references: check
      .array(g.references ?? [], `${at}.references`, MAX_METERS)
      .map((row, i) => readReference(row, `${at}.references[${i}]`)),
    meters: check
      .array(g.meters ?? [], `${at}.meters`, MAX_METERS)
      .map((row, i) => readMeter(row, `${at}.meters[${i}]`)),
  };
  if (settings.match < settings.suspect || settings.suspect < settings.low) {
    throw new FieldError(`${at}.suspect`, 'a value between low and match', settings.suspect);
  }
  refuseTwice(settings.references, `${at}.references`);
  refuseTwice(settings.meters, `${at}.meters`);
  const { references, meters } = settings;
  refuseTwoFeeders({ [`${at}.references`]: references, [`${at}.meters`]: meters });
  const shared = sharedMrid(settings.meters);
  if (shared) {
    const field = `${at}.meters[${settings.meters.indexOf(shared)}].mrid`;
    throw new FieldError(field, 'a UUID that no other meter has', shared.mrid);
  }
  return settings;
}

/** Mondays at three in the morning. */
export const WEEKLY = '0 3 * * 1';

function readSchedule(value: unknown, field: string): string {
  if (value === '') return '';
  const pattern = check.text(value, field).trim();
  try {
    new CronPattern(pattern);
  } catch {
    throw new FieldError(
      field,
      `a cron expression (minute hour day month weekday), e.g. "${WEEKLY}", or nothing`,
      value,
    );
  }
  return pattern;
}

function readReference(row: unknown, at: string): ReferenceMeter {
  const r = check.object(row, at);
  const feeder = readFeeder(r, at);
  const isSensor = feeder.feeder !== undefined && !r.transformer;
  return {
    meter: check.text(r.meter, `${at}.meter`),
    transformer: isSensor ? '' : check.text(r.transformer, `${at}.transformer`),
    ...feeder,
    ...readReferencePhase(r.phase, `${at}.phase`),
  };
}

/** Pairs of phases, either way round, by the first of them in order. */
const PAIRS: Record<string, Phase> = { ab: 'a', ba: 'a', bc: 'b', cb: 'b', ca: 'c', ac: 'c' };

/** One phase, or a pair of them. */
function readReferencePhase(value: unknown, field: string): { phase: Phase; isLine?: boolean } {
  const pair = typeof value === 'string' ? PAIRS[value.trim().toLowerCase()] : undefined;
  return pair ? { phase: pair, isLine: true } : { phase: readPhase(value, field) };
}

/** The phase that a record has of a meter between two phases, as that of {@link ReferenceMeter.isLine}. */
export function linePhase(recorded: string | undefined): Phase | undefined {
  return recorded === undefined ? undefined : PAIRS[recorded];
}

/** A row of the table of meters. Throws a FieldError that names the field. */
export function readMeter(row: unknown, at: string): CustomerMeter {
  const r = check.object(row, at);
  const meter: CustomerMeter = {
    meter: check.text(r.meter, `${at}.meter`),
    transformer: check.text(r.transformer, `${at}.transformer`),
    ...readFeeder(r, at),
  };
  if (isGiven(r.phase)) meter.phase = readPhases(r.phase, `${at}.phase`);
  const kva = check.setting(r.kva, `${at}.kva`, 0, { min: 0, max: 1e6, unit: 'kVA' });
  if (kva > 0) meter.kva = kva;
  if (isGiven(r.distance)) {
    meter.distance = check.setting(r.distance, `${at}.distance`, 0, { min: 0, max: 1e6, unit: 'm' });
  }
  if (r.collector) meter.collector = check.text(r.collector, `${at}.collector`);
  if (isGiven(r.mrid)) meter.mrid = readUuid(r.mrid, `${at}.mrid`);
  return { ...meter, ...readPosition(r, at) };
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

/** A UUID as RFC 9562 writes it, of any version; upper and lower case stay as they are. */
function readUuid(value: unknown, field: string): string {
  if (typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)) return value;
  throw new FieldError(field, 'a UUID, e.g. 6f1c2a34-5b6d-4e7f-8a9b-0c1d2e3f4a5b', value);
}

function readPosition(row: Record<string, unknown>, at: string): { longitude?: number; latitude?: number } {
  if (!isGiven(row.longitude) && !isGiven(row.latitude)) return {};
  const degrees = (name: 'longitude' | 'latitude', other: string, max: number) => {
    const field = `${at}.${name}`;
    if (!isGiven(row[name])) throw new FieldError(field, `a value, as there is a ${other}`, row[name]);
    return check.setting(row[name], field, 0, { min: -max, max, unit: 'degrees' });
  };
  return {
    longitude: degrees('longitude', 'latitude', 180),
    latitude: degrees('latitude', 'longitude', 90),
  };
}

/** The first meter whose mrid is that of a meter before it. */
export function sharedMrid(rows: readonly CustomerMeter[]): CustomerMeter | undefined {
  const seen = new Set<string>();
  return rows.find(({ mrid }) => {
    if (mrid === undefined) return false;
    const { size } = seen;
    return seen.add(mrid.toLowerCase()).size === size;
  });
}

function readFeeder(
  { feeder, substation }: Record<string, unknown>,
  at: string,
): { feeder?: string; substation?: string } {
  return {
    ...(isGiven(feeder) ? { feeder: check.text(feeder, `${at}.feeder`) } : {}),
    ...(isGiven(substation) ? { substation: check.text(substation, `${at}.substation`) } : {}),
  };
}

/** Name of a row's feeder among all: that of its substation with it, where there is one; undefined without a feeder. */
export function feederName({
  feeder,
  substation,
}: {
  feeder?: string;
  substation?: string;
}): string | undefined {
  return feeder && substation ? `${substation} / ${feeder}` : feeder;
}

/**
 * Refuses a transformer that the tables have on two feeders: its meters would be compared as those of one.
 * @throws FieldError that names the row
 */
export function refuseTwoFeeders(
  tables: Record<string, readonly { transformer: string; feeder?: string; substation?: string }[]>,
): void {
  const known = new Map<string, string>();
  for (const [at, rows] of Object.entries(tables)) {
    rows.forEach((row, i) => {
      const feeder = feederName(row);
      if (!feeder || !row.transformer) return;
      const before = known.get(row.transformer);
      if (before !== undefined && before !== feeder) {
        const wanted = `${before}, the feeder of transformer ${row.transformer} in an earlier row`;
        throw new FieldError(`${at}[${i}].feeder`, wanted, feeder);
      }
      known.set(row.transformer, feeder);
    });
  }
}

/** One phase, or several different ones. */
function readPhases(value: unknown, field: string): string {
  const text = typeof value === 'string' ? plainPhase(value) : '';
  if (/^[abc]{2,3}$/.test(text) && new Set(text).size === text.length) return text;
  return readPhase(value, field);
}

/** Phases by letters, also where a table has them as L1, L2, L3, or with the neutral: AN. */
function plainPhase(value: string): string {
  const text = value.trim().toLowerCase();
  return text.replaceAll(/l([123])[\s,/]*/g, (_, n) => PHASES[Number(n) - 1]).replace(/^([abc]+)n$/, '$1');
}

function readPhase(value: unknown, field: string): Phase {
  return check.oneOf(typeof value === 'string' ? plainPhase(value) : value, field, PHASES);
}

function refuseTwice(rows: { meter: string }[], at: string): void {
  const seen = new Set<string>();
  rows.forEach(({ meter }, i) => {
    if (seen.has(meter)) throw new FieldError(`${at}[${i}].meter`, 'a name not yet in the table', meter);
    seen.add(meter);
  });
}
