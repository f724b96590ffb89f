/** Moving means over these parts of a cycle have zeros at all harmonics whose order is a multiple of 3 or 5. */
const PARTS = [3, 5];
/** Cycles that are looked at: one crossing is in them, wherever they begin. */
const CYCLES = 1.1;

let first = new Float64Array(0);
let second = new Float64Array(0);

/**
 * Angle between two channels by a rising zero crossing of each in the middle of a window, degrees: positive where
 * `i` lags behind `v`. Nothing of it is common with the transform: a check of the angle found there, to a few
 * tenths of a degree. Before, both go through the same filter: the difference of samples half a cycle apart, which
 * knows no DC and no even harmonics, then moving means that take out the strongest odd ones.
 * @param from, to positions between which the samples lie
 * @param period samples of a cycle
 * @returns undefined where one of them does not cross zero
 */
export function zeroCrossingAngle(
  v: Float64Array,
  i: Float64Array,
  from: number,
  to: number,
  period: number,
): number | undefined {
  const half = Math.round(period / 2);
  const widths = PARTS.map((part) => Math.round(period / part));
  const length = Math.ceil(CYCLES * period) + half + widths[0] + widths[1];
  const start = Math.max(Math.ceil(from), Math.round((from + to - length) / 2));
  const end = Math.min(Math.floor(to), start + length);
  const a = crossing(v, start, end, half, widths);
  const b = crossing(i, start, end, half, widths);
  return a === undefined || b === undefined ? undefined : (360 * (b - a)) / period;
}

/** Position of the first rising zero crossing of the filtered samples, against a start that all channels share. */
function crossing(
  samples: Float64Array,
  from: number,
  to: number,
  half: number,
  widths: readonly number[],
): number | undefined {
  let length = to - from - half;
  if (first.length < length) {
    first = new Float64Array(length);
    second = new Float64Array(length);
  }
  for (let k = 0; k < length; k++) first[k] = samples[from + half + k] - samples[from + k];
  length = movingSum(first, length, widths[0], second);
  length = movingSum(second, length, widths[1], first);
  for (let k = 1; k < length; k++) {
    if (first[k - 1] < 0 && first[k] >= 0) return k - 1 + first[k - 1] / (first[k - 1] - first[k]);
  }
  return undefined;
}

/** @returns how many sums there are */
function movingSum(samples: Float64Array, length: number, width: number, out: Float64Array): number {
  const count = length - width + 1;
  let sum = 0;
  for (let k = 0; k < width; k++) sum += samples[k];
  out[0] = sum;
  for (let k = 1; k < count; k++) {
    sum += samples[k + width - 1] - samples[k - 1];
    out[k] = sum;
  }
  return count;
}
