/** Rounds of the power iteration. */
const ROUNDS = 200;

export interface Eigen {
  vector: Float64Array;
  value: number;
}

/**
 * Strongest eigenvectors of a symmetric matrix, by power iteration, one taken out after the other. Signs are such
 * that the entry of largest magnitude is positive: the same matrix gives the same vectors.
 * @param matrix is changed
 */
export function strongest(matrix: Float64Array[], count: number): Eigen[] {
  return Array.from({ length: count }, () => takeStrongest(matrix));
}

function takeStrongest(matrix: Float64Array[]): Eigen {
  const n = matrix.length;
  let vector = Float64Array.from({ length: n }, (_, k) => Math.sin(k + 1));
  let value = 0;
  for (let round = 0; round < ROUNDS && n > 0; round++) {
    const next = new Float64Array(n);
    let squares = 0;
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += matrix[j][k] * vector[k];
      next[j] = sum;
      squares += sum * sum;
    }
    value = Math.sqrt(squares);
    if (value === 0) break;
    vector = next.map((x) => x / value);
  }
  const largest = vector.reduce((best, x) => (Math.abs(x) > Math.abs(best) ? x : best), 0);
  if (largest < 0) vector = vector.map((x) => -x);
  for (let j = 0; j < n; j++) for (let k = 0; k < n; k++) matrix[j][k] -= value * vector[j] * vector[k];
  return { vector, value };
}
