import { LRUCache } from 'lru-cache';
import { FieldError, type Power, type WaveformFrame } from '../record';
import { jointOf } from '../signal';
import { measuredPhases, PowerStream } from './meter-stream';
import type { CalculatorSettings } from './settings';

/** Meters held at once; beyond it the one longest silent is let go, and counted. */
const MAX_METERS = 5000;
/** Slowest sampling that shows a fundamental: 16 samples of 60 Hz. */
const MIN_RATE = 960;

/** Power of many meters, each from its own stream of frames. */
export class PowerCalculator {
  private readonly meters: LRUCache<string, { stream: PowerStream; last: WaveformFrame }>;
  readonly counters = { metersDropped: 0, framesRepeated: 0, gaps: 0 };

  constructor(
    private readonly settings: CalculatorSettings,
    private readonly output: (power: Power) => void,
  ) {
    this.meters = new LRUCache({
      max: MAX_METERS,
      dispose: (_state, _meter, reason) => {
        if (reason === 'evict') this.counters.metersDropped++;
      },
    });
  }

  /** Meters heard of. */
  get meterCount(): number {
    return this.meters.size;
  }

  /**
   * Takes the next frame of a meter. A frame that does not go on where the last one ended begins new
   * windows: none is ever made over missing samples.
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
    if (frame.rate < MIN_RATE) throw new FieldError('payload.rate', `at least ${MIN_RATE} Hz`, frame.rate);
    let state = this.meters.get(frame.meter);
    const joint = jointOf(state?.last, frame);
    if (state && joint === 'repeated') {
      this.counters.framesRepeated++;
      return;
    }
    if (!state || joint !== 'follows') {
      if (state) this.counters.gaps++;
      state = { stream: new PowerStream(frame, this.settings, this.output), last: frame };
      this.meters.set(frame.meter, state);
    }
    state.last = frame;
    state.stream.push(frame);
    if (frame.last) this.meters.delete(frame.meter);
  }
}
