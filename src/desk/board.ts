import { LRUCache } from 'lru-cache';
import type {
  Diagnostic,
  PhaseMap,
  Power,
  PqEvent,
  PqRecord,
  Reading,
  Rms,
  Severity,
  Values,
  WaveformFrame,
} from '../record';

/** How much is held; what was heard of longest ago goes first, and is counted. */
export interface BoardLimits {
  meters: number;
  events: number;
  powers: number;
  maps: number;
  /** Bytes of captures that no journal has. */
  captures: number;
}

const LIMITS: BoardLimits = { meters: 20_000, events: 200, powers: 500, maps: 20, captures: 32e6 };

/** What is known of a meter. */
export interface MeterState {
  meter: string;
  /** Time of its newest record, ms since 1970. */
  time: number;
  /** The newest value of each quantity, SI units. */
  values: Values;
  quality?: Reading['quality'];
  /** Type of the event that is open at it. */
  open?: PqEvent['type'];
  /** What was said of it last and is not over. */
  fault?: { code: string; text: string; severity: Severity; time: number };
}

/** How a node that sends records stands. */
export interface QueueState {
  name: string;
  target: string;
  /** `silent`: connected, but nothing is acknowledged; `refused`: not let in. */
  state: 'connecting' | 'connected' | 'disconnected' | 'paused' | 'silent' | 'refused';
  /** Records that wait, and for how long the oldest does, s. */
  queued: number;
  age: number;
}

/** What can be asked of the node where a record came from. */
export interface Provider {
  /** Name for people. */
  name?: string;
  /** An event with its capture, from a journal. */
  event?(id: string): Promise<PqEvent | undefined>;
  /** Points of the cluster plot of a transformer. */
  plot?(transformer: string): unknown;
  limits?(): LimitTable | undefined;
  /** The newest power of a meter that it measures. */
  power?(meter: string): PowerView | undefined;
}

/** What diagrams show of a power. */
export type PowerView = Pick<Power, 'meter' | 'time' | 'frequency' | 'harmonics'> & {
  phases: Record<string, Pick<Power['phases'][string], 'p' | 'q' | 'dpf' | 'angle' | 'v1' | 'i1'>>;
  total: Pick<Power['total'], 'p' | 'q' | 'dpf'>;
};

/** Limits of harmonics that a node judges by, by order: null where there is none. */
export interface LimitTable {
  table: string;
  /** Percent of the fundamental. */
  voltage?: (number | null)[];
  /** Percent of `currentBase`, A. */
  current?: (number | null)[];
  currentBase?: number;
}

export const SECTIONS = ['meters', 'events', 'power', 'maps', 'queues'] as const;
export type Section = (typeof SECTIONS)[number];

/** An event as lists show it: without its samples. */
export type ListedEvent = Omit<PqEvent, 'capture'> & { source: string };

/**
 * What the nodes of this process know right now, for those who look: the meters, the last events, powers and phase
 * maps, and what waits to be sent. Bounded everywhere; holds copies, since a record may be changed by whoever it was
 * sent to.
 */
export class Board {
  private readonly meterStates: LRUCache<string, MeterState>;
  private readonly eventList: ListedEvent[] = [];
  private readonly captures: LRUCache<string, WaveformFrame>;
  /** Node that measures the power of a meter. */
  private readonly powers: LRUCache<string, { source: string }>;
  private readonly phaseMaps: LRUCache<string, PhaseMap>;
  private readonly queueStates = new Map<string, QueueState>();
  private readonly providers = new Map<string, Provider>();
  private readonly listeners = new Set<(section: Section) => void>();
  /** What was forgotten because it was too much, by section. */
  readonly dropped: Partial<Record<Section, number>> = {};

  constructor(private readonly limits: BoardLimits = LIMITS) {
    const held = <V extends object>(section: Section, max: number) =>
      new LRUCache<string, V>({
        max,
        dispose: (_value, _key, reason) => {
          if (reason === 'evict') this.dropped[section] = (this.dropped[section] ?? 0) + 1;
        },
      });
    this.meterStates = held('meters', limits.meters);
    this.powers = held('power', limits.powers);
    this.phaseMaps = held('maps', limits.maps);
    this.captures = new LRUCache({
      maxSize: limits.captures,
      maxEntrySize: limits.captures,
      sizeCalculation: (frame) => Math.max(1, frame.data.byteLength),
    });
  }

  /** Calls back with the section that has changed; returns what ends that. */
  onChange(listener: (section: Section) => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  /** Notes a node that can be asked for more. */
  provide(source: string, provider: Provider): void {
    this.providers.set(source, provider);
  }

  /** Forgets a node that is gone, and what only it knows. */
  forget(source: string): void {
    this.providers.delete(source);
    if (this.queueStates.delete(source)) this.tell('queues');
    if (this.phaseMaps.delete(source)) this.tell('maps');
  }

  /** Notes what a record tells; kinds that nobody looks at are passed over. */
  take(source: string, record: PqRecord): void {
    if (record.kind === 'reading') this.takeReading(record);
    else if (record.kind === 'rms') this.takeRms(record);
    else if (record.kind === 'event') this.takeEvent(source, record);
    else if (record.kind === 'power') this.takePower(source, record);
    else if (record.kind === 'diagnostic') this.takeDiagnostic(record);
    else if (record.kind === 'phase-map') {
      this.phaseMaps.set(source, { ...record });
      this.tell('maps');
    }
  }

  /** Notes how a queue stands. */
  queue(source: string, state: QueueState): void {
    this.queueStates.set(source, { ...state });
    this.tell('queues');
  }

  /** Meters by name: `count` of all whose name holds `wanted`, and of these the first `limit` after `skip`. */
  meters(wanted = '', skip = 0, limit = 200): { count: number; faults: number; meters: MeterState[] } {
    const part = wanted.toLowerCase();
    const found = [...this.meterStates.values()].filter(({ meter }) => meter.toLowerCase().includes(part));
    // Those with something to tell first.
    found.sort((a, b) => rank(b) - rank(a) || (a.meter < b.meter ? -1 : 1));
    return {
      count: found.length,
      faults: found.filter((state) => rank(state) > 0).length,
      meters: found.slice(skip, skip + limit),
    };
  }

  /** The newest events, newest first. */
  events(limit = this.limits.events): ListedEvent[] {
    return this.eventList.slice(-limit).reverse();
  }

  /** An event with its capture: from the node's journal, or as it is held here; undefined where it is not known. */
  async event(id: string): Promise<PqEvent | undefined> {
    const listed = this.eventList.find((event) => event.id === id);
    if (!listed) return undefined;
    const { source, ...event } = listed;
    const capture = this.captures.get(id);
    if (capture) return { ...event, capture };
    const found = await this.providers
      .get(source)
      ?.event?.(id)
      .catch(() => undefined);
    return found ?? event;
  }

  /** Names of the meters whose power is known. */
  get powerMeters(): string[] {
    return [...this.powers.keys()].sort();
  }

  /** The newest power of a meter, without a name of the one heard of last; with the limits of its node. */
  power(
    meter: string = this.powers.keys().next().value ?? '',
  ): { power: PowerView; limits?: LimitTable } | undefined {
    const node = this.providers.get(this.powers.peek(meter)?.source ?? '');
    const power = node?.power?.(meter);
    return power && { power, limits: node?.limits?.() };
  }

  /** The newest phase map of each node. */
  get maps(): { source: string; name: string; map: PhaseMap }[] {
    return [...this.phaseMaps.entries()].map(([source, map]) => ({ source, name: this.nameOf(source), map }));
  }

  /** Cluster plot of a transformer, by the node that has compared it. */
  plot(source: string, transformer: string): unknown {
    return this.providers.get(source)?.plot?.(transformer);
  }

  get queues(): (QueueState & { source: string })[] {
    return [...this.queueStates].map(([source, state]) => ({ source, ...state }));
  }

  private nameOf(source: string): string {
    return this.providers.get(source)?.name ?? source;
  }

  private tell(section: Section): void {
    for (const listener of this.listeners) listener(section);
  }

  private stateOf(meter: string, time: number): MeterState {
    let state = this.meterStates.get(meter);
    if (!state) {
      state = { meter, time, values: {} };
      this.meterStates.set(meter, state);
    }
    if (time > state.time) state.time = time;
    return state;
  }

  private takeReading({ meter, time, values, quality }: Reading): void {
    const state = this.stateOf(meter, time);
    Object.assign(state.values, values);
    state.quality = quality;
    this.tell('meters');
  }

  private takeRms({ meter, time, window, values }: Rms): void {
    if (window !== '10-cycle' && window !== '10-s') return;
    const state = this.stateOf(meter, time);
    for (const [name, value] of Object.entries(values)) {
      if (typeof value === 'number') state.values[name as keyof Values] = value;
    }
    this.tell('meters');
  }

  private takeEvent(source: string, event: PqEvent): void {
    const { capture, ...rest } = event;
    this.list({ ...rest, source });
    if (capture) this.captures.set(event.id, capture);
    const state = this.stateOf(event.meter, event.time);
    if (event.state === 'start') state.open = event.type;
    else if (state.open === event.type) state.open = undefined;
    this.tell('events');
    this.tell('meters');
  }

  /** Puts an event into the list, in the order of time; the start of one makes room for its end. */
  private list(event: ListedEvent): void {
    const { eventList } = this;
    const known = eventList.findIndex(({ id }) => id === event.id);
    if (known >= 0) {
      eventList[known] = event;
      return;
    }
    let at = eventList.length;
    while (at > 0 && eventList[at - 1].time > event.time) at--;
    eventList.splice(at, 0, event);
    if (eventList.length <= this.limits.events) return;
    const [gone] = eventList.splice(0, 1);
    this.captures.delete(gone.id);
    this.dropped.events = (this.dropped.events ?? 0) + 1;
  }

  private takePower(source: string, power: Power): void {
    const { meter, time, frequency, total } = power;
    this.powers.set(meter, { source });
    const { values } = this.stateOf(meter, time);
    Object.assign(values, { p: total.p, q: total.q, s: total.s });
    if (frequency !== undefined) values.f = frequency;
    if (total.pf !== undefined) values.pf = total.pf;
    this.tell('power');
    this.tell('meters');
  }

  private takeDiagnostic({ meter, time, code, text, severity }: Diagnostic): void {
    const state = this.stateOf(meter, time);
    if (severity !== 'info') state.fault = { code, text, severity, time };
    else if (state.fault?.code === code) state.fault = undefined;
    else return;
    this.tell('meters');
  }
}

function rank({ fault, open, quality }: MeterState): number {
  if (fault?.severity === 'error') return 4;
  if (open) return 3;
  if (fault) return 2;
  return quality !== undefined && quality !== 'good' ? 1 : 0;
}

/** The board of this process: nodes write to it, the sidebar reads it. */
export const board = new Board();
