import type { Quality, Reading, ReadingSummary, Values } from '../record';
import { QUALITIES } from '../record';

export interface ThinningSettings {
  /** s of a summary; 0 sends every reading. */
  period: number;
  /** Percent by which a value must differ from the one sent last; 0 sends every reading. */
  deadband: number;
  /** s after which a reading is sent though nothing has changed. */
  heartbeat: number;
}

/** A summary under way; kept on disk with every reading, so it is written short. */
interface Open {
  /** Number of its period. */
  slot: number;
  count: number;
  quality: Quality;
  /** By quantity. */
  of: Partial<Record<Name, Summed>>;
}
type Summed = [count: number, sum: number, min: number, max: number, last: number];

type Name = keyof Values;

/** Meters whose readings are summed up; those beyond pass as they are. */
const MAX_METERS = 100_000;
/** Registers count up: of them the last value says most. */
const REGISTER = /^(energy|var)_(import|export)$/;

const NAME = (meter: string) => `summary/${meter}`;

/**
 * Readings thinned before they are sent: summed up over periods of the clock, and left out as long as they change less
 * than a band. Other records never come here.
 */
export class Thinning {
  private readonly open = new Map<string, Open>();
  private readonly heard = new Map<string, number>();
  private readonly sent = new Map<string, Reading>();
  readonly counters = { thinned: 0 };

  /** @param keep is given what a restart needs to go on, by name; undefined forgets it */
  constructor(
    private readonly settings: ThinningSettings,
    private readonly keep: (name: string, bytes: Buffer | undefined) => void,
  ) {}

  get active(): boolean {
    return this.settings.period > 0 || this.settings.deadband > 0;
  }

  /** Goes on with what was kept. */
  restore(kept: ReadonlyMap<string, Buffer>): void {
    for (const [name, bytes] of kept) {
      if (!name.startsWith(NAME(''))) continue;
      const meter = name.slice(NAME('').length);
      if (this.settings.period > 0) this.open.set(meter, JSON.parse(bytes.toString()));
      else this.keep(name, undefined);
    }
  }

  /**
   * Takes a reading.
   * @param now ms, by the clock of this machine
   * @returns what is to be sent now: none, the reading, a summary that is complete
   */
  push(reading: Reading, now: number): Reading[] {
    const { period } = this.settings;
    if (!(period > 0) || reading.summary) return this.pass([reading]);
    const { meter, time } = reading;
    const slot = Math.floor(time / (1000 * period));
    const before = this.open.get(meter);
    // One that comes late is sent by itself: its summary is gone.
    if (before ? slot < before.slot : this.open.size >= MAX_METERS) return this.pass([reading]);
    const complete = before && slot > before.slot ? [this.close(meter, before)] : [];
    const summary = complete.length === 0 && before ? before : newSummary(slot);
    add(summary, reading);
    this.open.set(meter, summary);
    this.heard.set(meter, now);
    this.counters.thinned++;
    this.keep(NAME(meter), Buffer.from(JSON.stringify(summary)));
    return this.pass(complete);
  }

  /** Summaries of meters that have been silent for a period. */
  overdue(now: number): Reading[] {
    const silent: Reading[] = [];
    for (const [meter, summary] of this.open) {
      const heard = this.heard.get(meter);
      if (heard === undefined) this.heard.set(meter, now);
      else if (now - heard > 1000 * this.settings.period) silent.push(this.close(meter, summary));
    }
    return this.pass(silent);
  }

  /** All summaries, complete or not. */
  flush(): Reading[] {
    return this.pass([...this.open].map(([meter, summary]) => this.close(meter, summary)));
  }

  private close(meter: string, summary: Open): Reading {
    this.open.delete(meter);
    this.heard.delete(meter);
    this.keep(NAME(meter), undefined);
    const { slot, count, quality, of } = summary;
    const { period } = this.settings;
    const values: Values = {};
    const about: ReadingSummary = { period, count, min: {}, max: {}, last: {} };
    for (const [name, [n, sum, min, max, last]] of Object.entries(of) as [Name, Summed][]) {
      values[name] = REGISTER.test(name) ? last : sum / n;
      about.min[name] = min;
      about.max[name] = max;
      about.last[name] = last;
    }
    return { kind: 'reading', meter, time: (slot + 1) * period * 1000, values, quality, summary: about };
  }

  /** Leaves out what has not changed. */
  private pass(readings: Reading[]): Reading[] {
    if (!(this.settings.deadband > 0)) return readings;
    return readings.filter((reading) => {
      const before = this.sent.get(reading.meter);
      if (before && !this.differs(reading, before)) {
        if (!reading.summary) this.counters.thinned++;
        return false;
      }
      if (before || this.sent.size < MAX_METERS) this.sent.set(reading.meter, reading);
      return true;
    });
  }

  private differs(reading: Reading, before: Reading): boolean {
    const { deadband, heartbeat } = this.settings;
    const since = reading.time - before.time;
    if (since >= 1000 * heartbeat || since < 0 || reading.quality !== before.quality) return true;
    const names = Object.keys(reading.values) as Name[];
    if (names.length !== Object.keys(before.values).length) return true;
    return names.some((name) => {
      const [now, then] = [reading.values[name], before.values[name]] as [number, number | undefined];
      return then === undefined || Math.abs(now - then) > (deadband / 100) * Math.abs(then);
    });
  }
}

function newSummary(slot: number): Open {
  return { slot, count: 0, quality: 'good', of: {} };
}

function add(summary: Open, { values, quality }: Reading): void {
  summary.count++;
  if (QUALITIES.indexOf(quality) > QUALITIES.indexOf(summary.quality)) summary.quality = quality;
  for (const [name, value] of Object.entries(values) as [Name, number][]) {
    const [n, sum, min, max] = summary.of[name] ?? [0, 0, value, value];
    summary.of[name] = [n + 1, sum + value, Math.min(min, value), Math.max(max, value), value];
  }
}
