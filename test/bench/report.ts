export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** Rounds before those that count: a gateway runs for months, not for the moments of its compiler. */
const WARM_UP = 15;

/** Median milliseconds of a piece of work; `prepare` is done before each round and does not count. */
export function time<T>(
  work: (prepared: T) => void,
  prepare: () => T = () => undefined as T,
  rounds = 15,
): number {
  const runs: number[] = [];
  for (let i = 0; i < WARM_UP; i++) work(prepare());
  for (let i = 0; i < rounds; i++) {
    const prepared = prepare();
    const start = performance.now();
    work(prepared);
    runs.push(performance.now() - start);
  }
  return median(runs);
}

export function table(title: string, head: string[], rows: string[][]): void {
  const widths = head.map((cell, i) => Math.max(cell.length, ...rows.map((row) => row[i].length)));
  const line = (row: string[]) =>
    row.map((cell, i) => (i ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join('  ');
  console.log(`\n${title}\n${line(head)}\n${widths.map((width) => '-'.repeat(width)).join('  ')}`);
  for (const row of rows) console.log(line(row));
}
