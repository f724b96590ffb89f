import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ImportAnswer } from './import-worker';
import type { Imported } from './series';

/** Values that are taken before the flow goes on. */
const SLICE = 2000;
/** Memory of the thread, MB: a table is read in pieces. */
const MEMORY = 256;

/** Reads a table in a thread of its own: the flow goes on, and it can be cancelled at any time. */
export class ImportThread {
  private readonly worker: Worker;
  private cancelled = false;

  /** @param path of a table that may be read */
  constructor(path: string) {
    this.worker = new Worker(join(__dirname, 'import-worker.js'), {
      workerData: { path },
      resourceLimits: { maxOldGenerationSizeMb: MEMORY },
    });
  }

  /**
   * @param take is given each value: meter, time in ms, V
   * @param progress is told the part that is read, 0 to 1
   * @throws Error that says why the table is refused, or that it was cancelled
   */
  async run(
    take: (meter: string, time: number, volts: number) => void,
    progress: (part: number) => void,
  ): Promise<Imported> {
    const { worker } = this;
    try {
      return await new Promise<Imported>((resolve, reject) => {
        const onAnswer = async (answer: ImportAnswer) => {
          if (answer.error !== undefined) return reject(new Error(answer.error));
          if (answer.result) return resolve(answer.result);
          const { meters, which, times, volts, part } = answer;
          for (let n = 0; n < times.length; n++) {
            if (this.cancelled) return;
            take(meters[which[n]], times[n], volts[n]);
            if (n % SLICE === SLICE - 1) await new Promise((next) => setImmediate(next));
          }
          progress(part);
          worker.postMessage('more');
        };
        worker.on('message', (answer: ImportAnswer) => void onAnswer(answer).catch(reject));
        worker.on('error', (error) => reject(new Error(`the table cannot be read: ${error.message}`)));
        worker.on('exit', () =>
          reject(new Error(this.cancelled ? 'the import was cancelled' : 'the table cannot be read')),
        );
      });
    } finally {
      await worker.terminate();
    }
  }

  async cancel(): Promise<void> {
    this.cancelled = true;
    await this.worker.terminate();
  }
}
