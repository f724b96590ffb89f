import type { Channel, Doubt } from '../../record';
import {
  isDerived,
  isResidual,
  kindOf,
  type NamedChannel,
  type NamedSet,
  namedSets,
  phaseField,
  phaseOfName,
  unitOf,
} from './names';
import { ALTERNATING, type ChannelSignal, type Symmetry, symmetryOf } from './signal';

/** Channels of one meter, by their places in the list of channels. */
export interface FoundMeter {
  channels: Partial<Record<Channel, number>>;
  /** What the names have in common: bus, feeder, side. */
  label: string;
  reason: string;
  /** 0 to 1. */
  confidence: number;
}

export interface FoundChannels {
  meters: FoundMeter[];
  doubts: Doubt[];
}

/** A set of channels with all evidence for it. */
interface Candidate extends NamedSet {
  signals: ChannelSignal[];
  symmetry: Symmetry;
  alive: boolean;
}

/** Names that leave so much room for another reading are no set. */
const LEAST_SCORE = 0.5;
const SYMMETRIC = 0.8;
const ASYMMETRIC = 0.6;

/**
 * Which channels of a file are the voltages and currents of which meter, by what their names say, what their units say,
 * and what their samples say: equal levels, a third of a turn apart. Always whole sets; where a set is not certain it
 * says why.
 * @param channels analogue channels as the header describes them
 * @param signals of each of them; see {@link signalsOf}
 */
export function findMeters(
  channels: readonly NamedChannel[],
  signals: readonly ChannelSignal[],
): FoundChannels {
  const doubts: Doubt[] = [];
  const candidates = candidatesOf(channels, signals);
  const chosen = choose(candidates);
  const voltages = chosen.filter(({ kind }) => kind === 'v');
  const currents = chosen.filter(({ kind }) => kind === 'i');
  const sets = voltages.length ? preferNeutral(voltages) : bySignal(channels, signals);
  if (voltages.length === 0 && sets.length) {
    doubts.push({
      code: 'PHASES_GUESSED',
      text: `no name says which phase a voltage is: ${sets.map((set) => namesOf(set, channels)).join('; ')} are taken for a, b, c by their angles; any of them may be a`,
    });
  }
  if (sets.length === 0) {
    const single = singlePhase(channels, signals, doubts);
    return { meters: single ? [single] : [], doubts };
  }
  // Sets that carry a voltage on more than one phase; where none does, all that have a name.
  const live = sets.filter(({ alive, signals: own }) => alive && !isLone(own));
  const kept = (live.length ? live : sets).sort((x, y) => firstOf(x) - firstOf(y));
  const dead = sets.filter((set) => !kept.includes(set));
  if (dead.length) {
    doubts.push({
      code: 'DEAD_CHANNELS',
      text: `voltages without a signal, or with one on a single phase, in the stretches that were looked at: ${dead.map((set) => namesOf(set, channels)).join('; ')}`,
    });
  }
  const loose = channels.filter(
    (channel, place) =>
      kindOf(channel) === 'i' &&
      !isDerived(channel) &&
      !isResidual(channel) &&
      signals[place].share >= ALTERNATING,
  ).length;
  const used = new Set(kept.flatMap(({ members, neutral }) => [...members, neutral]));
  const unused = channels.filter(
    (channel, place) =>
      kindOf(channel) === 'v' &&
      !used.has(place) &&
      !isDerived(channel) &&
      !isResidual(channel) &&
      signals[place].share >= ALTERNATING &&
      isAsHigh(signals[place], kept[0].signals),
  );
  if (unused.length) {
    doubts.push({
      code: 'UNUSED_VOLTAGES',
      text: `voltages as high as those used, in no set by their names: ${unused.map(({ id }) => id.trim()).join(', ')}`,
    });
  }
  return {
    meters: kept.map((set) => meterOf(set, currents, kept, channels, signals, doubts, loose)),
    doubts,
  };
}

function candidatesOf(channels: readonly NamedChannel[], signals: readonly ChannelSignal[]): Candidate[] {
  // Where nothing alternates, the samples say nothing of what is a waveform.
  const sines = signals.some(({ share }) => share >= ALTERNATING);
  const highest = { v: 0, i: 0 };
  channels.forEach((channel, place) => {
    const kind = kindOf(channel);
    const { rms, share } = signals[place];
    const level = rms * (unitOf(channel.unit)?.scale ?? 1);
    if (kind && (share >= ALTERNATING || !sines) && level > highest[kind]) highest[kind] = level;
  });
  return namedSets(channels)
    .filter(({ score }) => score >= LEAST_SCORE)
    .map((set): Candidate => {
      const members = set.members.filter((member) => member !== undefined);
      const own = members.map((member) => signals[member]);
      const factor = unitOf(channels[members[0]].unit)?.scale ?? 1;
      const floor = (1e-3 * highest[set.kind]) / factor;
      const alive = own.some(({ rms }) => rms > floor && rms > 0);
      const symmetry =
        own.length === 3 ? symmetryOf(own, floor) : { share: 0, rotation: 1 as const, zero: 0, level: 0 };
      return { ...set, signals: own, symmetry, alive };
    })
    .filter(({ alive, signals: own, kind }) => {
      // RMS values, magnitudes and angles have the names of phases, too.
      const mean = own.every(({ rms, mean: m }) => Math.abs(m) > 2 * rms && Math.abs(m) > 0);
      return !(sines && alive && kind === 'v' && own.every(({ share }) => share < ALTERNATING)) && !mean;
    })
    .map((candidate) => ({ ...candidate, score: candidate.score + signalScore(candidate) }))
    .sort((a, b) => b.score - a.score || firstOf(a) - firstOf(b));
}

function signalScore({ alive, symmetry, signals, kind }: Candidate): number {
  if (!alive || signals.length < 3) return 0;
  if (symmetry.share >= SYMMETRIC) return symmetry.rotation === 1 ? 2 : 1;
  return symmetry.share < ASYMMETRIC && kind === 'v' ? -1 : 0;
}

/** The best sets that share no channel. */
function choose(candidates: readonly Candidate[]): Candidate[] {
  const taken = new Set<number>();
  const chosen: Candidate[] = [];
  for (const candidate of candidates) {
    const members = candidate.members.filter((member) => member !== undefined);
    if (members.some((member) => taken.has(member))) continue;
    // `V1 V2 V3` beside `VA VB VC` are sequence values or another group of the same name.
    for (const member of members) taken.add(member);
    chosen.push(candidate);
  }
  const lettered = chosen.filter(({ tokens }) => !/^\d$/.test(tokens[0]));
  return chosen.filter(
    (set) =>
      !/^\d$/.test(set.tokens[0]) ||
      !lettered.some(
        ({ kind, label, lines }) => kind === set.kind && label === set.label && lines === set.lines,
      ),
  );
}

/** Voltages between lines are left out where those to neutral of the same place are there. */
function preferNeutral(sets: readonly Candidate[]): Candidate[] {
  const neutral = sets.filter(({ lines }) => !lines);
  return sets.filter(
    (set) =>
      !set.lines ||
      !(
        neutral.some(({ label }) => likeness(label, set.label) > 0) ||
        (neutral.length > 0 && set.label === '')
      ),
  );
}

function meterOf(
  set: Candidate,
  currents: readonly Candidate[],
  all: readonly Candidate[],
  channels: readonly NamedChannel[],
  signals: readonly ChannelSignal[],
  doubts: Doubt[],
  loose: number,
): FoundMeter {
  const found: Partial<Record<Channel, number>> = {};
  const phases = set.lines ? ['ab', 'bc', 'ca'] : ['a', 'b', 'c'];
  set.members.forEach((member, i) => {
    if (member !== undefined) found[`v${phases[i]}` as Channel] = member;
  });
  if (set.neutral !== undefined && !set.lines) found.vn = set.neutral;
  const own = currentsOf(set, currents, all);
  if (own) {
    own.members.forEach((member, i) => {
      if (member !== undefined) found[`i${'abc'[i]}` as Channel] = member;
    });
    if (own.neutral !== undefined) found.in = own.neutral;
  } else if (currents.length === 0 && loose > 0) {
    doubts.push({
      code: 'CURRENTS_UNASSIGNED',
      text: `${loose} currents in the file make no set by their names: none is taken`,
    });
  } else if (currents.length) {
    doubts.push({
      code: 'CURRENTS_UNASSIGNED',
      text: `${namesOf(set, channels)}: ${currents.length} ${currents.length === 1 ? 'set' : 'sets'} of currents may belong to it, none is taken: ${currents
        .slice(0, 6)
        .map((current) => namesOf(current, channels))
        .join('; ')}${currents.length > 6 ? ' ...' : ''}`,
    });
  }
  if (found.vn !== undefined && isAsHigh(signals[found.vn], set.signals)) {
    // A fourth voltage as high as the phases is one of another set.
    delete found.vn;
  }
  const { symmetry, alive } = set;
  const why = [`${set.tokens.join(' ')} in the names`];
  let confidence = Math.min(0.9, 0.45 + 0.1 * Math.max(0, set.score));
  if (alive && symmetry.share >= SYMMETRIC) {
    why.push(
      `equal levels, 120 degrees apart (${Math.round(100 * symmetry.share)} % ${symmetry.rotation === 1 ? 'positive' : 'negative'} sequence)`,
    );
    confidence = Math.min(0.99, confidence + 0.15);
    if (symmetry.rotation === -1) {
      doubts.push({
        code: 'ROTATION',
        text: `${namesOf(set, channels)}: the phase sequence is a-c-b`,
      });
    }
  } else if (alive && set.signals.length === 3 && symmetry.share > 0) {
    why.push(`by name alone: the signals are not symmetrical (${Math.round(100 * symmetry.share)} %)`);
    confidence = Math.min(confidence, 0.6);
  } else if (!alive) {
    why.push('by name alone: no signal');
    confidence = Math.min(confidence, 0.5);
  } else if (set.signals.length === 2) {
    why.push('two of three line voltages');
  }
  return { channels: found, label: asWritten(set, channels), reason: why.join(', '), confidence };
}

/** The currents that belong to a set of voltages: the only ones of the same place by name, or the only ones at all. */
function currentsOf(
  set: Candidate,
  currents: readonly Candidate[],
  all: readonly Candidate[],
): Candidate | undefined {
  if (currents.length === 1 && all.length === 1) return currents[0];
  const scored = currents
    .map((current) => ({ current, points: likeness(set.label, current.label) }))
    .sort((a, b) => b.points - a.points);
  const [best, next] = scored;
  if (!best || best.points <= 0 || (next && next.points >= best.points)) return undefined;
  // Another set of voltages that fits them as well may have them.
  const rivals = all.filter(
    (other) => other !== set && likeness(other.label, best.current.label) >= best.points,
  );
  return rivals.length ? undefined : best.current;
}

/** One phase alone carries something: a synchronising voltage, with two channels that are not connected. */
function isLone(signals: readonly ChannelSignal[]): boolean {
  const levels = signals.map(({ rms }) => rms);
  const highest = Math.max(...levels);
  return signals.length === 3 && levels.filter((level) => level > 0.02 * highest).length === 1;
}

function isAsHigh(one: ChannelSignal, others: readonly ChannelSignal[]): boolean {
  return one.rms > 0.5 * Math.max(...others.map(({ rms }) => rms));
}

/** How far two labels name the same place: the words they share; equal ones most. */
function likeness(a: string, b: string): number {
  if (a === b) return 100;
  const [x, y] = [a, b].map(
    (text) =>
      new Set(
        text
          .toLowerCase()
          .split(/[^\p{L}\p{N}]+/u)
          .filter(Boolean),
      ),
  );
  return [...x].filter((word) => y.has(word)).length;
}

/** Sets by the samples alone, where no name says anything: three voltages side by side, equal and 120 degrees apart. */
function bySignal(channels: readonly NamedChannel[], signals: readonly ChannelSignal[]): Candidate[] {
  const sets: Candidate[] = [];
  for (let i = 0; i + 2 < channels.length; i++) {
    const own = channels.slice(i, i + 3);
    if (own.some((channel) => kindOf(channel) !== 'v' || channel.unit !== own[0].unit)) continue;
    if (own.some(isDerived) || own.some(isResidual)) continue;
    const three = signals.slice(i, i + 3);
    if (three.some(({ share }) => share < ALTERNATING)) continue;
    const symmetry = symmetryOf(three, 0);
    if (symmetry.share < 0.9) continue;
    const members = symmetry.rotation === 1 ? [i, i + 1, i + 2] : [i, i + 2, i + 1];
    sets.push({
      kind: 'v',
      lines: false,
      members,
      label: '',
      tokens: ['no phases'],
      score: 0,
      signals: three,
      symmetry: { ...symmetry, rotation: 1 },
      alive: true,
    });
    i += 2;
  }
  return sets;
}

/** One voltage, or two of a split phase, where there are no more in the file. */
function singlePhase(
  channels: readonly NamedChannel[],
  signals: readonly ChannelSignal[],
  doubts: Doubt[],
): FoundMeter | undefined {
  const of = (kind: 'v' | 'i') =>
    channels
      .map((channel, place) => ({ channel, place }))
      .filter(
        ({ channel, place }) =>
          kindOf(channel) === kind &&
          !isDerived(channel) &&
          !isResidual(channel) &&
          (kind === 'i' || signals[place].share >= ALTERNATING),
      )
      .map(({ place }) => place);
  const voltages = of('v');
  if (voltages.length === 0 || voltages.length > 2) return undefined;
  const currents = of('i');
  const found: Partial<Record<Channel, number>> = {};
  // Their own phases, where names or phase fields tell two different ones (or one).
  const named = voltages.map((place) => phaseField(channels[place].phase) ?? phaseOfName(channels[place].id));
  const phases =
    named.every((phase) => phase !== undefined) && new Set(named).size === named.length
      ? named.map((phase) => 'abc'[phase])
      : ['a', 'b'];
  voltages.forEach((place, i) => {
    found[`v${phases[i]}` as Channel] = place;
  });
  if (currents.length === voltages.length) {
    currents.forEach((place, i) => {
      found[`i${phases[i]}` as Channel] = place;
    });
  }
  doubts.push({
    code: 'SINGLE_PHASE',
    text: `${voltages.length === 1 ? 'one voltage' : 'two voltages'} in the file: taken as phase ${phases.slice(0, voltages.length).join(' and ')}`,
  });
  return { channels: found, label: '', reason: 'the only voltages that alternate', confidence: 0.5 };
}

/** The label with its letters as they stand in the names. */
function asWritten({ label, members }: NamedSet, channels: readonly NamedChannel[]): string {
  const first = members.find((member) => member !== undefined) ?? 0;
  const { id, component } = channels[first];
  return label
    .split(' ')
    .map((word) => {
      for (const text of [id, component]) {
        const at = text.toLowerCase().indexOf(word);
        if (word && at >= 0) return text.slice(at, at + word.length);
      }
      return word;
    })
    .join(' ');
}

function firstOf({ members }: NamedSet): number {
  return Math.min(...members.filter((member) => member !== undefined));
}

function namesOf({ members }: NamedSet, channels: readonly NamedChannel[]): string {
  return members
    .filter((member) => member !== undefined)
    .map((member) => channels[member].id.replace(/\s+/g, ' ').trim())
    .join(', ');
}
