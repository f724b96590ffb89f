import { at, axes, frame, legend, line, linear, picture } from './chart';
import { type Ink, inkOf, SCREEN } from './ink';

export interface TrendOptions {
  width?: number;
  height?: number;
  ink?: Ink;
  /** Limits, drawn dashed. */
  limits?: readonly number[];
  /** Unit of the values, on the axis. */
  unit: string;
  title: string;
}

const DAY = 86_400_000;

/**
 * Values over days, e.g. the 10-minute values of a week.
 * @param times ms since 1970, in order
 * @param series by name; NaN where there is no value
 */
export function trend(
  times: ArrayLike<number>,
  series: Readonly<Record<string, ArrayLike<number>>>,
  { width = 640, height = 180, ink = SCREEN, limits = [], unit, title }: TrendOptions,
): string {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const values of [...Object.values(series), limits]) {
    for (let k = 0; k < values.length; k++) {
      if (!Number.isFinite(values[k])) continue;
      low = Math.min(low, values[k]);
      high = Math.max(high, values[k]);
    }
  }
  if (!(high >= low)) [low, high] = [0, 1];
  const room = (high - low || Math.abs(high) || 1) * 0.08;
  const inside = frame(width, height, { top: 24, left: 52 });
  const from = times.length ? times[0] : 0;
  const to = times.length ? times[times.length - 1] : DAY;
  const x = linear(from, Math.max(to, from + 1), inside.left, inside.right);
  x.ticks = [];
  for (let day = Math.ceil(from / DAY) * DAY; day <= to; day += DAY) x.ticks.push(day);
  x.label = (time) => new Date(time).toISOString().slice(5, 10);
  const y = linear(low - room, high + room, inside.bottom, inside.top, 4);
  const lines = Object.entries(series).map(
    ([name, values]) =>
      `<path d="${line(times, values, x, y)}" fill="none" stroke="${inkOf(ink, name)}" stroke-width="1.2"/>`,
  );
  const dashed = limits.map(
    (limit) =>
      `<path d="M${inside.left} ${at(y(limit))}H${inside.right}" stroke="${ink.bad}" stroke-dasharray="6 4"/>`,
  );
  return picture({ width, height }, title, [
    axes(inside, x, y, ink, { y: unit }),
    ...lines,
    ...dashed,
    legend(
      inside.left,
      14,
      Object.keys(series).map((name) => [inkOf(ink, name), name] as const),
      ink,
    ),
  ]);
}
