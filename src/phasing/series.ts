/**
 * Voltages of many meters on one time grid, over the newest window. Slots are counted from the Unix
 * epoch, so the order in which readings come does not matter.
 */
export class SeriesStore {
  /** Slots of the window. */
  readonly length: number;
  private readonly intervalMs: number;
  private readonly rings = new Map<string, Float32Array>();
  /** Newest slot seen; the window ends with it. */
  private newest = -1;

  /**
   * @param interval seconds between readings
   * @param days of the window
   * @param maxMeters bound on the meters held
   */
  constructor(
    interval: number,
    days: number,
    private readonly maxMeters: number,
  ) {
    this.intervalMs = interval * 1000;
    this.length = Math.max(2, Math.round((days * 86_400) / interval));
  }

  get meters(): string[] {
    return [...this.rings.keys()];
  }

  /** Time of the newest slot, ms. */
  get endTime(): number {
    return this.newest * this.intervalMs;
  }

  /**
   * Sets a meter's voltage of a time; of several values for one slot the largest stays, so that the
   * order of arrival does not matter.
   * @returns why it was not taken, if so
   */
  put(meter: string, time: number, volts: number): 'tooOld' | 'metersRefused' | undefined {
    const slot = Math.round(time / this.intervalMs);
    if (slot < 0 || (this.newest >= 0 && slot <= this.newest - this.length)) return 'tooOld';
    let ring = this.rings.get(meter);
    if (!ring) {
      if (this.rings.size >= this.maxMeters) {
        return 'metersRefused';
      }
      ring = new Float32Array(this.length).fill(Number.NaN);
      this.rings.set(meter, ring);
    }
    if (slot > this.newest) this.advance(slot);
    const at = slot % this.length;
    if (!(ring[at] > volts)) ring[at] = volts;
    return undefined;
  }

  /** A meter's window in order of time, NaN where nothing came; undefined for a meter never heard of. */
  window(meter: string): Float64Array | undefined {
    const ring = this.rings.get(meter);
    if (!ring) return undefined;
    const first = this.newest + 1;
    return Float64Array.from({ length: this.length }, (_, i) => ring[(first + i) % this.length]);
  }

  clear(): void {
    this.rings.clear();
    this.newest = -1;
  }

  /** Moves the window's end: slots that are new hold nothing yet, for any meter. */
  private advance(slot: number): void {
    const from = this.newest < 0 ? slot : Math.max(this.newest + 1, slot - this.length + 1);
    for (const ring of this.rings.values()) {
      for (let s = from; s <= slot; s++) ring[s % this.length] = Number.NaN;
    }
    this.newest = slot;
  }
}
