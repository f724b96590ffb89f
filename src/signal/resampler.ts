/** Zero crossings of the sinc on each side of its middle. */
const LOBES = 16;
/** Table entries per zero crossing; between them, straight lines. */
const FINENESS = 512;
/** Kaiser window: 90 dB of stop band. */
const BETA = 9;
/** Part of the lower of the two Nyquist frequencies that passes. */
const PASS = 0.95;

const TABLE = designTable();

/** Samples beyond each end of a window that {@link resample} needs, for a step of `ratio` samples. */
export function resampleMargin(ratio: number): number {
  return Math.ceil((LOBES * Math.max(1, ratio)) / PASS) + 1;
}

/**
 * Values at `out.length` points from `start` on, `ratio` samples apart, by a band-limited (windowed
 * sinc) interpolation: error below 1e-4 of the amplitude up to 0.75 of the lower Nyquist frequency.
 * @param samples must hold `resampleMargin(ratio)` samples before the first and behind the last point
 * @param start position of the first point in `samples`
 */
export function resample(samples: Float32Array, start: number, ratio: number, out: Float64Array): void {
  const cutoff = PASS / Math.max(1, ratio);
  const reach = LOBES / cutoff;
  const scale = cutoff * FINENESS;
  for (let k = 0; k < out.length; k++) {
    const at = start + k * ratio;
    const first = Math.max(0, Math.ceil(at - reach));
    const last = Math.min(samples.length - 1, Math.floor(at + reach));
    let sum = 0;
    let weight = 0;
    for (let n = first; n <= last; n++) {
      const x = Math.abs(n - at) * scale;
      const i = x | 0;
      const h = TABLE[i] + (x - i) * (TABLE[i + 1] - TABLE[i]);
      sum += h * samples[n];
      weight += h;
    }
    out[k] = sum / weight;
  }
}

function designTable(): Float64Array {
  const table = new Float64Array(LOBES * FINENESS + 2);
  for (let i = 0; i < table.length; i++) {
    const x = i / FINENESS;
    const edge = x / LOBES;
    const window = edge < 1 ? bessel0(BETA * Math.sqrt(1 - edge * edge)) / bessel0(BETA) : 0;
    table[i] = window * (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
  }
  return table;
}

/** Modified Bessel function of the first kind, order 0, by its series. */
function bessel0(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > 1e-12 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
