import { LRUCache } from 'lru-cache';
import { FieldError, type WaveformFrame } from '../record';
import { type Break, FrameOrder } from './frame-order';

/** Meters held at once; beyond it the one longest silent is let go, and counted. */
export const MAX_METERS = 5000;
/** Samples per second, or in a frame, that a meter may have to count as one; with ten times as many it counts as ten. */
const SHARE = 10_000;
const MAX_RATE = 1_000_000;
/** Samples of a cycle that show it well enough to measure its RMS value to 0.5 %. */
export const LEAST_PER_CYCLE = 8;
/** Slowest sampling that is taken: so many of the slowest cycle that is followed, 42.5 Hz. */
const MIN_RATE = 340;

/** Why a stream ended: a gap, another rate or other channels, its own last frame, or too many meters. */
export type StreamEnd = Break | 'last' | 'dropped';

/** What is kept of one meter: its frames in order, and the stream of the engine they go to. */
interface Entry<Stream> {
  order: FrameOrder;
  stream?: Stream;
  /** For how many meters it counts, by what it holds. */
  weight: number;
}

/**
 * The streams of many meters, each one unbroken: where a frame does not go on from the one before, the
 * meter's stream ends and another begins, so no engine ever sees over missing samples.
 */
export class MeterStreams<Stream extends { push(frame: WaveformFrame): void }> {
  private readonly entries: LRUCache<string, Entry<Stream>>;
  readonly counters = { metersDropped: 0, framesRepeated: 0, framesLate: 0, gaps: 0 };

  /**
   * @param open makes the stream that begins with a frame
   * @param ended is called when a stream ends, with why; `next` is the frame that did not go on from `last`
   * @param accept throws for a frame that the engine cannot measure
   */
  constructor(
    private readonly open: (first: WaveformFrame) => Stream,
    private readonly ended: (
      stream: Stream,
      why: StreamEnd,
      last: WaveformFrame,
      next?: WaveformFrame,
    ) => void,
    private readonly accept: (frame: WaveformFrame) => void = () => {},
  ) {
    this.entries = new LRUCache({
      max: MAX_METERS,
      maxSize: MAX_METERS,
      dispose: (entry, _meter, reason) => {
        if (reason !== 'evict') return;
        this.counters.metersDropped++;
        this.end(entry, 'dropped');
      },
    });
  }

  /** Meters heard of. */
  get size(): number {
    return this.entries.size;
  }

  /** The newest frame of a meter; undefined for one that is not heard of. */
  newest(meter: string): WaveformFrame | undefined {
    return this.entries.peek(meter)?.order.newest;
  }

  *streams(): Generator<Stream> {
    for (const { stream } of this.entries.values()) if (stream) yield stream;
  }

  /**
   * Hands a frame to its meter's stream. One that was already seen is ignored and counted; one that is
   * ahead waits for those before it. The last frame of a meter ends its stream, also where it is refused.
   * @throws FieldError for a frame sampled too slowly or too fast, or that the engine refuses; the stream
   *   stays as it was
   */
  push(frame: WaveformFrame): void {
    try {
      this.take(frame);
    } finally {
      if (frame.last) this.finish(frame.meter);
    }
  }

  private take(frame: WaveformFrame): void {
    const { meter, rate, length } = frame;
    this.accept(frame);
    if (rate < MIN_RATE) {
      throw new FieldError(
        'payload.rate',
        `at least ${MIN_RATE} Hz, which is ${LEAST_PER_CYCLE} samples a cycle`,
        rate,
      );
    }
    if (rate > MAX_RATE) throw new FieldError('payload.rate', `at most ${MAX_RATE} Hz`, rate);
    let entry = this.entries.get(meter);
    const weight = Math.ceil(Math.max(rate, length) / SHARE);
    if (!entry || weight > entry.weight) {
      entry ??= this.entryOf();
      entry.weight = weight;
      // The cache weighs an entry when it is put in.
      this.entries.delete(meter);
      this.entries.set(meter, entry, { size: weight });
    }
    entry.order.push(frame);
  }

  /** Ends the stream of a meter, or of all without a name. */
  finish(meter?: string): void {
    for (const name of meter === undefined ? [...this.entries.keys()] : [meter]) {
      const entry = this.entries.peek(name);
      this.entries.delete(name);
      if (entry) this.end(entry, 'last');
    }
  }

  private entryOf(): Entry<Stream> {
    const entry: Entry<Stream> = {
      weight: 0,
      order: new FrameOrder(
        {
          next: (frame, broken) => {
            if (broken && entry.stream) {
              this.counters.gaps++;
              this.ended(entry.stream, broken.why, broken.last, frame);
              entry.stream = undefined;
            }
            entry.stream ??= this.open(frame);
            entry.stream.push(frame);
          },
        },
        this.counters,
      ),
    };
    return entry;
  }

  private end(entry: Entry<Stream>, why: StreamEnd): void {
    entry.order.flush();
    const { stream, order } = entry;
    if (stream && order.newest) this.ended(stream, why, order.newest);
  }
}
