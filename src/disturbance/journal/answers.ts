import { check, FieldError, type PqEvent, type Rms } from '../../record';
import { type DetectorSettings, readDetectorSettings } from '../settings';
import type { Journal } from './journal';
import { readHistoryQuery } from './queries';
import { type Counts, replay, tally } from './replay';
import { traceOf } from './trace';

/** Answer to `history`. */
export interface History {
  /** In the order of time. */
  events: PqEvent[];
  /** There are more than these, which are the newest. */
  more: boolean;
  /** Half-cycle values of the newest excursions beyond the watch band, where asked for. */
  traces?: Rms[];
}

/**
 * Events of the past.
 * @param query see {@link readHistoryQuery}
 */
export async function history(journal: Journal, query: unknown): Promise<History> {
  const { limit, captures, traces, ...where } = readHistoryQuery(query);
  const { list: events, more } = await newest(journal.events(where), limit);
  const answer: History = { events, more };
  // Without captures first: only those of the events that are given are read.
  if (captures && events.length > 0) {
    const ids = new Set(events.map(({ id }) => id));
    const wanted = ({ id }: PqEvent) => ids.has(id);
    const found = journal.events({ ...where, from: events[0].time }, wanted);
    answer.events = (await newest(found, Number.POSITIVE_INFINITY)).list.filter(wanted);
  }
  if (traces) {
    const { list } = await newest(journal.excursions(where), limit);
    answer.traces = list.map(traceOf).filter((trace) => trace !== undefined);
  }
  return answer;
}

/** The last of a sequence, and whether there were others before them. */
async function newest<T>(found: AsyncIterable<T>, limit: number): Promise<{ list: T[]; more: boolean }> {
  const list: T[] = [];
  let more = false;
  for await (const one of found) {
    list.push(one);
    if (list.length <= limit) continue;
    list.shift();
    more = true;
  }
  return { list, more };
}

/**
 * One event of the past, with its capture.
 * @throws FieldError where the journal does not hold it (any longer)
 */
export async function eventOfId(journal: Journal, id: unknown, at = 'payload.id'): Promise<PqEvent> {
  const wanted = check.text(id, at);
  // The id ends with the start of the event.
  const start = Date.parse(/\d{4}-\d\d-\d\dT[\d:.]+Z$/.exec(wanted)?.[0] ?? '');
  const where = Number.isNaN(start)
    ? { from: 0, to: Number.MAX_SAFE_INTEGER }
    : { from: start - 1, to: start + 1 };
  for await (const event of journal.events(where, (one) => one.id === wanted)) {
    if (event.id === wanted) return event;
  }
  throw new FieldError(at, 'the id of an event in the journal', id);
}

/** Answer to `replay`. */
export interface ReplayAnswer {
  /** Thresholds that were tried. */
  thresholds: Pick<DetectorSettings, (typeof THRESHOLDS)[number]>;
  /** What was reported then, and what these would have given. */
  old: Counts;
  new: Counts;
  exact: boolean;
  /** Why not. */
  doubts: string[];
  excursions: number;
}

const THRESHOLDS = ['sag', 'swell', 'interruption', 'hysteresis', 'minCycles', 'swellWindow'] as const;

/**
 * What other thresholds would have given on the past.
 * @param query time range and meter as in {@link readHistoryQuery}, and any of the thresholds
 * @param settings in force, for the thresholds that are not named
 * @throws FieldError that names the field
 */
export async function tryThresholds(
  journal: Journal,
  query: unknown,
  settings: DetectorSettings,
): Promise<ReplayAnswer> {
  const g = check.object(query ?? {}, 'payload');
  const named = THRESHOLDS.filter((name) => g[name] !== undefined);
  if (named.length === 0) {
    throw new FieldError('payload', `a threshold to try (${THRESHOLDS.join(', ')})`, query);
  }
  const tried = readDetectorSettings(
    Object.fromEntries(named.map((name) => [name, g[name]])),
    settings,
    'payload',
  );
  const { from, to, meter } = readHistoryQuery(query);
  const where = { from, to, ...(meter !== undefined && { meter }) };
  const { before, goesOnSince } = await journal.complete();
  const judged = new Spans();
  const complete = async function* () {
    for await (const excursion of journal.excursions(where, before)) {
      const end = excursion.time + (excursion.ends.at(-1) ?? 0);
      if (end < (goesOnSince.get(excursion.meter) ?? Number.POSITIVE_INFINITY)) {
        judged.add(excursion.meter, excursion.time, end);
        yield excursion;
      }
    }
  };
  const { counts, doubts, excursions } = await replay(complete(), tried);
  // Both counts are of the same excursions: events go on meanwhile, and the table would compare two moments.
  const old: Counts = { types: {}, categories: {} };
  let leftOut = 0;
  for await (const { type, category, meter, time } of journal.events(where)) {
    // A rapid voltage change is not judged by these thresholds: it would only look as if it were lost.
    if (type === 'rvc') continue;
    if (judged.has(meter, time)) tally(old, type, category.ieee1159);
    else leftOut++;
  }
  if (leftOut) doubts.push(`${leftOut} events are left out: their voltages are not, or not yet, kept`);
  const { unreadableEntries: lost } = journal;
  if (lost) doubts.push(`${lost} entries of the journal cannot be read`);
  return {
    thresholds: Object.fromEntries(
      THRESHOLDS.map((name) => [name, tried[name]]),
    ) as ReplayAnswer['thresholds'],
    old,
    new: counts,
    exact: doubts.length === 0,
    doubts,
    excursions,
  };
}

/** Spans of time of each meter, added in the order of time. */
class Spans {
  private readonly of = new Map<string, { starts: number[]; ends: number[] }>();

  add(meter: string, start: number, end: number): void {
    const spans = this.of.get(meter) ?? { starts: [], ends: [] };
    if (spans.starts.push(start) === 1) this.of.set(meter, spans);
    spans.ends.push(end);
  }

  /** Whether a time is in a span, within a millisecond. */
  has(meter: string, time: number): boolean {
    const { starts, ends } = this.of.get(meter) ?? { starts: [], ends: [] };
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= time + 1) low = middle + 1;
      else high = middle;
    }
    return low > 0 && time <= ends[low - 1] + 1;
  }
}
