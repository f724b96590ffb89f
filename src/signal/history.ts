import { type Channel, WaveformFrame } from '../record';

/** Time of one position, from which that of others follows while the stamps of frames agree to so many ms. */
interface Anchor {
  start: number;
  time: number;
  rate: number;
}
const STEADY = 0.5;

function timeFrom({ start, time, rate }: Anchor, position: number): number {
  return time + ((position - start) / rate) * 1000;
}

/**
 * The newest samples of one stream, held as the frames in which they came: nothing is copied until
 * somebody asks for a stretch. Positions are samples from the start of the stream.
 */
export class FrameHistory {
  private readonly entries: { frame: WaveformFrame; start: number; anchor: Anchor }[] = [];
  /** Position just after the newest sample. */
  end = 0;

  push(frame: WaveformFrame): void {
    const start = this.end;
    const before = this.entries[this.entries.length - 1]?.anchor;
    const steady = before && Math.abs(timeFrom(before, start) - frame.time) <= STEADY;
    const anchor = steady ? before : { start, time: frame.time, rate: frame.rate };
    this.entries.push({ frame, start, anchor });
    this.end += frame.length;
  }

  /** Oldest position still held. */
  get start(): number {
    return this.entries.length ? this.entries[0].start : this.end;
  }

  /** Lets go of frames that lie wholly before `position`. */
  trim(position: number): void {
    let gone = 0;
    while (gone < this.entries.length) {
      const { frame, start } = this.entries[gone];
      if (start + frame.length > position) break;
      gone++;
    }
    if (gone) this.entries.splice(0, gone);
  }

  /** Time of a position, ms, by the frame that holds it (or the nearest one); the same however frames are cut. */
  timeOf(position: number): number {
    let i = this.entries.length - 1;
    while (i > 0 && this.entries[i].start > position) i--;
    return timeFrom(this.entries[i].anchor, position);
  }

  /** Copies samples `[from, from + into.length)` of the channel; positions not held stay untouched. */
  read(channel: Channel, from: number, into: Float32Array | Float64Array): void {
    for (const { frame, start } of this.entries) {
      const first = Math.max(from, start);
      const last = Math.min(from + into.length, start + frame.length);
      if (first >= last) continue;
      const view = frame.channel(channel);
      if (view) into.set(view.subarray(first - start, last - start), first - from);
    }
  }

  /** Adds samples `[from, from + into.length)` of the channel, times `factor`, to those in `into`. */
  add(channel: Channel, from: number, factor: number, into: Float64Array): void {
    for (const { frame, start } of this.entries) {
      const first = Math.max(from, start);
      const last = Math.min(from + into.length, start + frame.length);
      const view = first < last ? frame.channel(channel) : undefined;
      if (!view) continue;
      for (let n = first; n < last; n++) into[n - from] += factor * view[n - start];
    }
  }

  /** Samples `[from, to)`, as far as held, as one frame: exactly as they came. */
  slice(from: number, to: number): WaveformFrame | undefined {
    const first = Math.max(Math.floor(from), this.start);
    const last = Math.min(Math.ceil(to), this.end);
    if (last <= first) return undefined;
    const { frame } = this.entries[0];
    const head = { meter: frame.meter, time: this.timeOf(first), rate: frame.rate };
    const names = frame.names;
    return WaveformFrame.build(head, names, last - first, (views) => {
      names.forEach((name, i) => {
        this.read(name, first, views[i]);
      });
    });
  }
}
