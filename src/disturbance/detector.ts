import { LRUCache } from 'lru-cache';
import {
  type Diagnostic,
  FieldError,
  type PqEvent,
  type Reading,
  type Rms,
  type WaveformFrame,
} from '../record';
import { MAX_METERS, MeterStreams, type StreamEnd } from '../signal';
import type { Excursion } from './journal/excursion';
import { MeterMemory } from './meter-memory';
import { MeterStream, watchedChannels } from './meter-stream';
import { channelsOf, ReadingStream } from './reading-stream';
import { type DetectorSettings, readDetectorSettings } from './settings';

export interface DetectorOutput {
  event(event: PqEvent): void;
  rms(rms: Rms): void;
  diagnostic(diagnostic: Diagnostic): void;
  /** Values beyond the watch band, for a journal. */
  excursion?(excursion: Excursion): void;
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
  /** Meters that give readings and no waveform. */
  private readonly readings: LRUCache<string, ReadingStream>;
  /** What outlives a stream, by meter. */
  private readonly memories: LRUCache<string, MeterMemory>;
  private readingsPast = 0;

  constructor(
    private settings: DetectorSettings,
    private readonly output: DetectorOutput,
  ) {
    this.memories = new LRUCache({ max: MAX_METERS });
    this.readings = new LRUCache({
      max: MAX_METERS,
      dispose: (stream, _meter, reason) => {
        if (reason === 'evict') stream.finish(FLAGS.dropped);
      },
    });
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
    for (const stream of this.all()) if (stream.open.length) open++;
    return { meters: this.meters.size + this.readings.size, open };
  }

  /** Meters let go because too many spoke; frames and readings seen twice or too late; breaks of streams. */
  get counters(): MeterStreams<MeterStream>['counters'] & { readingsPast: number } {
    return { ...this.meters.counters, readingsPast: this.readingsPast };
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
    const readings = this.readings.get(frame.meter);
    if (readings) {
      this.readings.delete(frame.meter);
      readings.finish('waveform instead of readings');
    }
    this.meters.push(frame);
  }

  /**
   * Takes the next reading of a meter that gives no waveform; of one that does, and of bad quality, it is
   * passed over.
   * @returns whether there was something to judge
   */
  pushReading({ meter, time, values, quality }: Reading): boolean {
    if (quality === 'bad' || this.meters.has(meter) || channelsOf(values).length === 0) return false;
    let stream = this.readings.get(meter);
    const joint = stream?.jointOf(values, time);
    if (joint === 'past') {
      this.readingsPast++;
      return false;
    }
    if (joint === 'gap') {
      stream?.finish(FLAGS.gap);
      stream = undefined;
    }
    if (!stream) {
      stream = new ReadingStream(meter, values, this.settings, this.output, this.memoryOf(meter));
      this.readings.set(meter, stream);
    }
    stream.push(values, time);
    return true;
  }

  /** The stream of a meter (of all, without a name) is over: what is open is reported as it stands. */
  finish(meter?: string): void {
    this.meters.finish(meter);
    for (const name of meter === undefined ? [...this.readings.keys()] : [meter]) {
      const stream = this.readings.peek(name);
      this.readings.delete(name);
      stream?.finish(FLAGS.last);
    }
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
    for (const stream of this.all()) stream.configure(this.settings);
    return this.settings;
  }

  private *all(): Generator<MeterStream | ReadingStream> {
    yield* this.meters.streams();
    yield* this.readings.values();
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
