import type { Assignment } from '../record';
import type { RunFrame } from './frame';
import type { GroupResult } from './group/identify';
import { silhouetteOf } from './group/kmeans';
import { type Loading, loadingOf } from './loading';
import type { Task } from './plan';
import type { CorrelatorSettings } from './settings';
import type { Steps } from './steps';

/** A transformer in the map. */
export interface TransformerSummary extends Record<string, unknown> {
  transformer: string;
  feeder?: string;
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

/** The transformers of a run. */
export function* summarise(
  assignments: readonly Assignment[],
  tasks: readonly Task[],
  results: readonly GroupResult[],
  settings: CorrelatorSettings,
  frame: RunFrame,
): Steps<TransformerSummary[]> {
  const ratings = new Map<string, number>();
  for (const { transformer, kva } of settings.meters) if (kva) ratings.set(transformer, 1000 * kva);
  const byTransformer = new Map<string, Assignment[]>();
  for (const assignment of assignments) {
    const own = byTransformer.get(assignment.transformer);
    if (own) own.push(assignment);
    else byTransformer.set(assignment.transformer, [assignment]);
  }
  const summaries: TransformerSummary[] = [];
  for (const [t, task] of tasks.entries()) {
    const names = task.isPool
      ? [...new Set(task.members.map(({ transformer }) => transformer ?? ''))].filter(Boolean)
      : [task.transformer];
    for (const transformer of names) {
      const own = byTransformer.get(transformer) ?? [];
      const on = (phase: string) => own.filter((assignment) => assignment.phase?.includes(phase)).length;
      const summary: TransformerSummary = {
        transformer,
        ...(task.feeder ? { feeder: task.feeder } : {}),
        method: results[t].method,
        because: results[t].because,
        meters: own.length,
        ...{ a: on('a'), b: on('b'), c: on('c') },
      };
      const graded = own.filter(({ score, margin }) => score !== null && margin !== null);
      if (graded.length)
        summary.silhouette = graded.reduce((sum, a) => sum + silhouette(a), 0) / graded.length;
      const loads = own.flatMap(({ meter, phase }) =>
        phase === null ? [] : [{ phase, power: frame.power(meter) }],
      );
      const loading = loadingOf(loads, ratings.get(transformer) ?? 0, settings.interval / 60);
      if (loading) summary.loading = loading;
      summaries.push(summary);
    }
    yield;
  }
  summaries.sort((x, y) => (x.transformer < y.transformer ? -1 : x.transformer > y.transformer ? 1 : 0));
  return summaries;
}

function silhouette({ score, margin }: Assignment): number {
  const own = 1 - (score ?? 0);
  return silhouetteOf(own, own + (margin ?? 0));
}
