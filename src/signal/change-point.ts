/**
 * Where a waveform changed: what comes before is like the cycle before it, what comes after like the cycle
 * after it. Harmonics and DC are the same in both and do not matter.
 * @param samples a ring of a power of two, or a plain array
 * @param mask of the ring; -1 for a plain array
 * @param first sample that may lie behind the change; a cycle before it must be there
 * @param last one past the last such sample; a cycle behind it must be there
 * @param cycle samples of a cycle
 * @returns position midway between the last sample before the change and the first one behind it
 */
export function changePoint(
  samples: Float32Array,
  mask: number,
  first: number,
  last: number,
  cycle: number,
): number {
  const at = (position: number) => {
    const n = Math.floor(position);
    const before = samples[n & mask];
    return before + (position - n) * (samples[(n + 1) & mask] - before);
  };
  let cost = 0;
  let least = 0;
  let change = first;
  for (let n = first; n < last; n++) {
    const x = samples[n & mask];
    // What it costs to count this sample to the time before the change instead of that after it.
    cost += (x - at(n - cycle)) ** 2 - (x - at(n + cycle)) ** 2;
    if (cost >= least) continue;
    least = cost;
    change = n + 1;
  }
  return change - 0.5;
}
