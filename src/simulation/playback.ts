import type { Channel, WaveformFrame } from '../record';
import type { Section, SignalSource } from './signal-source';

/** A recording at the meter's terminals, once or again and again, sample by sample as it was recorded. */
export class PlaybackSource implements SignalSource {
  private index = 0;

  /** @param frames one for each stretch of one rate, in order */
  constructor(
    private readonly frames: readonly WaveformFrame[],
    private readonly loop: boolean,
  ) {}

  next(): Section | undefined {
    if (this.index >= this.frames.length && this.loop) this.index = 0;
    const frame = this.frames[this.index++];
    return frame && new FrameSection(frame);
  }
}

class FrameSection implements Section {
  readonly rate: number;
  readonly channels: Channel[];
  readonly fullScale: number[];
  private readonly views: Float32Array[];
  private at = 0;

  constructor(frame: WaveformFrame) {
    this.rate = frame.rate;
    this.channels = frame.names;
    this.views = Object.values(frame.channels) as Float32Array[];
    this.fullScale = this.views.map((view) => view.reduce((max, x) => Math.max(max, Math.abs(x)), 1e-9));
  }

  read(out: Float32Array[]): number {
    const count = Math.min(out[0].length, this.views[0].length - this.at);
    for (let i = 0; i < out.length; i++) out[i].set(this.views[i].subarray(this.at, this.at + count));
    this.at += count;
    return count;
  }
}
