/** The most that one look counts for, ms. */
const LONGEST_STEP = 100;

/**
 * Waits for a condition, not for a time; fails with `what` when it does not come. Only time in which the test ran
 * counts: a machine that was stopped for a while, or whose clock was set, has not waited.
 * @param what it waits for; or a function that says it, and what there is instead
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string | (() => string),
  ms = 15_000,
): Promise<void> {
  let waited = 0;
  let last = performance.now();
  while (!(await condition())) {
    const now = performance.now();
    waited += Math.min(LONGEST_STEP, now - last);
    last = now;
    if (waited > ms) throw new Error(`waited ${ms} ms for ${typeof what === 'string' ? what : what()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
