import { LRUCache } from 'lru-cache';
import { harmonicBars, magnitudeDuration, phasorDiagram, waveformPlot } from '../plots';
import { clusters } from '../plots/clusters';
import { check, FieldError, type Power, type PqEvent } from '../record';

/** Events whose plots can be drawn, and of those with a capture the newest. */
const EVENTS = 500;
const CAPTURES = 30;
const POWERS = 200;
const POINTS = 2000;

/** Plots that can be asked for. */
export const PLOTS = [
  'waveform',
  'currents',
  'phasors',
  'harmonics',
  'magnitude-duration',
  'phase-map',
] as const;
export type PlotName = (typeof PLOTS)[number];

/** The newest events and powers, as pictures for a dashboard. */
export class Latest {
  private readonly events = new LRUCache<string, PqEvent>({ max: EVENTS });
  private readonly captured = new LRUCache<string, PqEvent>({ max: CAPTURES });
  private readonly powers = new LRUCache<string, Power>({ max: POWERS });

  addEvent(event: PqEvent): void {
    const { capture, ...rest } = event;
    this.events.set(event.id, rest);
    if (capture) this.captured.set(event.id, { ...rest, capture });
  }

  addPower(power: Power): void {
    this.powers.set(power.meter, power);
  }

  /** The newest event that has ended: of a meter, or with an id; with its capture where it is still held. */
  event({ id, meter }: { id?: string; meter?: string } = {}): PqEvent | undefined {
    if (id !== undefined) return this.captured.peek(id) ?? this.events.peek(id);
    // The newest comes first.
    for (const event of this.events.values()) {
      if (event.state === 'end' && (meter === undefined || event.meter === meter))
        return this.captured.peek(event.id) ?? event;
    }
    return undefined;
  }

  /**
   * A plot as SVG, for a page of any colour.
   * @param query `{plot, meter, id, width, height, points}`
   * @returns an empty text where there is nothing to draw yet
   * @throws FieldError that names the field
   */
  plot(query: unknown, at = 'payload'): string {
    const g = check.object(query ?? {}, at);
    const name = check.oneOf(g.plot as PlotName, `${at}.plot`, PLOTS);
    const meter = g.meter === undefined ? undefined : check.text(g.meter, `${at}.meter`);
    const id = g.id === undefined ? undefined : check.text(g.id, `${at}.id`, 512);
    const range = { min: 100, max: 4000 };
    const size: { width?: number; height?: number } = {};
    for (const side of ['width', 'height'] as const)
      if (g[side] !== undefined) size[side] = check.number(g[side], `${at}.${side}`, range);
    if (name === 'phase-map') return clusters(readPoints(g.points, `${at}.points`), size);
    if (name === 'magnitude-duration') {
      const shown = [...this.events.values()].filter(
        (event) => event.state === 'end' && (meter === undefined || event.meter === meter),
      );
      return magnitudeDuration(shown.reverse(), size);
    }
    if (name === 'waveform' || name === 'currents') {
      const event = this.event({ id, meter });
      if (!event?.capture) return '';
      const frequency = event.duration > 0 && event.cycles > 0 ? event.cycles / event.duration : 50;
      const quantity = name === 'waveform' ? ('v' as const) : ('i' as const);
      return waveformPlot(event.capture, { ...size, quantity, frequency, zero: event.time }) ?? '';
    }
    const power = this.powers.peek(meter ?? this.powers.keys().next().value ?? '');
    if (!power) return '';
    return name === 'phasors' ? phasorDiagram(power.phases) : harmonicBars(percentOf(power), size);
  }
}

/** Voltage harmonics in percent of the fundamental. */
function percentOf({ harmonics }: Power): Record<string, number[]> {
  const percent: Record<string, number[]> = {};
  for (const [name, orders] of Object.entries(harmonics)) {
    if (name.startsWith('v') && orders[1] > 0)
      percent[name] = orders.map((value) => (100 * value) / orders[1]);
  }
  return percent;
}

/** Points as the phase-correlator's command `plot` gives them. */
function readPoints(given: unknown, at: string) {
  const phase = (value: unknown, field: string) => (value === null ? null : check.text(value, field, 3));
  return check.array(given, at, POINTS).map((one, k) => {
    const point = check.object(one, `${at}[${k}]`);
    return {
      meter: check.text(point.meter, `${at}[${k}].meter`),
      x: check.number(point.x, `${at}[${k}].x`),
      y: check.number(point.y, `${at}[${k}].y`),
      phase: phase(point.phase ?? null, `${at}[${k}].phase`),
      recorded: phase(point.recorded ?? null, `${at}[${k}].recorded`),
    };
  });
}

/** @throws FieldError where an event cannot be reported on */
export function endedEvent(event: PqEvent | undefined, field: string, given: unknown): PqEvent {
  if (event?.state === 'end') return event;
  throw new FieldError(field, 'an event that has ended, or the id of one of the newest', given);
}
