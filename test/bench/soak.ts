/**
 * `npm run soak [minutes]`: 1,000 meters at 1 s with a tenth of them dead, for ten minutes; the heap after
 * the first minute and at the end (goal: within 5 %). Each is the mean of 40 s: what is on its way at one
 * moment (a reconnect, a timeout) is not what the heap holds.
 */
import { benchFleet } from './fleet';
import { table } from './report';

const minutes = Number(process.argv[2] ?? 10);
/** Between two looks, s. */
const PACE = 10;
const SPAN = 40;
const heap: { at: number; mb: number }[] = [];

/** What is still held: one collection leaves behind what the next one finds free. */
async function sample(at: number): Promise<void> {
  for (let i = 0; i < 3; i++) {
    global.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  global.gc?.();
  heap.push({ at, mb: process.memoryUsage().heapUsed / 1e6 });
}

const mean = (from: number, to: number): number => {
  const some = heap.filter(({ at }) => at >= from && at <= to).map(({ mb }) => mb);
  return some.reduce((a, b) => a + b) / some.length;
};

benchFleet(1000, 1, minutes * 60, 1, () => {
  for (let at = PACE; at < minutes * 60; at += PACE) setTimeout(() => void sample(at), at * 1000);
}).then(
  () => {
    const end = minutes * 60;
    const [first, last] = [mean(60 - SPAN / 2, 60 + SPAN / 2), mean(end - SPAN, end)];
    const byMinute = Array.from({ length: minutes }, (_, i) => mean(60 * i, 60 * i + 59).toFixed(1));
    const all = heap.map(({ mb }) => mb);
    table(
      `Heap over ${minutes} minutes (goal: the end within 5 % of the first minute)`,
      ['', 'MB'],
      [
        ['after 1 minute', first.toFixed(1)],
        [`after ${minutes} minutes`, last.toFixed(1)],
        ['change, %', ((100 * (last - first)) / first).toFixed(1)],
        ['means of minutes', byMinute.join(' ')],
        ['lowest and highest', `${Math.min(...all).toFixed(1)} ${Math.max(...all).toFixed(1)}`],
      ],
    );
    process.exit(0);
  },
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
