import { toZScores } from '../clean';
import { strongest } from './eigen';
import { dot } from './rows';

/**
 * Leaves of each series what the strongest principal components of all of them show, in place: noise of single meters
 * is on no strong component.
 * @param rows z-scores
 */
export function keepComponents(rows: readonly Float32Array[], count: number): void {
  if (rows.length <= count) return;
  const gram = rows.map((a) => Float64Array.from(rows, (b) => dot(a, b)));
  const length = rows[0].length;
  const components = strongest(gram, count)
    .filter(({ value }) => value > 0)
    .map(({ vector, value }) => {
      const component = new Float32Array(length);
      rows.forEach((row, k) => {
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
