import { type Fundamental, fundamentalOf } from '../signal';
import type { CalculatorSettings } from './settings';

/** Frequencies that are followed, Hz (IEC 61000-4-30, 5.1), with room for the search to swing. */
const LOWEST = 40;
const HIGHEST = 72;
/** Middle between 50 and 60 Hz: from there both lie inside the search's reach. */
const MIDDLE = 55;
/** A network near the middle keeps its number of cycles while it stays so near, Hz. */
const HYSTERESIS = 1.5;
/** Fundamental below which no cycles can be counted: V, and in parts of all that is there. */
const FLOOR = 1;
const SHARE = 0.2;
/** Steps of the search, and the change from which another one is taken. */
const MAX_STEPS = 10;
const CLOSE = 1e-6;
/** Order 63 of a window this far from whole cycles is off by a thousandth of a line. */
const SETTLED = 1e-4;

/** A window in whole cycles, in samples. */
export interface CycleWindow {
  length: number;
  cycles: number;
  /** Cycles per sample. */
  frequency: number;
  /** There was a voltage to follow; without one the last frequency carries on. */
  followed: boolean;
}

/** Follows the fundamental of one meter from window to window, so that each holds a whole number of cycles. */
export class CycleTracker {
  private frequency: number;
  private known = false;
  private cycles: number;

  constructor(
    private readonly settings: Pick<CalculatorSettings, 'frequency' | 'window'>,
    private readonly rate: number,
  ) {
    const nominal = settings.frequency === 'auto' ? MIDDLE : settings.frequency;
    this.frequency = nominal / rate;
    this.cycles = this.cyclesAt(nominal);
  }

  /** Samples that a window takes at most, as far as the frequency is known. */
  get reach(): number {
    return this.known ? Math.ceil((this.cycles + 1) / this.frequency) : this.longest;
  }

  /** Samples that any window takes at most. */
  get longest(): number {
    return Math.ceil(((this.cyclesAt(HIGHEST) + 1) * this.rate) / LOWEST);
  }

  /**
   * The window that begins at `start`, and what {@link take} has then to be told.
   * @param voltages the first of them that has a fundamental is followed
   */
  find(voltages: readonly Float64Array[], start: number): CycleWindow {
    const nominal = (this.settings.frequency === 'auto' ? MIDDLE : this.settings.frequency) / this.rate;
    // From where it was; a network that was switched over may be out of reach from there.
    const guesses = this.known ? [this.frequency, nominal] : [nominal];
    for (const voltage of voltages) {
      for (const guess of guesses) {
        const frequency = this.search(voltage, start, guess);
        if (frequency !== undefined) return this.window(frequency, true);
      }
    }
    return this.window(this.frequency, false);
  }

  /** The window that was found is measured: the next one goes on from it. */
  take({ frequency, cycles, followed }: CycleWindow): void {
    this.frequency = frequency;
    this.cycles = cycles;
    this.known ||= followed;
  }

  private window(frequency: number, followed: boolean): CycleWindow {
    const hertz = frequency * this.rate;
    const stays = this.known && Math.abs(hertz - MIDDLE) <= HYSTERESIS;
    const cycles = stays || !followed ? this.cycles : this.cyclesAt(hertz);
    return { length: cycles / frequency, cycles, frequency, followed };
  }

  private search(voltage: Float64Array, start: number, guess: number): number | undefined {
    let frequency = guess;
    let change = 1;
    let found: Fundamental | undefined;
    for (let step = 0; step < MAX_STEPS && Math.abs(change) > CLOSE; step++) {
      found = fundamentalOf(voltage, start, this.cycles / frequency, frequency);
      const next = Math.min(HIGHEST, Math.max(LOWEST, found.frequency * this.rate)) / this.rate;
      change = next / frequency - 1;
      frequency = next;
      // One step from near by is right to the square of the way.
      if (Math.abs(change) < SETTLED) break;
    }
    const inBand = frequency * this.rate > LOWEST + 0.5 && frequency * this.rate < HIGHEST - 0.5;
    const isThere = found !== undefined && found.rms >= Math.max(FLOOR, SHARE * found.total);
    return Math.abs(change) < SETTLED && inBand && isThere ? frequency : undefined;
  }

  private cyclesAt(hertz: number): number {
    const { frequency, window } = this.settings;
    const is60 = frequency === 60 || (frequency === 'auto' && hertz > MIDDLE);
    return is60 ? (window * 6) / 5 : window;
  }
}
