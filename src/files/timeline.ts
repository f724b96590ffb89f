import type { Doubt } from '../record';

/** A stretch of samples whose header gives one rate. */
export interface RatedStretch {
  /** Hz; 0 where only the stamps tell. */
  rate: number;
  from: number;
  to: number;
}

/** Samples at one steady rate, the first of them at a known time. */
export interface Piece {
  from: number;
  to: number;
  /** Hz. */
  rate: number;
  /** Seconds from the first sample of the record. */
  at: number;
}

/** Samples without a gap, of one rate, or of one that drifts: one stream. */
export interface Section {
  from: number;
  to: number;
  /** Hz; the mean of its pieces. */
  rate: number;
  at: number;
  /** Seconds without samples before it. */
  gap: number;
  pieces: Piece[];
}

/** When each sample of a record was taken. */
export interface Timeline {
  sections: Section[];
  doubts: Doubt[];
}

/** A rate is another one, and not the drift of one clock, from this difference on. */
const DRIFT = 0.02;
/** Stamps and rates agree up to this difference; beyond it the difference is reported. */
const AGREE = 0.002;
/** Stamps and rates up to this difference speak of the same clock. */
const SAME_CLOCK = 0.05;
/** A step of the stamps by more than this many samples is a gap. */
const GAP = 1.6;
/** Steps of a stretch that are looked at for its mean one. */
const MOST_STEPS = 200_000;
/** Steps that a rate is taken from where only stamps tell. */
const LOOK = 16;
/** A step belongs to the steps before it up to this difference. */
const EVEN = 0.3;
/** Sections of fewer samples are no sections; where most samples lie in such ones, the stamps are no clock. */
const SHORTEST = 6;
const MOSTLY = 0.9;

/**
 * Holds rates and stamps of a record against each other, stretch by stretch: a step of the stamps is a gap, rates
 * that drift are one stream, rates and stamps that contradict each other are reported, and it is said which are taken.
 * @param stretches of the header, in order, without holes
 * @param stamps seconds by sample; NaN where missing
 * @param isPlausible whether samples `from` to `to` hold a frequency of the grid if they were taken at this rate; asked
 *   only where rates and stamps contradict each other
 * @throws Error with the reason where neither rates nor stamps tell the time
 */
export async function timelineOf(
  stretches: readonly RatedStretch[],
  stamps: Float64Array,
  isPlausible: (from: number, to: number, rate: number) => Promise<boolean>,
): Promise<Timeline> {
  const doubts: Doubt[] = [];
  const usable = usableStamps(stamps);
  if (stretches.some(({ rate }) => rate === 0)) {
    if (!usable) throw new Error('neither a sampling rate in the header nor time stamps');
    return { sections: joined(byStamps(stamps)), doubts };
  }
  if (!usable) {
    if (stamps.length > 1) {
      doubts.push({
        code: 'NO_STAMPS',
        text: 'no time stamps: by the sampling rates alone, a gap would not be seen',
      });
    }
    return { sections: joined(byRates(stretches)), doubts };
  }
  const scale = await scaleOf(stretches, stamps, isPlausible, doubts);
  if (scale === undefined) return { sections: joined(byRates(stretches)), doubts };
  if (scale.byStamps) return { sections: joined(byStamps(stamps)), doubts };
  const scaled = scale.factor === 1 ? stamps : stamps.map((stamp) => stamp * scale.factor);
  return { sections: joined(byBoth(stretches, scaled, doubts)), doubts };
}

/** Time of a sample, seconds from the first one of the record. */
export function timeAt({ pieces }: Section, sample: number): number {
  let i = pieces.length - 1;
  while (i > 0 && pieces[i].from > sample) i--;
  const { at, from, rate } = pieces[i];
  return at + (sample - from) / rate;
}

/** Stamps that count: some of them are there, and they are not all the same. */
function usableStamps(stamps: Float64Array): boolean {
  let first = Number.NaN;
  let there = 0;
  let moves = false;
  for (let n = 0; n < stamps.length; n++) {
    const stamp = stamps[n];
    if (Number.isNaN(stamp)) continue;
    there++;
    if (Number.isNaN(first)) first = stamp;
    else if (stamp !== first) moves = true;
  }
  return moves && there > stamps.length / 2;
}

function byRates(stretches: readonly RatedStretch[]): Piece[] {
  let at = 0;
  return stretches.map(({ rate, from, to }) => {
    const piece = { from, to, rate, at };
    at += (to - from) / rate;
    return piece;
  });
}

/**
 * By what the stamps must be multiplied to agree with the rates: 1, or a power of ten where they are in another unit
 * than the header says.
 * @returns undefined where the stamps are no clock of these samples
 */
async function scaleOf(
  stretches: readonly RatedStretch[],
  stamps: Float64Array,
  isPlausible: (from: number, to: number, rate: number) => Promise<boolean>,
  doubts: Doubt[],
): Promise<{ factor: number; byStamps: boolean } | undefined> {
  const longest = stretches.reduce((a, b) => (b.to - b.from > a.to - a.from ? b : a));
  const { rate, from, to } = longest;
  if (to - from < 4) return { factor: 1, byStamps: false };
  const step = meanStep(stamps, from, to);
  const ratio = step * rate;
  if (Math.abs(ratio - 1) <= SAME_CLOCK) return { factor: 1, byStamps: false };
  const power = 10 ** Math.round(Math.log10(ratio));
  if (power !== 1 && Math.abs(ratio / power - 1) <= SAME_CLOCK) {
    doubts.push({
      code: 'STAMP_UNIT',
      text: `time stamps are ${power > 1 ? power : `1/${1 / power}`} times what the sampling rate of ${rate} Hz makes of them: taken in that unit`,
    });
    return { factor: 1 / power, byStamps: false };
  }
  const stamped = 1 / step;
  const contradiction = `the header says ${hertz(rate)}, the time stamps ${hertz(stamped)}`;
  if (step > 0 && !(await isPlausible(from, to, rate)) && (await isPlausible(from, to, stamped))) {
    doubts.push({
      code: 'RATE_MISMATCH',
      text: `${contradiction}: the stamps are taken, by which the signal has a frequency of the grid`,
    });
    return { factor: 1, byStamps: true };
  }
  doubts.push({ code: 'RATE_MISMATCH', text: `${contradiction}: the header is taken, gaps are not known` });
  return undefined;
}

/** Mean step of the stamps, steps that are gaps left out; NaN where no step is left. */
function meanStep(stamps: Float64Array, from: number, to: number): number {
  const all: number[] = [];
  for (let n = from + 1; n < Math.min(to, from + MOST_STEPS); n++) {
    const step = stamps[n] - stamps[n - 1];
    if (step >= 0) all.push(step);
  }
  if (all.length === 0) return Number.NaN;
  // Stamps coarser than the samples stand still and jump by a tick, or rise by one tick or two.
  const tick = all.reduce(
    (least, step) => (step > 0 && step < least ? step : least),
    Number.POSITIVE_INFINITY,
  );
  const middle = [...all].sort((a, b) => a - b)[all.length >> 1];
  const near = all.filter((step) => step <= GAP * middle + GAP * tick);
  return near.reduce((a, b) => a + b, 0) / near.length;
}

/** Unit of coarse stamps, s: of those that stand still, or take two or three different steps; 0 for fine ones. */
function coarseness(stamps: Float64Array, from: number, to: number, expected: number): number {
  let smallest = Number.POSITIVE_INFINITY;
  let still = 0;
  const last = Math.min(to, from + 4096);
  for (let n = from + 1; n < last; n++) {
    const step = stamps[n] - stamps[n - 1];
    if (step === 0) still++;
    else if (step > 0 && step < smallest) smallest = step;
  }
  if (still > 0) return Number.isFinite(smallest) ? smallest : 0;
  // Steps that are just as long as a sample are no rounded ones: a longer one among them is a gap.
  return Math.abs(smallest / expected - 1) < 1e-3 ? 0 : tickOf(stamps.subarray(from, last));
}

/** Rates of the header, gaps of the stamps. */
function byBoth(stretches: readonly RatedStretch[], stamps: Float64Array, doubts: Doubt[]): Piece[] {
  const pieces: Piece[] = [];
  let open: Piece | undefined;
  let backwards = 0;
  const mismatches: string[] = [];
  for (const [i, { rate, from, to }] of stretches.entries()) {
    const tick = coarseness(stamps, from, to, 1 / rate);
    const before = i === 0 ? rate : stretches[i - 1].rate;
    for (let n = from; n < to; n++) {
      const slowest = n === from ? Math.min(rate, before) : rate;
      const step = n === 0 ? 0 : stamps[n] - lastStamp(stamps, n);
      const limit = GAP / slowest + 1.5 * tick;
      const isGap = n > 0 && step > limit * (1 + missingBefore(stamps, n));
      const isBack = n > 0 && step < -limit;
      if (isBack) backwards++;
      if (open && n > from && !isGap) continue;
      const previous = open;
      if (previous) previous.to = n;
      const end: number = previous ? previous.at + (n - previous.from) / previous.rate : 0;
      // Behind a gap the stamp tells: it is not the sum of what came before.
      open = { from: n, to, rate, at: isGap ? Math.max(end, stamps[n] - stamps[0]) : end };
      pieces.push(open);
    }
    const span = stampSpan(stamps, from, to);
    if (span && span.samples > 32 && tick * rate < 0.01) {
      const stamped = span.samples / span.seconds;
      if (Math.abs(stamped / rate - 1) > AGREE && Math.abs(stamped / rate - 1) <= SAME_CLOCK)
        mismatches.push(`${hertz(rate)} (stamps ${hertz(stamped)})`);
    }
  }
  if (open) open.to = stretches[stretches.length - 1].to;
  if (mismatches.length) {
    doubts.push({
      code: 'RATE_MISMATCH',
      text: `rates of the header and of the time stamps differ: ${listed(mismatches)}; the header is taken`,
    });
  }
  if (backwards) {
    doubts.push({
      code: 'STAMPS_BACK',
      text: `time stamps run back in ${backwards} ${backwards === 1 ? 'place' : 'places'}: what follows is placed behind what came before`,
    });
  }
  return pieces;
}

/** Steps of the stamps of one piece alone, without the gaps in it. */
function stampSpan(stamps: Float64Array, from: number, to: number) {
  let seconds = 0;
  let samples = 0;
  let typical = 0;
  for (let n = from + 1; n < to; n++) {
    const step = stamps[n] - stamps[n - 1];
    if (!(step > 0)) continue;
    typical ||= step;
    if (step > GAP * typical) continue;
    seconds += step;
    samples++;
  }
  return samples > 0 ? { seconds, samples } : undefined;
}

/** The newest stamp before a sample that is there. */
function lastStamp(stamps: Float64Array, n: number): number {
  let k = n - 1;
  while (k > 0 && Number.isNaN(stamps[k])) k--;
  return stamps[k];
}

function missingBefore(stamps: Float64Array, n: number): number {
  let k = n - 1;
  while (k > 0 && Number.isNaN(stamps[k])) k--;
  return n - 1 - k;
}

/**
 * Sections where the stamps rise evenly; their rates are those of the stamps. A sample belongs to the rate of the step
 * behind it: where the rate changes, the first sample of the new one comes a step of the old one after the last.
 */
function byStamps(stamps: Float64Array): Piece[] {
  const { length } = stamps;
  if (length < 3) throw new Error('too few time stamps to give a sampling rate');
  const stepAt = (n: number) => stamps[n] - stamps[n - 1];
  const typicalFrom = (n: number) => {
    const steps: number[] = [];
    for (let k = n; k < Math.min(length, n + LOOK); k++) steps.push(stepAt(k));
    steps.sort((a, b) => a - b);
    return steps[steps.length >> 1] ?? Number.NaN;
  };
  const tick = tickOf(stamps);
  const pieces: Piece[] = [];
  for (let from = 0; from < length; ) {
    const typical = typicalFrom(from + 1);
    const room = Math.max(EVEN * typical, 1.5 * tick);
    let to = from + 1;
    while (to < length && Math.abs(stepAt(to) - typical) <= room) to++;
    // The last sample before another step is the first of what that step belongs to, unless the step is a gap.
    const next = to < length ? typicalFrom(to + 1) : Number.NaN;
    const isGap = to < length && stepAt(to) > GAP * Math.max(typical, next) + tick;
    const end = to < length && !isGap && to - 1 > from ? to - 1 : to;
    const last = Math.min(end, to - 1);
    const seconds = stamps[last] - stamps[from];
    pieces.push({
      from,
      to: end,
      rate: seconds > 0 ? (last - from) / seconds : 0,
      at: stamps[from] - stamps[0],
    });
    from = end;
  }
  const even = pieces.filter(({ from, to, rate }) => rate > 0 && to - from >= SHORTEST);
  const covered = even.reduce((sum, { from, to }) => sum + to - from, 0);
  if (covered < MOSTLY * length) {
    throw new Error('the header has no sampling rate, and the time stamps are too uneven to give one');
  }
  return pieces.filter(({ rate }) => rate > 0);
}

/** Unit of the stamps where they are coarse: the difference of the two steps that they take in turn; 0 for fine ones. */
function tickOf(stamps: Float64Array): number {
  const steps: number[] = [];
  for (let n = 1; n < Math.min(stamps.length, 257); n++) steps.push(stamps[n] - stamps[n - 1]);
  const middle = [...steps].sort((a, b) => a - b)[steps.length >> 1] ?? 0;
  const usual = steps.filter((step) => step >= 0 && step < 2.5 * middle);
  const different = new Set(usual.map((step) => step.toPrecision(6)));
  if (different.size < 2 || different.size > 3) return 0;
  const tick = Math.max(...usual) - Math.min(...usual);
  // Otherwise they are steps of two rates.
  return usual.every((step) => Math.abs(step / tick - Math.round(step / tick)) < 0.02) ? tick : 0;
}

/** Pieces that go on without a gap, and whose rates drift at most, as one section. */
function joined(pieces: readonly Piece[]): Section[] {
  const sections: Section[] = [];
  for (const piece of pieces) {
    if (piece.to <= piece.from) continue;
    const open = sections[sections.length - 1];
    const before = open?.pieces[open.pieces.length - 1];
    const end = before ? before.at + (before.to - before.from) / before.rate : 0;
    const gap = before ? Math.max(0, piece.at - end) : 0;
    const goesOn =
      open &&
      before &&
      gap * before.rate < GAP - 1 &&
      Math.abs(piece.rate / open.pieces[0].rate - 1) <= DRIFT;
    if (goesOn) {
      open.pieces.push({ ...piece });
      open.to = piece.to;
    } else {
      sections.push({
        ...piece,
        gap: open && before && gap * before.rate < GAP - 1 ? 0 : gap,
        pieces: [{ ...piece }],
      });
    }
  }
  for (const section of sections) {
    const seconds = section.pieces.reduce((sum, { from, to, rate }) => sum + (to - from) / rate, 0);
    section.rate = (section.to - section.from) / seconds;
  }
  return sections;
}

function hertz(rate: number): string {
  return `${Number(rate.toPrecision(6))} Hz`;
}

function listed(parts: readonly string[]): string {
  const shown = parts.slice(0, 3).join(', ');
  return parts.length > 3 ? `${shown} and ${parts.length - 3} more` : shown;
}
