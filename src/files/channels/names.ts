/** What the header of a file says of an analogue channel. */
export interface NamedChannel {
  /** Number in the file. */
  index: number;
  id: string;
  phase: string;
  /** Circuit component monitored. */
  component: string;
  unit: string;
}

export type Kind = 'v' | 'i';

/** Three channels (two, of line voltages) whose names differ in nothing but the phase. */
export interface NamedSet {
  kind: Kind;
  /** Voltages between lines. */
  lines: boolean;
  /** Places in the list of channels, phases a b c (ab bc ca) in turn; undefined for a line voltage that is missing. */
  members: (number | undefined)[];
  /** Neutral of the same name. */
  neutral?: number;
  /** What the names have in common, without quantity and phase: the bus, the feeder. */
  label: string;
  /** How the phases are named, e.g. `A B C`. */
  tokens: string[];
  /** More for names that leave less room for another reading. */
  score: number;
}

interface Family {
  name: string;
  tokens: readonly (readonly string[])[];
  neutral: readonly string[];
  lines: boolean;
  /** How far its tokens are phases and nothing else. */
  score: number;
}

const FAMILIES: readonly Family[] = [
  letters('L1', 'L2', 'L3', 2.2),
  letters('a', 'b', 'c', 2),
  letters('r', 's', 't', 1.6),
  letters('r', 'y', 'b', 1.6),
  letters('u', 'v', 'w', 1.4),
  { name: '1 2 3', tokens: [['1'], ['2'], ['3']], neutral: ['4', 'n'], lines: false, score: 1 },
  { name: '0 4 8', tokens: [['0'], ['4'], ['8']], neutral: ['n'], lines: false, score: 0.6 },
  letters('ж', 'з', 'к', 1.5),
  letters('p', 'q', 'r', 1.2),
  letters('red', 'yellow', 'blue', 2),
  letters('赤', '白', '青', 2),
  pairs('L1', 'L2', 'L3'),
  pairs('a', 'b', 'c'),
  pairs('r', 's', 't'),
  pairs('r', 'y', 'b'),
  pairs('u', 'v', 'w'),
  pairs('1', '2', '3'),
];

function letters(a: string, b: string, c: string, score: number): Family {
  return {
    name: [a, b, c].join(' ').toUpperCase(),
    tokens: [[a.toLowerCase()], [b.toLowerCase()], [c.toLowerCase()]],
    neutral: ['n'],
    lines: false,
    score,
  };
}

function pairs(a: string, b: string, c: string): Family {
  const of = (x: string, y: string) => {
    const [p, q] = [x.toLowerCase(), y.toLowerCase()];
    return ['', '-', '_', '/', ' ', ' - '].flatMap((gap) => [`${p}${gap}${q}`, `${q}${gap}${p}`]);
  };
  return {
    name: [`${a}${b}`, `${b}${c}`, `${c}${a}`].join(' ').toUpperCase(),
    tokens: [of(a, b), of(b, c), of(c, a)],
    neutral: [],
    lines: true,
    score: 3,
  };
}

/** Values of a channel that look like a phase's samples by their name, and are none. */
const DERIVED =
  /rms|mag(n|\b)|ang(le|\b)|diff|bias|restr|mem\b|seq|sync|check|\bref|thd|calc|demand|расч|差流|制动|有效值|幅值|相角|同期/iu;
/** Zero-sequence and residual values: of all phases, and of none. */
const RESIDUAL = /3 ?[uvi] ?[0oо]|(^|[^a-z])[uvi]_?[0oо]($|[^a-z0-9])|res(id)?|零序|нулев|zero/iu;
const VOLTAGE_WORDS =
  /volt|spannung|tension|tensi|tensã|напряж|napi|napět|电压|電圧|전압|gerilim|^[uve](?![a-z])|[^a-z][uv](?![a-z])/iu;
const CURRENT_WORDS =
  /current|strom|couran|corrient|corrent|ток|prąd|proud|电流|電流|전류|amps|^i(?![a-z])|[^a-z]i(?![a-z])/iu;
/** Cyrillic letters that stand for Latin phases. */
const LOOKALIKES: Record<string, string> = { а: 'a', в: 'b', с: 'c', о: 'o' };

/** Volt or ampere, and its prefix. */
export interface UnitOf {
  kind: Kind;
  scale: number;
}

const PREFIXES: Record<string, number> = {
  k: 1e3,
  kilo: 1e3,
  к: 1e3,
  m: 1e-3,
  milli: 1e-3,
  м: 1e-3,
  M: 1e6,
  mega: 1e6,
  М: 1e6,
};

/** Volt or ampere with its prefix, as recorders write it: V, kV, KV, volts, mA, Amps, ampere, кВ, A sec, 伏 ... */
export function unitOf(unit: string): UnitOf | undefined {
  const text = unit
    .trim()
    .replace(/[.[\]()]/g, ' ')
    .trim();
  const match =
    /^(kilo|milli|mega|k|K|m|M|к|К|м|М)?\s*(v|volts?|в|伏|a|amps?|amperes?|ampere|а|安)(?![a-zа-я])(?:[ /_-]?(?:pri\w*|sec\w*|rms|peak|pk|kv|кв))?$/iu.exec(
      text,
    );
  if (!match) return undefined;
  const prefix = match[1] ?? '';
  const scale = prefix === '' ? 1 : (PREFIXES[prefix] ?? PREFIXES[prefix.toLowerCase()] ?? 1);
  return { kind: /^[vв伏]/iu.test(match[2]) ? 'v' : 'i', scale };
}

/** Units of what is neither a voltage nor a current. */
const OTHER_UNIT = /^(hz|deg|°|%|[kmg]?(w|var|va)(h)?|pu|p\.u\.|none|rad|ohm|ω|s|ms|°c|n\/?a|[kmg]?wt?)$/iu;

/** Voltage or current, by unit or, where that says nothing, by name. */
export function kindOf({ unit, id }: NamedChannel): Kind | undefined {
  const found = unitOf(unit)?.kind;
  if (found || OTHER_UNIT.test(unit.trim())) return found;
  if (CURRENT_WORDS.test(id)) return 'i';
  if (VOLTAGE_WORDS.test(id)) return 'v';
  return /^i/i.test(id) ? 'i' : /^[uv]/i.test(id) ? 'v' : undefined;
}

/** Whether a name says that its values are not the samples of one phase. */
export function isDerived({ id }: NamedChannel): boolean {
  return DERIVED.test(id);
}

export function isResidual({ id }: NamedChannel): boolean {
  return RESIDUAL.test(id);
}

/** The phase that a phase field names: 0, 1, 2 for a, b, c; undefined where it names none (or a number that may be any). */
export function phaseField(text: string): number | undefined {
  const phase = latin(text.trim().toLowerCase());
  const match = /^(?:ph(?:ase)?[ -]?)?(?:[uvi]?l?)?([abc123rst])(?:[ -]?(?:n|g|e|ph))?$/.exec(phase);
  if (!match) return undefined;
  return ['a1r', 'b2s', 'c3t'].findIndex((group) => group.includes(match[1]));
}

/** The phase that a name ends with, bound to a quantity or standing apart; undefined where it ends otherwise. */
export function phaseOfName(id: string): number | undefined {
  return phaseField(/(?:^|[^a-z0-9]|[uvi])([abc123rst])$/i.exec(normalised(id))?.[1] ?? '');
}

/** All sets of channels whose names (or phase fields) make a set; a channel may be in several of them. */
export function namedSets(channels: readonly NamedChannel[]): NamedSet[] {
  const found: NamedSet[] = [];
  for (const family of FAMILIES) {
    for (const numbered of [false, true]) found.push(...setsOf(channels, family, numbered));
  }
  found.push(...setsOfFields(channels));
  return found.sort((a, b) => b.score - a.score || firstOf(a) - firstOf(b));
}

function firstOf({ members }: NamedSet): number {
  return members.find((member) => member !== undefined) ?? 0;
}

/** Where in a name a token of the family stands. */
interface Place {
  from: number;
  to: number;
  phase: number;
  /** Bound to a quantity (`Ua`), between boundaries (`_A_`), or somewhere inside a word. */
  quality: number;
}

function placesIn(name: string, { tokens, neutral }: Family): Place[] {
  const places: Place[] = [];
  const all = [...tokens, neutral];
  for (let from = 0; from < name.length; from++) {
    all.forEach((variants, phase) => {
      for (const token of variants) {
        if (!name.startsWith(token, from)) continue;
        const to = from + token.length;
        const before = name[from - 1] ?? '';
        const isBound = /[uvie]/.test(before) && !/[a-z]/.test(name[from - 2] ?? '');
        const isOpen = !/[a-z0-9]/.test(before);
        const isClosed = !/[a-z0-9]/.test(name[to] ?? '');
        places.push({ from, to, phase, quality: (isBound || isOpen ? 1 : 0) + (isClosed ? 0.5 : 0) });
      }
    });
  }
  return places.length > MOST_PLACES
    ? places
        .sort((a, b) => b.quality - a.quality)
        .slice(0, MOST_PLACES)
        .sort((a, b) => a.from - b.from)
    : places;
}

/** @param numbered names hold counters, too, such as the number of the channel: digits that differ are no difference */
function setsOf(channels: readonly NamedChannel[], family: Family, numbered: boolean): NamedSet[] {
  const groups = new Map<string, { slots: Set<number>[]; quality: number; label: string }>();
  channels.forEach((channel, place) => {
    const kind = kindOf(channel);
    if (!kind || (family.lines && kind === 'i')) return;
    const name = normalised(channel.id);
    const places = placesIn(name, family);
    const stems = new Map<string, { phase: number; quality: number }>();
    const note = (used: Place[]) => {
      const stem = stemOf(name, used, numbered);
      const quality = Math.max(...used.map((p) => p.quality));
      const key = `${used[0].phase} ${stem}`;
      if ((stems.get(key)?.quality ?? -1) < quality) stems.set(key, { phase: used[0].phase, quality });
    };
    for (const one of places) {
      note([one]);
      // Names that tell the phase twice: `A相电压UAC_L1`, `SBUS A 25 A`.
      for (const other of places) if (other.from >= one.to && other.phase === one.phase) note([one, other]);
    }
    for (const [key, { phase, quality }] of stems) {
      const stem = key.slice(key.indexOf(' ') + 1);
      // Two windings of one machine may differ in nothing but the case: IA IB IC and Ia Ib Ic.
      const id = `${kind} ${isUpper(channel.id) ? '' : '~'}${stem}`;
      const group = groups.get(id) ?? {
        slots: [0, 1, 2, 3].map(() => new Set<number>()),
        quality: 3,
        label: stem,
      };
      group.slots[phase].add(place);
      group.quality = Math.min(group.quality, phase < 3 ? quality : 3);
      groups.set(id, group);
    }
  });
  const sets: NamedSet[] = [];
  for (const [id, { slots, quality, label }] of groups) {
    const kind = id[0] as Kind;
    const phases = slots.slice(0, 3);
    if (phases.some(({ size }) => size > 1)) continue;
    const there = phases.filter(({ size }) => size === 1).length;
    if (there < (family.lines ? 2 : 3)) continue;
    const members = phases.map((slot) => [...slot][0]);
    const neutral = slots[3].size === 1 ? [...slots[3]][0] : undefined;
    const own = members.filter((member) => member !== undefined).map((member) => channels[member]);
    if (new Set(own.map(({ unit }) => unitOf(unit)?.scale ?? unit)).size > 1) continue;
    const isPlain = neutral !== undefined && !isResidual(channels[neutral]) && !members.includes(neutral);
    sets.push({
      kind,
      lines: family.lines,
      members,
      ...(isPlain ? { neutral } : {}),
      label: labelOf(label, kind),
      tokens: family.name.split(' '),
      score:
        family.score +
        quality -
        (numbered ? 1.5 : 0) -
        (there < 3 ? 3 : 0) -
        (own.some(isDerived) ? 3 : 0) -
        (own.some(isResidual) && family.name !== '0 4 8' ? 3 : 0) +
        agreement(own, members, family.lines) +
        nearness(members),
    });
  }
  return sets;
}

/** Sets by the phase field alone, of channels that follow one another. */
function setsOfFields(channels: readonly NamedChannel[]): NamedSet[] {
  const sets: NamedSet[] = [];
  for (let i = 0; i + 2 < channels.length; i++) {
    const own = channels.slice(i, i + 3);
    const phases = own.map(({ phase }) => phaseField(phase));
    const kind = kindOf(own[0]);
    if (!kind || new Set(phases).size !== 3 || phases.includes(undefined)) continue;
    if (own.some((channel) => kindOf(channel) !== kind || channel.unit !== own[0].unit)) continue;
    if (new Set(own.map(({ component }) => component)).size > 1) continue;
    const members = [0, 1, 2].map((phase) => i + phases.indexOf(phase));
    const derived = own.some(isDerived) || own.some(isResidual);
    sets.push({
      kind,
      lines: false,
      members,
      label: own[0].component,
      tokens: members.map((member) => channels[member].phase),
      score: 1.2 - (derived ? 3 : 0),
    });
  }
  return sets;
}

/** Phase fields that say the same speak for a set; ones that say another thing, a little against it. */
function agreement(
  own: readonly NamedChannel[],
  members: readonly (number | undefined)[],
  lines: boolean,
): number {
  if (lines) return 0;
  const fields = own.map(({ phase }) => phaseField(phase));
  if (members.length === 3 && fields.every((field, i) => field === i)) return 1;
  return fields.every((field) => field !== undefined) && new Set(fields).size === 3 ? -0.5 : 0;
}

function nearness(members: readonly (number | undefined)[]): number {
  const there = members.filter((member) => member !== undefined);
  return Math.max(...there) - Math.min(...there) < 3 ? 0.4 : 0;
}

function isUpper(id: string): boolean {
  return id === id.toUpperCase();
}

/** Characters of a name that are looked at, and places of phases in it: names are 128 characters long at most. */
const MOST_CHARACTERS = 128;
const MOST_PLACES = 40;

function normalised(given: string): string {
  const id = given.slice(0, MOST_CHARACTERS);
  return latin(id.normalize('NFKC').toLowerCase()).replace(/\s+/g, ' ').trim();
}

/** Cyrillic phase letters where they stand alone or behind a quantity; other words stay as they are. */
function latin(text: string): string {
  return text.replace(
    /(?<![а-яё])([uvi]?)([авсо]{1,2})(?![а-яё])/gu,
    (_, quantity: string, phases: string) =>
      quantity + [...phases].map((letter) => LOOKALIKES[letter] ?? letter).join(''),
  );
}

function stemOf(name: string, used: readonly Place[], numbered: boolean): string {
  let stem = '';
  let at = 0;
  const plain = (part: string) => (numbered ? part.replace(/\d+/g, '#') : part);
  for (const { from, to } of used) {
    stem += `${plain(name.slice(at, from))}*`;
    at = to;
  }
  return stem + plain(name.slice(at));
}

/** The stem without quantity, phase and what parts words. */
function labelOf(stem: string, kind: Kind): string {
  const quantity = kind === 'v' ? /[uve]_?\*/gu : /i_?\*/gu;
  return stem
    .replace(quantity, ' ')
    .replace(/\*/g, ' ')
    .replace(/\b(volts?|voltage|current|amps?|kv|ph|phase|phs)\b|\((k?v|k?a)\)|相|电压|电流/giu, ' ')
    .replace(/[\s_:;,.()#-]+/g, ' ')
    .trim();
}
