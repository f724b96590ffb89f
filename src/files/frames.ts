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
  /** Rows with missing samples, until it is known how many there are. */
  private readonly incomplete: { row: Float64Array; sample: number }[] = [];
  /** The newest row that is whole, or was made so. */
  private before: Float64Array | undefined;
  private readonly row: Float64Array;

  constructor(
    readonly meter: string,
    channels: readonly FrameChannel[],
    private readonly nominal: number | undefined,
  ) {
    this.channels = [...channels].sort(
      (a, b) => CHANNEL_NAMES.indexOf(a.name) - CHANNEL_NAMES.indexOf(b.name),
    );
    this.names = this.channels.map(({ name }) => name);
    this.row = new Float64Array(channels.length);
  }

  /** Another stretch begins. */
  begin(stretch: Stretch): void {
    this.stretch = stretch;
    const room = Math.min(MOST_SAMPLES, Math.max(LEAST_SAMPLES, Math.round(FRAME_SECONDS * stretch.rate)));
    this.staged = this.channels.map(() => new Float32Array(room));
    this.count = 0;
    this.before = undefined;
    this.incomplete.length = 0;
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
    const { channels } = this;
    for (let k = 0; k < count; k++) {
      const row = this.row;
      let isWhole = true;
      for (let c = 0; c < channels.length; c++) {
        row[c] = values[channels[c].place][k] * channels[c].factor;
        if (Number.isNaN(row[c])) isWhole = false;
      }
      if (isWhole && this.incomplete.length === 0) this.put(row, from + k, out);
      else this.wait(row, isWhole, from + k, out);
    }
  }

  /** The stretch is over. */
  end(out: (frame: WaveformFrame) => void): void {
    // Nothing follows to draw a line to.
    this.holes += this.incomplete.length;
    this.incomplete.length = 0;
    this.flush(out);
  }

  /** All is over: the frame that was held back, marked as the last one. */
  finish(): WaveformFrame | undefined {
    const { pending } = this;
    this.pending = undefined;
    return pending?.asLast();
  }

  /** A row with missing samples waits for the next whole one; too many of them are a hole. */
  private wait(
    row: Float64Array,
    isWhole: boolean,
    sample: number,
    out: (frame: WaveformFrame) => void,
  ): void {
    if (!isWhole) {
      this.incomplete.push({ row: row.slice(), sample });
      return;
    }
    const rows = this.incomplete.splice(0);
    const bridge = Math.max(1, Math.floor((this.stretch?.samplesPerCycle ?? 0) * BRIDGED));
    if (rows.length > bridge || this.before === undefined) {
      this.flush(out);
      this.holes += rows.length;
      this.resumes = false;
    } else {
      for (let c = 0; c < row.length; c++) this.bridge(rows, c, row[c]);
      for (const { row: bridged, sample: own } of rows) this.put(bridged, own, out);
    }
    this.put(row, sample, out);
  }

  /** Missing samples of a channel, on the line from the one before to the next one that is there. */
  private bridge(rows: readonly { row: Float64Array }[], channel: number, next: number): void {
    let previous = (this.before as Float64Array)[channel];
    for (let i = 0; i < rows.length; i++) {
      if (!Number.isNaN(rows[i].row[channel])) {
        previous = rows[i].row[channel];
        continue;
      }
      let end = i + 1;
      while (end < rows.length && Number.isNaN(rows[end].row[channel])) end++;
      const after = end < rows.length ? rows[end].row[channel] : next;
      previous += (after - previous) / (end - i + 1);
      rows[i].row[channel] = previous;
      const { name } = this.channels[channel];
      this.bridged.set(name, (this.bridged.get(name) ?? 0) + 1);
    }
  }

  private put(row: Float64Array, sample: number, out: (frame: WaveformFrame) => void): void {
    if (this.count === 0) this.first = sample;
    for (let c = 0; c < row.length; c++) this.staged[c][this.count] = row[c];
    this.before ??= new Float64Array(row.length);
    this.before.set(row);
    if (++this.count === this.staged[0].length) this.flush(out);
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
