import { type RegisterLine, TYPE_LENGTH } from '../registers';

/** Registers that one request may carry (Modbus application protocol V1.1b3, 6.3). */
export const MAX_READ = 125;
/** Unwanted registers that are cheaper to carry along than to leave out by a request of their own. */
const BRIDGE = 10;

export interface Block {
  address: number;
  count: number;
}

/** The fewest reads that cover all lines, each at most 125 registers; small gaps are read along. */
export function planReads(lines: readonly RegisterLine[]): Block[] {
  const spans = lines
    .flatMap((line) => [
      { from: line.address, to: line.address + TYPE_LENGTH[line.type] },
      ...(line.exponent === undefined ? [] : [{ from: line.exponent, to: line.exponent + 1 }]),
    ])
    .sort((a, b) => a.from - b.from);
  const blocks: Block[] = [];
  for (const { from, to } of spans) {
    const open = blocks[blocks.length - 1];
    const end = open ? open.address + open.count : -1;
    if (open && from - end <= BRIDGE && to - open.address <= MAX_READ) {
      open.count = Math.max(open.count, to - open.address);
    } else {
      blocks.push({ address: from, count: to - from });
    }
  }
  return blocks;
}
