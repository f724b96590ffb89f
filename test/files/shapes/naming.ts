import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Dice } from './dice';
import type { Content } from './signal';

/** A channel as a maker names it. */
export interface NamedChannel {
  content: Content;
  name: string;
  phase: string;
  unit: string;
}

export interface Naming {
  title: string;
  channels: NamedChannel[];
  /** Code page the names need, where ASCII will not do. */
  encoding?: string;
}

/** Names of voltages and currents, `{}` for the phase. */
interface Scheme {
  voltage: string;
  current: string;
  letters: readonly string[];
  unit?: string;
  encoding?: string;
}

const ABC = ['A', 'B', 'C'];
const abc = ['a', 'b', 'c'];
const RST = ['R', 'S', 'T'];
const DIGITS = ['1', '2', '3'];

const TO_NEUTRAL: Scheme[] = [
  { voltage: 'V{}', current: 'I{}', letters: ABC },
  { voltage: 'U{}', current: 'I{}', letters: abc },
  { voltage: 'UL{}', current: 'IL{}', letters: DIGITS },
  { voltage: 'U{}', current: 'I{}', letters: DIGITS },
  { voltage: 'V{}', current: 'I{}', letters: RST },
  { voltage: 'HV Bus V{}', current: 'HV I{}', letters: RST },
  { voltage: 'V{}', current: 'I{}', letters: ['R', 'Y', 'B'] },
  { voltage: '{} Phase Voltage', current: '{} Phase Current', letters: ['R', 'Y', 'B'] },
  { voltage: 'V{}(kV)', current: 'I{}', letters: ABC, unit: 'kV' },
  { voltage: 'V{}-g', current: 'I{}', letters: abc },
  { voltage: 'V{}N', current: 'I{}', letters: ABC },
  { voltage: 'Bus V {}', current: 'Line I {}', letters: ABC },
  { voltage: 'F5-V{}', current: 'F1-I{}', letters: ABC },
  { voltage: 'UAC_L{}', current: 'IAC_L{}', letters: DIGITS },
  { voltage: 'UBURA{}', current: 'IBURA{}', letters: DIGITS },
  { voltage: 'U_L{}', current: 'I_L{}', letters: DIGITS },
  { voltage: 'Ph {} Volts', current: 'Ph {} Amps', letters: ABC },
  { voltage: 'BB1 U L{}', current: 'Q1 I L{}', letters: DIGITS },
  { voltage: '220kV母线_U{}', current: '220kV线路_I{}', letters: abc, encoding: 'gbk' },
  { voltage: '线路电压{}相', current: '线路电流{}相', letters: ABC, encoding: 'gbk' },
  { voltage: 'U{}_1СШ-110_ТН_110кВ', current: 'I{}_ВЛ-110_Заря', letters: abc, encoding: 'windows-1251' },
  { voltage: 'Напряжение фаза {}', current: 'Ток фаза {}', letters: ABC, encoding: 'windows-1251' },
  { voltage: 'Spannung Süd L{}', current: 'Strom Süd L{}', letters: DIGITS, encoding: 'windows-1252' },
  { voltage: 'U{} Übergabe', current: 'I{} Übergabe', letters: RST, encoding: 'windows-1252' },
];

/** 21 as in French schemes: from 2 to 1, the same voltage as 12. */
const BETWEEN_LINES: Scheme[] = [
  { voltage: 'U{}', current: 'I{}', letters: ['21', '32', '13'] },
  { voltage: 'U{}', current: 'I{}', letters: ['12', '23', '31'] },
  { voltage: 'V{}', current: 'I{}', letters: ['AB', 'BC', 'CA'] },
  { voltage: 'Bus U {}', current: 'I {}', letters: ['RS', 'ST', 'TR'] },
];

/** Channels beside voltages and currents, by content; S and T may be phases, so none is called VS. */
const DECOYS: NamedChannel[] = [
  { content: 'v0', name: '3V0', phase: 'N', unit: 'V' },
  { content: 'i0', name: '3I0', phase: 'N', unit: 'A' },
  { content: 'vsync', name: 'Vsync', phase: '', unit: 'V' },
  { content: 'battery', name: 'VDC', phase: '', unit: 'V' },
  { content: 'magnitude', name: 'SRC 1 Vag Mag', phase: '', unit: 'V' },
  { content: 'angle', name: 'SRC 1 Vag Angle', phase: '', unit: 'deg' },
  { content: 'frequency', name: 'FREQ', phase: '', unit: 'Hz' },
];

const UNITS_OF_VOLTAGE = ['V', 'kV', 'volt', 'V', 'kV'];
const UNITS_OF_CURRENT = ['A', 'A', 'kA', 'A'];

/** How a maker calls its channels: from this file's own list, or from the collected names of real recorders. */
export function drawNaming(dice: Dice): Naming {
  return dice.chance(0.5) ? ownNaming(dice) : dice.pick(realNamings())(dice);
}

function ownNaming(dice: Dice): Naming {
  const isBetween = dice.chance(0.12);
  const scheme = dice.pick(isBetween ? BETWEEN_LINES : TO_NEUTRAL);
  const fields = dice.pick(['letters', 'letters', 'empty', 'numbers']);
  const first = dice.whole(4, 9);
  const unit = scheme.unit ?? dice.pick(UNITS_OF_VOLTAGE);
  const unitOfCurrent = dice.pick(UNITS_OF_CURRENT);
  const field = (letter: string, i: number): string => {
    if (fields === 'letters') return letter;
    return fields === 'empty' ? '' : String(first + i);
  };
  const voltages: NamedChannel[] = scheme.letters.map((letter, i) => ({
    content: (isBetween ? ['vab', 'vbc', 'vca'] : ['va', 'vb', 'vc'])[i] as Content,
    name: scheme.voltage.replace('{}', letter),
    phase: field(letter, i),
    unit,
  }));
  // Two of the three are enough for a line without neutral.
  if (isBetween && dice.chance(0.3)) voltages.pop();
  const lines = isBetween ? (scheme.letters[0] === 'AB' ? ABC : DIGITS) : scheme.letters;
  const currents: NamedChannel[] = (dice.chance(0.85) ? lines : []).map((letter, i) => ({
    content: (['ia', 'ib', 'ic'] as const)[i],
    name: scheme.current.replace('{}', letter),
    phase: field(letter, i + 3),
    unit: unitOfCurrent,
  }));
  const decoys = dice.shuffled(DECOYS).slice(0, dice.whole(0, 4));
  return {
    title: `${scheme.voltage} ${scheme.letters.join('')} phase field ${fields}`,
    channels: [...voltages, ...currents, ...decoys],
    encoding: scheme.encoding,
  };
}

interface Row extends NamedChannel {
  role: string;
}

let namings: ((dice: Dice) => Naming)[] | undefined;

/** The sets of channel-names.csv that hold three voltages, or two between lines. */
function realNamings(): ((dice: Dice) => Naming)[] {
  if (namings) return namings;
  const makers = new Map<string, Row[]>();
  const lines = readFileSync(join(__dirname, '..', 'channel-names.csv'), 'utf8')
    .split('\n')
    .slice(1);
  for (const line of lines) {
    const [maker, name, phase, unit, role, note] = line.split(',');
    // What the collectors were not sure of is no truth to test by.
    if (!role || note.startsWith('UNSURE')) continue;
    const rows = makers.get(maker) ?? [];
    makers.set(maker, [...rows, { name, phase, unit, role, content: contentOf(role, unit) }]);
  }
  namings = [...makers].flatMap(([maker, rows]) => {
    const found = mainOf(rows);
    return found ? [(dice: Dice) => realNaming(dice, maker, rows, found)] : [];
  });
  return namings;
}

/** The first voltages and currents of each phase. */
function mainOf(rows: Row[]): NamedChannel[] | undefined {
  const first = (roles: string[]) =>
    roles.flatMap((role) => rows.find((row) => row.role === role) ?? []).map(withKnownUnit);
  const toNeutral = first(['va', 'vb', 'vc']);
  const between = first(['vab', 'vbc', 'vca']);
  const voltages = toNeutral.length === 3 ? toNeutral : between;
  if (voltages.length < 2) return undefined;
  const currents = first(['ia', 'ib', 'ic']);
  return [...voltages, ...(currents.length === 3 ? currents : [])];
}

function realNaming(dice: Dice, maker: string, rows: Row[], main: NamedChannel[]): Naming {
  const beside = rows.filter(({ role }) => !/^[vi][abc]$|^v(ab|bc|ca)$/.test(role));
  const decoys = dice.shuffled(beside).slice(0, dice.whole(0, 4)).map(withKnownUnit);
  const channels = [...main, ...decoys];
  const text = channels.map(({ name }) => name).join('');
  return { title: maker, channels, encoding: encodingOf(dice, maker, text) };
}

function encodingOf(dice: Dice, maker: string, text: string): string | undefined {
  if (/^[\x20-\x7e]*$/.test(text)) return undefined;
  if (/[\u0400-\u04ff]/.test(text)) return dice.pick(['windows-1251', 'utf-8']);
  if (/[\u2e80-\u9fff]/.test(text)) return maker.startsWith('Japan') ? 'utf-8' : dice.pick(['gbk', 'utf-8']);
  return /^[\x20-\xff]*$/.test(text) ? dice.pick(['windows-1252', 'utf-8']) : 'utf-8';
}

function contentOf(role: string, unit: string): Content {
  if (role !== 'other') return role as Content;
  if (/deg/i.test(unit)) return 'angle';
  if (/^hz$/i.test(unit)) return 'frequency';
  return /^k?v$/i.test(unit) ? 'battery' : 'spare';
}

/** Units such as `В/кВ` leave open what the values are in: the generator has to know. */
function withKnownUnit({ content, name, phase, unit }: NamedChannel): NamedChannel {
  const isKnown = unit === '' || unitFactor(unit) !== undefined || !/^[vi]/.test(content);
  return { content, name, phase, unit: isKnown ? unit : content[0] === 'v' ? 'V' : 'A' };
}

/** Volts or amperes in one of the unit; undefined for a unit of something else. */
export function unitFactor(unit: string): number | undefined {
  const match = /^(k|m|к)?(v|volt|a|amps|ampere|в|а)$/i.exec(unit);
  if (!match) return undefined;
  return { k: 1000, к: 1000, m: 1e-3 }[match[1]?.toLowerCase() ?? ''] ?? 1;
}
