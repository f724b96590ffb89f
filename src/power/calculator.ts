import { FieldError, type Power, type WaveformFrame } from '../record';
import { MeterStreams } from '../signal';
import { measuredPhases, PowerStream } from './meter-stream';
import type { CalculatorSettings } from './settings';

/** Power of many meters, each from its own stream of frames. */
export class PowerCalculator {
  private readonly meters: MeterStreams<PowerStream>;

  constructor(
    private readonly settings: CalculatorSettings,
    output: (power: Power) => void,
  ) {
    this.meters = new MeterStreams(
      (first) => new PowerStream(first, settings, output),
      () => {
        // A window that was begun is given up: none is ever made over missing samples.
      },
    );
  }

  /** Meters heard of. */
  get meterCount(): number {
    return this.meters.size;
  }

  /** Meters let go because too many spoke, frames seen twice, breaks of streams. */
  get counters(): { metersDropped: number; framesRepeated: number; gaps: number } {
    return this.meters.counters;
  }

  /**
   * Takes the next frame of a meter. A frame that does not go on where the last one ended begins new
   * windows.
   * @throws FieldError for a frame without a voltage and its current, or sampled too slowly
   */
  push(frame: WaveformFrame): void {
    if (measuredPhases(frame.names, this.settings.wiring).length === 0) {
      throw new FieldError(
        'payload.channels',
        `a voltage and its current (${this.settings.wiring}: e.g. va and ia)`,
        frame.layout,
      );
    }
    this.meters.push(frame);
  }
}
