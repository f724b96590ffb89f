import { type Channel, WaveformFrame } from '../record';

/**
 * The newest samples of one stream, held as the frames in which they came: nothing is copied until
 * somebody asks for a stretch. Positions are samples from the start of the stream.
 */
export class FrameHistory {
  private readonly entries: { frame: WaveformFrame; start: number }[] = [];
  /** Position just after the newest sample. */
  end = 0;

  push(frame: WaveformFrame): void {
    this.entries.push({ frame, start: this.end });
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

  /** Time of a position, ms, by the frame that holds it (or the nearest one). */
  timeOf(position: number): number {
    let i = this.entries.length - 1;
    while (i > 0 && this.entries[i].start > position) i--;
    const { frame, start } = this.entries[i];
    return frame.time + ((position - start) / frame.rate) * 1000;
  }

  /** Copies samples `[from, from + into.length)` of the channel; positions not held stay untouched. */
  read(channel: Channel, from: number, into: Float32Array): void {
    for (const { frame, start } of this.entries) {
      const first = Math.max(from, start);
      const last = Math.min(from + into.length, start + frame.length);
      if (first >= last) continue;
      const view = frame.channel(channel);
      if (view) into.set(view.subarray(first - start, last - start), first - from);
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
