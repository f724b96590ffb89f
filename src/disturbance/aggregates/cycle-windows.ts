import type { HalfCycle } from '../../signal';

/** A window of 10 (12) cycles of one stream; positions in samples. */
export interface CycleWindow {
  start: number;
  end: number;
  cycles: number;
  /** RMS per channel; NaN for a channel that gave nothing. */
  rms: number[];
}

/** A window that is being filled. */
interface Open {
  start: number;
  halves: number;
  energy: Float64Array;
  length: Float64Array;
}

/**
 * 10-cycle values (12 at 60 Hz) of all voltages of one stream: the root of the mean of squares over
 * whole cycles, one window after the other without a gap (IEC 61000-4-30, 4.4). The first channel counts
 * the cycles; the others give the halves that ended in the meantime.
 */
export class CycleWindows {
  private current: Open | undefined;
  /** A window that was open when the next one began: it goes on until it is full (4.5.2, overlap). */
  private overlapping: Open | undefined;

  /** @param closed is told of each full window */
  constructor(
    private readonly channels: number,
    private readonly closed: (window: CycleWindow) => void,
  ) {}

  /** The next half cycle of the first channel begins a new window, whatever is open: a clock tick (4.5). */
  restart(): void {
    if (!this.overlapping) this.overlapping = this.current;
    this.current = undefined;
  }

  /**
   * The next half cycle of a channel.
   * @param end position of its end
   * @param cycles of a window: 10 or 12
   */
  push(channel: number, end: number, half: HalfCycle, cycles: number): void {
    if (channel === 0) this.current ??= this.open(end - half.length);
    for (const open of [this.overlapping, this.current]) {
      if (!open) continue;
      open.energy[channel] += half.energy;
      open.length[channel] += half.length;
      if (channel !== 0 || ++open.halves < 2 * cycles) continue;
      if (open === this.current) this.current = undefined;
      else this.overlapping = undefined;
      const rms = Array.from(open.energy, (energy, i) => Math.sqrt(energy / open.length[i]));
      this.closed({ start: open.start, end, cycles, rms });
    }
  }

  private open(start: number): Open {
    const { channels } = this;
    return { start, halves: 0, energy: new Float64Array(channels), length: new Float64Array(channels) };
  }
}
