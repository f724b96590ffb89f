import type { Phasor } from '../record/records';
import { at, picture, text } from './chart';
import { type Ink, SCREEN } from './ink';

/** Phasors of one phase; what is not measured is left out of the picture. */
export interface PhasePhasors {
  v1?: Phasor;
  i1?: Phasor;
}

const SIZE = 220;
const RADIUS = 85;
/** Currents are drawn shorter, so that one in phase with its voltage does not hide it. */
const CURRENT_RADIUS = 62;
/** Shorter than this no arrow is drawn. */
const SHORTEST = 0.5;

/**
 * A phasor diagram: voltages whole, currents dashed, each kind to the scale of its longest; 0 degrees to the right,
 * leading angles counter-clockwise.
 */
export function phasorDiagram(
  phases: Readonly<Record<string, PhasePhasors>>,
  { ink = SCREEN, title = 'Phasors' }: { ink?: Ink; title?: string } = {},
): string {
  const longest = (pick: (phase: PhasePhasors) => Phasor | undefined) =>
    Math.max(0, ...Object.values(phases).map((phase) => pick(phase)?.mag ?? 0));
  const [v, i] = [longest(({ v1 }) => v1), longest(({ i1 }) => i1)];
  const half = SIZE / 2;
  const arrows = Object.entries(phases).flatMap(([name, { v1, i1 }]) => {
    const color = ink.phases[name] ?? ink.text;
    return [
      v1 && v > 0 ? arrow(`V${name}`, v1.angle, (RADIUS * v1.mag) / v, color, false, ink) : '',
      i1 && i > 0 ? arrow(`I${name}`, i1.angle, (CURRENT_RADIUS * i1.mag) / i, color, true, ink) : '',
    ];
  });
  return picture({ width: SIZE, height: SIZE }, title, [
    `<circle cx="${half}" cy="${half}" r="${RADIUS}" fill="none" stroke="${ink.frame}"/>`,
    `<path d="M${half - RADIUS} ${half}H${half + RADIUS}M${half} ${half - RADIUS}V${half + RADIUS}" stroke="${ink.grid}"/>`,
    ...arrows,
  ]);
}

function arrow(
  label: string,
  degrees: number,
  length: number,
  color: string,
  dashed: boolean,
  ink: Ink,
): string {
  if (!(length >= SHORTEST) || !Number.isFinite(degrees)) return '';
  const half = SIZE / 2;
  const tip = (reach: number, turn = 0): [number, number] => {
    const angle = ((degrees + turn) * Math.PI) / 180;
    return [half + reach * Math.cos(angle), half - reach * Math.sin(angle)];
  };
  const place = ([x, y]: [number, number]) => `${at(x)} ${at(y)}`;
  const [x, y] = tip(length + 12);
  const head = `M${place(tip(length - 7, 4))}L${place(tip(length))}L${place(tip(length - 7, -4))}`;
  return [
    `<path d="M${half} ${half}L${place(tip(length))}" stroke="${color}" stroke-width="${dashed ? 1.5 : 2.5}"`,
    `${dashed ? ' stroke-dasharray="5 3"' : ''}/>`,
    length > 10 ? `<path d="${head}" stroke="${color}" stroke-width="1.5" fill="none"/>` : '',
    text(at(x), y + 4, label, ink, 'middle', color),
  ].join('');
}
