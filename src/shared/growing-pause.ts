/** How long to leave alone what does not answer: ms, and factors. */
export interface PauseSettings {
  first: number;
  /** Factor from one failure to the next. */
  growth: number;
  longest: number;
  /** Part of the pause that is left to chance, so that not all come back at once. */
  jitter?: number;
}

/**
 * Pause before the next try, ms.
 * @param failures on end, the present one among them: 1 gives the first pause
 * @param chance 0 to 1
 */
export function growingPause(
  { first, growth, longest, jitter = 0 }: PauseSettings,
  failures: number,
  chance = Math.random(),
): number {
  const pause = Math.min(longest, first * growth ** (failures - 1));
  return pause * (1 + jitter * (2 * chance - 1));
}
