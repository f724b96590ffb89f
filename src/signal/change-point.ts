import { type SampleRing, sampleAt, valueAt } from './sample-ring';

/**
 * Where samples stop to be like one signal and begin to be like another: the split with the least squares.
 * @param before what sample n would be before the change @param after and behind it
 * @param first sample that may lie behind the change @param last one past the last such sample
 * @returns number of the first sample behind it
 */
export function changeBetween(
  ring: SampleRing,
  before: (n: number) => number,
  after: (n: number) => number,
  first: number,
  last: number,
): number {
  let cost = 0;
  let least = 0;
  let change = first;
  for (let n = first; n < last; n++) {
    const x = sampleAt(ring, n);
    // What it costs to count this sample to the time before the change instead of that after it.
    cost += (x - before(n)) ** 2 - (x - after(n)) ** 2;
    if (cost >= least) continue;
    least = cost;
    change = n + 1;
  }
  return change;
}

/**
 * Where a waveform changed: what comes before is like the cycle before it, what comes after like the cycle
 * after it. Harmonics and DC are the same in both and do not matter.
 * @param first sample that may lie behind the change; a cycle before it must be there
 * @param last one past the last such sample; a cycle behind it must be there
 * @param cycle samples of a cycle
 * @returns position midway between the last sample before the change and the first one behind it
 */
export function changePoint(ring: SampleRing, first: number, last: number, cycle: number): number {
  const before = (n: number) => valueAt(ring, n - cycle);
  const after = (n: number) => valueAt(ring, n + cycle);
  return changeBetween(ring, before, after, first, last) - 0.5;
}
