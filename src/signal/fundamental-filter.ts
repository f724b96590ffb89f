/**
 * Steps per cycle that the filter works on. A crossing is placed between two of them by the sine through
 * both, so there need not be many.
 */
const STEPS_PER_CYCLE = 10;

/**
 * The fundamental of one channel, cleared of DC and harmonics so that its zero crossings can be found.
 *
 * Two stages, both of linear phase, so every frequency is late by the same known time: a triangle over two
 * steps of `decimation` samples, which keeps harmonics from folding down onto the fundamental, then a
 * Hann-windowed cosine over two cycles, which has zeros at DC and at the
 * harmonics of `frequency` and passes 0.75 to 1.4 times `frequency`.
 *
 * Streaming: {@link push} steps of `decimation` samples, one after the other.
 */
export class FundamentalFilter {
  /** Samples of a step, each of which gives one output. */
  readonly decimation: number;
  /** Angle between two outputs at the middle of the band, rad. */
  readonly angle: number;
  /** Samples by which the middle of the first full output lies behind the start of the stream. */
  readonly halfWidth: number;
  private readonly half: number;
  private readonly kernel: Float64Array;
  /** The last `2 * half + 1` weighed sums, twice, so that the newest run of them is always in one piece. */
  private readonly recent: Float64Array;
  private slot = 0;
  private outputs = 0;
  private rising = 0;
  /** The newest weighed sum, in its middle between the two newest steps: `decimation`² times the signal. */
  weighed = 0;
  private begun = false;

  /**
   * @param rate samples per second
   * @param frequency Hz, the middle of the band
   */
  constructor(rate: number, frequency: number) {
    this.decimation = Math.max(1, Math.floor(rate / frequency / STEPS_PER_CYCLE));
    const cycle = rate / frequency / this.decimation;
    this.angle = (2 * Math.PI) / cycle;
    this.half = Math.max(2, Math.round(cycle));
    this.halfWidth = (this.half + 1) * this.decimation;
    // The triangle weighs each sample by up to `decimation`, and sums up to its square.
    this.kernel = designKernel(this.half, this.angle).map((h) => h / this.decimation ** 2);
    this.recent = new Float64Array(2 * this.kernel.length);
  }

  /**
   * Takes the next step; returns the filtered value, NaN until there are enough. Position: {@link position}.
   * @param sum of its samples
   * @param ramp sum of each of them times its number, 0 for the first
   */
  push(sum: number, ramp: number): number {
    const { kernel, recent, decimation } = this;
    const width = kernel.length;
    // The rising side of the triangle over the step before, the falling one over this step.
    const rising = ramp + sum / 2;
    const weighed = this.rising + sum * decimation - rising;
    this.weighed = weighed;
    this.rising = rising;
    if (!this.begun) {
      this.begun = true;
      return Number.NaN;
    }
    recent[this.slot] = recent[this.slot + width] = weighed;
    this.slot = this.slot + 1 < width ? this.slot + 1 : 0;
    if (++this.outputs < width) return Number.NaN;
    const { half } = this;
    let left = this.slot;
    let right = left + width - 1;
    let filtered = kernel[half] * recent[left + half];
    // Two sums: half as long to wait for.
    let other = 0;
    let k = 0;
    for (; k + 1 < half; k += 2) {
      filtered += kernel[k] * (recent[left] + recent[right]);
      other += kernel[k + 1] * (recent[left + 1] + recent[right - 1]);
      left += 2;
      right -= 2;
    }
    if (k < half) filtered += kernel[k] * (recent[left] + recent[right]);
    return filtered + other;
  }

  /** Where in the stream the last output belongs, in samples from its start. */
  get position(): number {
    return (this.outputs - this.half) * this.decimation - 0.5;
  }
}

function designKernel(half: number, step: number): Float64Array {
  const window = Float64Array.from(
    { length: 2 * half + 1 },
    (_, i) => 0.5 + 0.5 * Math.cos((Math.PI * (i - half)) / (half + 1)),
  );
  const kernel = window.map((w, i) => w * Math.cos(step * (i - half)));
  // The cycle is not a whole number of steps: what is left at DC is taken out in the window's shape.
  const offset = kernel.reduce((a, b) => a + b) / window.reduce((a, b) => a + b);
  for (let i = 0; i < kernel.length; i++) kernel[i] -= offset * window[i];
  const gain = kernel.reduce((sum, h, i) => sum + h * Math.cos(step * (i - half)), 0);
  return kernel.map((h) => h / gain);
}
