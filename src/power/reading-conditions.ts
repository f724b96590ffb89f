import { LRUCache } from 'lru-cache';
import { Conditions, type Finding, type Reading } from '../record';

/** Meters whose conditions are remembered; of one beyond them a condition that stands is told again. */
const MAX_METERS = 5000;

/** What stands of meters that give readings only. */
export class ReadingConditions {
  private readonly meters = new LRUCache<string, { conditions: Conditions; time: number }>({
    max: MAX_METERS,
  });

  constructor(private readonly output: { finding(meter: string, time: number, finding: Finding): void }) {}

  get size(): number {
    return this.meters.size;
  }

  /** A meter that turned out to give waveforms. */
  forget(meter: string): void {
    this.meters.delete(meter);
  }

  set({ meter, time }: Reading, inconsistent: Finding | undefined): void {
    let entry = this.meters.get(meter);
    if (!entry) {
      const made = {
        time,
        conditions: new Conditions((finding) => this.output.finding(meter, made.time, finding)),
      };
      this.meters.set(meter, made);
      entry = made;
    }
    entry.time = time;
    entry.conditions.set('consistency', inconsistent);
  }
}
