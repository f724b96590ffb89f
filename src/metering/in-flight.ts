import { isException } from './diagnosis';
import type { Wire } from './wire';

/** Bursts that went well after which more at once are tried again. */
const PROVEN_BURSTS = 1000;

/**
 * How many requests the other side takes at once, found out by trying: twice as many after each burst that was
 * answered, one at a time after one that was not, and then no more than half of what failed, until many bursts have
 * gone well (as RFC 5681, 3.1, does it for a network whose room is not known).
 */
export class InFlight {
  private allowed = 1;
  private ceiling = Number.POSITIVE_INFINITY;
  private proven = 0;
  private failures = 0;

  /** Requests of the next burst. @param most what the wire carries */
  size(most: number): number {
    return Math.min(most, this.ceiling, this.allowed);
  }

  /** @param count requests of the burst, all answered. @param most what the wire carries */
  answered(count: number, most: number): void {
    if (count < this.size(most)) return;
    this.allowed = Math.min(most, 2 * this.allowed);
    if (this.ceiling >= most || ++this.proven < PROVEN_BURSTS * 2 ** this.failures) return;
    this.ceiling *= 2;
    this.proven = 0;
  }

  /** @param count requests of the burst, of which some had no answer */
  failed(count: number): void {
    if (count < 2) return;
    this.ceiling = Math.floor(count / 2);
    this.allowed = 1;
    this.proven = 0;
    this.failures = Math.min(this.failures + 1, 10);
  }

  /**
   * Runs of holding registers of one unit, each `count` long. All requests have ended when it does.
   * @returns the words of each
   * @throws the fault of the first that failed
   */
  async read(
    wire: Wire,
    unit: number,
    addresses: readonly number[],
    count: number,
    timeout: number,
  ): Promise<number[][]> {
    const size = Math.min(addresses.length, this.size(wire.maxInFlight));
    const words: number[][] = new Array(addresses.length);
    let next = 0;
    let failure: { error: unknown } | undefined;
    const lane = async () => {
      while (next < addresses.length && !failure) {
        const at = next++;
        try {
          words[at] = await wire.read(unit, 'holding', addresses[at], count, timeout);
        } catch (error) {
          failure ??= { error };
        }
      }
    };
    await Promise.all(Array.from({ length: size }, lane));
    if (failure) {
      if (!isException(failure.error)) this.failed(size);
      throw failure.error;
    }
    this.answered(size, wire.maxInFlight);
    return words;
  }

  /**
   * Writes registers and reads others right behind, where the other side takes two requests.
   * @returns the words that were read
   * @throws the fault of the first that failed
   */
  async writeAndRead(
    wire: Wire,
    unit: number,
    address: number,
    words: readonly number[],
    readAddress: number,
    count: number,
    timeout: number,
  ): Promise<number[]> {
    const write = () => wire.write(unit, address, words, timeout);
    const read = () => wire.read(unit, 'holding', readAddress, count, timeout);
    if (this.size(wire.maxInFlight) < 2) {
      await write();
      return await read();
    }
    const [written, found] = await Promise.allSettled([write(), read()]);
    if (written.status === 'fulfilled' && found.status === 'fulfilled') return found.value;
    const { reason } = (written.status === 'rejected' ? written : found) as PromiseRejectedResult;
    if (!isException(reason)) this.failed(2);
    throw reason;
  }
}
