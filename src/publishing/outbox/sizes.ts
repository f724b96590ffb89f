/** Bytes of records by number, oldest first, and of all. */
export class Sizes {
  private readonly bytes = new Map<number, number>();
  total = 0;

  get count(): number {
    return this.bytes.size;
  }

  get numbers(): number[] {
    return [...this.bytes.keys()];
  }

  get oldest(): number | undefined {
    return this.bytes.keys().next().value;
  }

  add(seq: number, bytes: number): void {
    this.remove(seq);
    this.bytes.set(seq, bytes);
    this.total += bytes;
  }

  /** Gives the bytes that are gone. */
  remove(seq: number): number {
    const bytes = this.bytes.get(seq) ?? 0;
    this.bytes.delete(seq);
    this.total -= bytes;
    return bytes;
  }

  clear(): void {
    this.bytes.clear();
    this.total = 0;
  }
}
