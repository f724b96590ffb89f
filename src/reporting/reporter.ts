import { check, type Diagnostic, FieldError, type PqEvent, type PqRecord, parseRecord } from '../record';
import { believedTime, budgetOf, Refusals } from '../shared';
import { Archive, archiveDamage } from './archive';
import { disturbanceReport } from './disturbance-report';
import type { Document } from './document';
import type { WeekAssessment } from './en50160';
import { Gathering, intervalOf } from './gathering';
import { toHtml } from './html';
import type { Interval } from './interval';
import { endedEvent, Latest } from './latest';
import { toPdf } from './pdf';
import { INTERVAL_MS, type ReporterSettings, WEEK_MS } from './settings';
import { weekReport } from './week-report';

/** Ten minutes of a meter that may be under way at once: what comes late still finds its place. */
const UNDER_WAY = 2;
const DAY = 86_400_000;
/** Ten minutes of a meter that wait for a disk that takes nothing: a day. */
const MOST_WAITING = 144;
/** Meters that an error names, at most. */
const NAMED = 10;
/** A report, as a page, as a document, and as what they were made of. */
export interface Report {
  report: 'week' | 'disturbance';
  meter: string;
  /** File name without extension. */
  name: string;
  html: string;
  pdf: Buffer;
  /** Plots as SVG, by name. */
  figures: Record<string, string>;
  /** Of a week. */
  assessment?: WeekAssessment;
  /** Of a disturbance, without its capture. */
  event?: Omit<PqEvent, 'capture'>;
}

/**
 * Gathers what reports are made of, meter by meter in ten minutes of the clock, keeps it on disk, and makes the
 * reports.
 */
export class Reporter {
  private readonly gathered = new Map<string, Gathering[]>();
  private readonly latest = new Latest();
  private lastCleared = Number.NEGATIVE_INFINITY;
  private written: Promise<void> = Promise.resolve();
  private notWritten = 0;
  private readonly refusals: Refusals;

  private constructor(
    private readonly archive: Archive,
    private readonly settings: ReporterSettings,
    private readonly tell: (diagnostic: Diagnostic) => void,
    private readonly pdf: (document: Document) => Promise<Buffer>,
    private readonly now: () => number,
    private readonly believed: () => number | undefined,
  ) {
    this.refusals = new Refusals(
      () => ({
        text: `reports are kept of ${archive.size} meters, which is the limit`,
        hint: 'Allow more meters in the settings, or send fewer to this node.',
        detail: { limit: settings.maxMeters, served: archive.size },
      }),
      (finding) => tell({ kind: 'diagnostic', meter: 'pq-report', time: now(), ...finding }),
    );
  }

  /**
   * @param folder of the archive
   * @param pdf makes a PDF, here or in a thread
   * @throws Error where the folder cannot be used
   */
  static async open(
    folder: string,
    settings: ReporterSettings,
    tell: (diagnostic: Diagnostic) => void,
    pdf: (document: Document) => Promise<Buffer> = toPdf,
    now: () => number = Date.now,
    believed: () => number | undefined = believedTime,
  ): Promise<Reporter> {
    const allowed = { ...settings, maxMeters: budgetOf(settings.maxMeters).meters };
    const damaged = (aside: string) =>
      tell({ kind: 'diagnostic', meter: 'pq-report', time: now(), ...archiveDamage(aside) });
    const archive = await Archive.open(folder, allowed, undefined, damaged);
    return new Reporter(archive, allowed, tell, pdf, now, believed);
  }

  /** Meters that are kept. */
  get meters(): number {
    return this.archive.size;
  }

  /** What may be held, and what is; of a meter's ten minutes little is in memory. */
  get budget(): { limit: { meters: number }; held: { meters: number } } {
    return { limit: { meters: this.settings.maxMeters }, held: { meters: this.meters } };
  }

  /** What is not kept: of meters beyond those that are, events beyond those of a day, and what the disk did not take. */
  get counters() {
    const { eventsLeftOut } = this.archive;
    return { ...this.refusals.counters, eventsLeftOut, notWritten: this.notWritten };
  }

  /**
   * Takes a record: RMS values, powers, readings and events.
   * @returns whether it is of a kind that reports are made of
   */
  async take(record: PqRecord): Promise<boolean> {
    if (record.kind === 'event') return await this.takeEvent(record);
    if (record.kind !== 'rms' && record.kind !== 'power' && record.kind !== 'reading') return false;
    if (record.kind === 'power') this.latest.addPower(record);
    if (record.kind === 'rms' && record.window !== '10-min' && record.window !== '10-s') return true;
    if (!this.admits(record.meter)) return true;
    const gathering = this.gatheringAt(record.meter, record.time);
    if (record.kind === 'rms') gathering.addRms(record, this.settings.frequency);
    else if (record.kind === 'power') gathering.addPower(record);
    else gathering.addReading(record);
    await this.putAway(record.meter);
    return true;
  }

  /**
   * The report of a week against EN 50160.
   * @param query `{meter, from}`: the meter may be left out where there is one; the last seven days where no time is
   *   given, ms or ISO 8601
   * @throws FieldError that names the field
   */
  async week(query: unknown, at = 'payload'): Promise<Report> {
    const g = check.object(query ?? {}, at);
    const meter = this.meterOf(g.meter, `${at}.meter`);
    const given = typeof g.from === 'string' ? Date.parse(g.from) : g.from;
    const last = Math.floor(this.now() / INTERVAL_MS) * INTERVAL_MS - WEEK_MS;
    const range = { min: 0, max: 1e14, unit: 'ms since 1970, or ISO 8601' };
    const from = given === undefined ? last : check.number(given, `${at}.from`, range);
    const start = Math.floor(from / INTERVAL_MS) * INTERVAL_MS;
    // What was taken before is in the report, though it may be on its way to the disk.
    await this.written;
    const intervals = await this.intervals(meter, start, start + WEEK_MS);
    const events = await this.archive.events(meter, start, start + WEEK_MS);
    const { assessment, document, figures } = weekReport(
      meter,
      start,
      intervals,
      events,
      this.settings,
      this.now(),
    );
    const name = `en50160-${fileName(meter)}-${new Date(start).toISOString().slice(0, 10)}`;
    return { ...(await this.made('week', meter, name, document, figures)), assessment };
  }

  /**
   * The report of a disturbance.
   * @param query `{event}`, a record of an event that has ended; `{id}` of one of the newest; `{meter}` or nothing
   *   for the newest
   * @throws FieldError that names the field
   */
  async disturbance(query: unknown, at = 'payload'): Promise<Report> {
    const g = check.object(query ?? {}, at);
    const event =
      g.event === undefined
        ? endedEvent(
            this.latest.event({
              ...(g.id !== undefined && { id: check.text(g.id, `${at}.id`, 512) }),
              ...(g.meter !== undefined && { meter: check.text(g.meter, `${at}.meter`) }),
            }),
            g.meter === undefined ? `${at}.id` : `${at}.meter`,
            g.id ?? g.meter,
          )
        : endedEvent(parseRecord(g.event, `${at}.event`) as PqEvent, `${at}.event`, g.event);
    const { document, figures } = disturbanceReport(event, this.settings, this.now());
    const { capture, ...rest } = event;
    const name = `${event.type}-${fileName(event.meter)}-${new Date(event.time).toISOString().replaceAll(':', '')}`;
    return { ...(await this.made('disturbance', event.meter, name, document, figures)), event: rest };
  }

  /** A plot as SVG; see {@link Latest.plot}. */
  plot(query: unknown): string {
    return this.latest.plot(query);
  }

  /** Puts everything on disk, and closes. */
  async close(): Promise<void> {
    this.refusals.close();
    try {
      for (const meter of [...this.gathered.keys()]) await this.putAway(meter, 0);
    } finally {
      await this.archive.close();
    }
  }

  /** The meter that is asked for, or the only one. */
  private meterOf(given: unknown, field: string): string {
    const { names } = this.archive;
    const name = given ?? (names.length === 1 ? names[0] : undefined);
    if (typeof name === 'string' && names.includes(name)) return name;
    if (names.length > NAMED)
      throw new FieldError(field, `one of ${names.length} meters that are kept`, given);
    return check.oneOf(name as string, field, names);
  }

  private async takeEvent(event: PqEvent): Promise<boolean> {
    this.latest.addEvent(event);
    if (event.state !== 'end' || !this.admits(event.meter)) return true;
    const adding = this.archive.addEvent(event);
    try {
      await this.put(adding);
    } catch (error) {
      this.notWritten++;
      throw error;
    }
    if ((await adding) === 'first left out') this.sayEventsLeftOut(event.meter);
    // Meters without 10-minute values of their own are flagged by their events.
    if (event.type !== 'rvc') {
      const last = intervalOf(event.time + event.duration * 1000);
      for (const gathering of this.gathered.get(event.meter) ?? [])
        if (gathering.number >= intervalOf(event.time) && gathering.number <= last) gathering.flag();
    }
    return true;
  }

  /** Waits for a write, and has reports wait for it. */
  private async put(write: Promise<unknown>): Promise<void> {
    const before = this.written;
    // A write that fails is an error of the record; reports go on without it.
    this.written = Promise.all([before, write]).then(
      () => undefined,
      () => undefined,
    );
    await write;
  }

  private admits(meter: string): boolean {
    if (this.archive.admits(meter)) return true;
    this.refusals.add(meter);
    return false;
  }

  /** Once a day for each meter that has more than are kept. */
  private sayEventsLeftOut(meter: string): void {
    this.tell({
      kind: 'diagnostic',
      meter,
      time: this.now(),
      code: 'REPORT_EVENTS',
      severity: 'warning',
      text: `${meter} has more events in a day than reports keep`,
      hint: 'Check the thresholds of the detector: with so many events a day a report says little.',
      detail: { leftOut: this.archive.eventsLeftOut },
    });
  }

  /** The ten minutes that a record falls into. */
  private gatheringAt(meter: string, time: number): Gathering {
    const number = intervalOf(time);
    const held = this.gathered.get(meter) ?? [];
    const found = held.find((gathering) => gathering.number === number);
    if (found) return found;
    const gathering = new Gathering(number);
    held.push(gathering);
    held.sort((a, b) => a.number - b.number);
    this.gathered.set(meter, held);
    return gathering;
  }

  /** Puts the oldest ten minutes of a meter on disk, beyond those that may be under way. */
  private async putAway(meter: string, leave = UNDER_WAY): Promise<void> {
    const held = this.gathered.get(meter) ?? [];
    if (held.length <= leave) return;
    const done = held.splice(0, held.length - leave);
    if (held.length === 0) this.gathered.delete(meter);
    try {
      await this.put(
        this.archive.addIntervals(done.map((gathering) => ({ meter, interval: gathering.result() }))),
      );
    } catch (error) {
      this.takeBack(meter, done);
      throw error;
    }
    const now = this.believed();
    if (now !== undefined && Math.abs(now - this.lastCleared) > DAY) {
      this.lastCleared = now;
      await this.archive.clear(now);
    }
  }

  /** What the disk did not take is tried again with the next record of the meter, for up to a day. */
  private takeBack(meter: string, done: readonly Gathering[]): void {
    const held = this.gathered.get(meter) ?? [];
    const since = new Set(held.map(({ number }) => number));
    const all = [...done.filter(({ number }) => !since.has(number)), ...held];
    const kept = all.slice(-MOST_WAITING);
    this.notWritten += done.length + held.length - kept.length;
    this.gathered.set(meter, kept);
  }

  private async made(
    report: Report['report'],
    meter: string,
    name: string,
    document: Document,
    figures: Record<string, string>,
  ): Promise<Report> {
    return { report, meter, name, html: toHtml(document), pdf: await this.pdf(document), figures };
  }

  /** Intervals of a time, with those that are under way. */
  private async intervals(meter: string, from: number, to: number): Promise<Interval[]> {
    const found = await this.archive.intervals(meter, from, to);
    const byNumber = new Map(found.map((interval) => [interval.number, interval]));
    for (const gathering of this.gathered.get(meter) ?? []) {
      const interval = gathering.result();
      if (interval.end <= from || interval.end > to) continue;
      const before = byNumber.get(interval.number);
      if (before) interval.fill(before);
      byNumber.set(interval.number, interval);
    }
    return [...byNumber.values()].sort((a, b) => a.number - b.number);
  }
}

/** A text that is safe as the name of a file anywhere. */
function fileName(text: string): string {
  return text.replace(/[^\p{L}\p{N}._-]+/gu, '_').slice(0, 80);
}
