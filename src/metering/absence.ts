import { growingPause } from '../shared';

/** ms between tries of a meter that has been away for less than {@link SHORT_ABSENCE}, and for longer. */
const LONGEST_PAUSE = 2000;
const LONGEST_PAUSE_LATER = 10_000;
const SHORT_ABSENCE = 300_000;
/** Each meter that is away makes the pauses so much longer, ms: together they are tried 400 times a second at most. */
const PAUSE_PER_METER = 2.5;

/**
 * Pause before a meter, or the connection to it, is tried again, ms: who comes back is read within 3 s, after a long
 * absence within 15 s, as long as not thousands are away at once.
 * @param first pause after the first failure, ms
 * @param failures consecutive, at least 1
 * @param absence ms since the first of them
 * @param away how many are away at once
 */
export function absencePause(first: number, failures: number, absence: number, away = 1): number {
  const longest = absence < SHORT_ABSENCE ? LONGEST_PAUSE : LONGEST_PAUSE_LATER;
  return growingPause(
    {
      first: Math.min(first, longest),
      growth: 2,
      longest: Math.max(longest, leastPause(away)),
      jitter: 0.1,
    },
    failures,
  );
}

/** Least time between tries of a meter where so many are away at once, ms. */
export function leastPause(away: number): number {
  return PAUSE_PER_METER * away;
}
