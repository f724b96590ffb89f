import { LRUCache } from 'lru-cache';
import { FieldError, type WaveformFrame } from '../record';
import { type Joint, jointOf } from './continuity';

/** Meters held at once; beyond it the one longest silent is let go, and counted. */
export const MAX_METERS = 5000;
/** Slowest sampling that shows a cycle well enough to measure it: 16 samples of 60 Hz. */
const MIN_RATE = 960;

/** Why a stream ended: a gap, another rate or other channels, its own last frame, or too many meters. */
export type StreamEnd = Exclude<Joint, 'first' | 'follows' | 'repeated'> | 'last' | 'dropped';

/** What is kept of one meter: a stream of the engine, and the frame that came last. */
interface Entry<Stream> {
  stream: Stream;
  last: WaveformFrame;
}

/**
 * The streams of many meters, each one unbroken: where a frame does not go on from the one before, the
 * meter's stream ends and another begins, so no engine ever sees over missing samples.
 */
export class MeterStreams<Stream extends { push(frame: WaveformFrame): void }> {
  private readonly entries: LRUCache<string, Entry<Stream>>;
  readonly counters = { metersDropped: 0, framesRepeated: 0, gaps: 0 };

  /**
   * @param open makes the stream that begins with a frame
   * @param ended is told when a stream ends, and why; `next` is the frame that did not go on from `last`
   */
  constructor(
    private readonly open: (first: WaveformFrame) => Stream,
    private readonly ended: (
      stream: Stream,
      why: StreamEnd,
      last: WaveformFrame,
      next?: WaveformFrame,
    ) => void,
  ) {
    this.entries = new LRUCache({
      max: MAX_METERS,
      dispose: ({ stream, last }, _meter, reason) => {
        if (reason !== 'evict') return;
        this.counters.metersDropped++;
        this.ended(stream, 'dropped', last);
      },
    });
  }

  /** Meters heard of. */
  get size(): number {
    return this.entries.size;
  }

  *streams(): Generator<Stream> {
    for (const { stream } of this.entries.values()) yield stream;
  }

  /**
   * Hands a frame to its meter's stream. One that was already seen is passed over and counted.
   * @throws FieldError for a frame sampled too slowly; the stream stays as it was
   */
  push(frame: WaveformFrame): void {
    if (frame.rate < MIN_RATE) throw new FieldError('payload.rate', `at least ${MIN_RATE} Hz`, frame.rate);
    const { meter } = frame;
    let entry = this.entries.get(meter);
    const joint = jointOf(entry?.last, frame);
    if (joint === 'repeated') {
      this.counters.framesRepeated++;
      return;
    }
    if (entry && joint !== 'follows' && joint !== 'first') {
      this.counters.gaps++;
      this.ended(entry.stream, joint, entry.last, frame);
      entry = undefined;
    }
    if (entry) {
      entry.last = frame;
    } else {
      entry = { stream: this.open(frame), last: frame };
      this.entries.set(meter, entry);
    }
    entry.stream.push(frame);
    if (frame.last) this.finish(meter);
  }

  /** Ends the stream of a meter, or of all without a name. */
  finish(meter?: string): void {
    for (const name of meter === undefined ? [...this.entries.keys()] : [meter]) {
      const entry = this.entries.peek(name);
      this.entries.delete(name);
      if (entry) this.ended(entry.stream, 'last', entry.last);
    }
  }
}
