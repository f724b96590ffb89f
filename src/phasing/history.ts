import { readFile, rename, writeFile } from 'node:fs/promises';
import { type Assignment, check, FieldError, type Finding, type PhaseMap } from '../record';
import { unlessMissing } from '../shared';

/** What a field crew says of a phase that was found. */
export interface Decision {
  verdict: 'accept' | 'reject';
  /** Phase that was looked at: one for each input of a meter of several phases. */
  phase: string;
  by: string;
  why: string;
  /** ms since 1970 */
  time: number;
}

/** How long a meter has stood where it stands. */
interface Standing {
  phase: string;
  /** Time of the first run that found it there, ms, and runs since, without a break. */
  since: number;
  runs: number;
  /** Time of the last of them. */
  last: number;
}

/** A run, as it is kept. */
export interface KeptRun {
  time: number;
  meters: number;
  match: number;
  suspect: number;
  low: number;
  excluded: number;
  /** Meters that stand elsewhere than in the run before. */
  changed: number;
}

/** Runs, meters and decisions that are kept. */
const MAX_RUNS = 200;
const MAX_METERS = 1_000_000;
const MAX_DECISIONS = 100_000;
const MAX_TEXT = 500;

/**
 * What earlier runs have found, and what field crews have said of it. Bounded: the oldest runs and decisions go first.
 */
export class PhaseHistory {
  private runs: KeptRun[] = [];
  private standing = new Map<string, Standing>();
  private decisions = new Map<string, Decision>();

  /** Runs, the newest last. */
  get kept(): readonly KeptRun[] {
    return this.runs;
  }

  /** Bounds and what is used of them. */
  get counters(): { runs: number; decisions: number } {
    return { runs: this.runs.length, decisions: this.decisions.size };
  }

  /**
   * A crew's word on a meter.
   * @param given `{meter, phase, by, why}`; the phase that was found last where it is left out
   * @throws FieldError that names the field
   */
  decide(
    verdict: Decision['verdict'],
    given: unknown,
    now: number,
    at = 'payload',
  ): { meter: string } & Decision {
    const g = check.object(given, at);
    const meter = check.text(g.meter, `${at}.meter`);
    const found = this.standing.get(meter)?.phase;
    if (g.phase === undefined && found === undefined) {
      throw new FieldError(`${at}.phase`, 'a phase, as no run has found one for this meter', g.phase);
    }
    const phase = check.text(g.phase ?? found, `${at}.phase`, 8).toLowerCase();
    if (!/^([abc]{1,3}|[1-9]|[abc]{2}( [abc]{2}){1,2})$/.test(phase))
      throw new FieldError(`${at}.phase`, 'a, b, c', g.phase);
    const decision: Decision = {
      verdict,
      phase,
      by: check.text(g.by, `${at}.by`),
      why: g.why === undefined || g.why === '' ? '' : check.text(g.why, `${at}.why`, MAX_TEXT),
      time: now,
    };
    this.decisions.delete(meter);
    if (this.decisions.size >= MAX_DECISIONS)
      this.decisions.delete(this.decisions.keys().next().value as string);
    this.decisions.set(meter, decision);
    return { meter, ...decision };
  }

  /** Notes a run, and puts into its assignments since when they stand, in how many runs, and what crews have said. */
  note(map: PhaseMap): void {
    const counts: KeptRun = {
      time: map.time,
      meters: map.assignments.length,
      ...{ match: 0, suspect: 0, low: 0, excluded: 0, changed: 0 },
    };
    for (const assignment of map.assignments) {
      const { meter, phase } = assignment;
      if (phase !== null) {
        const before = this.standing.get(meter);
        const isSame = before?.phase === phase;
        if (before && !isSame) counts.changed++;
        if (before || this.standing.size < MAX_METERS) {
          // The same window compared again says nothing new.
          const again = isSame && before.last === map.time ? 0 : 1;
          const standing = isSame
            ? { ...before, runs: before.runs + again, last: map.time }
            : { phase, since: map.time, runs: 1, last: map.time };
          this.standing.set(meter, standing);
          assignment.since = standing.since;
          assignment.runs = standing.runs;
        }
      }
      const decision = this.decisions.get(meter);
      if (decision) respect(assignment, decision);
      counts[assignment.grade]++;
    }
    for (const grade of ['match', 'suspect', 'low', 'excluded'] as const) map.run[grade] = counts[grade];
    if (this.runs.at(-1)?.time === map.time) this.runs.pop();
    this.runs.push(counts);
    if (this.runs.length > MAX_RUNS) this.runs.shift();
  }

  clear(): void {
    this.runs = [];
    this.standing.clear();
    this.decisions.clear();
  }

  /**
   * Takes what a file holds; nothing where it is missing. One that makes no sense is put aside.
   * @returns where a damaged one lies now
   * @throws what the file system says
   */
  async load(path: string): Promise<string | undefined> {
    const text = await unlessMissing(readFile(path, 'utf8'));
    if (text === undefined) return undefined;
    try {
      const { runs, standing, decisions } = JSON.parse(text) as ReturnType<PhaseHistory['toJSON']>;
      const kept = runs.slice(-MAX_RUNS);
      const rows = standing.map(
        ([meter, phase, since, n, last]) => [meter, { phase, since, runs: n, last }] as const,
      );
      const said = new Map(decisions);
      this.runs = kept;
      this.standing = new Map(rows);
      this.decisions = said;
      return undefined;
    } catch {
      const aside = `${path}.kept`;
      await rename(path, aside);
      return aside;
    }
  }

  /** Writes it whole or not at all. */
  async save(path: string): Promise<void> {
    await writeFile(`${path}.new`, JSON.stringify(this), { mode: 0o600 });
    await rename(`${path}.new`, path);
  }

  toJSON(): {
    runs: KeptRun[];
    standing: [string, string, number, number, number][];
    decisions: [string, Decision][];
  } {
    return {
      runs: this.runs,
      standing: [...this.standing].map(([meter, { phase, since, runs, last }]) => [
        meter,
        phase,
        since,
        runs,
        last,
      ]),
      decisions: [...this.decisions],
    };
  }
}

/** What a crew has said of the phase of a meter stands beside what the run found, and before it. */
function respect(assignment: Assignment, decision: Decision): void {
  const { verdict, phase, by, time } = decision;
  assignment.decided = decision;
  if (assignment.phase === null) return;
  const day = new Date(time).toISOString().slice(0, 10);
  const add = (reason: string) => {
    assignment.reason = [assignment.reason, reason].filter(Boolean).join('; ');
  };
  if (verdict === 'accept') {
    assignment.recorded = phase;
    assignment.agrees = assignment.phase === phase;
    add(
      assignment.agrees
        ? `accepted by ${by} on ${day}`
        : `${phase} was accepted by ${by} on ${day}: look again, it may have been moved`,
    );
  } else if (assignment.phase === phase) {
    if (assignment.grade === 'match') assignment.grade = 'suspect';
    add(`rejected by ${by} on ${day}`);
  }
}

/** Runs and decisions of before that cannot be read. */
export function historyDamaged(aside: string): Finding {
  return {
    code: 'HISTORY_DAMAGED',
    severity: 'error',
    text: `earlier runs and what crews have accepted or rejected cannot be read; the file was put aside as ${aside}`,
    hint: 'Check the disk; accept and reject again what matters.',
    detail: { aside },
  };
}
