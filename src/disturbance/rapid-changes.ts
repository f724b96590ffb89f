import type { Disturbance } from './polyphase';

/** Part of the threshold by which it is narrower until the voltage is steady again (IEC 61000-4-30, 5.11). */
const HYSTERESIS = 0.5;

/** A rapid voltage change of a polyphase system, with what the standard asks for. */
export interface RapidChange extends Disturbance {
  type: 'rvc';
  /** Largest difference from the steady voltage before it, and that of the steady voltage after it; pu. */
  deltaMax: number;
  deltaSteady: number;
}

/** The newest Urms(1/2) of one channel: their mean, and whether they all lie near it. */
class Steadiness {
  private readonly values: Float64Array;
  private readonly starts: Float64Array;
  private next = 0;
  private count = 0;
  private sum = 0;
  /** Bounds of the values held; of some already let go, too, until they are looked at again. */
  private low = Number.POSITIVE_INFINITY;
  private high = Number.NEGATIVE_INFINITY;
  steady = false;
  /** Mean of the values while they were last steady. */
  before = Number.NaN;
  /** Position and value that the newest pushed out; NaN where there was none. */
  gone = Number.NaN;
  goneStart = Number.NaN;

  constructor(readonly size: number) {
    this.values = new Float64Array(size);
    this.starts = new Float64Array(size);
  }

  get mean(): number {
    return this.sum / this.count;
  }

  /** Start of the oldest value held. */
  get start(): number {
    return this.starts[this.count < this.size ? 0 : this.next];
  }

  push(start: number, u: number, threshold: number): void {
    const { size, next, values, starts } = this;
    if (this.count === size) {
      this.gone = values[next];
      this.goneStart = starts[next];
      this.sum += u - this.gone;
    } else {
      this.count++;
      this.sum += u;
    }
    values[next] = u;
    starts[next] = start;
    this.next = next + 1 < size ? next + 1 : 0;
    if (u < this.low) this.low = u;
    if (u > this.high) this.high = u;
    if (this.count < size) return;
    const mean = this.sum / size;
    if (this.high - mean > threshold || mean - this.low > threshold) this.lookAgain();
    this.steady = this.high - mean <= threshold && mean - this.low <= threshold;
  }

  private lookAgain(): void {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    let sum = 0;
    for (const u of this.values) {
      sum += u;
      if (u < low) low = u;
      if (u > high) high = u;
    }
    this.low = low;
    this.high = high;
    // Adding and taking away leaves a little behind; here it goes.
    this.sum = sum;
  }
}

/** What one channel did in a change. */
interface Course {
  before: number;
  extreme: number;
  deltaMax: number;
}

/**
 * Rapid voltage changes (IEC 61000-4-30, 5.11): from one steady voltage to another without becoming a sag
 * or swell. Steady: the last 100 (120 at 60 Hz) Urms(1/2) of every channel lie within the threshold of
 * their mean. A change is certain, and told, when all are steady again; it ended where they began to be.
 */
export class RapidChanges {
  private channels: Steadiness[];
  private courses: Course[] | undefined;
  private began = Number.NaN;

  /**
   * @param names of the channels' phases
   * @param ended is told of each change
   */
  constructor(
    private readonly names: string[],
    private readonly ended: (change: RapidChange) => void,
  ) {
    this.channels = names.map(() => new Steadiness(100));
  }

  /**
   * The next Urms(1/2) of a channel.
   * @param u pu
   * @param threshold pu; 0 looks for nothing
   * @param size of what is held to be steady: 100 or 120 values
   */
  push(channel: number, start: number, u: number, threshold: number, size: number): void {
    if (threshold === 0) return;
    if (size !== this.channels[0].size) {
      this.channels = this.names.map(() => new Steadiness(size));
      this.courses = undefined;
    }
    const one = this.channels[channel];
    const wasSteady = one.steady;
    const before = one.mean;
    one.push(start, u, this.courses || !wasSteady ? threshold * (1 - HYSTERESIS) : threshold);
    if (this.courses) this.follow(one, this.courses[channel]);
    if (one.steady) {
      if (this.courses && !wasSteady && this.channels.every(({ steady }) => steady)) this.end();
    } else if (wasSteady && !this.courses && this.channels.every((c) => c === one || c.steady)) {
      this.began = start;
      this.courses = this.channels.map((c) => {
        const mean = c === one ? before : c.mean;
        return { before: mean, extreme: mean, deltaMax: 0 };
      });
    }
  }

  /** Where the change began that goes on, if it is one; else NaN. */
  get since(): number {
    return this.courses ? this.began : Number.NaN;
  }

  /** A sag, swell or interruption: what was going on was no rapid change. */
  discard(): void {
    this.courses = undefined;
    for (const channel of this.channels) channel.steady = false;
  }

  /** What leaves the values held is past, and was in the change if it came after its start. */
  private follow({ gone, goneStart }: Steadiness, course: Course): void {
    if (!(goneStart >= this.began)) return;
    const delta = Math.abs(gone - course.before);
    if (delta <= course.deltaMax) return;
    course.deltaMax = delta;
    course.extreme = gone;
  }

  private end(): void {
    const courses = this.courses as Course[];
    this.courses = undefined;
    const end = Math.max(...this.channels.map(({ start }) => start));
    const parts = courses.map(({ before, extreme, deltaMax }, i) => {
      const { mean } = this.channels[i];
      const steady = Math.abs(mean - before);
      // A bare step is over with the first value after it.
      const course = deltaMax >= steady ? { extreme, deltaMax } : { extreme: mean, deltaMax: steady };
      return { channel: this.names[i], ...course, deltaSteady: steady };
    });
    const [most] = [...parts].sort((a, b) => b.deltaMax - a.deltaMax);
    this.ended({
      type: 'rvc',
      start: this.began,
      end: Math.max(end, this.began),
      extreme: most.extreme,
      deltaMax: most.deltaMax,
      deltaSteady: Math.max(...parts.map(({ deltaSteady }) => deltaSteady)),
      parts: parts.map(({ channel, extreme }) => ({
        channel,
        extreme,
        start: this.began,
        end: Math.max(end, this.began),
        energy: 0,
        open: false,
      })),
    });
  }
}
