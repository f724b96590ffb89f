import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Document } from './document';
import type { Made, Order } from './pdf-worker';

/** Reports that may wait at once; more are refused. */
const MOST = 20;
/** The thread ends when nothing was asked of it for so long, ms: it holds fonts and a library. */
const IDLE = 30_000;

interface Waiting {
  resolve(pdf: Buffer): void;
  reject(error: Error): void;
}

/** Makes PDFs in a thread beside the flow, which would stand still for half a second each. */
export class PdfThread {
  private worker: Worker | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private idle: NodeJS.Timeout | undefined;
  private next = 0;

  /** @throws Error where too many wait, or the thread ended */
  make(document: Document): Promise<Buffer> {
    if (this.waiting.size >= MOST)
      return Promise.reject(new Error(`${MOST} reports wait to be made already`));
    clearTimeout(this.idle);
    return new Promise((resolve, reject) => {
      const number = this.next++;
      this.waiting.set(number, { resolve, reject });
      this.worker ??= this.start();
      this.worker.postMessage({ number, document } satisfies Order);
    });
  }

  /** Gives up what waits, and ends the thread. */
  async close(): Promise<void> {
    clearTimeout(this.idle);
    this.giveUp('the node was closed');
    const { worker } = this;
    this.worker = undefined;
    await worker?.terminate();
  }

  private start(): Worker {
    const worker = new Worker(join(__dirname, 'pdf-worker.js'));
    worker.on('message', (made: Made) => this.take(made));
    worker.on('error', (error) => this.giveUp(`the report cannot be made: ${error.message}`));
    worker.on('exit', () => {
      if (this.worker === worker) this.worker = undefined;
      this.giveUp('the thread of reports ended');
    });
    return worker;
  }

  private take(made: Made): void {
    const waiting = this.waiting.get(made.number);
    this.waiting.delete(made.number);
    if ('error' in made) waiting?.reject(new Error(made.error));
    else waiting?.resolve(Buffer.from(made.pdf));
    if (this.waiting.size > 0) return;
    this.idle = setTimeout(() => void this.close(), IDLE);
    this.idle.unref();
  }

  private giveUp(reason: string): void {
    const all = [...this.waiting.values()];
    this.waiting.clear();
    for (const { reject } of all) reject(new Error(reason));
  }
}
