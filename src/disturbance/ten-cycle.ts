import type { HalfCycle } from '../signal';

/**
 * 10-cycle values (12 at 60 Hz) of all voltages of one stream: the root of the mean of squares over
 * whole cycles, one window after the other without a gap (IEC 61000-4-30, 4.4). The first channel counts
 * the cycles; the others give the halves that ended in the meantime.
 */
export class TenCycleRms {
  private readonly energy: Float64Array;
  private readonly length: Float64Array;
  private halves = 0;

  constructor(channels: number) {
    this.energy = new Float64Array(channels);
    this.length = new Float64Array(channels);
  }

  /**
   * The next half cycle of a channel.
   * @param cycles in a window: 10 or 12
   * @returns RMS per channel when the window is full (NaN for a channel that gave nothing), else undefined
   */
  push(channel: number, half: HalfCycle, cycles: number): number[] | undefined {
    this.energy[channel] += half.energy;
    this.length[channel] += half.length;
    if (channel !== 0 || ++this.halves < 2 * cycles) return undefined;
    this.halves = 0;
    const rms = Array.from(this.energy, (energy, i) => Math.sqrt(energy / this.length[i]));
    this.energy.fill(0);
    this.length.fill(0);
    return rms;
  }
}
