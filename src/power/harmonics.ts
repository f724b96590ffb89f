import type { Lines } from '../signal';

/** Squares of the lines of one spectrum. */
export function squaresOf({ re, im }: Lines, out: Float64Array): Float64Array {
  for (let k = 0; k < out.length; k++) out[k] = re[k] * re[k] + im[k] * im[k];
  return out;
}

/**
 * Harmonic subgroups by order, RMS (IEC 61000-4-7, 5.6): the line of the order with its two neighbours; index 0 is
 * DC, as it is.
 * @param squares of the lines, from DC to half an order beyond `highest`
 * @param cycles of the fundamental in the window: the lines between two orders
 */
export function subgroups(squares: Float64Array, cycles: number, highest: number): number[] {
  const found = new Array<number>(highest + 1);
  found[0] = Math.sqrt(squares[0]);
  // Of fewer cycles than five, the neighbours are no sidebands of the order: they lie 12 Hz away and more.
  const beside = cycles < 5 ? 0 : 1;
  for (let order = 1, k = cycles; order <= highest; order++, k += cycles) {
    found[order] = Math.sqrt(squares[k] + beside * (squares[k - 1] + squares[k + 1]));
  }
  return found;
}

/**
 * Harmonic groups by order, RMS (IEC 61000-4-7, 5.6): all lines halfway to the neighbouring orders; the squares
 * of those at the edges count half. Index 0 is DC. Parameters as of {@link subgroups}.
 */
export function groups(squares: Float64Array, cycles: number, highest: number): number[] {
  const found = [Math.sqrt(squares[0])];
  const reach = Math.floor(cycles / 2);
  const shared = cycles % 2 === 0;
  for (let order = 1; order <= highest; order++) {
    const middle = order * cycles;
    let sum = 0;
    for (let k = middle - reach; k <= middle + reach; k++) sum += squares[k];
    if (shared) sum -= (squares[middle - reach] + squares[middle + reach]) / 2;
    found.push(Math.sqrt(sum));
  }
  return found;
}

/**
 * Interharmonic centred subgroups, RMS (IEC 61000-4-7, 5.6 and annex A): at index h what stands between the
 * subgroups of orders h and h + 1; index 0 is below the fundamental. Parameters as of {@link subgroups}.
 */
export function interharmonics(squares: Float64Array, cycles: number, highest: number): number[] {
  return Array.from({ length: highest }, (_, order) => {
    let sum = 0;
    for (let k = order * cycles + 2; k <= (order + 1) * cycles - 2; k++) sum += squares[k];
    return Math.sqrt(sum);
  });
}

/** THDS in percent: subgroups of orders 2 to the highest against that of order 1 (IEC 61000-4-7, 3.3.3). */
export function thdOf(orders: readonly number[]): number {
  return (100 * distortion(orders, orders.length)) / orders[1];
}

/** Total demand distortion in percent of the demand current, A (IEEE 519-2014, 3.1): orders 2 to 50. */
export function tddOf(orders: readonly number[], demand: number): number {
  return (100 * distortion(orders, 51)) / demand;
}

/** K-factor of a current: losses by eddy currents against those of a sine of the same RMS (UL 1561). */
export function kFactorOf(orders: readonly number[]): number {
  let weighed = 0;
  let sum = 0;
  for (let order = 1; order < orders.length; order++) {
    const square = orders[order] ** 2;
    sum += square;
    weighed += square * order * order;
  }
  return weighed / sum;
}

function distortion(orders: readonly number[], below: number): number {
  let sum = 0;
  for (let order = 2; order < Math.min(below, orders.length); order++) sum += orders[order] ** 2;
  return Math.sqrt(sum);
}
