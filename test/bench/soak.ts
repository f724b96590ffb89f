/**
 * `npm run soak [minutes]`: 1,000 meters at 1 s with a tenth of them dead, for ten minutes; the heap after
 * the first minute and at the end (goal: within 5 %).
 */
import { benchFleet } from './fleet';
import { table } from './report';

const minutes = Number(process.argv[2] ?? 10);
const heap: number[] = [];

/** What is still held: one collection leaves behind what the next one finds free. */
async function sample(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    global.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  global.gc?.();
  heap.push(process.memoryUsage().heapUsed / 1e6);
}

benchFleet(1000, 1, minutes * 60, () => {
  for (let minute = 1; minute < minutes; minute++) setTimeout(() => void sample(), minute * 60_000);
  setTimeout(() => void sample(), minutes * 60_000 - 500);
}).then(
  () => {
    const [first, last] = [heap[0], heap[heap.length - 1]];
    table(
      `Heap over ${minutes} minutes (goal: the end within 5 % of the first minute)`,
      ['', 'MB'],
      [
        ['after 1 minute', first.toFixed(1)],
        [`after ${minutes} minutes`, last.toFixed(1)],
        ['change, %', ((100 * (last - first)) / first).toFixed(1)],
        ['by minute', heap.map((mb) => mb.toFixed(1)).join(' ')],
      ],
    );
    process.exit(0);
  },
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
