/** Whole microseconds: finer than any meter's clock, and the same however the stream was cut. */
export function roundTime(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
