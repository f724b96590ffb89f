import {
  type Diagnostic,
  FieldError,
  type PqEvent,
  type Reading,
  type Rms,
  type WaveformFrame,
} from '../record';
import { Admission, budgetOf } from '../shared';
import { MeterStreams, type StreamEnd } from '../signal';
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
/** What a meter may come to hold here, bytes: without samples; and the s of samples that are held beyond those for captures. */
const BYTES_OF_READINGS = 4000;
const SECONDS_HELD = 0.2;
/** Characters that the samples of meters without an event may take in what is put aside. */
const MAX_IDLE = 10e6;

/** Voltage events of many meters, each from its own stream of frames. */
export class SagSwellDetector {
  private readonly meters: MeterStreams<MeterStream>;
  /** Meters that give readings and no waveform. */
  private readonly readings = new Map<string, ReadingStream>();
  /** What outlives a stream, by meter. */
  private readonly memories = new Map<string, MeterMemory>();
  private readonly admission: Admission;
  private readonly losses = { readingsPast: 0, readingsBad: 0 };
  /** Ids of the events in progress of each meter that has any. */
  private readonly inProgress = new Map<string, Set<string>>();
  private readonly output: DetectorOutput;

  /** Meters that were put aside in the middle of an event, until something comes from them. */
  private readonly suspended: Map<string, SuspendedMeter>;

  /** @param suspended what an earlier detector put aside: its events go on here */
  constructor(
    /** In force; changed by {@link configure}. */
    public settings: Readonly<DetectorSettings>,
    output: DetectorOutput,
    suspended: SuspendedMeter[] = [],
  ) {
    this.suspended = new Map(suspended.map((state) => [state.meter, state]));
    for (const { meter, events } of suspended) {
      if (events.length > 0) this.inProgress.set(meter, new Set(events.map(({ id }) => id)));
    }
    this.output = {
      ...output,
      event: (event) => {
        this.note(event);
        output.event(event);
      },
    };
    this.admission = new Admission(budgetOf(settings.maxMeters), {
      released: (meter) => this.letGo(meter),
      over: (finding) =>
        output.diagnostic({
          kind: 'diagnostic',
          meter: (finding.detail.meters as string[])[0],
          time: this.newestTime,
          ...finding,
        }),
    });
    // The next stream of the meter begins as soon as this one has ended.
    let paused: SuspendedMeter | undefined;
    this.meters = new MeterStreams(
      (first) => {
        const { meter } = first;
        const before: Before = { resumed: this.suspended.get(meter), paused };
        this.suspended.delete(meter);
        paused = undefined;
        return new MeterStream(first, this.settings, this.output, this.memoryOf(meter), before);
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
      (frame) => this.admission.admits(frame.meter, bytesOf(frame, this.settings)),
    );
  }

  /** Which events are in progress, by what is reported. */
  private note({ meter, id, state }: PqEvent): void {
    const open = this.inProgress.get(meter);
    if (state === 'start') {
      if (open) open.add(id);
      else this.inProgress.set(meter, new Set([id]));
    } else if (open?.delete(id) && open.size === 0) this.inProgress.delete(meter);
  }

  /** A meter makes room for another one. */
  private letGo(meter: string): void {
    this.meters.drop(meter);
    const readings = this.readings.get(meter);
    this.readings.delete(meter);
    readings?.finish(FLAGS.dropped);
    this.memories.delete(meter);
  }

  /** Meters heard of, and those of them with an event open now. */
  get status(): { meters: number; open: number } {
    return { meters: this.meters.size + this.readings.size, open: this.inProgress.size };
  }

  /** Events in progress, as they stand. */
  get standing(): PqEvent[] {
    return [...this.all()].flatMap((stream) => stream.standing);
  }

  /** Meters refused or let go because too many spoke; frames and readings seen twice or too late; breaks of streams. */
  /** What may be held, and what is: meters, bytes. */
  get budget() {
    return this.admission.use;
  }

  get counters() {
    return { ...this.admission.counters, ...this.meters.counters, ...this.losses };
  }

  /** Samples per channel held for captures, all meters together. */
  get heldSamples(): number {
    let held = 0;
    for (const stream of this.meters.streams()) held += stream.heldSamples;
    return held;
  }

  /**
   * Takes the next frame of a meter.
   * @returns false for a meter that is not served: too many are
   * @throws FieldError for a frame that cannot be judged; what came before stays as it was
   */
  push(frame: WaveformFrame): boolean {
    this.newestTime = frame.time;
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
    const taken = this.meters.push(frame);
    if (frame.last) this.admission.rest(frame.meter);
    return taken;
  }

  /**
   * Takes the next reading of a meter that gives no waveform; of one that does, and of bad quality, it is
   * passed over.
   * @returns whether there was something to judge
   */
  pushReading({ meter, time, values, quality }: Reading): boolean {
    if (channelsOf(values).length === 0) return false;
    if (quality === 'bad') {
      this.losses.readingsBad++;
      return false;
    }
    this.newestTime = time;
    const waveform = this.meters.newest(meter);
    if (waveform && time < waveform.endTime + STALE) return false;
    const state = this.suspended.get(meter);
    if (state?.tail) return false;
    if (!this.admission.admits(meter, BYTES_OF_READINGS)) return true;
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
      this.losses.readingsPast++;
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
      const stream = this.readings.get(name);
      this.readings.delete(name);
      stream?.finish(FLAGS.last);
    }
    for (const name of meter === undefined ? this.memories.keys() : [meter]) this.admission.rest(name);
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

  /** Says what is still to be said of meters that are not served. */
  close(): void {
    this.admission.close();
  }

  /** Meters that were put aside and of which nothing has come: their events end where they stood. */
  endSuspendedAll(flag: string): void {
    for (const state of [...this.suspended.values()]) this.endSuspended(state, flag);
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

  private newestTime = 0;

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

/** What the stream of a meter comes to hold while nothing happens: the samples before an event, and one frame. */
function bytesOf({ names, rate, length }: WaveformFrame, { preCycles }: DetectorSettings): number {
  const seconds = SECONDS_HELD + preCycles / 50;
  return BYTES_OF_READINGS + names.length * 4 * (rate * seconds + 2 * length);
}
