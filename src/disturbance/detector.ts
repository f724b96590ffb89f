import { LRUCache } from 'lru-cache';
import { type Diagnostic, FieldError, type PqEvent, type Rms, type WaveformFrame } from '../record';
import { jointOf } from '../signal';
import { MeterStream, watchedChannels } from './meter-stream';
import { type DetectorSettings, readDetectorSettings } from './settings';

export interface DetectorOutput {
  event(event: PqEvent): void;
  rms(rms: Rms): void;
  diagnostic(diagnostic: Diagnostic): void;
}

/** Meters held at once; beyond it the one longest silent is let go, and counted. */
const MAX_METERS = 5000;

interface MeterState {
  stream: MeterStream;
  last: WaveformFrame;
}

/** Slowest sampling that shows a cycle well enough to measure it: 16 samples of 60 Hz. */
const MIN_RATE = 960;

/** Voltage events of many meters, each from its own stream of frames. */
export class SagSwellDetector {
  private readonly meters: LRUCache<string, MeterState>;
  private settings: DetectorSettings;
  /** Meters let go because too many spoke, and frames seen twice. */
  readonly counters = { metersDropped: 0, framesRepeated: 0, gaps: 0 };

  constructor(
    settings: DetectorSettings,
    private readonly output: DetectorOutput,
  ) {
    this.settings = settings;
    this.meters = new LRUCache({
      max: MAX_METERS,
      dispose: (state, _meter, reason) => {
        if (reason !== 'evict') return;
        this.counters.metersDropped++;
        state.stream.finish('meter dropped');
      },
    });
  }

  /** Meters with an event open now, and meters heard of. */
  get status(): { meters: number; open: number } {
    let open = 0;
    for (const { stream } of this.meters.values()) if (stream.open.length) open++;
    return { meters: this.meters.size, open };
  }

  /** Samples per channel held for captures, all meters together. */
  get heldSamples(): number {
    let held = 0;
    for (const { stream } of this.meters.values()) held += stream.heldSamples;
    return held;
  }

  /**
   * Takes the next frame of a meter.
   * @throws FieldError for a frame that cannot be judged; what came before stays as it was
   */
  push(frame: WaveformFrame): void {
    if (watchedChannels(frame.names).length === 0) {
      throw new FieldError(
        'payload.channels',
        'at least one voltage (va, vb, vc, vab, vbc, vca)',
        frame.layout,
      );
    }
    if (frame.rate < MIN_RATE) {
      throw new FieldError('payload.rate', `at least ${MIN_RATE} Hz`, frame.rate);
    }
    let state = this.meters.get(frame.meter);
    const joint = jointOf(state?.last, frame);
    if (state && joint === 'repeated') {
      this.counters.framesRepeated++;
      return;
    }
    if (!state || joint !== 'follows') {
      if (state) this.breakOff(state, frame, joint);
      state = { stream: new MeterStream(frame, this.settings, this.output), last: frame };
      this.meters.set(frame.meter, state);
    }
    state.last = frame;
    state.stream.push(frame);
    if (frame.last) this.finish(frame.meter);
  }

  /** The stream of a meter (of all, without a name) is over: what is open is reported as it stands. */
  finish(meter?: string): void {
    for (const name of meter === undefined ? [...this.meters.keys()] : [meter]) {
      this.meters.get(name)?.stream.finish('end of data');
      this.meters.delete(name);
    }
  }

  /**
   * Changes thresholds at once; events in progress go on under the new ones.
   * @throws FieldError naming the setting; then nothing is changed
   */
  configure(changes: unknown, at = 'payload'): DetectorSettings {
    const settings = readDetectorSettings(changes, this.settings, at);
    this.settings = settings;
    for (const { stream } of this.meters.values()) stream.configure(settings);
    return settings;
  }

  private breakOff(state: MeterState, frame: WaveformFrame, joint: string): void {
    this.counters.gaps++;
    state.stream.finish(joint === 'gap' ? 'gap' : 'stream changed');
    const missing = (frame.time - state.last.endTime) / 1000;
    this.output.diagnostic({
      kind: 'diagnostic',
      meter: frame.meter,
      time: frame.time,
      code: joint === 'gap' ? 'WAVEFORM_GAP' : 'WAVEFORM_CHANGED',
      severity: 'warning',
      text:
        joint === 'gap'
          ? `the waveform does not go on where it ended: ${missing.toFixed(3)} s ${missing > 0 ? 'are missing' : 'back'}`
          : `the waveform goes on with ${joint === 'other-rate' ? `${frame.rate} Hz` : `channels ${frame.layout}`}`,
      hint: 'Check for a buffer overflow at the meter, a slow link, or a clock that was set.',
      detail: { missing, joint },
    });
  }
}
