/** Samples by number: number n lies at `n & mask`, in a ring of a power of two; -1 for a plain array. */
export interface SampleRing {
  readonly samples: Float32Array;
  readonly mask: number;
}

export function sampleAt({ samples, mask }: SampleRing, n: number): number {
  return samples[n & mask];
}

/** On the line between two samples. */
export function valueAt({ samples, mask }: SampleRing, position: number): number {
  const n = Math.floor(position);
  const before = samples[n & mask];
  return before + (position - n) * (samples[(n + 1) & mask] - before);
}
