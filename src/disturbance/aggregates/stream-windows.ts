import { type Channel, phaseOf, type QuantityName, type Rms, type Values } from '../../record';
import { ClockTicks, type Complex, type HalfCycle } from '../../signal';
import { roundTime } from '../time';
import { TEN_MINUTES } from './aggregates';
import { type CycleWindow, CycleWindows } from './cycle-windows';
import { TEN_SECONDS, TenSecondFrequency } from './ten-second-frequency';
import { unbalance } from './unbalance';

/** What of a stream its windows are made of. */
export interface WindowSource {
  meter: string;
  rate: number;
  channels: readonly Channel[];
  /** Phasor of a channel over whole cycles between two positions. */
  phasor(channel: number, from: number, to: number, cycles: number): Complex;
  /** Time of a position, ms. */
  timeOf(position: number): number;
  /** Sags, swells and interruptions that are open. */
  open(): readonly { start: number; end: number }[];
}

export interface WindowOutput {
  /** A window is full; whether an event lies in it is not certain yet. */
  full(window: CycleWindow): void;
  rms(rms: Rms): void;
  /** A 10/12-cycle value is certain; times in ms. */
  measured(values: Values, flagged: boolean, start: number, end: number): void;
}

/** A full window that waits until it is certain whether an event lies in it. */
interface Due {
  start: number;
  end: number;
  values: Values;
}

/** Part of 10 s from which on the cycles counted in them are all: at most two are cut. */
const WHOLE = 0.99;

/** 10/12-cycle values and 10-s frequency of one unbroken stream, begun anew at the ticks of the clock. */
export class StreamWindows {
  private readonly windows: CycleWindows;
  private readonly due: Due[] = [];
  /** Stretches of ended events that may lie in a window that waits. */
  private disturbed: { start: number; end: number }[] = [];
  private readonly tenMinutes = new ClockTicks(TEN_MINUTES);
  private readonly tenSeconds = new ClockTicks(TEN_SECONDS);
  private readonly count = new TenSecondFrequency();
  private countFlagged = false;
  private readonly timeOf: (position: number) => number;

  constructor(
    private readonly source: WindowSource,
    private readonly output: WindowOutput,
  ) {
    this.windows = new CycleWindows(source.channels.length, (window) => this.onFull(window));
    this.timeOf = (position) => source.timeOf(position);
  }

  /**
   * The next half cycle of a channel.
   * @param start of its Urms(1/2) @param end of it; positions
   * @param cycles of a window: 10 or 12
   * @param delay samples after which an event in a window would have been seen
   */
  push(channel: number, start: number, end: number, half: HalfCycle, cycles: number, delay: number): void {
    if (channel === 0) this.lookAtClock(end - half.length, end);
    this.windows.push(channel, end, half, cycles);
    if (channel === 0 && this.due.length > 0) this.settle(start - delay);
  }

  /** A sag, swell or interruption began. */
  disturb(): void {
    this.countFlagged = true;
  }

  /** One has ended. */
  note(start: number, end: number): void {
    this.disturbed.push({ start, end });
  }

  /** The stream ends: what is full is certain. */
  finish(): void {
    this.settle(Number.POSITIVE_INFINITY);
  }

  private lookAtClock(halfStart: number, end: number): void {
    const { rate } = this.source;
    if (this.tenMinutes.passed(halfStart, rate, this.timeOf) !== undefined) this.windows.restart();
    const tick = this.tenSeconds.passed(end, rate, this.timeOf);
    if (tick !== undefined) this.emitFrequency(tick);
    this.count.push(end);
  }

  private emitFrequency(time: number): void {
    const { meter, rate, open } = this.source;
    const counted = this.count.end();
    if (counted) {
      const values = { f: counted.frequency * rate };
      const rms: Rms = { kind: 'rms', meter, time, window: '10-s', values, flagged: this.countFlagged };
      const coverage = (1000 * counted.samples) / rate / TEN_SECONDS;
      if (coverage < WHOLE) rms.coverage = coverage;
      this.output.rms(rms);
    }
    this.countFlagged = open().length > 0;
  }

  private onFull(window: CycleWindow): void {
    const { channels, rate } = this.source;
    const { start, end, cycles, rms } = window;
    this.output.full(window);
    const values: Values = {};
    rms.forEach((u, i) => {
      if (Number.isFinite(u)) values[channels[i] as QuantityName] = u;
    });
    values.f = (cycles * rate) / (end - start);
    if (channels.length > 1) {
      const phasors = channels.map((name, i) => [phaseOf(name), this.source.phasor(i, start, end, cycles)]);
      Object.assign(values, unbalance(Object.fromEntries(phasors)));
    }
    this.due.push({ start, end, values });
  }

  private settle(until: number): void {
    while (this.due.length && this.due[0].end <= until) {
      const { start, end, values } = this.due.shift() as Due;
      this.disturbed = this.disturbed.filter((one) => one.end > start);
      const flagged = [...this.source.open(), ...this.disturbed].some((one) => one.start < end);
      const [from, to] = [roundTime(this.timeOf(start)), roundTime(this.timeOf(end))];
      const { meter } = this.source;
      this.output.rms({ kind: 'rms', meter, time: to, window: '10-cycle', values, flagged });
      this.output.measured(values, flagged, from, to);
    }
  }
}
