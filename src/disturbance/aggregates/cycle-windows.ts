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
    if (this.overlapping && this.add(this.overlapping, channel, half, cycles)) {
      const full = this.overlapping;
      this.overlapping = undefined;
      this.close(full, end, cycles);
    }
    if (this.current && this.add(this.current, channel, half, cycles)) {
      const full = this.current;
      this.current = undefined;
      this.close(full, end, cycles);
    }
  }

  /** Whether the window is full with this half cycle. */
  private add(open: Open, channel: number, half: HalfCycle, cycles: number): boolean {
    open.energy[channel] += half.energy;
    open.length[channel] += half.length;
    return channel === 0 && ++open.halves >= 2 * cycles;
  }

  private close({ start, energy, length }: Open, end: number, cycles: number): void {
    this.closed({ start, end, cycles, rms: Array.from(energy, (sum, i) => Math.sqrt(sum / length[i])) });
  }

  private open(start: number): Open {
    const { channels } = this;
    return { start, halves: 0, energy: new Float64Array(channels), length: new Float64Array(channels) };
  }
}
