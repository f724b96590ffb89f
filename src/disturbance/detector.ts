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
import { type Before, MeterStream } from './meter-stream';
import { endEvents, LONGEST_PAUSE } from './pause';
import { channelsOf, ReadingStream } from './reading-stream';
import { type DetectorSettings, readDetectorSettings } from './settings';
import { type Suspended, type SuspendedMeter, unpackFrame } from './suspension';

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
  pause: 'gap',
  'other-rate': 'stream changed',
  'other-channels': 'stream changed',
  last: 'end of data',
  dropped: 'meter dropped',
};

/** A voltage among the channels of a frame. */
const WATCHED = /(^| )v(a|b|c|ab|bc|ca)( |$)/;
/** A meter whose waveform ended so long ago, ms, is judged by its readings again. */
const STALE = 60_000;
/** Characters that the samples of meters without an event may take in what is put aside. */
const MAX_IDLE = 10e6;

/** Voltage events of many meters, each from its own stream of frames. */
export class SagSwellDetector {
  private readonly meters: MeterStreams<MeterStream>;
  /** Meters that give readings and no waveform. */
  private readonly readings: LRUCache<string, ReadingStream>;
  /** What outlives a stream, by meter. */
  private readonly memories: LRUCache<string, MeterMemory>;
  private readingsPast = 0;

  /** Meters that were put aside in the middle of an event, until something comes from them. */
  private readonly suspended: Map<string, SuspendedMeter>;

  /** @param suspended what an earlier detector put aside: its events go on here */
  constructor(
    /** In force; changed by {@link configure}. */
    public settings: Readonly<DetectorSettings>,
    private readonly output: DetectorOutput,
    suspended: SuspendedMeter[] = [],
  ) {
    this.suspended = new Map(suspended.map((state) => [state.meter, state]));
    this.memories = new LRUCache({ max: MAX_METERS });
    this.readings = new LRUCache({
      max: MAX_METERS,
      dispose: (stream, _meter, reason) => {
        if (reason === 'evict') stream.finish(FLAGS.dropped);
      },
    });
    // The next stream of the meter begins as soon as this one has ended.
    let paused: SuspendedMeter | undefined;
    this.meters = new MeterStreams(
      (first) => {
        const { meter } = first;
        const before: Before = { resumed: this.suspended.get(meter), paused };
        this.suspended.delete(meter);
        paused = undefined;
        return new MeterStream(first, this.settings, output, this.memoryOf(meter), before);
      },
      (stream, why, last, next) => {
        if (why === 'pause' && next && next.time - last.endTime <= LONGEST_PAUSE) paused = stream.pause();
        else stream.finish(FLAGS[why]);
        if (next) this.reportBreak(why, last, next);
      },
      ({ layout }) => {
        if (WATCHED.test(layout)) return;
        throw new FieldError('payload.channels', 'at least one voltage (va, vb, vc, vab, vbc, vca)', layout);
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
    if (WATCHED.test(frame.layout)) {
      const readings = this.readings.get(frame.meter);
      if (readings) {
        this.readings.delete(frame.meter);
        readings.finish('waveform instead of readings');
      }
      const state = this.suspended.get(frame.meter);
      // Whether the frame goes on from there is seen like that of any other.
      if (state?.tail) this.meters.push(unpackFrame(frame.meter, state.tail));
      else if (state) this.endSuspended(state, FLAGS.gap);
    }
    this.meters.push(frame);
  }

  /**
   * Takes the next reading of a meter that gives no waveform; of one that does, and of bad quality, it is
   * passed over.
   * @returns whether there was something to judge
   */
  pushReading({ meter, time, values, quality }: Reading): boolean {
    if (quality === 'bad' || channelsOf(values).length === 0) return false;
    const waveform = this.meters.newest(meter);
    if (waveform && time < waveform.endTime + STALE) return false;
    const state = this.suspended.get(meter);
    if (state?.tail) return false;
    let stream = this.readings.get(meter);
    if (state?.interval !== undefined) {
      stream = new ReadingStream(meter, values, this.settings, this.output, this.memoryOf(meter), state);
      this.suspended.delete(meter);
      this.readings.set(meter, stream);
    } else if (state) {
      this.endSuspended(state, FLAGS.gap);
    }
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
    for (const state of [...this.suspended.values()]) {
      if (meter === undefined || state.meter === meter) this.endSuspended(state, FLAGS.last);
    }
  }

  /**
   * Puts all meters aside that are in the middle of an event, for a later detector to go on with.
   * @param samples whether their samples go along; without them an event ends where it stands now
   */
  suspend(samples: boolean): Suspended {
    const meters = [...this.suspended.values()];
    let idle = 0;
    for (const stream of this.all()) {
      const state = stream.suspend(samples);
      if (!state) continue;
      // What has just begun in a stream may not be told yet: those that look idle go along while there is room.
      if (state.events.length === 0) idle += state.tail?.data.length ?? 0;
      if (state.events.length > 0 || idle <= MAX_IDLE) meters.push(state);
    }
    return { version: 1, meters };
  }

  /** Events that nothing goes on from end where they stood. */
  private endSuspended(state: SuspendedMeter, flag: string): void {
    this.suspended.delete(state.meter);
    for (const event of endEvents(state, flag)) this.output.event(event);
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

  private reportBreak(why: StreamEnd, last: WaveformFrame, next: WaveformFrame): void {
    const seconds = (next.time - last.endTime) / 1000;
    const gap = why === 'gap' || (why === 'pause' && seconds > 1.5 / last.rate);
    const texts: Partial<Record<StreamEnd, string>> = {
      gap: `the waveform does not go on where it ended: ${Math.abs(seconds).toFixed(3)} s ${seconds > 0 ? 'are missing' : 'back'}`,
      pause: gap
        ? `the recorder paused for ${seconds.toFixed(3)} s`
        : `the waveform goes on with ${next.rate} Hz instead of ${last.rate} Hz`,
      'other-rate': `the waveform goes on with ${next.rate} Hz instead of ${last.rate} Hz`,
      'other-channels': `the waveform goes on with channels ${next.layout} instead of ${last.layout}`,
    };
    this.output.diagnostic({
      kind: 'diagnostic',
      meter: next.meter,
      time: next.time,
      code: gap ? 'WAVEFORM_GAP' : 'WAVEFORM_CHANGED',
      severity: why === 'pause' ? 'info' : 'warning',
      text: texts[why] ?? why,
      hint:
        why === 'pause'
          ? 'What happened between the sections of a record is not known; events over them have a flag.'
          : 'Check for a buffer overflow at the meter, a slow link, or a clock that was set.',
      detail: { seconds, why },
    });
  }
}
