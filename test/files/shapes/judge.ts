import type { RecordFile } from '../../../src/files';
import type { Channel, PqEvent, Reading, RecordSummary, WaveformFrame } from '../../../src/record';
import { collect } from '../../disturbance/helpers';
import type { ShapedRecord } from '../shapes';
import { falseDoubts } from './doubts';
import { type EventTruth, expectedEvent, isAffected } from './expected';
import { TRUE_REASONS } from './faults';
import type { Content } from './signal';

export interface Judgement {
  /** Why it was refused, where it was. */
  refused?: string;
  /** What is wrong; empty where all is right. */
  problems: string[];
  /** pu beyond the values that are right. */
  residualError: number;
  /** Cycles beyond what the standard allows. */
  timeError: number;
}

/** Opens a record and holds what comes out of it against the truth. */
export async function judge(
  record: ShapedRecord,
  open: (source: ShapedRecord['source'], options: { meter: string; nominal?: number }) => Promise<RecordFile>,
): Promise<Judgement> {
  const { shape, truth, source } = record;
  const { fault } = shape;
  const judgement: Judgement = { problems: [], residualError: 0, timeError: 0 };
  const frames: WaveformFrame[] = [];
  const readings: Reading[] = [];
  let file: RecordFile;
  try {
    file = await open(source, { meter: 'm', ...(shape.isNominalGiven && { nominal: truth.nominal }) });
    for await (const each of file.records()) {
      if (each.kind === 'waveform') frames.push(each);
      else readings.push(each);
    }
    await file.close();
  } catch (error) {
    const message = String((error as Error).message);
    judgement.refused = message;
    if (!fault) judgement.problems.push(`refused: ${message}`);
    else if (!TRUE_REASONS[fault].test(message))
      judgement.problems.push(`refused for another reason: ${message}`);
    return judgement;
  }
  const { summary } = file;
  const { problems } = judgement;
  problems.push(...falseDoubts(record, summary));
  if (fault) {
    const flag = summary.doubts.find(({ code, text }) => TRUE_REASONS[fault].test(`${code} ${text}`));
    if (!flag) problems.push(`neither refused nor flagged: ${doubtsOf(summary)}`);
    // Stamps that mean nothing leave the rates of the header; of the other faults nothing can be right.
    if (fault !== 'random stamps') {
      if (frames.some(({ layout }) => /\bv/.test(layout))) problems.push('a waveform in spite of the fault');
      judgement.refused = `flagged ${flag?.code}`;
      return judgement;
    }
  }
  judgeSummary(record, summary, problems);
  judgeFrames(record, summary, frames, problems);
  judgeReadings(record, readings, problems);
  // Events of wrong samples say nothing more.
  if (problems.length === 0) judgeEvents(record, summary, frames, judgement);
  return judgement;
}

function doubtsOf({ doubts }: RecordSummary): string {
  return doubts.map(({ code, text }) => `${code} ${text}`).join(' | ') || 'no doubts';
}

/** s that a time may be wrong by: a sample, what the stamps leave open, and what a mean of rates does. */
function reachOf({ shape, truth }: ShapedRecord): number {
  const { clock, sections, layout, system } = shape;
  const slowest = Math.min(...sections.filter(({ kind }) => kind === 'fast').map(({ rate }) => rate));
  // Each gap is known to a tick, so those behind several gaps are known less well.
  const tick = (clock.isCoarse ? 1e-3 : clock.unit * clock.multiplier) * Math.sqrt(1 + truth.gaps.length);
  return 1.05 / slowest + tick + (layout === 'drift' ? 0.25 / system.frequency : 0);
}

function judgeSummary(record: ShapedRecord, summary: RecordSummary, problems: string[]): void {
  const { shape, truth } = record;
  const { date, system } = shape;
  if (date.time !== undefined && Math.abs(summary.time - date.time) > 2e-3) {
    problems.push(`begins at ${summary.time}, truly at ${date.time} (${summary.time - date.time} ms)`);
  }
  if (
    date.time === undefined &&
    !summary.doubts.some(({ text }) => /no (time|date) of the|not a (date|time)/i.test(text))
  ) {
    problems.push(`no doubt about the start "${date.start}": ${doubtsOf(summary)}`);
  }
  if (summary.samples !== truth.times.length)
    problems.push(`${summary.samples} samples of ${truth.times.length}`);
  const seconds = truth.times[truth.times.length - 1];
  if (Math.abs(summary.seconds - seconds) > reachOf(record))
    problems.push(`lasts ${summary.seconds} s, truly ${seconds}`);
  const frequency = summary.frequency ?? Number.NaN;
  if (!(Math.abs(frequency / system.frequency - 1) < 0.01)) {
    problems.push(`${frequency} Hz instead of ${system.frequency}`);
  }
  const gaps = summary.sections.filter(({ gap, rate }) => gap > 1.05 / rate);
  const places = (list: readonly { sample: number; seconds: number }[]) =>
    list.map(({ sample, seconds: long }) => `${sample}: ${long.toFixed(4)} s`).join(', ') || 'none';
  const found = gaps.map(({ from, gap }) => ({ sample: from, seconds: gap }));
  const areGapsRight =
    found.length === truth.gaps.length &&
    truth.gaps.every(
      ({ sample, seconds: long }, i) =>
        found[i].sample === sample && Math.abs(found[i].seconds - long) <= reachOf(record),
    );
  if (!areGapsRight) problems.push(`gaps ${places(found)}; truly ${places(truth.gaps)}`);
  if (summary.meters.length !== 1) problems.push(`${summary.meters.length} meters`);
  const names = summary.channels.map(({ name }) => name);
  const wrong = truth.channels.findIndex(({ name }, i) => names[i] !== name.replace(/\s+/g, ' ').trim());
  if (wrong >= 0)
    problems.push(
      `channel ${JSON.stringify(names[wrong])} is ${JSON.stringify(truth.channels[wrong].name)} (read as ${summary.encoding})`,
    );
  if (summary.station !== truth.station) problems.push(`station ${summary.station} is ${truth.station}`);
}

/** Channels that a frame must have, and what each may hold. */
function judgeFrames(
  record: ShapedRecord,
  summary: RecordSummary,
  frames: WaveformFrame[],
  problems: string[],
): void {
  const { shape, truth } = record;
  if (frames.length === 0) {
    problems.push(`no waveform: ${doubtsOf(summary)}`);
    return;
  }
  const wanted = truth.channels
    .map(({ content }) => content)
    .filter((content) => /^[vi][abc]$/.test(content));
  const between = truth.channels
    .map(({ content }) => content)
    .filter((content) => /^v(ab|bc|ca)$/.test(content));
  const isUnassigned = summary.doubts.some(({ code }) => code === 'CURRENTS_UNASSIGNED');
  const names = frames[0].names as Content[];
  for (const content of wanted.some((one) => one[0] === 'v') ? wanted : [...wanted, ...between]) {
    if (!names.includes(content) && !(isUnassigned && content[0] === 'i'))
      problems.push(`${content} is missing (${names.join(' ')})`);
  }
  const fast = shape.sections.flatMap(({ kind, count }) => Array<boolean>(count).fill(kind === 'fast'));
  const rows = Array.from(fast.keys()).filter((n) => fast[n]);
  for (const name of names) {
    const samples = frames.flatMap((frame) => Array.from(frame.channel(name as Channel) ?? []));
    const sources = truth.channels.filter(
      ({ content }) => content === name || `${content}${name}` === 'v0vn' || `${content}${name}` === 'i0in',
    );
    const isAny =
      samples.length === rows.length &&
      sources.some(({ values }) => rows.every((row, i) => isSame(samples[i], values[row])));
    if (!isAny)
      problems.push(
        `${name} holds ${whatIs(samples, rows, truth)} (${samples.length} samples of ${rows.length})`,
      );
    const isMissing = sources.some(({ values }) => rows.some((row) => Number.isNaN(values[row])));
    if (isMissing && !summary.doubts.some(({ code }) => code === 'MISSING_SAMPLES'))
      problems.push(`no doubt about the missing values of ${name}`);
  }
  const limit = reachOf(record) * 1000;
  let at = 0;
  for (const { time, endTime, length } of frames) {
    const first = summary.time + truth.times[rows[at]] * 1000;
    const last = summary.time + truth.times[rows[Math.min(rows.length, at + length) - 1]] * 1000;
    if (Math.abs(time - first) > limit || Math.abs(endTime - last) > 2 * limit) {
      problems.push(
        `a frame of sample ${rows[at]} lies ${(time - first).toFixed(3)} ms off, its end ${(endTime - last).toFixed(3)} ms`,
      );
      break;
    }
    at += length;
  }
}

/** To the precision of a frame; of a missing value nothing is known. */
function isSame(sample: number, stored: number): boolean {
  return Number.isNaN(stored) || Math.abs(sample - stored) <= 1e-6 * Math.abs(stored);
}

/** What the samples of a channel really are; for messages. */
function whatIs(samples: number[], rows: number[], { channels }: ShapedRecord['truth']): string {
  const other = channels.find(({ values }) => [0, 1, 2, 3].every((i) => isSame(samples[i], values[rows[i]])));
  if (other) return `${other.content} "${other.name}"`;
  return `${samples.slice(0, 3).map((value) => value.toFixed(3))}, which is no channel`;
}

/** Slow sections come as readings of RMS values. */
function judgeReadings({ shape, truth }: ShapedRecord, readings: Reading[], problems: string[]): void {
  const slow = shape.sections
    .filter(({ kind }) => kind === 'slow')
    .flatMap(({ time, rate, count }) => Array.from({ length: count }, (_, n) => time + n / rate));
  if (readings.length !== slow.length) {
    problems.push(`${readings.length} readings of ${slow.length} slow values`);
    return;
  }
  for (const [i, { values }] of readings.entries()) {
    for (const { content } of truth.channels.filter(({ content }) => /^[vi][abc]$/.test(content))) {
      const value = values[content as 'va'];
      const exact = shape.system.rmsAt(content, slow[i]);
      if (value === undefined || Math.abs(value / exact - 1) < 0.02) continue;
      problems.push(`reading ${content} ${value} is ${exact}`);
      return;
    }
  }
}

function judgeEvents(
  record: ShapedRecord,
  summary: RecordSummary,
  frames: WaveformFrame[],
  judgement: Judgement,
): void {
  const { shape } = record;
  const { problems } = judgement;
  const { detector, found } = collect({ rvc: 0, phaseTolerance: 0 });
  for (const frame of frames) detector.push(frame);
  detector.finish();
  const events = found.ends.filter(({ type }) => type !== 'rvc');
  const shown = events.map((event) => textOf(event, summary.time)).join('; ') || 'none';
  const expected = expectedEvent(record);
  const most = !expected || expected.presence === 'none' ? 0 : 1;
  const least = expected?.presence === 'sure' ? 1 : 0;
  if (events.length < least || events.length > most) {
    problems.push(`${events.length} events instead of ${least === most ? most : 'at most 1'}: ${shown}`);
    return;
  }
  if (!expected || events.length === 0) return;
  const [event] = events;
  if (event.type !== expected.type) problems.push(`a ${event.type} instead of a ${expected.type}`);
  judgeSize(record, expected, event, judgement);
  const cycle = 1 / shape.system.frequency;
  const reach = shape.layout === 'mixed' || shape.layout === 'drift' ? 0.5 * cycle : 0;
  const start = (event.time - summary.time) / 1000;
  for (const [name, t, range] of [
    ['starts', start, expected.start],
    ['ends', start + event.duration, expected.end],
  ] as const) {
    const off = Math.max(range.from - t, t - range.to, 0);
    if (off > reach + 1e-3 * Number(shape.clock.isCoarse))
      problems.push(`${name} ${(off / cycle).toFixed(2)} cycles beyond what is allowed: ${shown}`);
    // Half a cycle of what is allowed is for the detector: inside it counts as an error, though not as a wrong one.
    judgement.timeError = Math.max(
      judgement.timeError,
      expected.isByEdge ? 0 : Math.max(range.from + 0.5 * cycle - t, t - range.to + 0.5 * cycle) / cycle,
    );
  }
}

function judgeSize(
  { shape }: ShapedRecord,
  expected: EventTruth,
  event: PqEvent,
  judgement: Judgement,
): void {
  const { problems } = judgement;
  const isSag = expected.type === 'sag';
  for (const { phase, best, sure, jump } of expected.channels) {
    const value = event.perPhase[phase as 'a']?.extreme;
    if (value === undefined) {
      if (isAffected(expected, sure, 0.02)) problems.push(`phase ${phase} is missing in the event`);
      continue;
    }
    if (!isAffected(expected, best, -0.02)) problems.push(`phase ${phase} is in the event, with ${value}`);
    const from = isSag ? best.low : Math.min(sure.high, best.high);
    const to = isSag ? Math.max(sure.low, best.low) : best.high;
    const off = Math.max(from - value, value - to, 0);
    // A window by zero crossings is as much too long or too short as the phase jumps; a level is a guess of the declared voltage.
    const limit = 0.01 + 0.5 * jump + (shape.isNominalGiven ? 0 : 0.012 * value);
    if (off > limit && isAffected(expected, sure, 0.02))
      problems.push(`phase ${phase}: ${value.toFixed(4)} instead of ${from.toFixed(4)} to ${to.toFixed(4)}`);
    if (isAffected(expected, sure, 0.02)) judgement.residualError = Math.max(judgement.residualError, off);
  }
}

function textOf({ type, time, duration, extreme, flags, phases }: PqEvent, zero: number): string {
  const start = (time - zero) / 1000;
  return `${type} ${phases.join(' ')} ${extreme.toFixed(3)} at ${start.toFixed(4)} to ${(start + duration).toFixed(4)} s ${flags.join(', ')}`;
}
