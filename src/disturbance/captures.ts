import type { WaveformFrame } from '../record';
import { FrameHistory } from '../signal';
import type { Character } from './character';
import type { Disturbance } from './polyphase';
import type { DetectorSettings } from './settings';

/** What is kept about a disturbance from its start to its report: fixed in its own time, not the frame's. */
export interface Entry {
  disturbance: Disturbance;
  /** Time of its start, ms, and the id made of it. */
  time: number;
  id: string;
  /** Id of the event that this one lies in. */
  within?: string;
  /** V. */
  reference: number;
  captureStart: number;
  /** Where a capture is cut off if the event goes on. */
  captureLimit: number;
  /** Samples per cycle at the start. */
  period: number;
  /** Samples per cycle at the end, once that has come. */
  endPeriod?: number;
  /** Samples per second over all of it, once its end has come. */
  rate?: number;
  flags: string[];
  /** The worst value of its first cycles, and where it begins. */
  worst?: { channel: number; start: number; u: number };
  /** Known once those cycles are over. */
  character?: Character;
  /** Point on wave of the end, degrees. */
  endAngle?: number;
  /** What is told of a rapid voltage change, pu. */
  deltas?: { deltaMax: number; deltaSteady: number };
  /** A capture cut off at the limit while the event went on. */
  early?: WaveformFrame;
}

/** Ended events that may wait for the cycles after them; more, and the oldest goes without. */
const MAX_WAITING = 64;
/** Cycles at the start of an event by which it is characterised. */
export const FIRST_CYCLES = 10;

/**
 * The newest samples of one stream, and the captures cut from them: from some cycles before an event to
 * some after it. Events in progress and those that wait share the samples; nothing is copied before it is due.
 */
export class Captures {
  readonly history = new FrameHistory();
  private readonly entries = new Map<Disturbance, Entry>();
  /** Ended events that wait for the cycles after them. */
  private readonly waiting: Entry[] = [];

  /**
   * @param report is told of each ended event when its capture is complete
   * @param characterise is told when the first cycles of an event are over
   */
  constructor(
    public settings: DetectorSettings,
    private readonly report: (entry: Entry, capture: WaveformFrame | undefined) => void,
    private readonly characterise: (entry: Entry) => void,
  ) {}

  /** Samples per channel held. */
  get held(): number {
    let early = 0;
    for (const entry of this.entries.values()) early += entry.early?.length ?? 0;
    return this.history.end - this.history.start + early;
  }

  /** Events begun and not yet reported. */
  get open(): IterableIterator<Entry> {
    return this.entries.values();
  }

  get isIdle(): boolean {
    return this.entries.size === 0;
  }

  of(disturbance: Disturbance): Entry | undefined {
    return this.entries.get(disturbance);
  }

  /**
   * An event began.
   * @param rate samples per second
   */
  begin(
    begun: Pick<Entry, 'disturbance' | 'time' | 'id' | 'reference' | 'period' | 'flags'>,
    rate: number,
  ): Entry {
    const { disturbance, period } = begun;
    const { start, within } = disturbance;
    const { preCycles, maxCapture } = this.settings;
    const entry: Entry = {
      ...begun,
      captureStart: start - preCycles * period,
      captureLimit: start + maxCapture * rate,
    };
    // An event that has come out of another one shares what was seen of its start.
    const outer = within && this.entries.get(within);
    if (outer) entry.within = outer.id;
    if (outer?.disturbance.start === start) {
      const { character, early, worst, flags: seen } = outer;
      Object.assign(entry, { character, early, worst, flags: [...seen] });
    }
    this.entries.set(disturbance, entry);
    return entry;
  }

  /** Takes up events of an earlier stream: those open, and those that wait for the cycles after them. */
  resume(entries: readonly Entry[]): void {
    for (const entry of entries) {
      this.entries.set(entry.disturbance, entry);
      if (entry.endPeriod !== undefined) this.waiting.push(entry);
    }
  }

  /** An event ended; it is reported when the cycles after it have come. */
  end(entry: Entry): void {
    this.waiting.push(entry);
    if (this.waiting.length > MAX_WAITING) this.tell(this.waiting.shift() as Entry);
  }

  /**
   * Reports ended events whose last cycles have come, and cuts captures that grow too long.
   * @param judged position up to which the values are known: so the order of reports is that of the signal
   */
  settle(judged: number): void {
    for (const entry of this.entries.values()) {
      const { captureStart, captureLimit, disturbance, period } = entry;
      if (!entry.character && judged > disturbance.start + (FIRST_CYCLES + 4) * period)
        this.characterise(entry);
      if (!entry.early && Math.min(judged, this.history.end) >= captureLimit) {
        entry.early = this.history.slice(captureStart, captureLimit);
      }
    }
    while (this.waiting.length && judged >= this.captureEnd(this.waiting[0])) {
      this.tell(this.waiting.shift() as Entry);
    }
  }

  /** The samples end here: what is open has its capture, and what they say of its character, as far as they go. */
  cut(): void {
    for (const entry of this.entries.values()) {
      if (!entry.character) this.characterise(entry);
      if (entry.early) continue;
      entry.captureLimit = Math.min(entry.captureLimit, this.history.end);
      entry.early = this.history.slice(entry.captureStart, entry.captureLimit);
    }
  }

  /** Lets go of samples before `keep` that no capture can need any more. */
  forget(keep: number): void {
    let oldest = keep;
    for (const { early, captureStart, character, disturbance, period } of this.entries.values()) {
      if (!early) oldest = Math.min(oldest, captureStart);
      if (!character) oldest = Math.min(oldest, disturbance.start - 3 * period);
    }
    this.history.trim(oldest);
  }

  /** Where the capture of an ended event would end, were there no limit. */
  captureEnd({ disturbance, period, endPeriod = period }: Entry): number {
    return disturbance.end + this.settings.postCycles * endPeriod;
  }

  private tell(entry: Entry): void {
    const { captureStart, captureLimit, early } = entry;
    if (!entry.character) this.characterise(entry);
    const end = this.captureEnd(entry);
    if (end > captureLimit) entry.flags.push('capture truncated');
    const capture = early ?? this.history.slice(captureStart, Math.min(end, captureLimit));
    this.entries.delete(entry.disturbance);
    this.report(entry, this.settings.maxCapture > 0 ? capture : undefined);
  }
}
