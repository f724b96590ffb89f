/** The thread in which reports become PDF: see `pdf-thread.ts`. */
import { parentPort } from 'node:worker_threads';
import type { Document } from './document';
import { toPdf } from './pdf';

/** A report to be made, and what became of it. */
export interface Order {
  number: number;
  document: Document;
}
export type Made = { number: number; pdf: Uint8Array } | { number: number; error: string };

parentPort?.on('message', ({ number, document }: Order) => {
  toPdf(document).then(
    (pdf) => parentPort?.postMessage({ number, pdf } satisfies Made),
    (error: Error) => parentPort?.postMessage({ number, error: error.message } satisfies Made),
  );
});
