import { at, axes, frame, legend, linear, picture } from './chart';
import { type Ink, inkOf, SCREEN } from './ink';

export interface HarmonicBarsOptions {
  width?: number;
  height?: number;
  ink?: Ink;
  /** Highest order that is shown. */
  orders?: number;
  /** Limit of each order in percent; null where there is none. */
  limits?: readonly (number | null | undefined)[];
  title?: string;
  words?: { x: string; y: string; limit: string };
}

/**
 * Harmonics in percent as bars by order, one beside the other for each channel; a bar above its limit stands out.
 * @param channels percent by order, index 0 = order 0, e.g. `{va: [...]}`
 */
export function harmonicBars(
  channels: Readonly<Record<string, readonly number[]>>,
  {
    width = 460,
    height = 220,
    ink = SCREEN,
    orders = 25,
    limits = [],
    title,
    words,
  }: HarmonicBarsOptions = {},
): string {
  const names = Object.keys(channels);
  const last = Math.min(orders, Math.max(2, ...names.map((name) => channels[name].length - 1)));
  let highest = 1;
  for (let order = 2; order <= last; order++) {
    for (const name of names) highest = Math.max(highest, channels[name][order] ?? 0);
    highest = Math.max(highest, limits[order] ?? 0);
  }
  const inside = frame(width, height, { top: 26 });
  const x = linear(1.5, last + 0.5, inside.left, inside.right);
  x.ticks = [];
  for (let order = last > 30 ? 5 : 3; order <= last; order += last > 30 ? 5 : 2) x.ticks.push(order);
  x.label = String;
  const y = linear(0, highest * 1.08, inside.bottom, inside.top, 5);
  const slot = x(3) - x(2);
  const bar = (0.8 * slot) / Math.max(1, names.length);
  const parts: string[] = [];
  for (let order = 2; order <= last; order++) {
    const limit = limits[order] ?? undefined;
    names.forEach((name, k) => {
      const value = channels[name][order] ?? 0;
      const left = x(order) - 0.4 * slot + k * bar;
      const isOver = limit !== undefined && value > limit;
      parts.push(
        `<rect x="${at(left)}" y="${at(y(value))}" width="${at(Math.max(bar - 0.5, 0.5))}" height="${at(inside.bottom - y(value))}" fill="${isOver ? ink.bad : inkOf(ink, name)}"><title>${name} ${order}: ${value.toFixed(2)} %${limit === undefined ? '' : ` (${limit.toFixed(2)} %)`}</title></rect>`,
      );
    });
    if (limit !== undefined) {
      const where = at(y(limit));
      parts.push(
        `<path d="M${at(x(order) - slot / 2)} ${where}H${at(x(order) + slot / 2)}" stroke="${ink.text}" stroke-width="1.3"/>`,
      );
    }
  }
  const named = names.map((name) => [inkOf(ink, name), name] as const);
  return picture({ width, height }, title ?? `Harmonics of ${names.join(', ')}`, [
    axes(inside, x, y, ink, { x: words?.x ?? 'order', y: words?.y ?? '% of fundamental' }),
    ...parts,
    legend(inside.left, 14, limits.length ? [...named, [ink.text, words?.limit ?? 'limit']] : named, ink),
  ]);
}
