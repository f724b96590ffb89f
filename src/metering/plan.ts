import { type RegisterLine, TYPE_LENGTH } from '../registers';

/** Registers that one request may carry (Modbus application protocol V1.1b3, 6.3). */
export const MAX_READ = 125;

/**
 * Unwanted registers that are cheaper to carry along than to leave out by a request of their own. A
 * request and the frame of its answer are 13 bytes, with two silences of 3.5 characters and some 20 ms
 * of device time: at 9600 baud about 40 bytes, which is 20 registers. Over TCP it would be more.
 */
const BRIDGE = 20;

/** A stretch of registers, the end not in it. */
export interface Span {
  from: number;
  to: number;
}

/** One read, and the stretches wanted of it: what lies between them is carried along. */
export interface Block {
  address: number;
  count: number;
  wanted: Span[];
}

/**
 * The fewest reads that cover all lines, each at most `maxRead` registers; small gaps are read along.
 * @param unreadable stretches that the device refuses to have read: never bridged
 */
export function planReads(
  lines: readonly RegisterLine[],
  unreadable: readonly Span[] = [],
  maxRead = MAX_READ,
): Block[] {
  const spans = lines.flatMap(spansOf).sort((a, b) => a.from - b.from || a.to - b.to);
  const blocks: Block[] = [];
  for (const span of spans) {
    const open = blocks[blocks.length - 1];
    if (open && canJoin(open, span, unreadable, maxRead)) {
      open.wanted.push(span);
      open.count = Math.max(open.count, span.to - open.address);
    } else {
      blocks.push({ address: span.from, count: span.to - span.from, wanted: [span] });
    }
  }
  return blocks;
}

/**
 * The reads to try in place of one that was refused with exception 2: cut at its gaps, or, without any,
 * into its single values. Empty for a single value: there is nothing left to cut.
 */
export function splitBlock(block: Block): Block[] {
  const pieces: Block[] = [];
  for (const span of block.wanted) {
    const open = pieces[pieces.length - 1];
    if (open && span.from <= open.address + open.count) {
      open.wanted.push(span);
      open.count = Math.max(open.count, span.to - open.address);
    } else {
      pieces.push({ address: span.from, count: span.to - span.from, wanted: [span] });
    }
  }
  if (pieces.length > 1) return pieces;
  const values = new Map(block.wanted.map((span) => [span.from, span]));
  if (values.size < 2) return [];
  return [...values.values()].map((span) => ({
    address: span.from,
    count: span.to - span.from,
    wanted: [span],
  }));
}

/** What a block carries along though nobody wants it. */
export function gapsOf({ wanted }: Block): Span[] {
  const gaps: Span[] = [];
  let end = wanted[0].to;
  for (const { from, to } of wanted) {
    if (from > end) gaps.push({ from: end, to: from });
    end = Math.max(end, to);
  }
  return gaps;
}

/** The registers of a value: its own, and those of its exponent. */
export function spansOf(line: RegisterLine): Span[] {
  const own = { from: line.address, to: line.address + TYPE_LENGTH[line.type] };
  return line.exponent === undefined ? [own] : [own, { from: line.exponent, to: line.exponent + 1 }];
}

function canJoin(open: Block, span: Span, unreadable: readonly Span[], maxRead: number): boolean {
  const end = open.address + open.count;
  if (span.from - end > BRIDGE || span.to - open.address > maxRead) return false;
  return !unreadable.some(({ from, to }) => from < span.from && to > end);
}
