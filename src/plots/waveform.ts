import type { PlainWaveform } from '../record/waveform';
import { cycleRms } from '../signal/cycle-rms';
import { axes, frame, legend, line, linear, picture } from './chart';
import { type Ink, inkOf, SCREEN } from './ink';

export interface WaveformPlotOptions {
  width?: number;
  height?: number;
  ink?: Ink;
  /** First letter of the channels: voltages or currents. */
  quantity?: 'v' | 'i';
  /** Of the fundamental, Hz: RMS is taken over one cycle of it. */
  frequency: number;
  /** Time that is 0 on the axis, ms since 1970: the start of the event. */
  zero: number;
  title?: string;
  words?: { x: string; y: string };
}

/** Points a line is drawn by; of more samples the lowest and highest of each stretch. */
const POINTS = 900;

/**
 * Samples of a capture with their RMS over one cycle.
 * @returns undefined where the capture has no channel of that quantity
 */
export function waveformPlot(
  capture: Pick<PlainWaveform, 'time' | 'rate' | 'channels'>,
  {
    width = 640,
    height = 240,
    ink = SCREEN,
    quantity = 'v',
    frequency,
    zero,
    title,
    words,
  }: WaveformPlotOptions,
): string | undefined {
  const names = Object.keys(capture.channels).filter((name) => name.startsWith(quantity));
  if (names.length === 0) return undefined;
  const { time, rate, channels } = capture;
  const series = names.map((name) => channels[name as keyof typeof channels] as ArrayLike<number>);
  const length = Math.max(...series.map((samples) => samples.length));
  const from = (time - zero) / 1000;
  let peak = 0;
  for (const samples of series)
    for (let k = 0; k < samples.length; k++) peak = Math.max(peak, Math.abs(samples[k]));
  const inside = frame(width, height, { top: 24 });
  const x = linear(from, from + length / rate, inside.left, inside.right, 8);
  const y = linear(-peak * 1.05 || -1, peak * 1.05 || 1, inside.bottom, inside.top, 6);
  const lines = names.flatMap((name, k) => {
    const color = inkOf(ink, name);
    const [xs, ys] = thinned(series[k], from, rate);
    const rms = cycleRms(series[k], rate / frequency);
    const times = Float64Array.from(rms.ends, (end) => from + end / rate);
    return [
      `<path d="${line(xs, ys, x, y)}" fill="none" stroke="${color}" stroke-opacity="0.55"/>`,
      `<path d="${line(times, rms.values, x, y)}" fill="none" stroke="${color}" stroke-width="2.2"/>`,
    ];
  });
  const start = x(0);
  const mark =
    start > inside.left && start < inside.right
      ? `<path d="M${start} ${inside.top}V${inside.bottom}" stroke="${ink.text}" stroke-dasharray="2 3"/>`
      : '';
  return picture({ width, height }, title ?? `${names.join(', ')} with RMS over one cycle`, [
    axes(inside, x, y, ink, {
      x: words?.x ?? 's after the start',
      y: words?.y ?? (quantity === 'v' ? 'V' : 'A'),
    }),
    ...lines,
    mark,
    legend(
      inside.left,
      14,
      names.map((name) => [inkOf(ink, name), name] as const),
      ink,
    ),
  ]);
}

/** Points of a line: all of them, or the lowest and the highest of each stretch, so that no peak is lost. */
function thinned(samples: ArrayLike<number>, from: number, rate: number): [Float64Array, Float64Array] {
  const stretch = Math.ceil(samples.length / POINTS);
  const count = stretch > 2 ? 2 * Math.ceil(samples.length / stretch) : samples.length;
  const xs = new Float64Array(count);
  const ys = new Float64Array(count);
  if (stretch <= 2) {
    for (let k = 0; k < count; k++) {
      xs[k] = from + k / rate;
      ys[k] = samples[k];
    }
    return [xs, ys];
  }
  for (let k = 0, out = 0; k < samples.length; k += stretch) {
    let [low, high] = [k, k];
    for (let i = k; i < Math.min(k + stretch, samples.length); i++) {
      if (samples[i] < samples[low]) low = i;
      if (samples[i] > samples[high]) high = i;
    }
    for (const index of low < high ? [low, high] : [high, low]) {
      xs[out] = from + index / rate;
      ys[out++] = samples[index];
    }
  }
  return [xs, ys];
}
