import { FieldError, type WaveformFrame } from '../record';
import { type Break, FrameOrder } from './frame-order';

const MAX_RATE = 1_000_000;
/** Samples of a cycle that show it well enough to measure its RMS value to 0.5 %. */
export const LEAST_PER_CYCLE = 8;
/** Slowest sampling that is taken: so many of the slowest cycle that is followed, 42.5 Hz. */
const MIN_RATE = 340;

/** Why a stream ended: a gap, another rate or other channels, its own last frame, or a meter that was let go. */
export type StreamEnd = Break | 'last' | 'dropped';

/** What is kept of one meter: its frames in order, and the stream of the engine they go to. */
interface Entry<Stream> {
  order: FrameOrder;
  stream?: Stream;
}

/**
 * The streams of many meters, each one unbroken: where a frame does not go on from the one before, the
 * meter's stream ends and another begins, so no engine ever sees over missing samples.
 */
export class MeterStreams<Stream extends { push(frame: WaveformFrame): void }> {
  private readonly entries = new Map<string, Entry<Stream>>();
  readonly counters = { framesRepeated: 0, framesLate: 0, framesGivenUp: 0, gaps: 0 };

  /**
   * @param open makes the stream that begins with a frame
   * @param ended is called when a stream ends, with why; `next` is the frame that did not go on from `last`
   * @param accept throws for a frame that the engine cannot measure
   * @param admits whether the meter of a frame is served
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
    private readonly admits: (frame: WaveformFrame) => boolean = () => true,
  ) {}

  /** Meters heard of. */
  get size(): number {
    return this.entries.size;
  }

  /** The newest frame of a meter; undefined for one that is not heard of. */
  newest(meter: string): WaveformFrame | undefined {
    return this.entries.get(meter)?.order.newest;
  }

  *streams(): Generator<Stream> {
    for (const { stream } of this.entries.values()) if (stream) yield stream;
  }

  /**
   * Hands a frame to its meter's stream. One that was already seen is ignored and counted; one that is
   * ahead waits for those before it. The last frame of a meter ends its stream, also where it is refused.
   * @returns false for a meter that is not served
   * @throws FieldError for a frame sampled too slowly or too fast, or that the engine refuses; the stream
   *   stays as it was
   */
  push(frame: WaveformFrame): boolean {
    try {
      return this.take(frame);
    } finally {
      if (frame.last) this.finish(frame.meter);
    }
  }

  private take(frame: WaveformFrame): boolean {
    const { meter, rate } = frame;
    this.accept(frame);
    if (rate < MIN_RATE) {
      throw new FieldError(
        'payload.rate',
        `at least ${MIN_RATE} Hz, which is ${LEAST_PER_CYCLE} samples a cycle`,
        rate,
      );
    }
    if (rate > MAX_RATE) throw new FieldError('payload.rate', `at most ${MAX_RATE} Hz`, rate);
    if (!this.admits(frame)) return false;
    let entry = this.entries.get(meter);
    if (!entry) {
      entry = this.entryOf();
      this.entries.set(meter, entry);
    }
    entry.order.push(frame);
    return true;
  }

  /** Ends the stream of a meter, or of all without a name. */
  finish(meter?: string): void {
    for (const name of meter === undefined ? [...this.entries.keys()] : [meter]) this.close(name, 'last');
  }

  /** Lets a meter go: its stream ends. */
  drop(meter: string): void {
    this.close(meter, 'dropped');
  }

  private close(meter: string, why: StreamEnd): void {
    const entry = this.entries.get(meter);
    this.entries.delete(meter);
    if (entry) this.end(entry, why);
  }

  private entryOf(): Entry<Stream> {
    const entry: Entry<Stream> = {
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
