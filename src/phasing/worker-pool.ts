import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Workers } from './correlator';
import type { GroupResult } from './group/identify';
import type { PhaseMeans } from './means';
import type { Placed, PlaceJob } from './placing/jobs';
import type { Task } from './plan';
import type { CorrelatorSettings } from './settings';
import type { Common, Work } from './worker';

/** Meters in one message to a worker: what it costs to send must not hold up the event loop. */
const METERS_AT_ONCE = 500;

/**
 * Worker threads for the length of a run, that read the series in shared memory. Each takes the next pieces when it is
 * done with its last ones; results are put in their places, so that neither the number of workers nor their pace
 * matters.
 */
export class WorkerPool implements Workers {
  private readonly running = new Set<Worker>();
  private stopped = false;

  /**
   * @param progress is given how many of the groups are done
   * @param size workers; all cores without
   */
  constructor(
    private readonly progress: (done: number, all: number) => void = () => {},
    private readonly size = availableParallelism(),
  ) {}

  async groups(
    { settings, view }: Common,
    tasks: readonly Task[],
    { groups, phases, length, buffer }: PhaseMeans,
    place = 0,
  ): Promise<GroupResult[]> {
    const means = { groups, phases, length, buffer };
    return await this.do<Task, GroupResult>(
      tasks,
      ({ members }) => members.length,
      (first, items) => ({
        kind: 'groups',
        settings: slim(settings),
        view,
        items,
        place: place + first,
        means,
      }),
      this.progress,
    );
  }

  async places({ settings, view }: Common, jobs: readonly PlaceJob[]): Promise<Placed[]> {
    return await this.do<PlaceJob, Placed>(
      jobs,
      ({ rows }) => rows.length,
      (_, items) => ({ kind: 'places', settings: slim(settings), view, items }),
    );
  }

  /**
   * @param size meters of an item
   * @param work what a worker is asked for the items from number `first` on
   */
  private async do<Item, Result>(
    all: readonly Item[],
    size: (item: Item) => number,
    work: (first: number, items: Item[]) => Work,
    progress?: (done: number, all: number) => void,
  ): Promise<Result[]> {
    const results: Result[] = new Array(all.length);
    let next = 0;
    let done = 0;
    const take = () => {
      const first = next;
      for (let meters = 0; next < all.length && (next === first || meters < METERS_AT_ONCE); next++) {
        meters += size(all[next]);
      }
      return next > first ? { first, asked: work(first, all.slice(first, next)) } : undefined;
    };
    const one = () =>
      new Promise<void>((resolve, reject) => {
        let taken = take();
        if (!taken) return resolve();
        const worker = new Worker(join(__dirname, 'worker.js'));
        this.running.add(worker);
        worker.on('message', (answer: Result[]) => {
          const first = taken?.first ?? 0;
          answer.forEach((result, k) => {
            results[first + k] = result;
          });
          done += answer.length;
          progress?.(done, all.length);
          taken = take();
          if (taken) worker.postMessage(taken.asked);
          else void worker.terminate();
        });
        worker.on('error', reject);
        worker.on('exit', () => {
          this.running.delete(worker);
          if (this.stopped) reject(new Error('the run was stopped'));
          else resolve();
        });
        worker.postMessage(taken.asked);
      });
    try {
      await Promise.all(Array.from({ length: Math.max(1, this.size) }, one));
    } finally {
      await this.terminate();
    }
    return results;
  }

  /** Gives up a run that is under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.terminate();
  }

  private async terminate(): Promise<void> {
    await Promise.all([...this.running].map((worker) => worker.terminate()));
  }
}

/** Workers know the tables by their items: the rest of the settings is small. */
function slim(settings: CorrelatorSettings): CorrelatorSettings {
  return { ...settings, references: [], meters: [] };
}
