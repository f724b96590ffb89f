import type { Channel, WaveformFrame } from '../record';

/** How a frame joins the one before it. */
export type Joint = 'follows' | 'overlaps' | 'past' | 'ahead' | 'pause' | 'other-rate' | 'other-channels';

/** Clocks of meters and gateways are read to the millisecond: less than this is no gap. */
const TOLERANCE_MS = 2;

/**
 * Whether `frame` goes on where `before` ended (`follows`), begins earlier and brings something new
 * (`overlaps`), brings nothing new (`past`), or begins later (`ahead`; `pause` where its source says that
 * nothing was recorded between them).
 */
export function jointOf(before: WaveformFrame, frame: WaveformFrame): Joint {
  if (frame.resumes && frame.layout === before.layout && frame.time >= before.endTime - TOLERANCE_MS) {
    return 'pause';
  }
  if (frame.rate !== before.rate) return 'other-rate';
  if (frame.layout !== before.layout) return 'other-channels';
  const tolerance = Math.max(TOLERANCE_MS, 1500 / frame.rate);
  if (Math.abs(frame.time - before.endTime) <= tolerance) return 'follows';
  if (frame.time > before.endTime) return 'ahead';
  return frame.endTime <= before.endTime + tolerance ? 'past' : 'overlaps';
}

/**
 * A frame that follows, without what it repeats of the one before within the tolerance of the clocks: told
 * by the samples, which a clock that is only read wrong does not repeat.
 */
export function withoutRepeat(before: WaveformFrame, frame: WaveformFrame): WaveformFrame {
  const repeated = Math.round(((before.endTime - frame.time) * frame.rate) / 1000);
  if (repeated < 1 || repeated >= frame.length) return frame;
  // What never changes is like itself wherever it lies.
  const changes = frame.names.some((name) => {
    const samples = (frame.channel(name) as Float32Array).subarray(0, repeated);
    return samples.some((x) => x !== samples[0]) || (repeated === 1 && samples[0] !== 0);
  });
  return (changes && beyond(before, frame)) || frame;
}

/**
 * What a frame that overlaps `before` brings beyond it.
 * @returns undefined where the samples of the overlap are not those of `before`: then the clock was set back
 */
export function beyond(before: WaveformFrame, frame: WaveformFrame): WaveformFrame | undefined {
  const overlap = Math.round(((before.endTime - frame.time) * frame.rate) / 1000);
  const common = Math.min(overlap, before.length, frame.length);
  if (overlap >= frame.length) return undefined;
  for (const name of frame.names as Channel[]) {
    const old = before.channel(name) as Float32Array;
    const now = frame.channel(name) as Float32Array;
    for (let k = 1; k <= common; k++) if (old[old.length - k] !== now[overlap - k]) return undefined;
  }
  return frame.slice(overlap, frame.length);
}
