import type { Assignment } from '../../record';
import type { Steps } from '../steps';

/** Meters of one phase of a feeder, and the transformers at which the records have them. */
export interface PlaceJob {
  /** Row of the store of each meter, and of its power; -1 where that is not known. */
  rows: Int32Array;
  power: Int32Array;
  /** Number of each meter's transformer, within the job. */
  places: Int32Array;
  /** Intervals by which each clock is late. */
  lags: Float32Array;
  /**
   * 1 for a meter whose phase is in doubt: it is compared here as on every phase of the feeder, and counts in nothing.
   */
  guests: Uint8Array;
  /** Transformers of the job. */
  count: number;
}

/** A meter that is more like those of another transformer. */
export interface Better {
  /** Numbers within the job. */
  member: number;
  place: number;
  /** By how much, in Fisher's z; and the likelihood that it is, all transformers that were tried taken into account. */
  lead: number;
  confidence: number;
}

export interface Placed {
  better: Better[];
  /** Meters that are not like their neighbours, and were not compared with all other transformers. */
  notCompared: number;
}

/** A meter to be placed: one with a series and a phase. */
export interface Placeable {
  assignment: Assignment;
  feeder: string;
  /** Row of the store, and of the power's store or -1. */
  row: number;
  power: number;
  /** Its transformer's phases have names. */
  isNamed: boolean;
  /** It may be on another phase: one that is like none where it stands. */
  isDoubtful: boolean;
  clockLag: number;
}

/** A job, with the assignment of each member and the name of each place. */
export interface NamedJob {
  job: PlaceJob;
  assignments: Assignment[];
  transformers: string[];
}

/** The meters by feeder and phase, in the order in which they are given; those in doubt on every phase. */
export function* placeJobs(meters: readonly Placeable[]): Steps<NamedJob[]> {
  const groups = new Map<string, Placeable[]>();
  const guestsOf = new Map<string, Placeable[]>();
  for (const one of meters) {
    addTo(groups, groupOf(one), one);
    if (one.isDoubtful) addTo(guestsOf, one.feeder, one);
    yield;
  }
  const jobs: NamedJob[] = [];
  for (const [key, residents] of groups) {
    const guests = (guestsOf.get(residents[0].feeder) ?? []).filter((one) => groupOf(one) !== key);
    const own = [...residents, ...guests];
    const numbers = new Map<string, number>();
    const transformers: string[] = [];
    const places = Int32Array.from(own, ({ assignment: { transformer, phase }, isNamed }) => {
      const key = isNamed ? transformer : `${transformer}\u0000${phase}`;
      let number = numbers.get(key);
      if (number === undefined) {
        number = transformers.push(transformer) - 1;
        numbers.set(key, number);
      }
      return number;
    });
    yield;
    if (transformers.length < 2) continue;
    jobs.push({
      job: {
        rows: Int32Array.from(own, ({ row }) => row),
        power: Int32Array.from(own, ({ power }) => power),
        places,
        guests: Uint8Array.from(own, (_, k) => (k < residents.length ? 0 : 1)),
        lags: Float32Array.from(own, ({ clockLag }) => clockLag),
        count: transformers.length,
      },
      assignments: own.map(({ assignment }) => assignment),
      transformers,
    });
    yield;
  }
  return jobs;
}

/** Feeder and phase; clusters without names have a number of their transformer alone. */
function groupOf({ feeder, isNamed, assignment }: Placeable): string {
  return `${feeder}\u0000${isNamed ? assignment.phase : ''}`;
}

function addTo<T>(lists: Map<string, T[]>, key: string, one: T): void {
  const list = lists.get(key);
  if (list) list.push(one);
  else lists.set(key, [one]);
}
