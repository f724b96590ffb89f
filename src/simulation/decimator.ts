/** Half the length of the low-pass, in samples that come out. */
const HALF_LENGTH = 16;
/** Where the low-pass has fallen to a half, of the rate that comes out: nothing above half that rate gets through. */
const CORNER = 0.4;

/**
 * One sample for `divider` of them, behind a low-pass: a sinc under a Blackman window, flat to 0.3 of the rate that
 * comes out, 70 dB down at half of it. Its delay is known and belongs to the time of what comes out.
 */
export class Decimator {
  /** Samples that come out, an array for each channel, of which the last `push` filled so many. */
  readonly out: Float32Array[];
  private readonly taps: Float64Array;
  /** The newest samples of each channel twice, one behind the other, so that a window of them is one piece. */
  private readonly rings: Float32Array[];
  private at = 0;
  private seen = 0;

  /**
   * @param divider samples that go in for one that comes out, 2 or more
   * @param room samples of a channel that are pushed at once, at most
   */
  constructor(
    readonly divider: number,
    channels: number,
    room: number,
  ) {
    const half = HALF_LENGTH * divider;
    this.taps = Float64Array.from({ length: 2 * half + 1 }, (_, n) => {
      const x = (2 * Math.PI * CORNER * (n - half)) / divider;
      const turn = (Math.PI * n) / half;
      const window = 0.42 - 0.5 * Math.cos(turn) + 0.08 * Math.cos(2 * turn);
      return window * (x === 0 ? 1 : Math.sin(x) / x);
    });
    const sum = this.taps.reduce((a, b) => a + b, 0);
    this.taps.forEach((tap, n) => {
      this.taps[n] = tap / sum;
    });
    this.rings = Array.from({ length: channels }, () => new Float32Array(2 * this.taps.length));
    this.out = Array.from({ length: channels }, () => new Float32Array(Math.ceil(room / divider)));
  }

  /** Samples that have gone in after the one that comes out. */
  get delay(): number {
    return (this.taps.length - 1) / 2;
  }

  /**
   * @param samples of all channels
   * @returns how many come out, and the place of the first among those that go in, before which it may lie
   */
  push(samples: readonly Float32Array[], count: number): { count: number; first: number } {
    const { taps, rings, out, divider } = this;
    const { length } = taps;
    let made = 0;
    let first = 0;
    for (let n = 0; n < count; n++) {
      rings.forEach((ring, c) => {
        ring[this.at] = ring[this.at + length] = samples[c][n];
      });
      this.at = (this.at + 1) % length;
      this.seen++;
      if (this.seen < length || (this.seen - length) % divider !== 0) continue;
      if (made === 0) first = n - this.delay;
      for (let c = 0; c < rings.length; c++) {
        let sum = 0;
        for (let k = 0; k < length; k++) sum += taps[k] * rings[c][this.at + k];
        out[c][made] = sum;
      }
      made++;
    }
    return { count: made, first };
  }
}
