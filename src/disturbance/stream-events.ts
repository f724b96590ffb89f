import { type Channel, eventId, type PqEvent, phaseOf, type WaveformFrame } from '../record';
import { LEAST_PER_CYCLE } from '../signal';
import { Captures, type Entry, FIRST_CYCLES } from './captures';
import { characterOf, endAngle, type Place } from './character';
import { eventOf } from './event-of';
import type { Disturbance } from './polyphase';
import type { RapidChange } from './rapid-changes';
import type { DetectorSettings } from './settings';
import { roundTime } from './time';

/** Samples and stamps that differ by more than this, ms, over an event: the stamps tell how long it was. */
const CLOCKS_AGREE = 2.5;

/** What the events of a stream need to know of it. */
export interface EventSource {
  meter: string;
  /** Samples per second. */
  rate: number;
  /** All channels of its frames. */
  names: readonly Channel[];
  /** Voltages that are judged. */
  channels: readonly Channel[];
  /** What each of them is judged against, V. */
  references: readonly number[];
  /** Samples per cycle, as they are measured. */
  period(): number;
}

/** Events of one stream from their start to the record of their end: capture, character and flags. */
export class StreamEvents {
  readonly captures: Captures;
  /** Why the stream ends while events are in progress. */
  cutFlag: string | undefined;

  constructor(
    private readonly source: EventSource,
    settings: DetectorSettings,
    private readonly output: (event: PqEvent) => void,
  ) {
    this.captures = new Captures(
      settings,
      (entry, capture) => this.report(entry, capture),
      (entry) => this.characterise(entry),
    );
  }

  /** A disturbance began; `unknown` where it may have begun before the samples did. */
  start(disturbance: Disturbance, unknown: boolean): void {
    const entry = this.begin(disturbance);
    if (unknown && !entry.flags.includes('start unknown')) entry.flags.push('start unknown');
    this.send(entry, 'start');
  }

  end(disturbance: Disturbance): void {
    const entry = this.captures.of(disturbance) as Entry;
    entry.endPeriod = this.source.period();
    entry.rate = this.rateOver(entry);
    if (this.cutFlag) entry.flags.push(this.cutFlag);
    this.captures.end(entry);
  }

  /** A rapid voltage change, which is known only when it is over. */
  change(change: RapidChange): void {
    const entry = this.begin(change);
    const { deltaMax, deltaSteady } = change;
    entry.deltas = { deltaMax, deltaSteady };
    this.send(entry, 'start');
    this.captures.end(entry);
  }

  /**
   * A half cycle while events are in progress.
   * @param start position @param end position @param u pu
   */
  push(channel: number, start: number, end: number, u: number): void {
    if (this.captures.isIdle) return;
    this.noteWorst(channel, start, u);
    this.captures.settle(end);
  }

  /** Events that have begun and are not reported yet, as they stand. */
  get standing(): PqEvent[] {
    const { meter, rate } = this.source;
    return [...this.captures.open].map((entry) => eventOf(entry, 'start', { meter, rate }));
  }

  private begin(disturbance: Disturbance): Entry {
    const { meter, rate, channels, references } = this.source;
    const { type, start, parts } = disturbance;
    const period = this.source.period();
    const time = roundTime(this.captures.history.timeOf(start));
    const channel = channels.findIndex((name) => phaseOf(name) === parts[0].channel);
    const declared = type === 'interruption' || type === 'rvc';
    return this.captures.begin(
      {
        disturbance,
        time,
        id: eventId(meter, type, time),
        reference: declared ? this.captures.settings.nominal : references[channel],
        period,
        flags: period < LEAST_PER_CYCLE - 0.2 ? [`${period.toFixed(1)} samples a cycle`] : [],
      },
      rate,
    );
  }

  private noteWorst(channel: number, start: number, u: number): void {
    for (const entry of this.captures.open) {
      const { disturbance, worst, period, endPeriod } = entry;
      const { type, start: from } = disturbance;
      if (endPeriod || start < from || start > from + FIRST_CYCLES * period) continue;
      const high = type === 'swell' || type === 'overvoltage';
      if (!worst || (high ? u > worst.u : u < worst.u)) entry.worst = { channel, start, u };
    }
  }

  /** Samples per second over an event: by the stamps, where the rate of the frames only comes near to them. */
  private rateOver({ time, disturbance: { start, end } }: Entry): number {
    const { rate } = this.source;
    const stamped = this.captures.history.timeOf(end) - time;
    const counted = ((end - start) / rate) * 1000;
    return stamped > 0 && Math.abs(stamped - counted) > CLOCKS_AGREE
      ? ((end - start) / stamped) * 1000
      : rate;
  }

  private report(entry: Entry, capture: WaveformFrame | undefined): void {
    const { disturbance, worst } = entry;
    if (!this.cutFlag && worst && disturbance.type !== 'rvc') {
      entry.endAngle = endAngle(this.placeOf(entry), this.source.channels[worst.channel], disturbance.end);
    }
    this.send(entry, 'end', capture);
  }

  private send(entry: Entry, state: 'start' | 'end', capture?: WaveformFrame): void {
    const { meter, rate } = this.source;
    this.output(eventOf(entry, state, { meter, rate: entry.rate ?? rate }, capture));
  }

  private characterise(entry: Entry): void {
    const { disturbance, worst, flags } = entry;
    entry.character = {};
    if (!worst || flags.includes('start unknown')) return;
    const at = { channel: this.source.channels[worst.channel], start: worst.start };
    entry.character = characterOf(this.placeOf(entry), disturbance.start, at, disturbance.type === 'sag');
  }

  /** Samples of an event, to the end of its capture and no further: the same however the stream was cut. */
  private placeOf(entry: Entry): Place {
    const { period } = entry;
    const { history } = this.captures;
    const limit = entry.endPeriod ? Math.min(history.end, this.captures.captureEnd(entry)) : history.end;
    const currents = this.source.names.filter((name) => /^i[abc]$/.test(name));
    return {
      channels: [...this.source.channels, ...currents],
      period,
      read: (channel, from, length) => {
        if (from < history.start || from + length > limit) return undefined;
        const samples = new Float32Array(length);
        history.read(channel, from, samples);
        return samples;
      },
    };
  }
}
