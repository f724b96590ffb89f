import { LRUCache } from 'lru-cache';
import { type Diagnostic, FieldError, type PqEvent, type Rms, type WaveformFrame } from '../record';
import { MAX_METERS, MeterStreams, type StreamEnd } from '../signal';
import { MeterMemory } from './meter-memory';
import { MeterStream, watchedChannels } from './meter-stream';
import { type DetectorSettings, readDetectorSettings } from './settings';

export interface DetectorOutput {
  event(event: PqEvent): void;
  rms(rms: Rms): void;
  diagnostic(diagnostic: Diagnostic): void;
}

/** Flag of an event that was open when its stream ended. */
const FLAGS: Record<StreamEnd, string> = {
  gap: 'gap',
  'other-rate': 'stream changed',
  'other-channels': 'stream changed',
  last: 'end of data',
  dropped: 'meter dropped',
};

/** Voltage events of many meters, each from its own stream of frames. */
export class SagSwellDetector {
  private readonly meters: MeterStreams<MeterStream>;
  /** What outlives a stream, by meter. */
  private readonly memories: LRUCache<string, MeterMemory>;

  constructor(
    private settings: DetectorSettings,
    private readonly output: DetectorOutput,
  ) {
    this.memories = new LRUCache({ max: MAX_METERS });
    this.meters = new MeterStreams(
      (first) => new MeterStream(first, this.settings, output, this.memoryOf(first.meter)),
      (stream, why, last, next) => {
        stream.finish(FLAGS[why]);
        if (next) this.tellBreak(why, last, next);
      },
    );
  }

  /** Meters heard of, and those of them with an event open now. */
  get status(): { meters: number; open: number } {
    let open = 0;
    for (const stream of this.meters.streams()) if (stream.open.length) open++;
    return { meters: this.meters.size, open };
  }

  /** Meters let go because too many spoke, frames seen twice, breaks of streams. */
  get counters(): { metersDropped: number; framesRepeated: number; gaps: number } {
    return this.meters.counters;
  }

  /** Samples per channel held for captures, all meters together. */
  get heldSamples(): number {
    let held = 0;
    for (const stream of this.meters.streams()) held += stream.heldSamples;
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
    this.meters.push(frame);
  }

  /** The stream of a meter (of all, without a name) is over: what is open is reported as it stands. */
  finish(meter?: string): void {
    this.meters.finish(meter);
  }

  /**
   * Changes thresholds at once; events in progress go on under the new ones.
   * @throws FieldError naming the setting; then nothing is changed
   */
  configure(changes: unknown, at = 'payload'): DetectorSettings {
    const { nominal } = this.settings;
    this.settings = readDetectorSettings(changes, this.settings, at);
    for (const memory of this.memories.values()) {
      memory.phaseTolerance = this.settings.phaseTolerance;
      if (this.settings.nominal !== nominal) memory.resetReferences();
    }
    for (const stream of this.meters.streams()) stream.configure(this.settings);
    return this.settings;
  }

  private memoryOf(meter: string): MeterMemory {
    let memory = this.memories.get(meter);
    if (!memory) {
      memory = new MeterMemory(meter, this.output);
      memory.phaseTolerance = this.settings.phaseTolerance;
      this.memories.set(meter, memory);
    }
    return memory;
  }

  private tellBreak(why: StreamEnd, last: WaveformFrame, next: WaveformFrame): void {
    const seconds = (next.time - last.endTime) / 1000;
    const told: Partial<Record<StreamEnd, string>> = {
      gap: `the waveform does not go on where it ended: ${Math.abs(seconds).toFixed(3)} s ${seconds > 0 ? 'are missing' : 'back'}`,
      'other-rate': `the waveform goes on with ${next.rate} Hz instead of ${last.rate} Hz`,
      'other-channels': `the waveform goes on with channels ${next.layout} instead of ${last.layout}`,
    };
    this.output.diagnostic({
      kind: 'diagnostic',
      meter: next.meter,
      time: next.time,
      code: why === 'gap' ? 'WAVEFORM_GAP' : 'WAVEFORM_CHANGED',
      severity: 'warning',
      text: told[why] ?? why,
      hint: 'Check for a buffer overflow at the meter, a slow link, or a clock that was set.',
      detail: { seconds, why },
    });
  }
}
