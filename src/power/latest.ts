import { LRUCache } from 'lru-cache';
import type { CorrectedPower, PhasePower, Power } from '../record';

/** Meters whose newest values are held for the panel. */
const MAX_METERS = 500;

/** What diagrams show of a meter: copies, since a record may be changed by whoever it was sent to. */
export interface PhasorView {
  meter: string;
  time: number;
  frequency?: number;
  phases: Record<string, Pick<PhasePower, 'p' | 'q' | 'pf' | 'dpf' | 'angle' | 'v1' | 'i1'>>;
  total: Pick<Power['total'], 'p' | 'q' | 's' | 'pf' | 'dpf'>;
  /** RMS by order, index 0 = order 0. */
  harmonics: Record<string, number[]>;
  corrected?: CorrectedPower;
}

/** The newest values of each meter. */
export class LatestPower {
  private readonly views = new LRUCache<string, PhasorView>({ max: MAX_METERS });

  see(power: Power, corrected: CorrectedPower | undefined): void {
    const phases: PhasorView['phases'] = {};
    for (const [name, { p, q, pf, dpf, angle, v1, i1 }] of Object.entries(power.phases)) {
      phases[name] = { p, q, pf, dpf, angle, v1: v1 && { ...v1 }, i1: i1 && { ...i1 } };
    }
    const harmonics: PhasorView['harmonics'] = {};
    for (const [name, orders] of Object.entries(power.harmonics)) harmonics[name] = orders.slice();
    const { p, q, s, pf, dpf } = power.total;
    const { meter, time, frequency } = power;
    this.views.set(meter, {
      meter,
      time,
      frequency,
      phases,
      total: { p, q, s, pf, dpf },
      harmonics,
      corrected,
    });
  }

  /** Names of the meters that are held. */
  get meters(): string[] {
    return [...this.views.keys()].sort();
  }

  /** Of a meter; without a name of the one that was heard of last. */
  of(meter?: string): PhasorView | undefined {
    return this.views.peek(meter ?? this.views.keys().next().value ?? '');
  }
}
