import type { Channel, WaveformFrame } from '../record';
import type { Section, SignalSource } from './signal-source';

/** Frames go on in one section while their times agree to this part of a sample. */
const AGREE = 0.3;

export interface PlaybackOptions {
  /** Again and again, by the clock of the host; otherwise once. */
  loop: boolean;
  /** The meter's clock stands at the time of the record. */
  recordClock?: boolean;
}

/** A recording at the meter's terminals, sample by sample as it was recorded, with its pauses. */
export class PlaybackSource implements SignalSource {
  private readonly sections: FrameSection[];
  private index = 0;

  /** @param frames of one meter, in order */
  constructor(
    frames: readonly WaveformFrame[],
    private readonly options: PlaybackOptions,
  ) {
    const runs: WaveformFrame[][] = [];
    for (const frame of frames) {
      const open = runs[runs.length - 1];
      if (open && goesOn(open, frame)) open.push(frame);
      else runs.push([frame]);
    }
    const keepsTime = options.recordClock === true && !options.loop;
    this.sections = runs.map((run, i) => {
      const before = runs[i - 1]?.[runs[i - 1].length - 1];
      const pause = before ? Math.max(0, run[0].time - before.endTime) : 0;
      return new FrameSection(run, pause, keepsTime ? run[0].time : undefined);
    });
  }

  next(): Section | undefined {
    if (this.index >= this.sections.length && this.options.loop) this.index = 0;
    const section = this.sections[this.index++];
    section?.begin();
    return section;
  }
}

function goesOn(run: readonly WaveformFrame[], frame: WaveformFrame): boolean {
  const [first] = run;
  if (frame.resumes || frame.rate !== first.rate || frame.layout !== first.layout) return false;
  const samples = run.reduce((sum, { length }) => sum + length, 0);
  const expected = first.time + (samples / first.rate) * 1000;
  return Math.abs(frame.time - expected) < (AGREE * 1000) / first.rate;
}

class FrameSection implements Section {
  readonly rate: number;
  readonly channels: Channel[];
  readonly fullScale: number[];
  private frame = 0;
  private at = 0;

  constructor(
    private readonly frames: readonly WaveformFrame[],
    readonly pause: number,
    readonly clock: number | undefined,
  ) {
    const [{ rate, names }] = frames;
    this.rate = rate;
    this.channels = names;
    this.fullScale = names.map((_, i) =>
      frames.reduce(
        (peak, frame) => frame.view(i).reduce((max, x) => Math.max(max, Math.abs(x)), peak),
        1e-9,
      ),
    );
  }

  /** From its first sample on. */
  begin(): void {
    this.frame = 0;
    this.at = 0;
  }

  read(out: Float32Array[]): number {
    let filled = 0;
    while (filled < out[0].length && this.frame < this.frames.length) {
      const frame = this.frames[this.frame];
      const count = Math.min(out[0].length - filled, frame.length - this.at);
      for (let i = 0; i < out.length; i++) {
        out[i].set(frame.view(i).subarray(this.at, this.at + count), filled);
      }
      filled += count;
      this.at += count;
      if (this.at === frame.length) {
        this.frame++;
        this.at = 0;
      }
    }
    return filled;
  }
}
