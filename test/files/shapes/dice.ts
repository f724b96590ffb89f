import { randoms } from '../../power/tones';

/** Random choices, the same ones for the same seed. */
export class Dice {
  private readonly next: () => number;

  constructor(seed: number) {
    this.next = randoms(Math.imul(seed + 1, 0x9e3779b1));
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** As many small numbers as large ones, by their magnitude. */
  byMagnitude(low: number, high: number): number {
    return low * (high / low) ** this.next();
  }

  /** A whole number, both ends included. */
  whole(low: number, high: number): number {
    return Math.floor(this.between(low, high + 1));
  }

  chance(part: number): boolean {
    return this.next() < part;
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.next() * from.length)];
  }

  /** Mean 0, standard deviation 1; a sum of uniform numbers is normal enough for noise. */
  noise(): number {
    return (this.next() + this.next() + this.next() + this.next() - 2) * Math.sqrt(3);
  }

  shuffled<T>(from: readonly T[]): T[] {
    const items = [...from];
    for (let i = items.length - 1; i > 0; i--) {
      const k = this.whole(0, i);
      [items[i], items[k]] = [items[k], items[i]];
    }
    return items;
  }
}
