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

/** Rows that are sorted, or texts that are joined, in one step. */
const RUN = 1000;

/**
 * A long text made of many short ones, which are joined by the thousand on the way. Joining the rest at the end would
 * copy tens of megabytes in one step: `+` copies nothing until somebody reads the text.
 */
export class LongText {
  private text = '';
  private isEmpty = true;
  private last: string[] = [];

  constructor(private readonly separator: string) {}

  add(part: string): void {
    this.last.push(part);
    if (this.last.length === RUN) this.join();
  }

  /** All of it so far. */
  end(): string {
    if (this.last.length) this.join();
    return this.text;
  }

  private join(): void {
    this.text += `${this.isEmpty ? '' : this.separator}${this.last.join(this.separator)}`;
    this.isEmpty = false;
    this.last = [];
  }
}

/**
 * A sorted copy, stable, in steps of about a thousand rows: sorted runs are merged two by two.
 * @param compare as that of Array.sort
 */
export function* sortInSteps<T>(rows: readonly T[], compare: (a: T, b: T) => number): Steps<T[]> {
  let runs: T[][] = [];
  for (let k = 0; k < rows.length; k += RUN) {
    runs.push(rows.slice(k, k + RUN).sort(compare));
    yield;
  }
  while (runs.length > 1) {
    const longer: T[][] = [];
    for (let k = 0; k < runs.length; k += 2) longer.push(yield* merge(runs[k], runs[k + 1] ?? [], compare));
    runs = longer;
  }
  return runs[0] ?? [];
}

function* merge<T>(left: readonly T[], right: readonly T[], compare: (a: T, b: T) => number): Steps<T[]> {
  const merged: T[] = [];
  let l = 0;
  let r = 0;
  while (l < left.length || r < right.length) {
    const isLeft = r === right.length || (l < left.length && compare(left[l], right[r]) <= 0);
    merged.push(isLeft ? left[l++] : right[r++]);
    if (merged.length % RUN === 0) yield;
  }
  return merged;
}
