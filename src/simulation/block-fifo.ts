import { CHANNEL_NAMES, type Channel } from '../record';
import {
  type BlockHeader,
  blockCapacity,
  blocksBetween,
  decodeBlockHeader,
  encodeBlockHeader,
  FIFO,
  type FifoStatus,
  nextBlock,
} from '../registers';

/** How samples become counts, for as long as rate, channels and scales stay the same. */
export interface FifoFormat {
  rate: number;
  channels: readonly Channel[];
  /** V or A per count. */
  scales: readonly number[];
}

/** Half the range of block numbers: a difference below it, modulo 2^32, is "not before". */
export const HALF_RANGE = 2 ** 31;

/**
 * A meter's waveform memory: the newest `capacity` blocks, numbered modulo 2^32. One that is overwritten before
 * the reader marked it as read (by the pointer) sets the overflow flag, which stays until it is cleared.
 */
export class BlockFifo {
  /** By the running count of a block, modulo the capacity: its number wraps, and 2^32 need not be a multiple of that. */
  private readonly blocks: { words: Uint16Array; format: number; as: FifoFormat }[] = [];
  /** Place among the channels that are pushed of each channel of a block: blocks have the order of the map. */
  private places: number[] = [];
  private nextNumber: number;
  /** Blocks completed since power-on. */
  private completed = 0;
  private format = 0;
  private current: FifoFormat | undefined;
  private open: { words: Uint16Array; count: number; time: number } | undefined;
  private full = 0;
  /** Number of the first block in the window. */
  pointer: number;
  overflow = false;
  sampling = false;
  /** Seconds by which samples come late. */
  delay = 0;

  /** @param first number of the first block after power-on */
  constructor(
    private readonly capacity: number,
    first = 0,
  ) {
    this.nextNumber = this.pointer = first >>> 0;
  }

  /** Seconds that a full block of the present format lasts; 0 before there is a format. */
  get blockDuration(): number {
    return this.current ? this.full / this.current.rate : 0;
  }

  /** Samples that follow are of this format; a block that was begun in another one is closed. */
  setFormat(given: FifoFormat): void {
    const places = given.channels
      .map((_, i) => i)
      .sort((a, b) => orderOf(given.channels[a]) - orderOf(given.channels[b]));
    const format = {
      rate: given.rate,
      channels: places.map((place) => given.channels[place]),
      scales: places.map((place) => given.scales[place]),
    };
    this.places = places;
    if (this.current && sameFormat(this.current, format)) return;
    this.close(false);
    this.current = format;
    this.format = (this.format + 1) & 0xffff;
    this.full = blockCapacity(format.channels.length);
  }

  /**
   * Samples of all channels, `[from, to)`.
   * @param time of sample `from`, ms
   */
  push(samples: readonly Float32Array[], from: number, to: number, time: number): void {
    const format = this.current as FifoFormat;
    for (let n = from; n < to; n++) {
      // A full block is handed out when the next sample comes, so that the very last one can say it is.
      if (this.open?.count === this.full) this.close(false);
      this.open ??= {
        words: new Uint16Array(FIFO.blockLength),
        count: 0,
        time: time + ((n - from) / format.rate) * 1000,
      };
      const { words, count } = this.open;
      for (let i = 0; i < samples.length; i++) {
        words[FIFO.headerLength + i * this.full + count] = quantise(
          samples[this.places[i]][n] / format.scales[i],
        );
      }
      this.open.count++;
    }
  }

  /** Sampling stops: what was begun is handed out, marked as the last. */
  end(): void {
    this.close(true);
    this.sampling = false;
  }

  /** A stretch of samples is missing between those before and those after: no block spans it. */
  interrupt(): void {
    this.close(false);
  }

  /** The state of the FIFO, and the format of the block that the pointer stands at (else the present one). */
  status(): FifoStatus {
    const at = this.held(this.pointer);
    const as = at?.as ?? this.current;
    return {
      overflow: this.overflow,
      sampling: this.sampling,
      format: at?.format ?? this.format,
      oldest: nextBlock(this.nextNumber, -this.heldCount),
      next: this.nextNumber,
      rate: as?.rate ?? 0,
      channels: [...(as?.channels ?? [])],
      scales: [...(as?.scales ?? [])],
    };
  }

  /** The block of that number, or undefined where it is not held. */
  block(number: number): Uint16Array | undefined {
    return this.held(number)?.words;
  }

  /**
   * The blocks held that touch a stretch of time.
   * @param from, to ms since 1970
   * @returns undefined where there are none
   */
  covering(from: number, to: number): { first: number; count: number } | undefined {
    let first: number | undefined;
    let count = 0;
    for (let behind = 1; behind <= this.heldCount; behind++) {
      const number = nextBlock(this.nextNumber, -behind);
      const held = this.held(number);
      if (!held) break;
      const { time, count: samples } = decodeBlockHeader(held.words);
      if (time >= to) continue;
      if (time + (samples / held.as.rate) * 1000 <= from) break;
      first = number;
      count++;
    }
    return first === undefined ? undefined : { first, count };
  }

  private held(number: number) {
    const behind = blocksBetween(number, this.nextNumber);
    if (behind === 0 || behind > this.heldCount) return undefined;
    return this.blocks[(this.completed - behind) % this.capacity];
  }

  private get heldCount(): number {
    return Math.min(this.completed, this.capacity);
  }

  private close(last: boolean): void {
    if (!this.open) return;
    const { words, count, time } = this.open;
    this.open = undefined;
    // Channels lie one behind the other: in a block that is not full they move together.
    if (count < this.full) {
      const channels = this.current?.channels.length ?? 0;
      for (let i = 1; i < channels; i++) {
        const at = FIFO.headerLength + i * this.full;
        words.copyWithin(FIFO.headerLength + i * count, at, at + count);
      }
      words.fill(0, FIFO.headerLength + channels * count);
    }
    const header: BlockHeader = { number: this.nextNumber, format: this.format, count, last, time };
    encodeBlockHeader(header, words);
    const overwritten = nextBlock(this.nextNumber, -this.capacity);
    const isUnread = blocksBetween(this.pointer, overwritten) < HALF_RANGE;
    if (this.completed >= this.capacity && isUnread) this.overflow = true;
    const as = this.current as FifoFormat;
    this.blocks[this.completed % this.capacity] = { words, format: this.format, as };
    this.completed++;
    this.nextNumber = nextBlock(this.nextNumber, 1);
  }
}

function orderOf(channel: Channel): number {
  return CHANNEL_NAMES.indexOf(channel);
}

function sameFormat(a: FifoFormat, b: FifoFormat): boolean {
  return a.rate === b.rate && a.channels.join() === b.channels.join() && a.scales.join() === b.scales.join();
}

/** Counts of a 16-bit converter, which holds at its ends. */
function quantise(counts: number): number {
  return Math.min(32767, Math.max(-32767, Math.round(counts)));
}
