import { type Assignment, type Diagnostic, type Finding, GRADES, type Grade, type PhaseMap } from '../record';
import type { GroupResult } from './group/identify';
import type { Identified } from './group/judge';
import { type Loading, loadingOf } from './loading';
import type { PhaseMeans } from './means';
import { missingnessOf } from './missingness';
import { type Candidate, placeOf, strangers } from './placing';
import type { Task } from './plan';
import type { CorrelatorSettings } from './settings';
import type { Steps } from './steps';

/** Meters named in one diagnostic. */
const MAX_LISTED = 1000;
/** Confidence from which a record that differs is wrong, and not doubtful. */
const CERTAIN = 0.99;

export interface RunResult {
  map: PhaseMap;
  diagnostics: Diagnostic[];
}

/** What a run is about beside its tasks. */
export interface RunFrame {
  /** End of the window, ms. */
  time: number;
  /** Time of an interval of the window, ms. */
  timeOf(interval: number): number;
  intervals: number;
  /** Means of the phases of each task. */
  means: PhaseMeans;
  /** Copies a row of the store. */
  read(row: number, into: Float32Array): void;
  /** Apparent power of a meter by interval, VA; undefined where it is not known. */
  power(meter: string): Float32Array | undefined;
}

/** Puts the pieces of a run together: assignments by transformer and meter. */
export function* resultOf(
  settings: CorrelatorSettings,
  tasks: readonly Task[],
  results: readonly GroupResult[],
  frame: RunFrame,
): Steps<RunResult> {
  const assignments: Assignment[] = [];
  const candidates: Candidate[] = [];
  const whose: Assignment[] = [];
  for (const [group, { transformer, members, rows }] of tasks.entries()) {
    const customers = members.flatMap((member, k) => (member.reference ? [] : [{ member, row: rows[k] }]));
    let inputs: Assignment[] = [];
    results[group].members.forEach((found, k) => {
      const { member, row } = customers[k];
      const assignment = assignmentOf(found, transformer, member.recorded ?? null, settings, frame);
      // The inputs of one meter stand together.
      inputs.push(assignment);
      if (customers[k + 1]?.member.meter === member.meter) return;
      if (inputs.length > 1) assignments.push(merged(inputs));
      else {
        assignments.push(assignment);
        const { score, moved, clockLate = 0 } = assignment;
        if (score !== null && score < settings.match && !moved) {
          candidates.push({ row, group, score, clockLag: clockLate / settings.interval });
          whose.push(assignment);
        }
      }
      inputs = [];
    });
    yield;
  }
  const placed = yield* placeAll(candidates, whose, tasks, settings, frame);
  const strange = yield* strangers(
    tasks.map(({ transformer }) => transformer),
    frame.means,
  );
  const transformers = yield* summarise(assignments, tasks, results, settings, frame);
  const count = (grade: Grade) => assignments.filter((a) => a.grade === grade).length;
  const methods = new Set(results.map(({ method }) => method));
  const { time } = frame;
  const map: PhaseMap = {
    kind: 'phase-map',
    meter: 'fleet',
    time,
    run: {
      method: methods.size === 1 ? [...methods][0] : [...methods].sort().join(' and '),
      intervals: frame.intervals,
      interval: settings.interval,
      meters: assignments.length,
      match: count('match'),
      suspect: count('suspect'),
      low: count('low'),
      excluded: count('excluded'),
      ...(placed.notCompared ? { notCompared: placed.notCompared } : {}),
      missing: missingnessOf(assignments, settings.meters),
    },
    assignments,
    transformers,
  };
  const diagnostics = [
    ...findingsOf(assignments, settings),
    ...strange,
    ...loadingFindings(transformers),
  ].map(({ meter, ...finding }): Diagnostic => ({ kind: 'diagnostic', meter, time, ...finding }));
  return { map, diagnostics };
}

/** What is found of the inputs of one meter as one assignment: the phase of each, and the least certain of all. */
function merged(inputs: readonly Assignment[]): Assignment {
  const phases = inputs.map(({ phase }) => phase ?? '-').join('');
  const least = (pick: (a: Assignment) => number | null | undefined) => {
    const values = inputs.map(pick);
    return values.some((value) => value === null || value === undefined)
      ? null
      : Math.min(...(values as number[]));
  };
  const worst = GRADES[Math.max(...inputs.map(({ grade }) => GRADES.indexOf(grade)))];
  const recorded = inputs.every((input) => input.recorded)
    ? inputs.map((input) => input.recorded).join('')
    : null;
  const reasons = new Set(inputs.map(({ reason }) => reason).filter(Boolean));
  const whole = worst !== 'excluded';
  if (whole && new Set(phases).size < inputs.length) reasons.add('two inputs on one phase');
  return {
    ...inputs[0],
    phase: whole ? phases : null,
    score: least(({ score }) => score),
    margin: least(({ margin }) => margin),
    confidence: least(({ confidence }) => confidence),
    grade: worst,
    recorded,
    agrees: recorded === null || !whole ? null : recorded === phases,
    reason: [...reasons].join('; '),
  };
}

/** Looks for a better transformer for meters that are not like their neighbours, and notes it. */
function* placeAll(
  candidates: readonly Candidate[],
  whose: readonly Assignment[],
  tasks: readonly Task[],
  settings: CorrelatorSettings,
  { means, read }: RunFrame,
): Steps<{ notCompared: number }> {
  const { groups, notCompared } = yield* placeOf(candidates, means, settings.match, settings.maxGap, read);
  groups.forEach((group, k) => {
    if (group < 0) return;
    whose[k].betterTransformer = tasks[group].transformer;
    whose[k].reason = [whose[k].reason, `more like the meters of ${tasks[group].transformer}`]
      .filter(Boolean)
      .join('; ');
  });
  return { notCompared };
}

function assignmentOf(
  found: Identified,
  transformer: string,
  recorded: string | null,
  settings: CorrelatorSettings,
  frame: RunFrame,
): Assignment {
  const { meter, phase, score, margin, confidence, grade, missing, excluded, clockLate, level, moved } =
    found;
  const agrees = recorded === null || phase === null ? null : recorded === phase;
  const time = moved && frame.timeOf(moved.interval);
  const reasons = [
    ...(excluded ? [excluded] : []),
    ...(score === null ? [] : gradeReason(score, settings)),
    ...(agrees === false ? [differs(found)] : []),
    ...(moved && time
      ? [`moved from phase ${moved.from} on ${new Date(time).toISOString().slice(0, 10)}`]
      : []),
    ...(clockLate === undefined
      ? []
      : [`clock ${Math.abs(clockLate)} s ${clockLate > 0 ? 'late' : 'early'}`]),
    ...(level === undefined
      ? []
      : [`reads ${percent(level)} ${level > 0 ? 'above' : 'below'} its neighbours`]),
  ];
  return {
    meter,
    transformer,
    phase,
    score,
    margin,
    grade,
    recorded,
    agrees,
    reason: reasons.join('; '),
    confidence,
    ...(missing > 0 ? { missing } : {}),
    ...(clockLate === undefined ? {} : { clockLate }),
    ...(level === undefined ? {} : { level }),
    ...(moved && time ? { moved: { from: moved.from, time } } : {}),
  };
}

function differs({ grade, confidence }: Identified): string {
  const isSure = grade === 'match' && (confidence ?? 0) >= CERTAIN;
  return isSure ? 'differs from the recorded phase' : 'differs from the recorded phase (doubtful)';
}

function gradeReason(r: number, { match, suspect, low }: CorrelatorSettings): string[] {
  if (r < low) return ['Low Correlation Coefficient'];
  if (r < suspect) return ['weak correlation'];
  return r < match ? ['Suspect Phase'] : [];
}

function percent(part: number): string {
  return `${Math.abs(100 * part).toFixed(1)} %`;
}

/** A transformer in the map. */
export interface TransformerSummary extends Record<string, unknown> {
  transformer: string;
  method: string;
  /** Why this method. */
  because: string;
  meters: number;
  a: number;
  b: number;
  c: number;
  /**
   * How well its clusters are told apart, -1 to 1: mean of the simplified silhouette (P. J. Rousseeuw 1987, against
   * the clusters' means) with 1 - r for a distance.
   */
  silhouette?: number;
  loading?: Loading;
}

function* summarise(
  assignments: readonly Assignment[],
  tasks: readonly Task[],
  results: readonly GroupResult[],
  settings: CorrelatorSettings,
  frame: RunFrame,
): Steps<TransformerSummary[]> {
  const ratings = new Map<string, number>();
  for (const { transformer, kva } of settings.meters) if (kva) ratings.set(transformer, 1000 * kva);
  const byTransformer = new Map<string, Assignment[]>(tasks.map(({ transformer }) => [transformer, []]));
  for (const assignment of assignments) byTransformer.get(assignment.transformer)?.push(assignment);
  const summaries: TransformerSummary[] = [];
  for (const [t, { transformer }] of tasks.entries()) {
    const own = byTransformer.get(transformer) ?? [];
    const on = (phase: string) => own.filter((assignment) => assignment.phase?.includes(phase)).length;
    const summary: TransformerSummary = {
      transformer,
      method: results[t].method,
      because: results[t].because,
      meters: own.length,
      ...{ a: on('a'), b: on('b'), c: on('c') },
    };
    const graded = own.filter(({ score, margin }) => score !== null && margin !== null);
    if (graded.length) summary.silhouette = graded.reduce((sum, a) => sum + silhouette(a), 0) / graded.length;
    const loads = own.flatMap(({ meter, phase }) =>
      phase === null ? [] : [{ phase, power: frame.power(meter) }],
    );
    const loading = loadingOf(loads, ratings.get(transformer) ?? 0, settings.interval / 60);
    if (loading) summary.loading = loading;
    summaries.push(summary);
    yield;
  }
  return summaries;
}

function silhouette({ score, margin }: Assignment): number {
  const own = 1 - (score ?? 0);
  const next = own + (margin ?? 0);
  return (next - own) / Math.max(own, next, 1e-9);
}

/** Load of a phase, of the whole, and hottest spot from which a transformer is told: IEC 60076-7, normal cyclic loading. */
const FULL = 1;
const HOT = 120;

function loadingFindings(transformers: readonly TransformerSummary[]): MeterFinding[] {
  return transformers.flatMap(({ transformer, loading }) => {
    const { load = 0, phaseLoad = 0, hotSpot = 0 } = loading ?? {};
    if (load <= FULL && phaseLoad <= FULL && hotSpot <= HOT) return [];
    return [
      {
        meter: transformer,
        code: 'PHASE_LOADING',
        severity: 'warning' as const,
        text: `transformer ${transformer}: ${(100 * load).toFixed(0)} % of its rating, its fullest phase ${(100 * phaseLoad).toFixed(0)} %, hottest spot ${hotSpot.toFixed(0)} degrees`,
        hint: 'If this cannot be, audit the phases and the transformer of its meters; if it can, move load to another phase.',
        detail: { transformer, ...loading },
      },
    ];
  });
}

type MeterFinding = Finding & { meter: string };

/** What a run has to tell beside its map: one diagnostic for all meters of a kind. */
function findingsOf(assignments: readonly Assignment[], { low }: CorrelatorSettings): MeterFinding[] {
  const all = assignments.length;
  const one = (
    code: string,
    found: readonly Assignment[],
    text: string,
    hint: string,
    detail: (assignment: Assignment) => object,
  ): MeterFinding[] => {
    if (found.length === 0) return [];
    const meters = found.slice(0, MAX_LISTED).map((a) => ({ meter: a.meter, ...detail(a) }));
    return [
      {
        meter: found.length === 1 ? found[0].meter : 'fleet',
        code,
        severity: 'warning',
        text,
        hint,
        detail: { meters, listed: meters.length, count: found.length },
      },
    ];
  };
  const lost = assignments.filter(({ score }) => score !== null && score < low);
  const sampled = assignments.filter(({ reason }) => reason.startsWith('Inconsistent Sampling Frequency'));
  const late = assignments.filter(({ clockLate }) => clockLate !== undefined);
  const high = assignments.filter(({ level }) => level !== undefined);
  const moved = assignments.filter((a) => a.moved !== undefined);
  const misplaced = assignments.filter(({ betterTransformer }) => betterTransformer !== undefined);
  const wrong = assignments.filter(({ agrees }) => agrees === false);
  return [
    ...one(
      'LOW_CORRELATION',
      lost,
      `Low Correlation Coefficient: ${lost.length} of ${all} meters are like no phase of their transformer`,
      'Check that these meters hang at their transformer, and that clock and sampling interval are right.',
      ({ score }) => ({ score }),
    ),
    ...one(
      'INCONSISTENT_SAMPLING',
      sampled,
      `Inconsistent Sampling Frequency: ${sampled.length} of ${all} meters read at another interval`,
      'Set the interval of these meters, or of this node, so that all are alike.',
      ({ reason }) => ({ reason }),
    ),
    ...one(
      'CLOCK_OFFSET',
      late,
      `clocks off by more than a minute: ${late.length} of ${all} meters`,
      'Set the clocks of these meters; here they were corrected for the comparison.',
      ({ clockLate }) => ({ clockLate }),
    ),
    ...one(
      'VOLTAGE_OFFSET',
      high,
      `voltages more than 1 % off those of the neighbours: ${high.length} of ${all} meters`,
      'Check the voltage transformers and the calibration of these meters.',
      ({ level }) => ({ level }),
    ),
    ...one(
      'PHASE_MOVED',
      moved,
      `phase changed inside the window: ${moved.length} of ${all} meters`,
      'Enter the new phase in the records, if the work was meant.',
      ({ moved: move, phase }) => ({ from: move?.from, to: phase, time: move?.time }),
    ),
    ...one(
      'WRONG_TRANSFORMER',
      misplaced,
      `meters more like those of another transformer: ${misplaced.length} of ${all}`,
      'Check in the field at which transformer these meters hang, and correct the records.',
      ({ transformer, betterTransformer, score }) => ({ transformer, betterTransformer, score }),
    ),
    ...one(
      'PHASE_RECORD',
      wrong,
      `recorded phases that differ: ${wrong.length} of ${all} meters`,
      'Check these meters in the field, the surest first, and correct the records.',
      ({ recorded, phase, score, confidence }) => ({ recorded, phase, score, confidence }),
    ),
  ];
}
