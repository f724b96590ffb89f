import { type Clock, drawClock } from './clock';
import { drawDate, type StartDate } from './dates';
import { Dice } from './dice';
import { FAULTS, type Fault } from './faults';
import { drawNaming, type NamedChannel, type Naming } from './naming';
import { drawSections, drawTimes, endOf, type Layout, type Section } from './sections';
import { type Disturbance, PowerSystem } from './signal';
import type { Format, Revision } from './writer';

/** Everything that was drawn for one record but its samples. */
export interface Shape {
  seed: number;
  fault?: Fault;
  revision: Revision;
  format: Format;
  isSingleFile: boolean;
  naming: Naming;
  order: string;
  /** In the order of the file. */
  channels: NamedChannel[];
  system: PowerSystem;
  /** 50 or 60 Hz, which the recorder was made for. */
  nominal: number;
  headerFrequency: string;
  layout: Layout;
  /** What the slow sections hold. */
  slowValue: 'RMS' | 'peak';
  sections: Section[];
  clock: Clock;
  date: StartDate;
  /** s from the first sample. */
  trigger: number;
  side: 'P' | 'S';
  /** Samples that the header has more, or less, than the data. */
  countOff: number;
  hasMissingValues: boolean;
  /** Whether the reader is told the declared voltage. */
  isNominalGiven: boolean;
  encoding: string;
  lineEnd: '\r\n' | '\n';
  ctrlZ: boolean;
  statusChannels: number;
}

const FORMATS: Record<Revision, readonly Format[]> = {
  1991: ['ASCII', 'BINARY'],
  1999: ['ASCII', 'BINARY', 'BINARY'],
  2013: ['ASCII', 'BINARY', 'BINARY32', 'FLOAT32', 'FLOAT32'],
};
const SECONDARY = [57.735, 63.5, 66.4, 100, 120];
const PRIMARY = [120, 230, 277, 2400, 6350, 11_547, 38_000, 127_000, 230_940];
const LAYOUTS: Layout[] = [
  ...Array<Layout>(9).fill('one'),
  ...Array<Layout>(4).fill('gaps'),
  ...(['drift', 'drift', 'mixed', 'mixed', 'slow', 'slow'] as const),
];

export function drawShape(seed: number): Shape {
  const dice = new Dice(seed);
  // One in ten, each kind as often as the others.
  const fault = seed % 10 === 7 ? FAULTS[Math.floor(seed / 10) % FAULTS.length] : undefined;
  const revision = dice.pick([1991, 1999, 1999, 2013] as const);
  const format = dice.pick(FORMATS[revision]);
  const layout = fault ? 'one' : dice.pick(LAYOUTS);
  const frequency = drawFrequency(dice);
  const nominal = Math.abs(frequency - 50) < Math.abs(frequency - 60) ? 50 : 60;
  const rate = drawRate(dice, frequency, nominal, fault);
  const side = revision > 1991 && dice.chance(0.4) ? 'S' : 'P';
  const level = dice.pick(side === 'S' ? SECONDARY : PRIMARY);
  const isAscii = format === 'ASCII';
  const clock = drawClock(dice, { revision, isAscii, layout, rate, fault });
  // A counter of nanoseconds turns over every 4.3 s: a longer pause could not be told.
  const sections = drawSections(dice, layout, rate, nominal, clock.unit === 1e-9 ? 2 : 5);
  const system = new PowerSystem(dice, { frequency, level, rate });
  const naming = drawNaming(dice);
  system.disturbance = drawDisturbance(dice, system, sections, naming);
  const { order, channels } = arranged(dice, channelsFor(naming, fault));
  const trigger = dice.between(0.1, 0.6) * endOf(sections[sections.length - 1]);
  const digits = clock.unit === 1e-9 ? 9 : dice.pick([6, 6, 6, 3]);
  const date = drawDate(dice, revision, digits, trigger);
  // Only the digits of the date say that stamps are in nanoseconds.
  if (date.time === undefined) clock.unit = 1e-6;
  const isForeign = naming.encoding !== undefined;
  return {
    seed,
    fault,
    revision,
    format,
    isSingleFile: revision === 2013 && dice.chance(0.35),
    naming,
    order,
    channels,
    system,
    nominal,
    headerFrequency: dice.chance(0.85) ? String(nominal) : dice.pick(['', String(110 - nominal), '50.0']),
    layout,
    slowValue: dice.pick(['RMS', 'peak']),
    sections,
    clock,
    date,
    trigger,
    side,
    countOff: dice.chance(0.08) && fault === undefined ? dice.pick([-1, 1]) : 0,
    hasMissingValues: dice.chance(0.1) && fault === undefined,
    isNominalGiven: dice.chance(0.7),
    encoding: naming.encoding ?? 'utf-8',
    lineEnd: isForeign || dice.chance(0.7) ? '\r\n' : '\n',
    ctrlZ: dice.chance(0.15),
    statusChannels: fault === 'status only' ? 16 : dice.pick([0, 0, 3, 17]),
  };
}

/** One line about a shape, for messages. */
export function describeShape(shape: Shape): string {
  const { seed, fault, revision, format, isSingleFile, naming, order, system, clock, sections, side } = shape;
  const { frequency, disturbance: event } = system;
  const perCycle = sections.map(({ rate, count }) => `${(rate / frequency).toFixed(1)}x${count}`).join(' ');
  return [
    `seed ${seed}: ${fault ?? 'healthy'}, ${revision} ${format}${isSingleFile ? ' .cff' : ''} ${shape.encoding}`,
    `${naming.title} (${order}) ${side}, ${frequency.toFixed(2)} Hz (header "${shape.headerFrequency}")`,
    `${shape.layout}: ${perCycle} samples a cycle${shape.layout === 'slow' ? `, slow ${shape.slowValue}` : ''}`,
    `rates ${clock.rates}, stamps ${clock.stamps} ${clock.unit * clock.multiplier} s${clock.isCoarse ? ' in ms' : ''} from ${clock.first}`,
    `start "${shape.date.start}"${shape.countOff ? `, count off by ${shape.countOff}` : ''}${shape.hasMissingValues ? ', missing values' : ''}`,
    event
      ? `${event.type} ${event.factors.map((part) => part.toFixed(2)).join('/')} at ${event.from.toFixed(4)} to ${event.to.toFixed(4)} s, jump ${((event.jump * 180) / Math.PI).toFixed(0)} deg`
      : 'no event',
    `nominal ${shape.isNominalGiven ? 'given' : 'not given'}`,
  ].join('; ');
}

function drawFrequency(dice: Dice): number {
  if (dice.chance(0.25)) return dice.between(42.8, 68.5);
  return dice.pick([50, 60]) + dice.between(-0.3, 0.3);
}

function drawRate(dice: Dice, frequency: number, nominal: number, fault?: Fault): number {
  if (fault === 'too few samples a cycle') return Math.round(dice.between(3, 6) * frequency);
  const kind = dice.whole(0, 9);
  const perCycle =
    kind < 4
      ? dice.pick([12, 16, 20, 24, 32])
      : kind < 7
        ? dice.byMagnitude(8.3, 40)
        : kind < 9
          ? dice.byMagnitude(40, 256)
          : dice.byMagnitude(256, 2000);
  const rate = Math.max(perCycle * nominal, 8.3 * frequency);
  return dice.chance(0.8) ? Math.ceil(rate) : Number(rate.toFixed(3));
}

function drawDisturbance(
  dice: Dice,
  { frequency }: PowerSystem,
  sections: Section[],
  { channels }: Naming,
): Disturbance | undefined {
  const times = drawTimes(dice, sections, 1 / frequency);
  if (!times) return undefined;
  const isSag = dice.chance(0.7);
  const isBetweenLines = !channels.some(({ content }) => content === 'va');
  const phases = isBetweenLines && dice.chance(0.6) ? 3 : dice.whole(1, 3);
  const affected = dice.shuffled([0, 1, 2]).slice(0, phases);
  // Between lines, a step of one phase is seen by half.
  const isSeenByHalf = isBetweenLines && phases < 3;
  const main = isSag
    ? dice.between(0.2, isSeenByHalf ? 0.55 : 0.83)
    : dice.between(isSeenByHalf ? 1.4 : 1.2, 1.57);
  const factors = [1, 1, 1];
  const currents = [1, 1, 1];
  for (const phase of affected) {
    factors[phase] = main + (phase === affected[0] ? 0 : dice.between(-0.02, 0.02));
    currents[phase] = isSag ? dice.between(1, 4) : dice.between(0.3, 1);
  }
  const hasJump = phases === 3 && isSag && dice.chance(0.4);
  const jump = hasJump ? (dice.between(-20, 20) * Math.PI) / 180 : 0;
  return { type: isSag ? 'sag' : 'swell', ...times, factors, currents, jump };
}

/** What is left of a maker's channels under a fault. */
function channelsFor({ channels }: Naming, fault?: Fault): NamedChannel[] {
  if (fault === 'status only') return [];
  if (fault !== 'no voltage') return channels;
  const currents = channels.filter(({ content }) => /^i[abc]$/.test(content));
  if (currents.length === 3) return currents;
  return (['ia', 'ib', 'ic'] as const).map((content) => ({
    content,
    name: content.toUpperCase(),
    phase: content[1].toUpperCase(),
    unit: 'A',
  }));
}

function arranged(dice: Dice, channels: NamedChannel[]): { order: string; channels: NamedChannel[] } {
  const voltages = channels.filter(({ content }) => /^v([abc]|ab|bc|ca)$/.test(content));
  const currents = channels.filter(({ content }) => /^i[abc]$/.test(content));
  const decoys = channels.filter((channel) => !voltages.includes(channel) && !currents.includes(channel));
  const order = dice.pick(['voltages first', 'voltages first', 'currents first', 'interleaved', 'reversed']);
  const main = {
    'voltages first': [...voltages, ...currents],
    'currents first': [...currents, ...voltages],
    interleaved: voltages.flatMap((voltage, i) => [voltage, ...currents.slice(i, i + 1)]),
    reversed: [...voltages.toReversed(), ...currents.toReversed()],
  }[order] as NamedChannel[];
  for (const channel of [...voltages, ...currents]) if (!main.includes(channel)) main.push(channel);
  const before = dice.whole(0, decoys.length);
  const between = dice.chance(0.3) ? dice.whole(1, Math.max(1, main.length - 1)) : main.length;
  return {
    order,
    channels: [
      ...decoys.slice(0, before),
      ...main.slice(0, between),
      ...decoys.slice(before),
      ...main.slice(between),
    ],
  };
}
