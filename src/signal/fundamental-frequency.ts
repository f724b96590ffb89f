/** What one stretch of samples says about its fundamental. */
export interface Fundamental {
  /** Cycles per sample. */
  frequency: number;
  /** RMS of the component at the guess, in the unit of the samples. */
  rms: number;
  /** RMS of all that is in the window, weighed alike. */
  total: number;
}

/**
 * One step of Newton's method towards the frequency of the strongest component near `guess`: exact where the guess
 * is, and within a few steps from three lines (30 % of 10 cycles) away.
 *
 * The samples are weighed by (1 - cos)², a window of the maximum-decay kind (D. C. Rife, G. A. Vincent, Bell Syst.
 * Tech. J. 49, 1970), once as they are and once by their distance from its middle; the angle between both sums is
 * how far the component runs ahead of the guess. What lies four lines or more away, harmonics and DC first of
 * all, moves it by less than 1e-4 of its own amplitude.
 * @param samples of one channel
 * @param from position of the window's start in `samples`, which need not be whole
 * @param length samples of the window
 * @param guess cycles per sample
 */
export function fundamentalOf(
  samples: Float64Array,
  from: number,
  length: number,
  guess: number,
): Fundamental {
  const first = Math.ceil(from);
  const last = Math.min(samples.length - 1, Math.floor(from + length));
  const middle = from + length / 2;
  const step = 2 * Math.PI * guess;
  const weightStep = (2 * Math.PI) / length;
  // Both cosines by rotation: no call per sample.
  const [turnRe, turnIm] = [Math.cos(step), -Math.sin(step)];
  const [wTurnRe, wTurnIm] = [Math.cos(weightStep), Math.sin(weightStep)];
  let re = Math.cos(step * (first - middle));
  let im = -Math.sin(step * (first - middle));
  let wRe = Math.cos(weightStep * (first - from));
  let wIm = Math.sin(weightStep * (first - from));
  let sumRe = 0;
  let sumIm = 0;
  let leverRe = 0;
  let leverIm = 0;
  let weights = 0;
  let levers = 0;
  let squares = 0;
  for (let n = first; n <= last; n++) {
    const weight = (1 - wRe) * (1 - wRe);
    const distance = n - middle;
    const x = weight * samples[n];
    squares += x * samples[n];
    sumRe += x * re;
    sumIm += x * im;
    leverRe += distance * x * re;
    leverIm += distance * x * im;
    weights += weight;
    levers += weight * distance * distance;
    const nextRe = re * turnRe - im * turnIm;
    im = re * turnIm + im * turnRe;
    re = nextRe;
    const nextW = wRe * wTurnRe - wIm * wTurnIm;
    wIm = wRe * wTurnIm + wIm * wTurnRe;
    wRe = nextW;
  }
  const square = sumRe * sumRe + sumIm * sumIm;
  if (!(square > 0)) return { frequency: guess, rms: 0, total: 0 };
  const ahead = ((leverIm * sumRe - leverRe * sumIm) / square) * (weights / levers);
  return {
    frequency: guess + ahead / (2 * Math.PI),
    rms: (Math.SQRT2 * Math.sqrt(square)) / weights,
    total: Math.sqrt(squares / weights),
  };
}
