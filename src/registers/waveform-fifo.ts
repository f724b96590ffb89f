import { CHANNEL_NAMES, type Channel } from '../record';
import { decode, encode } from './codec';

/**
 * The waveform FIFO of the reference meter: numbered blocks, each one 125-register request long.
 *
 * STATUS (4100, 34 registers)
 * | at | type    | what |
 * |  0 | uint16  | flags: 1 buffer overflow since the last 0xFF00 to 4099, 2 sampling goes on into blocks |
 * |  1 | uint16  | format: changes with rate, channels or scales; this and 6 to 33 speak of the block at FIFO_POINTER |
 * |  2 | uint32  | number of the oldest block held |
 * |  4 | uint32  | number that the next block will have |
 * |  6 | float64 | sampling rate, Hz per channel |
 * | 10 | uint16  | channels, bit 0 = va ... in the order va vb vc vn vab vbc vca ia ib ic in |
 * | 11 | uint16  | samples per channel in a full block |
 * | 12 | float32 | 11 scales: volts or amperes per count, in the same order |
 *
 * WINDOW (10000 to 59999): 400 blocks of 125 registers; the first has the number in FIFO_POINTER (4012).
 * Writing the pointer moves the window and says that all blocks before it have been read.
 *
 * BLOCK (125 registers)
 * | at | type   | what |
 * |  0 | uint32 | number, rising by one; 0 comes after 2^32 - 1 |
 * |  2 | uint16 | format |
 * |  3 | uint16 | samples per channel, "count" (low byte, never 0); 0x100 the last block before sampling stops |
 * |  4 | uint64 | time of the first sample, microseconds since 1970 |
 * |  8 | int16  | samples: channel c, counted from 0, begins at 8 + c x count, also in a block that is not full |
 *
 * Where no block is held, 0 and 1 read 0xFFFF and all others 0: the count of 0 says so, since a real block has the
 * number 0xFFFFFFFF too, once in 2^32. Numbers are compared modulo 2^32.
 *
 * Every block carries its number, so a reader sees at once when the window was moved under it or a block
 * is no longer held: it never takes wrong samples for right ones.
 */
export const FIFO = {
  status: 4100,
  statusLength: 34,
  window: 10_000,
  windowBlocks: 400,
  blockLength: 125,
  headerLength: 8,
  overflow: 1,
  sampling: 2,
  lastBlock: 0x100,
} as const;

export interface FifoStatus {
  overflow: boolean;
  sampling: boolean;
  format: number;
  oldest: number;
  next: number;
  rate: number;
  channels: Channel[];
  /** Unit of the channel per count, one for each of `channels`. */
  scales: number[];
}

export interface BlockHeader {
  number: number;
  format: number;
  /** Samples per channel. */
  count: number;
  last: boolean;
  /** ms since 1970. */
  time: number;
}

/** Numbers of blocks begin again after 2^32 - 1. */
const NUMBERS = 2 ** 32;

/** Number of the block that comes so many after another. */
export function nextBlock(number: number, after: number): number {
  return (((number + after) % NUMBERS) + NUMBERS) % NUMBERS;
}

/** How many blocks `to` comes after `from`. */
export function blocksBetween(from: number, to: number): number {
  return nextBlock(to, -from);
}

/** Samples per channel that a block of so many channels holds. */
export function blockCapacity(channels: number): number {
  return Math.min(255, Math.floor((FIFO.blockLength - FIFO.headerLength) / channels));
}

export function encodeStatus(status: FifoStatus): Uint16Array {
  const words = new Uint16Array(FIFO.statusLength);
  words[0] = (status.overflow ? FIFO.overflow : 0) | (status.sampling ? FIFO.sampling : 0);
  words[1] = status.format;
  encode(status.oldest, 'uint32', words, 2);
  encode(status.next, 'uint32', words, 4);
  encode(status.rate, 'float64', words, 6);
  status.channels.forEach((name, i) => {
    const bit = CHANNEL_NAMES.indexOf(name);
    words[10] |= 1 << bit;
    encode(status.scales[i], 'float32', words, 12 + 2 * bit);
  });
  words[11] = status.channels.length ? blockCapacity(status.channels.length) : 0;
  return words;
}

export function decodeStatus(words: ArrayLike<number>): FifoStatus {
  const channels = CHANNEL_NAMES.filter((_, bit) => words[10] & (1 << bit));
  return {
    overflow: (words[0] & FIFO.overflow) !== 0,
    sampling: (words[0] & FIFO.sampling) !== 0,
    format: words[1],
    oldest: decode(words, 2, 'uint32'),
    next: decode(words, 4, 'uint32'),
    rate: decode(words, 6, 'float64'),
    channels,
    scales: channels.map((name) => decode(words, 12 + 2 * CHANNEL_NAMES.indexOf(name), 'float32')),
  };
}

export function encodeBlockHeader(header: BlockHeader, words: Uint16Array): void {
  encode(header.number, 'uint32', words, 0);
  words[2] = header.format;
  words[3] = header.count | (header.last ? FIFO.lastBlock : 0);
  encode(header.time * 1000, 'uint64', words, 4);
}

export function decodeBlockHeader(words: ArrayLike<number>): BlockHeader {
  return {
    number: decode(words, 0, 'uint32'),
    format: words[2],
    count: words[3] & 0xff,
    last: (words[3] & FIFO.lastBlock) !== 0,
    time: decode(words, 4, 'uint64') / 1000,
  };
}
