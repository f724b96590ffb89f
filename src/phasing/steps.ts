/** Work that can be put down between its steps. */
export type Steps<T> = Generator<void, T>;

/** Milliseconds for which the event loop may wait. */
const SLICE = 8;

/** Does all of it at once. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** Does it in slices, and lets others have their turn between them. */
export async function inSlices<T>(steps: Steps<T>): Promise<T> {
  let begun = performance.now();
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    if (performance.now() - begun < SLICE) continue;
    await new Promise((resolve) => setImmediate(resolve));
    begun = performance.now();
  }
}
