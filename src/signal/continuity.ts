import type { WaveformFrame } from '../record';

/** How a frame joins the one before it. */
export type Joint = 'first' | 'follows' | 'gap' | 'repeated' | 'other-rate' | 'other-channels';

/** Clocks of meters and gateways are read to the millisecond: less than this is no gap. */
const TOLERANCE_MS = 2;

/**
 * Whether `frame` goes on where `before` ended. A frame that ends before the last one did is one that
 * was already seen; one that begins later, or earlier but brings something new, begins a new stream.
 */
export function jointOf(before: WaveformFrame | undefined, frame: WaveformFrame): Joint {
  if (!before) return 'first';
  if (frame.rate !== before.rate) return 'other-rate';
  if (frame.layout !== before.layout) return 'other-channels';
  const tolerance = Math.max(TOLERANCE_MS, 1500 / frame.rate);
  if (Math.abs(frame.time - before.endTime) <= tolerance) return 'follows';
  if (frame.time < before.endTime && frame.endTime <= before.endTime + tolerance) return 'repeated';
  return 'gap';
}
