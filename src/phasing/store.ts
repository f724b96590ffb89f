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
 * without a copy.
 */
export class SeriesStore {
  /** Slots of the window. */
  readonly length: number;
  private readonly intervalMs: number;
  private readonly rowOf = new Map<string, number>();
  private rings: Float32Array[] = [];
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
    if (!(ring[at] > volts)) ring[at] = volts;
    return undefined;
  }

  /** Moves the window's end to a slot, where it is newer. */
  advanceTo(slot: number): void {
    if (slot > this.newest) this.advance(slot);
  }

  /** That the series take. */
  get bytes(): number {
    return this.blocks.length * BLOCK_ROWS * this.length * 4;
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
    if (row % BLOCK_ROWS === 0) this.blocks.push(new SharedArrayBuffer(BLOCK_ROWS * length * 4));
    this.rings.push(ringAt(this.blocks, row, length).fill(Number.NaN));
    return row;
  }

  /** Moves the window's end: slots that are new hold nothing yet, for any meter. */
  private advance(slot: number): void {
    const from = this.newest < 0 ? slot : Math.max(this.newest + 1, slot - this.length + 1);
    for (const ring of this.rings) {
      for (let s = from; s <= slot; s++) ring[s % this.length] = Number.NaN;
    }
    this.newest = slot;
  }
}

function ringAt(blocks: readonly SharedArrayBuffer[], row: number, length: number): Float32Array {
  return new Float32Array(blocks[Math.floor(row / BLOCK_ROWS)], (row % BLOCK_ROWS) * length * 4, length);
}

/** Copies a row in order of time, NaN where nothing came. */
export function readRow({ blocks, length, newest }: StoreView, row: number, into: Float32Array): void {
  const ring = ringAt(blocks, row, length);
  const first = (newest + 1) % length;
  into.set(ring.subarray(first), 0);
  into.set(ring.subarray(0, first), length - first);
}

/** Apparent power of a row of the power's store over the window of the voltages; undefined where there is none. */
export function readPower({ power, length, newest }: StoreView, row: number): Float32Array | undefined {
  if (row < 0 || !power) return undefined;
  const into = new Float32Array(length);
  readRow({ ...power, newest }, row, into);
  return into;
}
