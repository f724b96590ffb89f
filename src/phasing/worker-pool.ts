import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Workers } from './correlator';
import type { GroupResult } from './group/identify';
import type { PhaseMeans } from './means';
import type { Task } from './plan';
import type { CorrelatorSettings } from './settings';
import type { StoreView } from './store';
import type { Done, Work } from './worker';

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
   * @param progress is told how many of the tasks are done
   * @param size workers; all cores without
   */
  constructor(
    private readonly progress: (done: number, all: number) => void = () => {},
    private readonly size = availableParallelism(),
  ) {}

  async do(
    settings: CorrelatorSettings,
    view: StoreView,
    tasks: readonly Task[],
    { groups, phases, length, buffer }: PhaseMeans,
    place = 0,
  ): Promise<GroupResult[]> {
    const means = { groups, phases, length, buffer };
    const results: GroupResult[] = new Array(tasks.length);
    // Workers know the tables by their tasks: the rest of the settings is small.
    const slim = { ...settings, references: [], meters: [] };
    let next = 0;
    let done = 0;
    const take = (): Work | undefined => {
      const first = next;
      for (let meters = 0; next < tasks.length && (next === first || meters < METERS_AT_ONCE); next++) {
        meters += tasks[next].members.length;
      }
      return next > first
        ? { settings: slim, view, tasks: tasks.slice(first, next), first, place: place + first, means }
        : undefined;
    };
    const one = () =>
      new Promise<void>((resolve, reject) => {
        const work = take();
        if (!work) return resolve();
        const worker = new Worker(join(__dirname, 'worker.js'));
        this.running.add(worker);
        worker.on('message', (answer: Done) => {
          answer.results.forEach((result, k) => {
            results[answer.first + k] = result;
          });
          done += answer.results.length;
          this.progress(done, tasks.length);
          const more = take();
          if (more) worker.postMessage(more);
          else void worker.terminate();
        });
        worker.on('error', reject);
        worker.on('exit', () => {
          this.running.delete(worker);
          if (this.stopped) reject(new Error('the run was stopped'));
          else resolve();
        });
        worker.postMessage(work);
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
