import type { Assignment, Diagnostic, Grade, PhaseMap, Reading } from '../record';
import { correlation, fillGaps, toZScores } from './clean';
import { SeriesStore } from './series';
import { type CorrelatorSettings, type CustomerMeter, PHASES, type Phase } from './settings';

/** Readings that may wait in one window, whatever the settings say: 2 GB of float32. */
const MAX_VALUES = 500_000_000;

/** Meters named in one diagnostic. */
const MAX_LISTED = 1000;
/** A clock further ahead than this is wrong, and must not push everybody else out of the window. */
const MAX_AHEAD_MS = 86_400_000;

/**
 * Which phase each meter is on, by the likeness of its voltage to that of three reference meters at
 * the same transformer: Pearson's correlation of z-scores over the window.
 */
export class PhaseCorrelator {
  private readonly store: SeriesStore;

  constructor(private readonly settings: CorrelatorSettings) {
    const slots = Math.round((settings.days * 86_400) / settings.interval);
    this.store = new SeriesStore(
      settings.interval,
      settings.days,
      Math.min(200_000, Math.floor(MAX_VALUES / slots)),
    );
  }

  get status(): { meters: number } {
    return { meters: this.store.meters.length };
  }

  /** Readings and meters that were not taken, by reason. */
  readonly counters = { ahead: 0, tooOld: 0, metersRefused: 0 };

  /**
   * Takes a reading: its voltage is `va`, or the one phase voltage it has.
   * @param now ms; readings from more than a day ahead of it are counted and left out
   * @returns false where the reading holds no voltage, and was passed over
   */
  push(reading: Reading, now: number): boolean {
    const volts = reading.values.va ?? reading.values.vb ?? reading.values.vc;
    if (volts === undefined || reading.quality === 'bad') return false;
    if (reading.time > now + MAX_AHEAD_MS) {
      this.counters.ahead++;
      return true;
    }
    const refused = this.store.put(reading.meter, reading.time, volts);
    if (refused) this.counters[refused]++;
    return true;
  }

  reset(): void {
    this.store.clear();
  }

  /** Compares everything that is there. The same readings give the same map, whatever order they came in. */
  run(now: number): { map: PhaseMap; diagnostics: Diagnostic[] } {
    const references = this.prepareReferences();
    const assignments = this.customers().map((customer) => this.assign(customer, references));
    const time = this.store.endTime > 0 ? this.store.endTime : now;
    const count = (grade: Grade) => assignments.filter((a) => a.grade === grade).length;
    const map: PhaseMap = {
      kind: 'phase-map',
      meter: 'fleet',
      time,
      run: {
        method: 'pearson',
        intervals: this.store.length,
        interval: this.settings.interval,
        meters: assignments.length,
        match: count('match'),
        suspect: count('suspect'),
        low: count('low'),
        excluded: count('excluded'),
      },
      assignments,
      transformers: summarise(assignments),
    };
    const lost = assignments.filter(({ score }) => score !== null && score < this.settings.low);
    return { map, diagnostics: lost.length ? [lowCorrelation(lost, assignments.length, time)] : [] };
  }

  /** The table's meters; without a table every meter heard that is no reference, at the only transformer. */
  private customers(): CustomerMeter[] {
    const { meters, references } = this.settings;
    if (meters.length) return [...meters].sort(byName);
    const known = new Set(references.map((reference) => reference.meter));
    const transformers = new Set(references.map((reference) => reference.transformer));
    const transformer = transformers.size === 1 ? [...transformers][0] : 'unknown';
    return this.store.meters
      .filter((meter) => !known.has(meter))
      .map((meter) => ({ meter, transformer }))
      .sort(byName);
  }

  private prepareReferences(): Map<string, Map<Phase, Float64Array>> {
    const byTransformer = new Map<string, Map<Phase, Float64Array>>();
    for (const { meter, transformer, phase } of this.settings.references) {
      const prepared = this.prepare(meter);
      if (!(prepared instanceof Float64Array)) continue;
      const phases = byTransformer.get(transformer) ?? new Map<Phase, Float64Array>();
      phases.set(phase, prepared);
      byTransformer.set(transformer, phases);
    }
    return byTransformer;
  }

  /** A meter's window as z-scores, or why it cannot take part. */
  private prepare(meter: string): Float64Array | string {
    const series = this.store.window(meter);
    if (!series) return 'no readings';
    const filled = fillGaps(series, this.settings.maxGap);
    if (!filled.ok) return filled.reason;
    return toZScores(series) ? series : 'voltage never changes';
  }

  private assign(customer: CustomerMeter, references: Map<string, Map<Phase, Float64Array>>): Assignment {
    const { meter, transformer } = customer;
    const recorded = customer.phase ?? null;
    const exclude = (reason: string): Assignment => ({
      meter,
      transformer,
      phase: null,
      score: null,
      margin: null,
      grade: 'excluded',
      recorded,
      agrees: null,
      reason,
    });
    const own = references.get(transformer);
    const missing = PHASES.filter((phase) => !own?.has(phase));
    if (!own || missing.length) {
      return exclude(`no usable reference for phase ${missing.join(', ')} at transformer ${transformer}`);
    }
    const series = this.prepare(meter);
    if (!(series instanceof Float64Array)) return exclude(series);
    const ranked = PHASES.map((phase) => ({
      phase,
      r: correlation(series, own.get(phase) as Float64Array),
    })).sort((x, y) => y.r - x.r);
    const [best, second] = ranked;
    const agrees = recorded === null ? null : recorded === best.phase;
    return {
      meter,
      transformer,
      phase: best.phase,
      score: best.r,
      margin: best.r - second.r,
      grade: this.grade(best.r),
      recorded,
      agrees,
      reason: this.explain(best.r, agrees),
    };
  }

  private grade(r: number): Grade {
    const { match, suspect } = this.settings;
    return r >= match ? 'match' : r >= suspect ? 'suspect' : 'low';
  }

  private explain(r: number, agrees: boolean | null): string {
    const { match, suspect, low } = this.settings;
    const reasons: string[] = [];
    if (r < low) reasons.push('Low Correlation Coefficient');
    else if (r < suspect) reasons.push('weak correlation');
    else if (r < match) reasons.push('Suspect Phase');
    if (agrees === false) reasons.push('differs from the recorded phase');
    return reasons.join('; ');
  }
}

function byName(a: CustomerMeter, b: CustomerMeter): number {
  return a.meter < b.meter ? -1 : a.meter > b.meter ? 1 : 0;
}

function summarise(assignments: Assignment[]): Record<string, unknown>[] {
  const rows = new Map<string, { transformer: string; meters: number; a: number; b: number; c: number }>();
  for (const { transformer, phase } of assignments) {
    const row = rows.get(transformer) ?? { transformer, meters: 0, a: 0, b: 0, c: 0 };
    row.meters++;
    if (phase === 'a' || phase === 'b' || phase === 'c') row[phase]++;
    rows.set(transformer, row);
  }
  return [...rows.values()];
}

function lowCorrelation(lost: Assignment[], all: number, time: number): Diagnostic {
  const meters = lost.slice(0, MAX_LISTED).map(({ meter, score }) => ({ meter, score }));
  return {
    kind: 'diagnostic',
    meter: lost.length === 1 ? lost[0].meter : 'fleet',
    time,
    code: 'LOW_CORRELATION',
    severity: 'warning',
    text: `Low Correlation Coefficient: ${lost.length} of ${all} meters are like none of their references`,
    hint: 'Check that these meters hang at their transformer, and that clock and sampling interval are right.',
    detail: { meters, listed: meters.length, count: lost.length },
  };
}
