import type { Finding } from '../record';
import type { Budget } from './budget';
import { type Bound, Refusals } from './refusals';

/** A meter that was silent for so long may be let go for another one, ms. */
const SILENT = 86_400_000;

export interface AdmissionListener {
  /** A meter that rests, or was silent for a day, is let go: another one needs its place. */
  released(meter: string): void;
  /** Meters are refused. */
  over(finding: Finding): void;
}

interface Served {
  bytes: number;
  /** ms */
  heard: number;
}

/**
 * Which meters a stage serves. A meter that is served stays served: one too many is refused, counted and said once.
 */
export class Admission {
  /** The one longest silent first. */
  private readonly served = new Map<string, Served>();
  /** Meters served whose place may be had: nothing more is expected of them. */
  private readonly idle = new Set<string>();
  private readonly refusals: Refusals;
  private bytes = 0;
  private released = 0;

  /** @param now steady clock, ms */
  constructor(
    readonly budget: Budget,
    private readonly listener: AdmissionListener,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.refusals = new Refusals(
      () => this.bound(),
      (finding) => listener.over(finding),
    );
  }

  get counters(): { metersRefused: number; recordsRefused: number; metersReleased: number } {
    return { ...this.refusals.counters, metersReleased: this.released };
  }

  /** What may be held, and what is. */
  get use(): { limit: Budget; held: Budget } {
    return { limit: this.budget, held: { meters: this.served.size, bytes: this.bytes } };
  }

  /** Meters that are served. */
  get size(): number {
    return this.served.size;
  }

  /**
   * Whether something of a meter is taken: it is served already, or there is room for it.
   * @param bytes that the stage may come to hold of it
   */
  admits(meter: string, bytes: number): boolean {
    const now = this.now();
    const known = this.served.get(meter);
    if (!known && !this.makeRoom(bytes, now)) {
      this.refusals.add(meter);
      return false;
    }
    const one = known ?? { bytes: 0, heard: now };
    if (known) this.served.delete(meter);
    this.idle.delete(meter);
    this.served.set(meter, one);
    one.heard = now;
    if (bytes > one.bytes) {
      this.bytes += bytes - one.bytes;
      one.bytes = bytes;
    }
    return true;
  }

  /** Nothing more is expected of a meter: another one may have its place. */
  rest(meter: string): void {
    if (this.served.has(meter)) this.idle.add(meter);
  }

  private release(meter: string, { bytes }: Served): void {
    this.served.delete(meter);
    this.idle.delete(meter);
    this.bytes -= bytes;
    this.released++;
    this.listener.released(meter);
  }

  /** Says what is still to be said. */
  close(): void {
    this.refusals.close();
  }

  private makeRoom(bytes: number, now: number): boolean {
    const { meters, bytes: most } = this.budget;
    while (this.served.size >= meters || (this.bytes + bytes > most && this.served.size > 0)) {
      const [resting] = this.idle;
      const [[oldest]] = this.served;
      const meter = resting ?? oldest;
      const one = this.served.get(meter) as Served;
      if (resting === undefined && now - one.heard < SILENT) return false;
      this.release(meter, one);
    }
    return true;
  }

  private bound(): Bound {
    const { budget, served, bytes } = this;
    const full = served.size >= budget.meters;
    return {
      text: full
        ? `${budget.meters} meters are served, which is the limit`
        : `${served.size} meters hold ${Math.round(bytes / 1e6)} of ${Math.round(budget.bytes / 1e6)} MB`,
      hint: full
        ? 'Allow more meters in the settings, or part them among several nodes.'
        : 'Part the meters among several nodes or machines: their waveforms need more memory than one stage may take.',
      detail: { limit: budget.meters, served: served.size },
    };
  }
}
