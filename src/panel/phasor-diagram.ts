import type { Phasor } from '../record';

/** Phasors of one phase; what is not measured is left out of the picture. */
export interface PhasePhasors {
  v1?: Phasor;
  i1?: Phasor;
}

const SIZE = 220;
const RADIUS = 85;
/** Currents are drawn shorter, so that one in phase with its voltage does not hide it. */
const CURRENT_RADIUS = 62;
const COLORS: Record<string, string> = { a: '#c0392b', b: '#b7950b', c: '#1f618d' };
/** Shorter than this no arrow is drawn. */
const SHORTEST = 0.5;

/**
 * A phasor diagram as SVG: voltages whole, currents dashed, each kind to the scale of its longest; 0 degrees to the
 * right, leading angles counter-clockwise.
 */
export function phasorDiagram(phases: Record<string, PhasePhasors>): string {
  const longest = (pick: (phase: PhasePhasors) => Phasor | undefined) =>
    Math.max(0, ...Object.values(phases).map((phase) => pick(phase)?.mag ?? 0));
  const [v, i] = [longest(({ v1 }) => v1), longest(({ i1 }) => i1)];
  const arrows = Object.entries(phases).flatMap(([name, { v1, i1 }]) => [
    v1 && v > 0 ? arrow(`V${name}`, v1.angle, (RADIUS * v1.mag) / v, COLORS[name], false) : '',
    i1 && i > 0 ? arrow(`I${name}`, i1.angle, (CURRENT_RADIUS * i1.mag) / i, COLORS[name], true) : '',
  ]);
  const half = SIZE / 2;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${-half} ${-half} ${SIZE} ${SIZE}" width="${SIZE}" height="${SIZE}">`,
    `<circle r="${RADIUS}" fill="none" stroke="#bbb"/>`,
    `<path d="M${-RADIUS} 0H${RADIUS}M0 ${-RADIUS}V${RADIUS}" stroke="#ddd"/>`,
    ...arrows,
    '</svg>',
  ].join('');
}

function arrow(label: string, degrees: number, length: number, color = '#555', dashed: boolean): string {
  if (!(length >= SHORTEST) || !Number.isFinite(degrees)) return '';
  const at = (reach: number, turn = 0) => {
    const angle = ((degrees + turn) * Math.PI) / 180;
    return `${(reach * Math.cos(angle)).toFixed(1)} ${(-reach * Math.sin(angle)).toFixed(1)}`;
  };
  const [x, y] = at(length + 12).split(' ');
  const head = length > 10 ? `M${at(length - 7, 4)}L${at(length)}L${at(length - 7, -4)}` : '';
  return [
    `<path d="M0 0L${at(length)}" stroke="${color}" stroke-width="${dashed ? 1.5 : 2.5}"`,
    `${dashed ? ' stroke-dasharray="5 3"' : ''}/>`,
    `<path d="${head}" stroke="${color}" stroke-width="1.5" fill="none"/>`,
    `<text x="${x}" y="${y}" fill="${color}" font-size="11" text-anchor="middle" dominant-baseline="middle">${label}</text>`,
  ].join('');
}
