import { type Assignment, type Finding, leftOutByGaps, type PhaseRun } from '../record';
import type { GroupResult } from './group/identify';
import type { Task } from './plan';
import type { CorrelatorSettings } from './settings';
import type { TransformerSummary } from './summary';

/** Meters named in one diagnostic. */
const MAX_LISTED = 1000;

/** A finding, and the meter or transformer that it is about. */
export type MeterFinding = Finding & { meter: string };

/** Load of a phase, of the whole, and hottest spot from which a transformer is told: IEC 60076-7, normal cyclic loading. */
const FULL = 1;
const HOT = 120;

/** Transformers that are too full. */
export function loadingFindings(transformers: readonly TransformerSummary[]): MeterFinding[] {
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

/** Groups whose records as a whole are another way round than their references: one error, not one for each meter. */
export function permutedFindings(tasks: readonly Task[], results: readonly GroupResult[]): MeterFinding[] {
  return results.flatMap(({ permuted }, t) => {
    if (!permuted) return [];
    const { transformer } = tasks[t];
    const { records, phases } = permuted;
    return [
      {
        meter: transformer,
        code: 'PHASE_PERMUTATION',
        severity: 'warning' as const,
        text: `transformer ${transformer}: all records are another way round than the references: those on ${phases.join(', ')} are recorded on ${records.join(', ')}`,
        hint: 'Check at the transformer which way its phases are connected, before any single record is changed.',
        detail: { transformer, phases, records },
      },
    ];
  });
}

/** Meters that only their gaps keep out, where these are many. */
export function gapFindings(run: PhaseRun): MeterFinding[] {
  const many = leftOutByGaps(run);
  if (!many) return [];
  const { out, all } = many;
  return [
    {
      meter: 'fleet',
      code: 'GAPS_EXCLUDE',
      severity: 'warning',
      text: `${out} of ${all} meters are left out because of their gaps`,
      hint: 'Set "Longer gaps" to "mask" (gaps: mask): it would keep these meters and compare them over the intervals that they have.',
      detail: { excluded: out, meters: all, kept: out },
    },
  ];
}

/** What a run has to tell beside its map: one diagnostic for all meters of a kind. */
export function findingsOf(assignments: readonly Assignment[], { low }: CorrelatorSettings): MeterFinding[] {
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
  const misplaced = assignments
    .filter(({ betterTransformer }) => betterTransformer !== undefined)
    .sort((a, b) => (b.betterMargin ?? 0) - (a.betterMargin ?? 0));
  const wrong = assignments.filter(({ agrees, permuted }) => agrees === false && !permuted);
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
      'Check in the field which transformer feeds these meters, the largest margin first, and correct the records.',
      ({ transformer, betterTransformer, betterMargin }) => ({
        transformer,
        betterTransformer,
        betterMargin,
      }),
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
