import type { Channel } from '../record';
import { PolyphaseHalfCycles } from '../signal';

export type Phase = 'a' | 'b' | 'c';

/** A voltage event as the meter itself sees it. */
export interface MeterEvent {
  kind: 'sag' | 'swell';
  /** Times are ms since 1970. */
  time: number;
  end: number;
  /** Extreme Urms(1/2), pu, and when each phase was out. */
  phases: Partial<Record<Phase, { extreme: number; time: number; end: number }>>;
  frequency: number;
}

export interface MeterEventListener {
  /** A phase went out of its limits (`out`) or returned; the event is as it stands then. */
  changed(event: MeterEvent, phase: Phase, out: boolean, time: number): void;
}

/** Return into the limits, pu. */
const HYSTERESIS = 0.02;

/**
 * Watches the voltages of a meter for sags and swells, by Urms(1/2) against limits that can be written:
 * plain meter logic, apart from that of the detector node.
 */
export class VoltageWatch {
  private readonly watched: { index: number; phase: Phase; out: boolean }[];
  private readonly halfCycles: PolyphaseHalfCycles;
  private open: MeterEvent | undefined;
  /** ms since 1970 of sample 0, and samples so far. */
  private origin = 0;
  private count = 0;

  /** @param limits lower and upper voltage limit, pu, asked for at every half cycle */
  constructor(
    private readonly rate: number,
    channels: readonly Channel[],
    nominal: number,
    private readonly limits: () => { low: number; high: number },
    private readonly listener: MeterEventListener,
  ) {
    const options = { rate, frequency: 55, floor: 0.02 * nominal };
    this.watched = channels
      .map((name, index) => ({ name, index }))
      .filter(({ name }) => /^v[abc]$/.test(name))
      .map(({ name, index }) => ({ index, phase: name[1] as Phase, out: false }));
    this.halfCycles = new PolyphaseHalfCycles(this.watched.length, options, (i, start, end, value) =>
      this.judge(i, start, end, value / nominal),
    );
  }

  /** Hz, of the first voltage; undefined before it is known. */
  get frequency(): number | undefined {
    return this.watched.length ? this.halfCycles.frequency : undefined;
  }

  /** @param time of the first sample, ms since 1970 */
  push(samples: readonly Float32Array[], count: number, time: number): void {
    this.origin = time - (this.count / this.rate) * 1000;
    const voltages = this.watched.map(({ index }) => samples[index]);
    this.halfCycles.push(voltages, 0, count);
    this.count += count;
  }

  private judge(i: number, start: number, end: number, u: number): void {
    const { low, high } = this.limits();
    const one = this.watched[i];
    const outside = u < low || u > high;
    if (!one.out && outside) {
      one.out = true;
      // It began in the later half of this cycle: the cycle half a period before was inside.
      this.goOut(one.phase, u < low ? 'sag' : 'swell', u, this.timeOf((start + end) / 2));
      return;
    }
    if (!one.out) return;
    const part = this.open?.phases[one.phase];
    if (part && this.open) {
      part.extreme = this.open.kind === 'sag' ? Math.min(part.extreme, u) : Math.max(part.extreme, u);
    }
    if (u < low + HYSTERESIS || u > high - HYSTERESIS) return;
    one.out = false;
    this.comeBack(one.phase, this.timeOf(start));
  }

  private goOut(phase: Phase, kind: MeterEvent['kind'], extreme: number, time: number): void {
    this.open ??= { kind, time, end: time, phases: {}, frequency: this.frequency ?? 0 };
    this.open.phases[phase] ??= { extreme, time, end: time };
    this.open.time = Math.min(this.open.time, time);
    this.listener.changed(this.open, phase, true, time);
  }

  private comeBack(phase: Phase, time: number): void {
    const event = this.open;
    if (!event) return;
    const part = event.phases[phase];
    if (part) part.end = time;
    event.end = Math.max(event.end, time);
    if (!this.watched.some(({ out }) => out)) this.open = undefined;
    this.listener.changed(event, phase, false, time);
  }

  /** The event that `changed` speaks of is over. */
  get isQuiet(): boolean {
    return this.open === undefined;
  }

  private timeOf(position: number): number {
    return this.origin + (position / this.rate) * 1000;
  }
}
