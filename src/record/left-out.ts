import type { PhaseRun } from './records';

/** Part of the meters from which it is reported that gaps leave them out. */
const MANY = 0.1;

/**
 * Meters that only their gaps keep out of a run, where they are so many that masking is worth it.
 * @returns undefined where they are few
 */
export function leftOutByGaps({
  meters = 0,
  gapsOnly = 0,
}: PhaseRun): { out: number; all: number } | undefined {
  return gapsOnly > MANY * meters ? { out: gapsOnly, all: meters } : undefined;
}
