import type { Ink } from './ink';

/** A scale of an axis: from values to places in the picture. */
export interface Scale {
  (value: number): number;
  from: number;
  to: number;
  ticks: number[];
  /** A tick in words. */
  label(tick: number): string;
}

/** Where the data lie in a picture. */
export interface Frame {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export function frame(width: number, height: number, margins: Partial<Frame> = {}): Frame {
  const { left = 46, right = 12, top = 12, bottom = 34 } = margins;
  return { width, height, left, right: width - right, top, bottom: height - bottom };
}

/** A linear scale with round ticks. */
export function linear(from: number, to: number, start: number, end: number, count = 5): Scale {
  const span = to - from || 1;
  const step = roundStep(span / count);
  const ticks: number[] = [];
  for (let tick = Math.ceil(from / step - 1e-9) * step; tick <= to + step * 1e-6; tick += step)
    ticks.push(Math.abs(tick) < step / 1e6 ? 0 : tick);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return Object.assign((value: number) => start + ((value - from) / span) * (end - start), {
    from,
    to,
    ticks,
    label: (tick: number) => tick.toFixed(Math.min(digits, 6)),
  });
}

/** A logarithmic scale with a tick at each power of ten. */
export function logarithmic(from: number, to: number, start: number, end: number): Scale {
  const [low, high] = [Math.log10(from), Math.log10(to)];
  const ticks: number[] = [];
  for (let power = Math.ceil(low); power <= Math.floor(high); power++) ticks.push(10 ** power);
  return Object.assign(
    (value: number) => start + ((Math.log10(Math.max(value, from)) - low) / (high - low)) * (end - start),
    { from, to, ticks, label: (tick: number) => String(Number(tick.toPrecision(3))) },
  );
}

function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  const part = step / power;
  return power * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
}

/** Text that is safe in SVG and HTML. */
export function safeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** A number for a path: short. */
export function at(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/**
 * The picture around parts, with what it is for those who do not see it.
 * @param title one line, read aloud
 */
export function picture(
  { width, height }: Pick<Frame, 'width' | 'height'>,
  title: string,
  parts: string[],
): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="Helvetica, Arial, sans-serif" font-size="11">`,
    `<title>${safeText(title)}</title>`,
    ...parts,
    '</svg>',
  ].join('');
}

export interface AxisNames {
  x?: string;
  y?: string;
}

/** Grid, ticks and names of both axes. */
export function axes(place: Frame, x: Scale, y: Scale, ink: Ink, names: AxisNames = {}): string {
  const { left, right, top, bottom, height } = place;
  const parts = [
    `<rect x="${left}" y="${top}" width="${right - left}" height="${bottom - top}" fill="none" stroke="${ink.frame}"/>`,
  ];
  for (const tick of x.ticks) {
    const where = at(x(tick));
    parts.push(
      `<path d="M${where} ${top}V${bottom}" stroke="${ink.grid}"/>`,
      text(where, bottom + 14, x.label(tick), ink, 'middle'),
    );
  }
  for (const tick of y.ticks) {
    const where = y(tick);
    parts.push(
      `<path d="M${left} ${at(where)}H${right}" stroke="${ink.grid}"/>`,
      text(left - 5, where + 4, y.label(tick), ink, 'end'),
    );
  }
  if (names.x) parts.push(text((left + right) / 2, height - 5, names.x, ink, 'middle'));
  if (names.y) {
    const middle = (top + bottom) / 2;
    parts.push(
      `<text x="12" y="${at(middle)}" fill="${ink.text}" text-anchor="middle" transform="rotate(-90 12 ${at(middle)})">${safeText(names.y)}</text>`,
    );
  }
  return parts.join('');
}

export function text(
  x: number | string,
  y: number,
  words: string,
  ink: Ink,
  anchor: 'start' | 'middle' | 'end' = 'start',
  color = ink.text,
): string {
  return `<text x="${x}" y="${at(y)}" fill="${color}" text-anchor="${anchor}">${safeText(words)}</text>`;
}

/** A legend in one line: colours and names. */
export function legend(
  x: number,
  y: number,
  entries: readonly (readonly [string, string])[],
  ink: Ink,
): string {
  let left = x;
  const parts: string[] = [];
  for (const [color, name] of entries) {
    parts.push(
      `<rect x="${left}" y="${y - 8}" width="10" height="10" fill="${color}"/>`,
      text(left + 14, y + 1, name, ink),
    );
    left += 24 + name.length * 6.2;
  }
  return parts.join('');
}

/** A line through points; it is cut where a value is missing. */
export function line(
  xs: ArrayLike<number>,
  ys: ArrayLike<number | null | undefined>,
  x: Scale,
  y: Scale,
): string {
  let path = '';
  let open = false;
  for (let k = 0; k < xs.length; k++) {
    const value = ys[k];
    if (value === null || value === undefined || !Number.isFinite(value)) {
      open = false;
      continue;
    }
    path += `${open ? 'L' : 'M'}${at(x(xs[k]))} ${at(y(value))}`;
    open = true;
  }
  return path;
}
