import type { Assignment, Diagnostic, Grade, PhaseMap } from '../record';
import { assignmentOf, merged } from './assignment';
import { findingsOf, gapFindings, loadingFindings, permutedFindings } from './findings';
import type { RunFrame } from './frame';
import type { GroupResult } from './group/identify';
import type { Identified } from './group/judge';
import { missingnessOf } from './missingness';
import type { NamedJob, Placeable, Placed } from './placing/jobs';
import { strangers } from './placing/strangers';
import { feederKey, type Task } from './plan';
import { type CorrelatorSettings, PHASES, type Phase } from './settings';
import type { Steps } from './steps';
import { LINE_INPUTS } from './store';
import { summarise } from './summary';

export interface RunResult {
  map: PhaseMap;
  diagnostics: Diagnostic[];
}

/** What a run found of each meter, and those of them that can be placed at a transformer. */
export interface Assigned {
  assignments: Assignment[];
  meters: Placeable[];
  /** Meters that only their gaps keep out. */
  gapsOnly: number;
}

/** The pieces of a run as assignments, by transformer and meter. */
export function* assignmentsOf(
  settings: CorrelatorSettings,
  tasks: readonly Task[],
  results: readonly GroupResult[],
  frame: RunFrame,
): Steps<Assigned> {
  const assignments: Assignment[] = [];
  const meters: Placeable[] = [];
  let gapsOnly = 0;
  for (const [group, task] of tasks.entries()) {
    const { transformer, members, rows, power, isLine } = task;
    const customers = members.flatMap((member, k) =>
      member.reference ? [] : [{ member, row: rows[k], power: power?.[k] ?? -1 }],
    );
    let inputs: Assignment[] = [];
    let ofMeter: Identified[] = [];
    results[group].members.forEach((found, k) => {
      const { member, row, power: powerRow } = customers[k];
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
        addReason(assignment, 'so are all records of its transformer');
      }
      // The inputs of one meter stand together.
      inputs.push(assignment);
      ofMeter.push(found);
      if (customers[k + 1]?.member.meter === member.meter) return;
      if (inputs.length > 1) assignments.push(merged(inputs));
      else {
        assignments.push(assignment);
        const { phase, moved, clockLate = 0 } = assignment;
        if (phase !== null && !moved) {
          const isNamed = results[group].sure !== undefined;
          const clockLag = clockLate / settings.interval;
          const feeder = feederKey(task);
          const isDoubtful = isInDoubt(assignment, settings);
          meters.push({ assignment, feeder, row, power: powerRow, isNamed, isDoubtful, clockLag });
        }
      }
      if (isOutByGaps(ofMeter)) gapsOnly++;
      inputs = [];
      ofMeter = [];
    });
    yield;
  }
  if (tasks.some(({ isPool }) => isPool)) assignments.sort(byTransformer);
  return { assignments, meters, gapsOnly };
}

/** Notes which meters are more like those of another transformer. @returns how many were not compared with all */
export function notePlaces(jobs: readonly NamedJob[], placed: readonly Placed[]): number {
  const noted = new Set<Assignment>();
  placed.forEach(({ better }, j) => {
    const { assignments, transformers } = jobs[j];
    for (const { member, place, lead } of better) {
      const assignment = assignments[member];
      // One in doubt is looked for on every phase: what is clearest counts.
      if ((assignment.betterMargin ?? 0) >= lead) continue;
      assignment.betterTransformer = transformers[place];
      assignment.betterMargin = lead;
      noted.add(assignment);
    }
  });
  for (const assignment of noted)
    addReason(assignment, `more like the meters of ${assignment.betterTransformer}`);
  return placed.reduce((sum, { notCompared }) => sum + notCompared, 0);
}

/** Puts the pieces of a run together. */
export function* resultOf(
  settings: CorrelatorSettings,
  tasks: readonly Task[],
  results: readonly GroupResult[],
  { assignments, gapsOnly }: Assigned,
  notCompared: number,
  frame: RunFrame,
): Steps<RunResult> {
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
      ...(notCompared ? { notCompared } : {}),
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

/** Likelihood below which a meter is looked for on every phase. */
const IN_DOUBT = 0.95;

function isInDoubt({ score, confidence }: Assignment, { low }: CorrelatorSettings): boolean {
  return (score ?? 0) < low || (confidence ?? 0) < IN_DOUBT;
}

function addReason(assignment: Assignment, reason: string): void {
  assignment.reason = [assignment.reason, reason].filter(Boolean).join('; ');
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
