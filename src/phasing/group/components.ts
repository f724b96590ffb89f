import { toZScores } from '../clean';
import { strongest } from './eigen';
import { dot } from './rows';

/** Series from which components are made; of more of them an even choice: the work grows with the square. */
const MOST = 500;

/**
 * Leaves of each series what the strongest principal components of all of them show, in place: noise of single meters
 * is on no strong component.
 * @param rows z-scores
 */
export function keepComponents(rows: readonly Float32Array[], count: number): void {
  if (rows.length <= count) return;
  const step = Math.ceil(rows.length / MOST);
  const sample = rows.filter((_, k) => k % step === 0);
  const gram = sample.map((a) => Float64Array.from(sample, (b) => dot(a, b)));
  const length = rows[0].length;
  const components = strongest(gram, count)
    .filter(({ value }) => value > 0)
    .map(({ vector, value }) => {
      const component = new Float32Array(length);
      sample.forEach((row, k) => {
        const part = vector[k] / Math.sqrt(value);
        for (let i = 0; i < length; i++) component[i] += part * row[i];
      });
      return component;
    });
  for (const row of rows) {
    const parts = components.map((component) => dot(row, component));
    row.fill(0);
    components.forEach((component, c) => {
      for (let i = 0; i < length; i++) row[i] += parts[c] * component[i];
    });
    toZScores(row);
  }
}
