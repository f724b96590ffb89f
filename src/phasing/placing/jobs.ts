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
  clockLag: number;
}

/** A job, with the assignment of each member and the name of each place. */
export interface NamedJob {
  job: PlaceJob;
  assignments: Assignment[];
  transformers: string[];
}

/** The meters by feeder and phase, in the order in which they are given. */
export function* placeJobs(meters: readonly Placeable[]): Steps<NamedJob[]> {
  const groups = new Map<string, Placeable[]>();
  for (const one of meters) {
    // Clusters without names have a number of their transformer alone.
    const key = `${one.feeder}\u0000${one.isNamed ? one.assignment.phase : ''}`;
    const own = groups.get(key);
    if (own) own.push(one);
    else groups.set(key, [one]);
    yield;
  }
  const jobs: NamedJob[] = [];
  for (const own of groups.values()) {
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
