import { at, axes, frame, legend, linear, picture, safeText } from './chart';
import { type Ink, SCREEN } from './ink';

/** A meter in the plane of the two strongest principal components. */
export interface ClusterPoint {
  meter: string;
  x: number;
  y: number;
  phase: string | null;
  recorded: string | null;
}

export interface ClusterPlotOptions {
  width?: number;
  height?: number;
  ink?: Ink;
  title?: string;
  words?: { x: string; y: string; differs: string };
}

/**
 * Meters of a transformer by the two strongest principal components: tight clusters are phases well told apart, what
 * lies between them is doubtful. A ring marks a meter whose recorded phase differs.
 */
export function clusters(
  points: readonly ClusterPoint[],
  { width = 360, height = 300, ink = SCREEN, title, words }: ClusterPlotOptions = {},
): string {
  const reach = (values: number[]) => Math.max(1e-9, ...values.map(Math.abs)) * 1.1;
  const inside = frame(width, height, { top: 26 });
  const [rx, ry] = [reach(points.map(({ x }) => x)), reach(points.map(({ y }) => y))];
  const x = linear(-rx, rx, inside.left, inside.right, 6);
  const y = linear(-ry, ry, inside.bottom, inside.top, 6);
  const dots = points.map(({ meter, x: px, y: py, phase, recorded }) => {
    const color = ink.phases[phase ?? 'n'] ?? ink.phases.n;
    const where = `cx="${at(x(px))}" cy="${at(y(py))}"`;
    const differs = recorded !== null && phase !== null && recorded !== phase;
    const told = safeText(`${meter}: ${phase ?? '?'}${recorded ? ` (${recorded})` : ''}`);
    const dot = `<circle ${where} r="4" fill="${color}" fill-opacity="0.8"><title>${told}</title></circle>`;
    return differs
      ? `${dot}<circle ${where} r="7.5" fill="none" stroke="${ink.bad}" stroke-width="1.8"/>`
      : dot;
  });
  return picture({ width, height }, title ?? `${points.length} meters by phase`, [
    axes(inside, x, y, ink, { x: words?.x ?? 'first component', y: words?.y ?? 'second component' }),
    ...dots,
    legend(
      inside.left,
      14,
      [
        [ink.phases.a, 'a'],
        [ink.phases.b, 'b'],
        [ink.phases.c, 'c'],
        [ink.bad, words?.differs ?? 'record differs'],
      ],
      ink,
    ),
  ]);
}
