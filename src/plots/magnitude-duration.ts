import { type Curve, ITIC_LOWER, ITIC_UPPER, SEMI_F47 } from '../record/category/ride-through';
import type { PqEvent } from '../record/records';
import { at, axes, frame, legend, linear, logarithmic, picture, type Scale, safeText, text } from './chart';
import { type Ink, SCREEN } from './ink';

/** What is shown of an event. */
export type PlottedEvent = Pick<PqEvent, 'type' | 'extreme' | 'duration'> &
  Partial<Pick<PqEvent, 'id' | 'meter'>>;

export interface MagnitudeDurationOptions {
  width?: number;
  height?: number;
  ink?: Ink;
  /** Thresholds, pu; drawn dashed; what catches a pointer has the class `threshold` and `data-name`. */
  thresholds?: Record<string, number>;
  title?: string;
  words?: { x: string; y: string; types?: Record<string, string> };
}

/** Points of a plot at most; the newest. */
export const MOST_POINTS = 2000;
const SHORTEST = 0.001;
const LONGEST = 300;
const HIGHEST = 2;

/** Places of voltages in the picture: for those who move a threshold in it. */
export function voltageScale(height: number): Scale {
  const { top, bottom } = place(0, height);
  return linear(0, HIGHEST, bottom, top, 10);
}

function place(width: number, height: number) {
  return frame(width, height, { top: 26 });
}

/**
 * Events by residual voltage and duration, over the curves of ITIC (2000) and SEMI F47: what equipment must ride
 * through (IEEE 1668, magnitude-duration plot). Rapid voltage changes are left out: they have no extreme of their own.
 * @param events any; the newest 2,000 are shown
 */
export function magnitudeDuration(
  events: readonly PlottedEvent[],
  { width = 460, height = 300, ink = SCREEN, thresholds = {}, title, words }: MagnitudeDurationOptions = {},
): string {
  const inside = place(width, height);
  const x = logarithmic(SHORTEST, LONGEST, inside.left, inside.right);
  const y = voltageScale(height);
  const shown = events.filter(({ type }) => type !== 'rvc').slice(-MOST_POINTS);
  const types = [...new Set(shown.map(({ type }) => type))];
  const points = shown.map((event) => {
    const { type, extreme, duration, id, meter } = event;
    const where = `cx="${at(x(Math.min(duration, LONGEST)))}" cy="${at(y(Math.min(extreme, HIGHEST)))}"`;
    const what = `${meter ? `${meter}: ` : ''}${type}, ${extreme.toFixed(3)} pu, ${duration.toFixed(3)} s`;
    return `<circle ${where} r="3.5" fill="${ink.events[type] ?? ink.accent}" fill-opacity="0.75"${id ? ` data-id="${safeText(id)}"` : ''}><title>${safeText(what)}</title></circle>`;
  });
  const named = types.map((type) => [ink.events[type] ?? ink.accent, words?.types?.[type] ?? type] as const);
  const lines = Object.entries(thresholds).map(([name, value]) => {
    const where = at(y(Math.min(value, HIGHEST)));
    const path = `d="M${inside.left} ${where}H${inside.right}"`;
    return [
      `<path ${path} stroke="${ink.bad}" stroke-width="1.5" stroke-dasharray="6 4"/>`,
      // Wide enough to be caught with a finger.
      `<path class="threshold" data-name="${name}" ${path} stroke="${ink.bad}" stroke-width="14" stroke-opacity="0"/>`,
      text(inside.right - 4, Number(where) - 4, `${name} ${value}`, ink, 'end', ink.bad),
    ].join('');
  });
  return picture({ width, height }, title ?? `${shown.length} events by residual voltage and duration`, [
    axes(inside, x, y, ink, { x: words?.x ?? 'duration, s', y: words?.y ?? 'voltage, pu' }),
    curve(ITIC_LOWER, x, y, ink.frame, ''),
    curve(ITIC_UPPER, x, y, ink.frame, ''),
    curve(SEMI_F47, x, y, ink.good, ' stroke-dasharray="3 3"', 0.05),
    ...lines,
    ...points,
    legend(inside.left, 14, [[ink.frame, 'ITIC'], [ink.good, 'SEMI F47'], ...named], ink),
  ]);
}

function curve(points: Curve, x: Scale, y: Scale, color: string, more: string, from = SHORTEST): string {
  let path = '';
  let start = from;
  for (const [until, pu] of points) {
    const end = Math.min(until, LONGEST);
    path += `${path ? 'L' : 'M'}${at(x(start))} ${at(y(pu))}L${at(x(end))} ${at(y(pu))}`;
    start = end;
  }
  return `<path d="${path}" fill="none" stroke="${color}" stroke-width="1.5"${more}/>`;
}
