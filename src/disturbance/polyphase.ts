import type { DetectorSettings } from './settings';

export type DisturbanceType = 'sag' | 'swell' | 'interruption';

/** What one channel did in a disturbance; positions in samples from the start of the stream. */
export interface Part {
  channel: string;
  start: number;
  end: number;
  /** Lowest or highest Urms(1/2), pu. */
  extreme: number;
  /** Still beyond the threshold (hysteresis included). */
  open: boolean;
}

/** One disturbance of a polyphase system (IEC 61000-4-30, 5.4), open or ended. */
export interface Disturbance {
  type: DisturbanceType;
  /** Start of the Urms(1/2) that began it, end of the one that ended it (5.4.2). */
  start: number;
  end: number;
  extreme: number;
  parts: Part[];
  /** The sag that an interruption lies in. */
  within?: Disturbance;
}

export interface DisturbanceListener {
  started(disturbance: Disturbance): void;
  ended(disturbance: Disturbance): void;
}

/** A run of values of one channel beyond a threshold, not yet long enough to be an event. */
interface Run {
  start: number;
  length: number;
  extreme: number;
}

/** How one type is judged: on a scale where beyond the threshold is always below. */
interface Rule {
  type: DisturbanceType;
  /** 1 where low voltages are looked for, -1 where high ones are. */
  sign: 1 | -1;
  threshold(settings: DetectorSettings): number;
}

const RULES: Rule[] = [
  { type: 'sag', sign: 1, threshold: (s) => s.sag },
  { type: 'swell', sign: -1, threshold: (s) => s.swell },
];

/**
 * Sags, swells and interruptions of one polyphase system, from the Urms(1/2) of all its voltages.
 *
 * Sag: begins when any channel is below the threshold, ends when all are back at threshold + hysteresis;
 * a swell is the mirror image (5.4.2, 5.4.3). Interruption: begins when all channels are below its
 * threshold, ends when any is back (5.5). Values come in the order of their end.
 */
export class PolyphaseDetector {
  private readonly latest: number[];
  private readonly runs: Record<'sag' | 'swell', (Run | undefined)[]>;
  private readonly open: Partial<Record<DisturbanceType, Disturbance>> = {};
  private dark: Run | undefined;
  /** Nothing is open and no run has begun: a value between the thresholds changes nothing. */
  private calm = false;

  constructor(
    private readonly channels: string[],
    /** Replaced by `configure`; an event that is open goes on under the new thresholds. */
    public settings: DetectorSettings,
    private readonly listener: DisturbanceListener,
  ) {
    this.latest = channels.map(() => Number.NaN);
    this.runs = { sag: channels.map(() => undefined), swell: channels.map(() => undefined) };
  }

  get openDisturbances(): Disturbance[] {
    return Object.values(this.open);
  }

  /** The next Urms(1/2) of a channel, in pu, over samples `start` to `end`. */
  push(channel: number, start: number, end: number, u: number): void {
    this.latest[channel] = u;
    const within = u >= this.settings.sag && u <= this.settings.swell && u >= this.settings.interruption;
    if (within && this.calm) return;
    for (const rule of RULES) this.judge(rule, channel, start, end, u);
    this.judgeInterruption(start, end, u);
    this.calm = within && this.isCalm;
  }

  private get isCalm(): boolean {
    const { sag, swell } = this.runs;
    for (const type in this.open) if (type) return false;
    return !this.dark && sag.every((run) => !run) && swell.every((run) => !run);
  }

  /** The stream ends: what is open ends with it, where it stands. */
  finish(end: number): Disturbance[] {
    const cut = this.openDisturbances;
    for (const type of ['interruption', 'sag', 'swell'] as const) {
      if (this.open[type]) this.close(type, end);
    }
    return cut;
  }

  private judge(rule: Rule, channel: number, start: number, end: number, u: number): void {
    const { type, sign } = rule;
    const limit = rule.threshold(this.settings);
    const beyond = sign * u < sign * limit;
    const back = (value: number) => sign * value >= sign * limit + this.settings.hysteresis;
    const runs = this.runs[type as 'sag' | 'swell'];
    let event = this.open[type];

    let run = runs[channel];
    if (beyond) {
      run ??= { start, length: 0, extreme: u };
      run.length++;
      if (sign * u < sign * run.extreme) run.extreme = u;
    } else {
      run = undefined;
    }
    runs[channel] = run;

    if (!event && run && run.length >= 2 * this.settings.minCycles) {
      event = { type, start: run.start, end, extreme: run.extreme, parts: [] };
      this.open[type] = event;
      this.join(event, channel, run, end);
      this.listener.started(event);
    } else if (event) {
      const part = event.parts.find((p) => p.channel === this.channels[channel] && p.open);
      if (part) {
        if (sign * u < sign * part.extreme) part.extreme = u;
        part.end = end;
        if (back(u)) part.open = false;
      } else if (run && run.length >= 2 * this.settings.minCycles) {
        this.join(event, channel, run, end);
      }
      event.end = end;
      event.extreme = event.parts.reduce(
        (x, p) => (sign * p.extreme < sign * x ? p.extreme : x),
        event.extreme,
      );
      if (this.latest.every((value) => Number.isNaN(value) || back(value))) this.close(type, end);
    }
  }

  /** A channel takes part (again): one part a channel, from its first start to its last end. */
  private join(event: Disturbance, channel: number, run: Run, end: number): void {
    const name = this.channels[channel];
    const part = event.parts.find((p) => p.channel === name);
    if (part) {
      part.open = true;
      part.end = end;
      const sign = event.type === 'swell' ? -1 : 1;
      if (sign * run.extreme < sign * part.extreme) part.extreme = run.extreme;
    } else {
      event.parts.push({ channel: name, start: run.start, end, extreme: run.extreme, open: true });
    }
  }

  private judgeInterruption(start: number, end: number, u: number): void {
    const { interruption, hysteresis, minCycles } = this.settings;
    let event = this.open.interruption;
    if (event) {
      event.end = end;
      for (const [i, value] of this.latest.entries()) {
        const part = event.parts[i];
        part.end = end;
        if (value < part.extreme) part.extreme = value;
      }
      event.extreme = Math.min(event.extreme, u);
      if (u >= interruption + hysteresis) this.close('interruption', end);
      return;
    }
    if (!this.latest.every((value) => value < interruption)) {
      this.dark = undefined;
      return;
    }
    this.dark ??= { start, length: 0, extreme: u };
    this.dark.length++;
    // Values of all channels come in here: so many make one half cycle.
    if (this.dark.length < 2 * minCycles * this.channels.length - (this.channels.length - 1)) return;
    const { start: began } = this.dark;
    event = {
      type: 'interruption',
      start: began,
      end,
      extreme: Math.min(...this.latest),
      parts: this.channels.map((channel, i) => ({
        channel,
        start: began,
        end,
        extreme: this.latest[i],
        open: true,
      })),
      within: this.open.sag,
    };
    this.open.interruption = event;
    this.dark = undefined;
    this.listener.started(event);
  }

  private close(type: DisturbanceType, end: number): void {
    const event = this.open[type];
    if (!event) return;
    event.end = end;
    delete this.open[type];
    this.listener.ended(event);
  }
}
