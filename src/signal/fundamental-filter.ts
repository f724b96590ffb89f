/** Samples per cycle that the filter works on: enough to place a crossing within 1/1000 of a step. */
const STEPS_PER_CYCLE = 32;

/**
 * The fundamental of one channel, cleared of DC and harmonics so that its zero crossings can be found.
 *
 * Two stages, both of linear phase, so every frequency is late by the same known time: a mean over
 * `decimation` samples, then a Hann-windowed cosine over two cycles, which has zeros at DC and at the
 * harmonics of `frequency` and passes 0.75 to 1.4 times `frequency`.
 *
 * Streaming: {@link push} one sample after the other; the value is a new output, or NaN between them.
 */
export class FundamentalFilter {
  /** Samples that make one output. */
  readonly decimation: number;
  /** Samples by which the middle of the first full output lies behind the start of the stream. */
  readonly halfWidth: number;
  private readonly half: number;
  private readonly kernel: Float64Array;
  /** The last `2 * half + 1` means, twice, so that the newest run of them is always in one piece. */
  private readonly recent: Float64Array;
  private slot = 0;
  private outputs = 0;
  private sum = 0;
  private summed = 0;

  /**
   * @param rate samples per second
   * @param frequency Hz, the middle of the band
   */
  constructor(rate: number, frequency: number) {
    this.decimation = Math.max(1, Math.floor(rate / frequency / STEPS_PER_CYCLE));
    const cycle = rate / frequency / this.decimation;
    this.half = Math.max(2, Math.round(cycle));
    this.halfWidth = this.half * this.decimation;
    this.kernel = designKernel(this.half, (2 * Math.PI) / cycle);
    this.recent = new Float64Array(2 * this.kernel.length);
  }

  /** Takes one sample; returns the filtered value when one is due, else NaN. Position: {@link position}. */
  push(sample: number): number {
    this.sum += sample;
    if (++this.summed < this.decimation) return Number.NaN;
    const { kernel, recent } = this;
    const width = kernel.length;
    recent[this.slot] = recent[this.slot + width] = this.sum / this.decimation;
    this.slot = (this.slot + 1) % width;
    this.sum = 0;
    this.summed = 0;
    if (++this.outputs < width) return Number.NaN;
    let filtered = 0;
    for (let k = 0, at = this.slot; k < width; k++, at++) filtered += kernel[k] * recent[at];
    return filtered;
  }

  /** Where in the stream the last output belongs, in samples from its start. */
  get position(): number {
    return (this.outputs - 1 - this.half) * this.decimation + (this.decimation - 1) / 2;
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
