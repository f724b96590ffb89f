/** The waveform of an event: samples with their RMS, to zoom into and to measure in. */
import uPlot from 'uplot';
import type { ListedEvent } from '../../desk/board';
import { inkOf, SCREEN } from '../../plots/ink';
import { cycleRms } from '../../signal/cycle-rms';
import { words } from '../words';
import { askCapture, type CaptureHead, make, nothing, type View } from './page';

const HEIGHT = 260;
/** Part of what is seen that a key moves or zooms by. */
const MOVE = 0.2;
const ZOOM = 0.6;

/** RMS of a channel: ends of the cycles, s after the start, and values. */
interface Course {
  ends: Float64Array;
  values: Float64Array;
}

interface Shown {
  event: ListedEvent;
  head: CaptureHead;
  channels: Record<string, Float32Array>;
  courses: Record<string, Course>;
  plot: uPlot;
}

export interface WaveformView extends View {
  show(event: ListedEvent): Promise<void>;
}

export function waveformView(): WaveformView {
  const place = make('div', { class: 'pq-waveform' });
  const element = make('div', {}, place);
  place.append(nothing('waveform'));
  let shown: Shown | undefined;

  const show = async (event: ListedEvent) => {
    shown?.plot.destroy();
    shown = undefined;
    place.replaceChildren();
    let capture: Awaited<ReturnType<typeof askCapture>>;
    try {
      capture = await askCapture(event.id);
    } catch {
      place.replaceChildren(describe(event), nothing('capture'));
      return;
    }
    const holder = make('div', {
      class: 'pq-canvas',
      tabindex: '0',
      role: 'application',
      'aria-label': `${describe(event).textContent}. ${words('help')}`,
    });
    const readout = make('div', { class: 'pq-readout', role: 'status' });
    const toggles = make('div', { class: 'pq-toggles', role: 'group', 'aria-label': words('channels') });
    place.replaceChildren(
      describe(event),
      toggles,
      holder,
      readout,
      make('div', { class: 'pq-hint' }, words('help')),
    );
    performance.mark('power-quality:drawing');
    shown = draw(holder, readout, toggles, event, capture.head, capture.channels);
    // The plot paints itself before the next task.
    await Promise.resolve();
    performance.measure('power-quality:waveform', 'power-quality:drawing');
    holder.dataset.ready = event.id;
  };

  return {
    element,
    sections: [],
    refresh: async () => {},
    show,
    resize: () => shown?.plot.setSize({ width: Math.max(200, place.clientWidth), height: heightOf(place) }),
  };
}

function heightOf(place: HTMLElement): number {
  return place.closest('dialog') ? Math.max(HEIGHT, Math.round(window.innerHeight * 0.6)) : HEIGHT;
}

function describe({
  meter,
  type,
  phases,
  extreme,
  duration,
  time,
  category,
  flags,
}: ListedEvent): HTMLElement {
  const parts = [
    meter,
    `${words(`type.${type}`)} ${phases.join(' ')}`,
    new Date(time).toLocaleString(),
    type === 'rvc' ? '' : `${extreme.toFixed(3)} pu`,
    `${duration.toFixed(3)} s`,
    category.ieee1159 ?? '',
    category.en50160 ? `EN 50160 ${category.en50160}` : '',
    ...flags,
  ];
  return make('div', { class: 'pq-described' }, parts.filter(Boolean).join(', '));
}

function draw(
  holder: HTMLElement,
  readout: HTMLElement,
  toggles: HTMLElement,
  event: ListedEvent,
  head: CaptureHead,
  channels: Record<string, Float32Array>,
): Shown {
  const { rate, time, length } = head;
  const frequency = event.duration > 0 && event.cycles > 0 ? event.cycles / event.duration : 50;
  const from = (time - event.time) / 1000;
  const xs = new Float64Array(length);
  for (let k = 0; k < length; k++) xs[k] = from + k / rate;
  const courses: Record<string, Course> = {};
  for (const name of head.channels) {
    const { ends, values } = cycleRms(channels[name], rate / frequency);
    for (let k = 0; k < ends.length; k++) ends[k] = from + ends[k] / rate;
    courses[name] = { ends, values };
  }
  const hasCurrents = head.channels.some((name) => name.startsWith('i'));
  const ink = () => getComputedStyle(holder).color;
  const axis = { stroke: ink, grid: { stroke: SCREEN.grid, width: 1 }, ticks: { stroke: SCREEN.grid } };
  const marks: number[] = [];
  const options: uPlot.Options = {
    width: Math.max(200, holder.clientWidth),
    height: heightOf(holder),
    legend: { show: false },
    cursor: { drag: { x: true, y: false, dist: 4 } },
    scales: { x: { time: false } },
    series: [
      {},
      ...head.channels.map((name) => ({
        label: name,
        scale: name[0],
        stroke: `${inkOf(SCREEN, name)}aa`,
        width: 1,
        points: { show: false },
        show: name.startsWith('v') || !head.channels.some((other) => other.startsWith('v')),
      })),
    ],
    axes: [
      { ...axis, values: (_plot, ticks) => ticks.map((tick) => `${Number(tick.toFixed(4))} s`) },
      { ...axis, scale: 'v', size: 48, values: (_plot, ticks) => ticks.map((tick) => `${tick} V`) },
      ...(hasCurrents
        ? [
            {
              ...axis,
              scale: 'i',
              side: 1 as const,
              size: 44,
              grid: { show: false },
              values: (_plot: uPlot, ticks: number[]) => ticks.map((tick) => `${tick} A`),
            },
          ]
        : []),
    ],
    hooks: {
      draw: [(plot) => drawCourses(plot, head.channels, courses, event, marks)],
      setCursor: [(plot) => tell(plot.cursor.idx ?? undefined)],
    },
  };
  const tell = (at: number | undefined) => {
    if (at === undefined) return;
    const values = head.channels
      .filter((_name, k) => plot.series[k + 1].show)
      .map((name) => `${name} ${channels[name][at].toFixed(1)} (${rmsAt(courses[name], xs[at])})`);
    const between =
      marks.length === 2 ? `; ${words('between')} ${Math.abs(marks[1] - marks[0]).toFixed(4)} s` : '';
    readout.textContent = `${xs[at].toFixed(4)} s: ${values.join(', ')}${between}`;
  };
  const plot = new uPlot(
    options,
    [xs, ...head.channels.map((name) => channels[name])] as uPlot.AlignedData,
    holder,
  );
  head.channels.forEach((name, k) => {
    const tick = make('input', { type: 'checkbox' });
    tick.checked = plot.series[k + 1].show !== false;
    tick.addEventListener('change', () => plot.setSeries(k + 1, { show: tick.checked }));
    const label = make('label', {}, tick, ` ${name}`);
    label.style.color = inkOf(SCREEN, name);
    toggles.append(label);
  });
  listen(holder, plot, [xs[0], xs[length - 1]], marks, tell);
  return { event, head, channels, courses, plot };
}

/** RMS of the last whole cycle before a moment. */
function rmsAt({ ends, values }: Course, moment: number): string {
  let [low, high] = [0, ends.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ends[middle] <= moment) low = middle + 1;
    else high = middle;
  }
  return low > 0 ? `RMS ${values[low - 1].toFixed(1)}` : 'RMS –';
}

/** Draws the RMS over the samples, the start and end of the event, and the cursors that were set. */
function drawCourses(
  plot: uPlot,
  names: readonly string[],
  courses: Record<string, Course>,
  event: ListedEvent,
  marks: readonly number[],
): void {
  const { ctx, bbox } = plot;
  const { min = 0, max = 0 } = plot.scales.x;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  names.forEach((name, k) => {
    if (!plot.series[k + 1].show) return;
    const { ends, values } = courses[name];
    ctx.beginPath();
    let open = false;
    for (let at = 0; at < ends.length; at++) {
      if (ends[at + 1] < min || ends[at - 1] > max) continue;
      const [x, y] = [plot.valToPos(ends[at], 'x', true), plot.valToPos(values[at], name[0], true)];
      if (open) ctx.lineTo(x, y);
      else ctx.moveTo(x, y);
      open = true;
    }
    ctx.strokeStyle = inkOf(SCREEN, name);
    ctx.lineWidth = 2.5 * devicePixelRatio;
    ctx.stroke();
  });
  const upright = (moment: number, color: string, dash: number[]) => {
    const x = plot.valToPos(moment, 'x', true);
    ctx.beginPath();
    ctx.setLineDash(dash);
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.strokeStyle = color;
    ctx.lineWidth = devicePixelRatio;
    ctx.stroke();
  };
  upright(0, SCREEN.frame, [4, 4]);
  upright(event.duration, SCREEN.frame, [4, 4]);
  for (const mark of marks) upright(mark, SCREEN.bad, []);
  ctx.restore();
}

/** Keys, wheel and clicks. */
function listen(
  holder: HTMLElement,
  plot: uPlot,
  [first, last]: [number, number],
  marks: number[],
  tell: (at: number | undefined) => void,
): void {
  const range = () => {
    const { min = first, max = last } = plot.scales.x;
    return { min, max, span: max - min };
  };
  const see = (min: number, span: number) => {
    const width = Math.min(span, last - first);
    const left = Math.min(Math.max(min, first), last - width);
    plot.setScale('x', { min: left, max: left + width });
  };
  const zoom = (factor: number, around: number) => {
    const { min, span } = range();
    see(around - (around - min) * factor, span * factor);
  };
  holder.addEventListener('keydown', (event) => {
    const { min, max, span } = range();
    const act: Record<string, () => void> = {
      ArrowLeft: () => see(min - MOVE * span, span),
      ArrowRight: () => see(min + MOVE * span, span),
      '+': () => zoom(ZOOM, (min + max) / 2),
      '-': () => zoom(1 / ZOOM, (min + max) / 2),
      '0': () => see(first, last - first),
      Home: () => see(first, span),
      End: () => see(last - span, span),
    };
    if (!act[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    act[event.key]();
  });
  plot.over.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const around = plot.posToVal(event.offsetX, 'x');
      zoom(event.deltaY < 0 ? ZOOM : 1 / ZOOM, around);
    },
    { passive: false },
  );
  let pressed = 0;
  plot.over.addEventListener('pointerdown', (event) => {
    pressed = event.clientX;
  });
  plot.over.addEventListener('click', (event) => {
    if (Math.abs(event.clientX - pressed) > 4) return;
    if (marks.length === 2) marks.length = 0;
    marks.push(plot.posToVal(event.offsetX, 'x'));
    plot.redraw(false);
    tell(plot.cursor.idx ?? undefined);
  });
}
