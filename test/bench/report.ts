export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** Rounds before those that count: a gateway runs for months, not for the moments of its compiler. */
const WARM_UP = 15;

/**
 * Two pieces of work in turns, since a machine may be slower from one moment to the next: median milliseconds
 * of each, and the median of what the first takes in parts of the second.
 */
export function inTurns<T>(first: () => void, second: (prepared: T) => void, prepare: () => T) {
  const one = { first: [] as number[], second: [] as number[], ratio: [] as number[] };
  for (let i = 0; i < 2 * WARM_UP + 25; i++) {
    const prepared = prepare();
    const start = performance.now();
    first();
    const middle = performance.now();
    second(prepared);
    const end = performance.now();
    if (i < 2 * WARM_UP) continue;
    one.first.push(middle - start);
    one.second.push(end - middle);
    one.ratio.push((middle - start) / (end - middle));
  }
  return { first: median(one.first), second: median(one.second), ratio: median(one.ratio) };
}

export function table(title: string, head: string[], rows: string[][]): void {
  const widths = head.map((cell, i) => Math.max(cell.length, ...rows.map((row) => row[i].length)));
  const line = (row: string[]) =>
    row.map((cell, i) => (i ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join('  ');
  console.log(`\n${title}\n${line(head)}\n${widths.map((width) => '-'.repeat(width)).join('  ')}`);
  for (const row of rows) console.log(line(row));
}
