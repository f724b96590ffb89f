import type { Channel, PqEvent } from '../../record';
import {
  add,
  argument,
  type Complex,
  changePoint,
  divide,
  fundamentalPhasor,
  magnitude,
  multiply,
  polar,
  type Sequence,
  scale,
  symmetricalComponents,
} from '../../signal';
import { sourceDirection } from './direction';
import { sagType } from './sag-type';

/** What is told of an event beyond its size and length; only what could be told. */
export type Character = Pick<PqEvent, 'characteristic' | 'phaseJump' | 'direction'> & {
  bollen?: string;
  /** Degrees after the rising zero crossing of the fundamental. */
  startAngle?: number;
};

/** Where to look; positions in samples, `read` gives samples as far as they are held. */
export interface Place {
  channels: readonly Channel[];
  /** Samples `[from, from + length)` of a channel; undefined where they are not all held. */
  read(channel: Channel, from: number, length: number): Float32Array | undefined;
  /** Samples of a cycle before the event. */
  period: number;
}

/** Below this part of what it was, a voltage has no angle. */
const GONE = 0.02;
const DEGREES = 180 / Math.PI;

/**
 * Type, characteristic voltage, phase jump, direction and the point on wave where it began.
 * @param start of the Urms(1/2) that began the event: the cycle before it is undisturbed
 * @param worst channel of the lowest or highest value near the start, and where that value begins
 * @param sag whether to look for the type of a sag
 */
export function characterOf(
  place: Place,
  start: number,
  worst: { channel: Channel; start: number },
  sag: boolean,
): Character {
  const { channels, period } = place;
  const origin = start - period;
  const before = phasorsAt(place, channels, origin);
  const during = phasorsAt(place, channels, worst.start, origin);
  if (!before || !during) return {};
  const character: Character = {};
  const [was, is] = [before[worst.channel], during[worst.channel]] as Complex[];
  if (magnitude(was) === 0) return {};
  const ratio = divide(is, was);
  if (magnitude(ratio) > GONE) character.phaseJump = argument(ratio) * DEGREES;
  const angle = pointOnWave(place, worst.channel, start - 0.1 * period, start + 1.25 * period, {
    at: origin,
    angle: argument(was),
  });
  if (angle !== undefined) character.startAngle = angle;
  if (sag) Object.assign(character, typeOf(before, during));
  const direction = directionOf(before, during);
  if (direction) character.direction = direction;
  return character;
}

/**
 * Point on wave where an event ended, degrees of the fundamental after it.
 * @param end of the value that ended it
 */
export function endAngle(place: Place, channel: Channel, end: number): number | undefined {
  const { period } = place;
  const after = [end, end - period].find((at) => phasorsAt(place, [channel], at));
  if (after === undefined) return undefined;
  const phasor = phasorsAt(place, [channel], after)?.[channel] as Complex;
  return pointOnWave(place, channel, end - 1.75 * period, end - 0.25 * period, {
    at: after,
    angle: argument(phasor),
  });
}

type Phasors = Partial<Record<Channel, Complex>>;

/** Phasors over the cycle from `at` on, turned back to `origin`; undefined where samples are missing. */
function phasorsAt(place: Place, channels: readonly Channel[], at: number, origin = at): Phasors | undefined {
  const { period, read } = place;
  const from = Math.floor(at) - 1;
  const turn = polar(1, (-2 * Math.PI * (at - origin)) / period);
  const phasors: Phasors = {};
  for (const name of channels) {
    const samples = read(name, from, Math.ceil(period) + 4);
    if (!samples) return undefined;
    phasors[name] = multiply(fundamentalPhasor(samples, at - from, at - from + period), turn);
  }
  return phasors;
}

/** Angle at the place between `from` and `to` where the waveform changed. */
function pointOnWave(
  { read, period }: Place,
  channel: Channel,
  from: number,
  to: number,
  known: { at: number; angle: number },
): number | undefined {
  const cycle = Math.ceil(period) + 2;
  const first = Math.floor(from) - cycle;
  const samples = read(channel, first, Math.ceil(to - from) + 2 * cycle);
  if (!samples) return undefined;
  const position = first + changePoint({ samples, mask: -1 }, cycle, samples.length - cycle, period);
  const degrees = (known.angle + (2 * Math.PI * (position - known.at)) / period) * DEGREES;
  return ((degrees % 360) + 360) % 360;
}

/** Voltages or currents of three phases; a third line voltage follows from two. */
function threePhases(phasors: Phasors, names: readonly Channel[]): Complex[] | undefined {
  const found = names.map((name) => phasors[name]);
  const missing = found.indexOf(undefined);
  if (missing < 0) return found as Complex[];
  const rest = found.filter((phasor) => phasor !== undefined);
  if (rest.length < 2 || names[0].length < 3) return undefined;
  return names.map((name) => phasors[name] ?? scale(add(...rest), -1));
}

const VOLTAGES = [
  ['va', 'vb', 'vc'],
  ['vab', 'vbc', 'vca'],
] as const satisfies Channel[][];

function typeOf(before: Phasors, during: Phasors): Pick<Character, 'bollen' | 'characteristic'> {
  for (const names of VOLTAGES) {
    const was = threePhases(before, names);
    const is = threePhases(during, names);
    if (!was || !is) continue;
    const { positive, negative } = symmetricalComponents(was[0], was[1], was[2]);
    const reversed = magnitude(negative) > magnitude(positive);
    const unit = reversed ? negative : positive;
    if (magnitude(unit) === 0) return {};
    const [a, b, c] = is.map((phasor) => divide(phasor, unit));
    const { type, voltage } = sagType(reversed ? [a, c, b] : [a, b, c]);
    const swapped = reversed ? type.replace(/[bc]$/, (phase) => (phase === 'b' ? 'c' : 'b')) : type;
    return { bollen: swapped, characteristic: voltage };
  }
  return {};
}

/** Of the positive sequence where there are three phases, else of the first one with a current. */
function directionOf(before: Phasors, during: Phasors): Character['direction'] {
  const sequences = [before, during].map((phasors) => {
    const v = (['va', 'vb', 'vc'] as const).map((name) => phasors[name]);
    const i = (['ia', 'ib', 'ic'] as const).map((name) => phasors[name]);
    if ([...v, ...i].every((phasor) => phasor !== undefined)) {
      const [sv, si] = [v, i].map((three) => {
        const [a, b, c] = three as Complex[];
        return symmetricalComponents(a, b, c) as Sequence;
      });
      const forward = magnitude(sv.positive) >= magnitude(sv.negative);
      return forward ? { v: sv.positive, i: si.positive } : { v: sv.negative, i: si.negative };
    }
    const k = v.findIndex((phasor, n) => phasor && i[n]);
    return k < 0 ? undefined : { v: v[k] as Complex, i: i[k] as Complex };
  });
  const [was, is] = sequences;
  return was && is ? sourceDirection(was, is) : undefined;
}
