/** Separates the name of a meter from that of its input: no name of a meter has it. */
const INPUT = '\u0000';

/** Inputs of a meter between a phase and the neutral, and between two phases. */
export const INPUTS = ['a', 'b', 'c'] as const;
export const LINE_INPUTS = ['ab', 'bc', 'ca'] as const;
export type Input = (typeof INPUTS)[number] | (typeof LINE_INPUTS)[number];

/** Name of the series of one input of a meter of several phases; that of input a is the meter's own. */
export function seriesName(meter: string, input: Input): string {
  return input === 'a' ? meter : `${meter}${INPUT}${input}`;
}

/** Name of the series of a meter of one phase, whatever it calls its voltage. */
export function onlySeriesName(meter: string, input: Input): string {
  return input.length === 1 ? meter : seriesName(meter, LINE_INPUTS[0]);
}

/** Whether a series is a meter's first, and not that of a further input. */
export function isFirstSeries(name: string): boolean {
  return !name.includes(INPUT) || name.endsWith(`${INPUT}${LINE_INPUTS[0]}`);
}

/** The meter of a series. */
export function meterOfSeries(name: string): string {
  return name.split(INPUT, 1)[0];
}

/** Rows in one piece of memory. */
const BLOCK_ROWS = 256;
/** Of a value: a number of steps in 16 bits. */
export const VALUE_BYTES = 2;
/** Step of a row, V; of one with values that do not fit four times as much, as often as needed. */
const STEP = 0.01;
const COARSER = 4;
/** Largest number of steps; the code 0 is a value that is missing, that of n steps n + 1. */
const MOST_STEPS = 65_534;

/** Where the rows of a store lie: what a worker needs to read them. */
export interface StoreView {
  blocks: SharedArrayBuffer[];
  /** Slots of the window. */
  length: number;
  /** Newest slot: the window ends with it. */
  newest: number;
  /** Apparent power of those meters that give any, on the same grid. */
  power?: Omit<StoreView, 'power'>;
}

/**
 * Voltages of many meters on one time grid, over the newest window. Slots are counted from the Unix
 * epoch, so the order in which readings come does not matter. Rows lie in shared memory, where workers read them
 * without a copy, in steps of 10 mV up to 655 V: ten times finer than meters tell.
 */
export class SeriesStore {
  /** Slots of the window. */
  readonly length: number;
  private readonly intervalMs: number;
  private readonly rowOf = new Map<string, number>();
  private rings: Uint16Array[] = [];
  private blocks: SharedArrayBuffer[] = [];
  /** Newest slot seen; the window ends with it. */
  private newest = -1;

  /**
   * @param interval seconds between readings
   * @param days of the window
   * @param maxSeries bound on the series held
   */
  constructor(
    interval: number,
    days: number,
    private readonly maxSeries: number,
  ) {
    this.intervalMs = interval * 1000;
    this.length = Math.max(2, Math.round((days * 86_400) / interval));
  }

  get meters(): string[] {
    return [...this.rowOf.keys()].filter(isFirstSeries).map(meterOfSeries);
  }

  /** Meters heard of. */
  size = 0;

  /** Time of the newest slot, ms. */
  get endTime(): number {
    return this.newest * this.intervalMs;
  }

  /** Time of the window's interval, ms. */
  timeOf(interval: number): number {
    return (this.newest - this.length + 1 + interval) * this.intervalMs;
  }

  /** Whether anything was heard of a meter. */
  knows(meter: string): boolean {
    return this.rowOf.has(meter) || this.rowOf.has(seriesName(meter, LINE_INPUTS[0]));
  }

  /** Number of a meter's row; undefined for one never heard of. */
  row(meter: string): number | undefined {
    return this.rowOf.get(meter);
  }

  get view(): StoreView {
    return { blocks: this.blocks, length: this.length, newest: this.newest };
  }

  /**
   * Sets a meter's voltage of a time; of several values for one slot the largest stays, so that the
   * order of arrival does not matter.
   * @returns why it was not taken, if so
   */
  put(meter: string, time: number, volts: number): 'tooOld' | 'full' | undefined {
    return this.putSlot(meter, this.slotOf(time), volts);
  }

  slotOf(time: number): number {
    return Math.round(time / this.intervalMs);
  }

  /** As {@link put}, by the number of the slot. */
  putSlot(meter: string, slot: number, volts: number): 'tooOld' | 'full' | undefined {
    if (slot < 0 || (this.newest >= 0 && slot <= this.newest - this.length)) return 'tooOld';
    let row = this.rowOf.get(meter);
    if (row === undefined) {
      if (this.rowOf.size >= this.maxSeries) return 'full';
      row = this.newRow();
      this.rowOf.set(meter, row);
      if (isFirstSeries(meter)) this.size++;
    }
    this.advanceTo(slot);
    const ring = this.rings[row];
    const at = slot % this.length;
    const steps = stepsOf(this.blocks, row, this.length);
    const place = row % BLOCK_ROWS;
    while (volts > MOST_STEPS * steps[place]) coarsen(ring, steps, place);
    // No RMS value is below 0.
    const code = Math.round(Math.max(0, volts) / steps[place]) + 1;
    if (code > ring[at]) ring[at] = code;
    return undefined;
  }

  /** Moves the window's end to a slot, where it is newer. */
  advanceTo(slot: number): void {
    if (slot > this.newest) this.advance(slot);
  }

  /** That the series take. */
  get bytes(): number {
    return this.blocks.length * blockBytes(this.length);
  }

  clear(): void {
    this.rowOf.clear();
    this.size = 0;
    this.rings = [];
    this.blocks = [];
    this.newest = -1;
  }

  private newRow(): number {
    const row = this.rings.length;
    const { length } = this;
    if (row % BLOCK_ROWS === 0) {
      this.blocks.push(new SharedArrayBuffer(blockBytes(length)));
      stepsOf(this.blocks, row, length).fill(STEP);
    }
    this.rings.push(ringAt(this.blocks, row, length));
    return row;
  }

  /** Moves the window's end: slots that are new hold nothing yet, for any meter. */
  private advance(slot: number): void {
    const from = this.newest < 0 ? slot : Math.max(this.newest + 1, slot - this.length + 1);
    for (const ring of this.rings) {
      for (let s = from; s <= slot; s++) ring[s % this.length] = 0;
    }
    this.newest = slot;
  }
}

function blockBytes(length: number): number {
  return BLOCK_ROWS * (length * VALUE_BYTES + Float64Array.BYTES_PER_ELEMENT);
}

function ringAt(blocks: readonly SharedArrayBuffer[], row: number, length: number): Uint16Array {
  const at = (row % BLOCK_ROWS) * length * VALUE_BYTES;
  return new Uint16Array(blocks[Math.floor(row / BLOCK_ROWS)], at, length);
}

/** Steps of the rows of a block, V: behind its values. */
function stepsOf(blocks: readonly SharedArrayBuffer[], row: number, length: number): Float64Array {
  return new Float64Array(
    blocks[Math.floor(row / BLOCK_ROWS)],
    BLOCK_ROWS * length * VALUE_BYTES,
    BLOCK_ROWS,
  );
}

/** Makes room for larger values in a row. */
function coarsen(ring: Uint16Array, steps: Float64Array, place: number): void {
  steps[place] *= COARSER;
  for (let i = 0; i < ring.length; i++) if (ring[i]) ring[i] = Math.round((ring[i] - 1) / COARSER) + 1;
}

/** Copies a row in order of time, NaN where nothing came. */
export function readRow({ blocks, length, newest }: StoreView, row: number, into: Float32Array): void {
  const ring = ringAt(blocks, row, length);
  const step = stepsOf(blocks, row, length)[row % BLOCK_ROWS];
  const first = (newest + 1) % length;
  for (let i = 0, at = first; i < length; i++) {
    const code = ring[at];
    into[i] = code ? (code - 1) * step : Number.NaN;
    if (++at === length) at = 0;
  }
}

/** Apparent power of a row of the power's store over the window of the voltages; undefined where there is none. */
export function readPower({ power, length, newest }: StoreView, row: number): Float32Array | undefined {
  if (row < 0 || !power) return undefined;
  const into = new Float32Array(length);
  readRow({ ...power, newest }, row, into);
  return into;
}
