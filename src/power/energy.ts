import { LRUCache } from 'lru-cache';
import type { Energy } from '../record';

const SECONDS_PER_HOUR = 3600;
const NAMES = ['import', 'export', 'q1', 'q2', 'q3', 'q4', 'seconds'] as const;

/** Energies of many meters, for a context store to keep. */
export type StoredEnergies = Record<string, Energy>;

/**
 * Energy registers: active energy taken and given, reactive energy by quadrant (IEC 62053-23, annex C; load
 * convention: I inductive and II capacitive ... counted counter-clockwise from import with Q positive). The
 * signs are those of the whole system in each window, as a meter that sums its phases counts.
 */
export class EnergyRegisters {
  private readonly meters: LRUCache<string, Energy>;
  dropped = 0;

  /**
   * @param stored of an earlier run; what is not whole in it is left out
   * @param most meters whose energies are kept; beyond it those of the one longest silent are dropped, and counted
   */
  constructor(stored: unknown = {}, most = 40_000) {
    this.meters = new LRUCache({
      max: most,
      dispose: (_energy, _meter, reason) => {
        if (reason === 'evict') this.dropped++;
      },
    });
    for (const [meter, energy] of Object.entries((stored ?? {}) as StoredEnergies)) {
      if (isEnergy(energy)) this.meters.set(meter, { ...energy });
    }
  }

  /**
   * Adds a window, and returns how the registers of its meter then stand.
   * @param p W, @param q fundamental reactive power, var: both 0 for a window below the no-load threshold
   */
  add(meter: string, p: number, q: number, seconds: number): Energy {
    let energy = this.meters.get(meter);
    if (!energy) {
      energy = { import: 0, export: 0, q1: 0, q2: 0, q3: 0, q4: 0, seconds: 0 };
      this.meters.set(meter, energy);
    }
    const hours = seconds / SECONDS_PER_HOUR;
    energy[p >= 0 ? 'import' : 'export'] += Math.abs(p) * hours;
    energy[quadrantOf(p, q)] += Math.abs(q) * hours;
    energy.seconds += seconds;
    return { ...energy };
  }

  /** Sets the registers of a meter, or of all, to zero. */
  reset(meter?: string): void {
    if (meter === undefined) this.meters.clear();
    else this.meters.delete(meter);
  }

  has(meter: string): boolean {
    return this.meters.has(meter);
  }

  /** All registers, the one longest silent first. */
  stored(): StoredEnergies {
    return Object.fromEntries(
      [...this.meters.entries()].reverse().map(([meter, energy]) => [meter, { ...energy }]),
    );
  }
}

/** Quadrant of a power, load convention: I takes P and inductive Q, II gives P, III gives both, IV is capacitive. */
export function quadrantOf(p: number, q: number): 'q1' | 'q2' | 'q3' | 'q4' {
  if (p >= 0) return q >= 0 ? 'q1' : 'q4';
  return q >= 0 ? 'q2' : 'q3';
}

function isEnergy(value: unknown): value is Energy {
  if (typeof value !== 'object' || value === null) return false;
  return NAMES.every((name) => {
    const number = (value as Energy)[name];
    return Number.isFinite(number) && number >= 0;
  });
}
