import type { Assignment, Diagnostic, Grade, PhaseMap } from '../record';
import { assignmentOf, merged } from './assignment';
import { findingsOf, gapFindings, loadingFindings, permutedFindings } from './findings';
import type { RunFrame } from './frame';
import type { GroupResult } from './group/identify';
import type { Identified } from './group/judge';
import { missingnessOf } from './missingness';
import { type Candidate, placeOf, strangers } from './placing';
import type { Task } from './plan';
import { type CorrelatorSettings, PHASES, type Phase } from './settings';
import type { Steps } from './steps';
import { LINE_INPUTS } from './store';
import { summarise } from './summary';

export interface RunResult {
  map: PhaseMap;
  diagnostics: Diagnostic[];
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
  let gapsOnly = 0;
  for (const [group, { transformer, members, rows, isLine }] of tasks.entries()) {
    const customers = members.flatMap((member, k) => (member.reference ? [] : [{ member, row: rows[k] }]));
    let inputs: Assignment[] = [];
    let ofMeter: Identified[] = [];
    results[group].members.forEach((found, k) => {
      const { member, row } = customers[k];
      const assignment = assignmentOf(
        found,
        member.transformer ?? transformer,
        member.recorded ?? null,
        settings,
        frame,
      );
      if (isLine) nameLines(assignment);
      if (results[group].permuted && assignment.agrees === false) {
        assignment.permuted = true;
        assignment.reason = [assignment.reason, 'so are all records of its transformer']
          .filter(Boolean)
          .join('; ');
      }
      // The inputs of one meter stand together.
      inputs.push(assignment);
      ofMeter.push(found);
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
      if (isOutByGaps(ofMeter)) gapsOnly++;
      inputs = [];
      ofMeter = [];
    });
    yield;
  }
  if (tasks.some(({ isPool }) => isPool)) assignments.sort(byTransformer);
  const placed = yield* placeAll(candidates, whose, tasks, settings, frame);
  const strange = yield* strangers(
    tasks.map(({ transformer, isPool }) => (isPool ? undefined : transformer)),
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
      gapsOnly,
      ...(placed.notCompared ? { notCompared: placed.notCompared } : {}),
      missing: missingnessOf(assignments, settings.meters),
    },
    assignments,
    transformers,
  };
  const diagnostics = [
    ...findingsOf(assignments, settings),
    ...permutedFindings(tasks, results),
    ...gapFindings(map.run),
    ...strange,
    ...loadingFindings(transformers),
  ].map(({ meter, ...finding }): Diagnostic => ({ kind: 'diagnostic', meter, time, ...finding }));
  return { map, diagnostics };
}

/** Whether a meter is left out by the gaps of its inputs alone: masked it would take part. */
function isOutByGaps(inputs: readonly Identified[]): boolean {
  const out = inputs.filter(({ excluded }) => excluded !== undefined);
  return out.length > 0 && out.every(({ hasGaps }) => hasGaps);
}

/** Names of phases become those of pairs of phases. */
function nameLines(assignment: Assignment): void {
  const pairOf = (phase: string) => LINE_INPUTS[PHASES.indexOf(phase as Phase)] ?? phase;
  if (assignment.phase !== null) assignment.phase = pairOf(assignment.phase);
  if (assignment.recorded !== null) assignment.recorded = pairOf(assignment.recorded);
  if (assignment.moved) assignment.moved.from = pairOf(assignment.moved.from);
}

function byTransformer(a: Assignment, b: Assignment): number {
  if (a.transformer !== b.transformer) return a.transformer < b.transformer ? -1 : 1;
  return a.meter < b.meter ? -1 : a.meter > b.meter ? 1 : 0;
}

/** Looks for a better transformer for meters that are not like their neighbours, and notes it. */
function* placeAll(
  candidates: readonly Candidate[],
  whose: readonly Assignment[],
  tasks: readonly Task[],
  settings: CorrelatorSettings,
  { means, read }: RunFrame,
): Steps<{ notCompared: number }> {
  const { groups, notCompared } = yield* placeOf(candidates, tasks, means, settings, read);
  groups.forEach((group, k) => {
    if (group < 0) return;
    whose[k].betterTransformer = tasks[group].transformer;
    whose[k].reason = [whose[k].reason, `more like the meters of ${tasks[group].transformer}`]
      .filter(Boolean)
      .join('; ');
  });
  return { notCompared };
}
