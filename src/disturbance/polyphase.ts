import type { DetectorSettings } from './settings';

/** What is told by thresholds on the RMS voltage; rapid voltage changes are told apart ({@link RapidChanges}). */
export type ThresholdType = 'sag' | 'swell' | 'interruption' | 'undervoltage' | 'overvoltage';
export type DisturbanceType = ThresholdType | 'rvc';

/** What one channel did in a disturbance; positions in samples from the start of the stream. */
export interface Part {
  channel: string;
  start: number;
  end: number;
  /** Lowest or highest RMS value, pu. */
  extreme: number;
  /** Still beyond the threshold (hysteresis included). */
  open: boolean;
  /** Integral of 1 - u² over the time beyond the threshold, in samples (IEEE 1564-2014, 5.3.1). */
  energy: number;
}

/** One disturbance of a polyphase system (IEC 61000-4-30, 5.4), open or ended. */
export interface Disturbance {
  type: DisturbanceType;
  /** Start of the value that began it, end of the one that ended it (5.4.2). */
  start: number;
  end: number;
  extreme: number;
  parts: Part[];
  /** The sag that an interruption lies in; the sag or swell that outlasts a minute. */
  within?: Disturbance;
}

export interface DisturbanceListener {
  started(disturbance: Disturbance): void;
  ended(disturbance: Disturbance): void;
}

/** How a stream is judged, beside the settings. */
export interface Grid {
  /** Samples of a minute. */
  minute: number;
  /** Half cycles from one value to the next: 1, or 20 and 24 for 10/12-cycle values. */
  halfCycles: number;
}

/** A run of values of one channel beyond a threshold, not yet long enough to be an event. */
interface Run {
  start: number;
  length: number;
  extreme: number;
  energy: number;
}

/** How one type is judged: on a scale where beyond the threshold is always below. */
interface Rule {
  type: 'sag' | 'swell';
  /** What it becomes after a minute (IEEE 1159-2019, table 2: long-duration variations). */
  long: 'undervoltage' | 'overvoltage';
  /** 1 where low voltages are looked for, -1 where high ones are. */
  sign: 1 | -1;
  threshold(settings: DetectorSettings): number;
  /** Half cycles that a voltage stays beyond the threshold to be an event. */
  least(settings: DetectorSettings): number;
}

const RULES: readonly Rule[] = [
  {
    type: 'sag',
    long: 'undervoltage',
    sign: 1,
    threshold: ({ sag }) => sag,
    least: ({ minCycles }) => 2 * minCycles,
  },
  {
    type: 'swell',
    long: 'overvoltage',
    sign: -1,
    threshold: ({ swell }) => swell,
    least: ({ minCycles, swellWindow }) => Math.max(2 * minCycles, swellWindow),
  },
];

/**
 * Sags, swells and interruptions of one polyphase system, from the RMS values of all its voltages.
 *
 * Sag: begins when any channel is below the threshold, ends when all are back at threshold + hysteresis;
 * a swell is the mirror image (5.4.2, 5.4.3). Interruption: begins when all channels are below its
 * threshold, ends when any is back (5.5). A sag or swell that lasts longer than a minute is an under- or
 * overvoltage too, which begins and ends with it. Values come in the order of their end.
 */
export class PolyphaseDetector {
  private readonly latest: number[];
  /** The same against the declared voltage, by which interruptions are judged. */
  private readonly latestDeclared: number[];
  private readonly runs: Record<'sag' | 'swell', (Run | undefined)[]>;
  private readonly open: Partial<Record<DisturbanceType, Disturbance>> = {};
  /** The sag that the latest interruption lies in. */
  private interrupted: Disturbance | undefined;
  private dark: Run | undefined;
  /** Nothing is open and no run has begun: a value between the thresholds changes nothing. */
  private calm = false;

  constructor(
    private readonly channels: string[],
    /** Replaced by `configure`; an event that is open goes on under the new thresholds. */
    public settings: DetectorSettings,
    private readonly grid: Grid,
    private readonly listener: DisturbanceListener,
  ) {
    this.latest = channels.map(() => Number.NaN);
    this.latestDeclared = channels.map(() => Number.NaN);
    this.runs = { sag: channels.map(() => undefined), swell: channels.map(() => undefined) };
  }

  get openDisturbances(): Disturbance[] {
    return Object.values(this.open);
  }

  /** Latest values by channel, pu of reference and of declared voltage; NaN for none. */
  get values(): { latest: readonly number[]; latestDeclared: readonly number[] } {
    const { latest, latestDeclared } = this;
    return { latest, latestDeclared };
  }

  /** Takes up disturbances that were open when an earlier stream was put aside, and its latest values. */
  resume(open: readonly Disturbance[], latest: readonly number[], latestDeclared: readonly number[]): void {
    for (const disturbance of open) {
      this.open[disturbance.type] = disturbance;
      if (disturbance.type === 'interruption') this.interrupted = disturbance.within;
    }
    this.channels.forEach((_, i) => {
      this.latest[i] = latest[i] ?? Number.NaN;
      this.latestDeclared[i] = latestDeclared[i] ?? Number.NaN;
    });
    this.calm = false;
  }

  /**
   * The next value of a channel, over samples `start` to `end`.
   * @param u pu of the reference, by which sags and swells are judged
   * @param declared pu of the declared voltage, by which interruptions are
   */
  push(channel: number, start: number, end: number, u: number, declared = u): void {
    const { sag, swell, interruption } = this.settings;
    this.latest[channel] = u;
    this.latestDeclared[channel] = declared;
    const within = u >= sag && u <= swell && declared >= interruption;
    if (within && this.calm) return;
    for (const rule of RULES) this.judge(rule, channel, start, end, u);
    this.judgeInterruption(start, end, declared);
    this.calm = within && this.isCalm;
  }

  private get isCalm(): boolean {
    const { sag, swell } = this.runs;
    for (const type in this.open) if (type) return false;
    return !this.dark && sag.every((run) => !run) && swell.every((run) => !run);
  }

  /** The stream ends: what is open ends with it, where it stands. */
  finish(end: number): void {
    for (const type of ['interruption', 'sag', 'swell'] as const) if (this.open[type]) this.close(type, end);
  }

  private judge(rule: Rule, channel: number, start: number, end: number, u: number): void {
    const { type, sign } = rule;
    const limit = rule.threshold(this.settings);
    const back = (value: number) => sign * value >= sign * limit + this.settings.hysteresis;
    const energy = (1 - u * u) * ((end - start) / (this.grid.halfCycles === 1 ? 2 : 1));
    const runs = this.runs[type];
    let event = this.open[type];

    let run = runs[channel];
    if (sign * u < sign * limit) {
      run ??= { start, length: 0, extreme: u, energy: 0 };
      run.length++;
      run.energy += energy;
      if (sign * u < sign * run.extreme) run.extreme = u;
    } else {
      run = undefined;
    }
    runs[channel] = run;
    const enough = run && run.length * this.grid.halfCycles >= rule.least(this.settings);

    if (!event && run && enough) {
      event = { type, start: run.start, end, extreme: run.extreme, parts: [] };
      this.open[type] = event;
      this.join(event, channel, run, end);
      this.listener.started(event);
    } else if (event) {
      const part = event.parts.find((p) => p.channel === this.channels[channel] && p.open);
      if (part) {
        if (sign * u < sign * part.extreme) part.extreme = u;
        part.energy += energy;
        part.end = end;
        if (back(u)) part.open = false;
      } else if (run && enough) {
        this.join(event, channel, run, end);
      }
      event.end = end;
      event.extreme = event.parts.reduce(
        (x, p) => (sign * p.extreme < sign * x ? p.extreme : x),
        event.extreme,
      );
      if (this.latest.every((value) => Number.isNaN(value) || back(value))) this.close(type, end);
      else this.judgeLong(rule.long, event);
    }
  }

  /** A channel takes part (again): one part a channel, from its first start to its last end. */
  private join(event: Disturbance, channel: number, run: Run, end: number): void {
    const name = this.channels[channel];
    const part = event.parts.find((p) => p.channel === name);
    if (!part) {
      const { start, extreme, energy } = run;
      event.parts.push({ channel: name, start, end, extreme, energy, open: true });
      return;
    }
    const sign = event.type === 'swell' ? -1 : 1;
    part.open = true;
    part.end = end;
    part.energy += run.energy;
    if (sign * run.extreme < sign * part.extreme) part.extreme = run.extreme;
  }

  /** A sag or swell that lasts is a long-duration variation; one in which the supply was gone is none. */
  private judgeLong(type: 'undervoltage' | 'overvoltage', event: Disturbance): void {
    const long = this.open[type];
    if (long) {
      long.end = event.end;
      long.extreme = event.extreme;
    } else if (event.end - event.start > this.grid.minute && event !== this.interrupted) {
      const { start, end, extreme, parts } = event;
      this.open[type] = { type, start, end, extreme, parts, within: event };
      this.listener.started(this.open[type]);
    }
  }

  private judgeInterruption(start: number, end: number, u: number): void {
    const { interruption, hysteresis, minCycles } = this.settings;
    let event = this.open.interruption;
    if (event) {
      event.end = end;
      for (const [i, value] of this.latestDeclared.entries()) {
        const part = event.parts[i];
        part.end = end;
        if (value < part.extreme) part.extreme = value;
      }
      event.extreme = Math.min(event.extreme, u);
      if (u >= interruption + hysteresis) this.close('interruption', end);
      return;
    }
    if (!this.latestDeclared.every((value) => value < interruption)) {
      this.dark = undefined;
      return;
    }
    this.dark ??= { start, length: 0, extreme: u, energy: 0 };
    this.dark.length++;
    // Values of all channels come in here: so many make one half cycle.
    const channels = this.channels.length;
    const least = Math.ceil((2 * minCycles) / this.grid.halfCycles);
    if (this.dark.length < least * channels - (channels - 1)) return;
    const { start: began } = this.dark;
    event = {
      type: 'interruption',
      start: began,
      end,
      extreme: Math.min(...this.latestDeclared),
      parts: this.channels.map((channel, i) => {
        const extreme = this.latestDeclared[i];
        return { channel, start: began, end, extreme, energy: 0, open: true };
      }),
      within: this.open.sag,
    };
    this.open.interruption = event;
    this.interrupted = this.open.sag;
    this.dark = undefined;
    this.listener.started(event);
  }

  private close(type: ThresholdType, end: number): void {
    const event = this.open[type];
    if (!event) return;
    const long = ({ sag: 'undervoltage', swell: 'overvoltage' } as const)[type as 'sag' | 'swell'];
    if (long) this.close(long, end);
    event.end = end;
    delete this.open[type];
    this.listener.ended(event);
  }
}
