import { bessel0 } from '../signal';

/** Samples on each side that a value between two of them is made of. */
const REACH = 12;
/** Shape of the window on the sinc. */
const KAISER = 5;

/** Values of some channels, the first of them with its number. */
export interface Block {
  values: Float64Array[];
  count: number;
  first: number;
}

/**
 * Brings channels that were sampled one after the other to the same instants: a recorder with one converter takes its
 * channels some microseconds apart, and says so in the header (skew, C37.111-1999, 5.3.3.4). Values between samples
 * are made by a sinc under a Kaiser window; beside missing ones, and at the ends of a stretch, by the nearest sample.
 * Blocks come out some samples later than they go in.
 */
export class Deskewer {
  private readonly kernels: (Float64Array | undefined)[];
  private held: Float64Array[];
  /** Number of the first sample held, and of the next one to give. */
  private base = 0;
  private next = 0;
  private begun = false;

  /** @param delays samples by which each channel is taken late, 0 to less than a sample and more */
  constructor(private readonly delays: readonly number[]) {
    this.kernels = delays.map((delay) => (delay === 0 ? undefined : kernelOf(delay - Math.floor(delay))));
    this.held = delays.map(() => new Float64Array(0));
  }

  push({ values, count, first }: Block): Block {
    if (!this.begun) {
      this.begun = true;
      this.base = this.next = first;
    }
    this.held = this.held.map((own, c) => {
      const joined = new Float64Array(own.length + count);
      joined.set(own);
      joined.set(values[c].subarray(0, count), own.length);
      return joined;
    });
    return this.give(first + count - REACH);
  }

  /** The stretch is over: what is left. */
  finish(): Block {
    const block = this.give(this.base + (this.held[0]?.length ?? 0));
    this.begun = false;
    this.held = this.delays.map(() => new Float64Array(0));
    return block;
  }

  private give(end: number): Block {
    const { next: first, held, base, delays, kernels } = this;
    const count = Math.max(0, end - first);
    const values = held.map((own, c) => {
      const out = new Float64Array(count);
      const kernel = kernels[c];
      const whole = Math.floor(delays[c]);
      for (let k = 0; k < count; k++) {
        const at = first + k - base;
        out[k] = kernel ? between(own, at - whole, kernel) : own[at];
      }
      return out;
    });
    this.next = first + count;
    const keep = Math.max(0, this.next - base - 2 * REACH);
    this.base += keep;
    this.held = held.map((own) => own.slice(keep));
    return { values, count, first };
  }
}

/** The value a part of a sample before sample `at`. */
function between(own: Float64Array, at: number, kernel: Float64Array): number {
  const last = own.length - 1;
  if (at - REACH < 0 || at + REACH - 1 > last) return own[Math.max(0, Math.min(last, at))];
  let sum = 0;
  for (let k = 0; k < kernel.length; k++) sum += kernel[k] * own[at - REACH + k];
  // A missing sample in reach makes it NaN: the sample itself is near enough.
  return Number.isNaN(sum) ? own[at] : sum;
}

/** Weights of samples -REACH to REACH - 1 for the value `delay` of a sample before sample 0. */
function kernelOf(delay: number): Float64Array {
  const weights = Float64Array.from({ length: 2 * REACH }, (_, k) => {
    const x = k - REACH + delay;
    const inside = x / REACH;
    const sinc = Math.abs(x) < 1e-12 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
    return sinc * bessel0(KAISER * Math.sqrt(Math.max(0, 1 - inside * inside)));
  });
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / sum);
}
