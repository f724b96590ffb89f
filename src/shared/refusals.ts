import type { Finding } from '../record';

/** The first refusal is said with those that follow it in this time, ms. */
const GATHER = 1000;
/** Meters that are named, and that are known apart. */
const NAMED = 10;
const MOST_KNOWN = 100_000;

/** A bound that has been reached. */
export interface Bound {
  /** In words, to be followed by a colon. */
  text: string;
  hint: string;
  detail: object;
}

/**
 * Meters that a stage does not take because it is full: known apart, counted, and said once, with those that follow the
 * first within a second.
 */
export class Refusals {
  private readonly meters = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  readonly counters = { metersRefused: 0, recordsRefused: 0 };

  /**
   * @param bound as it stands when it is said
   * @param say is given the finding, once
   */
  constructor(
    private readonly bound: () => Bound,
    private readonly say: (finding: Finding) => void,
  ) {}

  /** A record of a meter is refused. */
  add(meter: string): void {
    const { meters, counters } = this;
    counters.recordsRefused++;
    if (meters.has(meter)) return;
    if (meters.size < MOST_KNOWN) meters.add(meter);
    counters.metersRefused = meters.size;
    if (meters.size === 1) this.timer = setTimeout(() => this.tell(), GATHER).unref();
  }

  /** Says what is still to be said. */
  close(): void {
    if (this.timer) this.tell();
  }

  private tell(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { text, hint, detail } = this.bound();
    const names = [...this.meters].slice(0, NAMED);
    const more = this.meters.size - names.length;
    this.say({
      code: 'METERS_OVER_LIMIT',
      severity: 'error',
      text: `${text}: refused ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`,
      hint,
      detail: { ...detail, refused: this.meters.size, meters: names },
    });
  }
}
