import { CHANNEL_NAMES, type Channel, WaveformFrame } from '../record';

/** Seconds in a frame: short enough for its own time to keep up with a rate that drifts. */
const FRAME_SECONDS = 0.2;
const LEAST_SAMPLES = 64;
const MOST_SAMPLES = 100_000;
/** Missing samples on end, in parts of a cycle, that are bridged by a line; more are a gap. */
const BRIDGED = 1 / 8;

/** Where the samples of a meter come from. */
export interface FrameChannel {
  name: Channel;
  /** Place among the values that are given. */
  place: number;
  /** To V or A. */
  factor: number;
}

/** A stretch of samples of one rate. */
export interface Stretch {
  rate: number;
  samplesPerCycle: number;
  /** ms since 1970 of a sample. */
  timeOf(sample: number): number;
}

/**
 * Cuts the samples of one meter into frames, channels in their canonical order. Single missing samples are bridged and
 * counted; longer holes end a frame. The last frame is held back, to be marked.
 */
export class FrameCutter {
  /** Missing samples that were bridged, and samples in holes, by channel. */
  readonly bridged = new Map<Channel, number>();
  holes = 0;
  private readonly channels: FrameChannel[];
  private readonly names: Channel[];
  private staged: Float32Array[] = [];
  private count = 0;
  private first = 0;
  private stretch: Stretch | undefined;
  private resumes = false;
  private isFirst = true;
  private pending: WaveformFrame | undefined;

  constructor(
    readonly meter: string,
    channels: readonly FrameChannel[],
    private readonly nominal: number | undefined,
  ) {
    this.channels = [...channels].sort(
      (a, b) => CHANNEL_NAMES.indexOf(a.name) - CHANNEL_NAMES.indexOf(b.name),
    );
    this.names = this.channels.map(({ name }) => name);
  }

  /** Another stretch begins. */
  begin(stretch: Stretch): void {
    this.stretch = stretch;
    const room = Math.min(MOST_SAMPLES, Math.max(LEAST_SAMPLES, Math.round(FRAME_SECONDS * stretch.rate)));
    this.staged = this.channels.map(() => new Float32Array(room));
    this.count = 0;
    // What lies between two stretches was not recorded: nothing was lost.
    this.resumes = !this.isFirst;
    this.isFirst = false;
  }

  /**
   * Takes samples of the stretch.
   * @param values by place, `count` of each; NaN where missing
   * @param from number of the first of them
   * @param out called with each frame that is complete
   */
  take(
    values: readonly Float64Array[],
    count: number,
    from: number,
    out: (frame: WaveformFrame) => void,
  ): void {
    const { channels, stretch } = this;
    if (!stretch) return;
    const bridge = Math.max(1, Math.floor(stretch.samplesPerCycle * BRIDGED));
    for (let k = 0; k < count; ) {
      const missing = this.missingAt(values, k, count);
      if (missing > bridge) {
        this.flush(out);
        this.holes += missing;
        k += missing;
        this.resumes = false;
        continue;
      }
      if (this.count === 0) this.first = from + k;
      for (let c = 0; c < channels.length; c++) {
        const { place, factor, name } = channels[c];
        const value = values[place][k];
        if (Number.isNaN(value)) {
          this.staged[c][this.count] = this.between(values[place], k, count, c) * factor;
          this.bridged.set(name, (this.bridged.get(name) ?? 0) + 1);
        } else {
          this.staged[c][this.count] = value * factor;
        }
      }
      this.count++;
      k++;
      if (this.count === this.staged[0].length) this.flush(out);
    }
  }

  /** The stretch is over. */
  end(out: (frame: WaveformFrame) => void): void {
    this.flush(out);
  }

  /** All is over: the frame that was held back, marked as the last one. */
  finish(): WaveformFrame | undefined {
    const { pending } = this;
    this.pending = undefined;
    return pending?.asLast();
  }

  /** Samples from k on of which at least one channel is missing. */
  private missingAt(values: readonly Float64Array[], k: number, count: number): number {
    let n = 0;
    while (k + n < count && this.channels.some(({ place }) => Number.isNaN(values[place][k + n]))) n++;
    return n;
  }

  /** On the line between the samples beside the missing ones, in the unit of the file. */
  private between(values: Float64Array, k: number, count: number, channel: number): number {
    let after = k;
    while (after < count && Number.isNaN(values[after])) after++;
    const { factor } = this.channels[channel];
    const before = this.count > 0 ? this.staged[channel][this.count - 1] / factor : Number.NaN;
    const next = after < count ? values[after] : before;
    if (Number.isNaN(before)) return Number.isNaN(next) ? 0 : next;
    return before + (next - before) / (after - k + 1);
  }

  private flush(out: (frame: WaveformFrame) => void): void {
    const { count, stretch, meter, nominal, resumes } = this;
    if (count === 0 || !stretch) return;
    const head = { meter, time: stretch.timeOf(this.first), rate: stretch.rate, nominal, resumes };
    const frame = WaveformFrame.build(head, this.names, count, (views) => {
      views.forEach((view, c) => {
        view.set(this.staged[c].subarray(0, count));
      });
    });
    this.count = 0;
    this.resumes = false;
    if (this.pending) out(this.pending);
    this.pending = frame;
  }
}
