import { WaveformFrame } from '../record';
import {
  type BlockHeader,
  decodeBlockHeader,
  decodeStatus,
  encode,
  FIFO,
  type FifoStatus,
  type Profile,
} from '../registers';
import { clearBuffer } from './commands';
import type { ModbusLink } from './link';
import { channelRatio, type MeterAddress } from './readings';

export interface WaveformBatch {
  frames: WaveformFrame[];
  /** Blocks that the meter overwrote before they were read. */
  lost: number;
  /** More waits at the meter than one turn reads. */
  more: boolean;
}

/** Blocks read in one turn, so that one meter does not keep its neighbours on the link waiting. */
const MAX_BLOCKS = 120;

/**
 * Drains the waveform FIFO of one meter (see registers/waveform-fifo.ts), block by block in order.
 * What was lost is told, never filled in: frames end at a gap.
 */
export class WaveformReader {
  /** Number of the next block wanted; undefined before the first turn. */
  private wanted: number | undefined;

  constructor(
    private readonly profile: Profile,
    private readonly meter: MeterAddress,
  ) {}

  /** @throws the fault of the link; blocks not handed over are read again the next time */
  async read(link: ModbusLink): Promise<WaveformBatch> {
    const { unit } = this.meter;
    const { status, next, lost } = await this.locate(link);
    const blocks: { header: BlockHeader; words: number[] }[] = [];
    const end = Math.min(status.next, next + MAX_BLOCKS);
    for (let number = next; number < end; number++) {
      const words = await link.read(unit, FIFO.window + (number - next) * FIFO.blockLength, FIFO.blockLength);
      const header = decodeBlockHeader(words);
      // Overwritten meanwhile, the window moved by another reader, or of another format: the next turn goes on there.
      if (header.number !== number || header.format !== status.format) break;
      blocks.push({ header, words });
    }
    if (status.overflow) await clearBuffer(link, unit, this.profile);
    this.wanted = next + blocks.length;
    return { frames: this.assemble(status, blocks), lost, more: this.wanted < status.next };
  }

  /** Points the meter at the next block wanted that it still holds, and reads how to understand it. */
  private async locate(link: ModbusLink): Promise<{ status: FifoStatus; next: number; lost: number }> {
    if (this.wanted !== undefined) await this.point(link, this.wanted);
    let status = await this.status(link);
    // A number below the one wanted: the meter was restarted and counts anew.
    if (this.wanted !== undefined && this.wanted >= status.oldest && this.wanted <= status.next) {
      return { status, next: this.wanted, lost: 0 };
    }
    const lost = this.wanted !== undefined && this.wanted < status.oldest ? status.oldest - this.wanted : 0;
    const next = status.oldest;
    await this.point(link, next);
    status = await this.status(link);
    return { status, next, lost };
  }

  private async status(link: ModbusLink): Promise<FifoStatus> {
    return decodeStatus(await link.read(this.meter.unit, FIFO.status, FIFO.statusLength));
  }

  private async point(link: ModbusLink, number: number): Promise<void> {
    const line = this.profile.registers.FIFO_POINTER;
    const words: number[] = [];
    encode(number, line.type, words, 0, this.profile.wordOrder);
    await link.write(this.meter.unit, line.address, words);
  }

  /** Blocks that follow one another make one frame. */
  private assemble(status: FifoStatus, blocks: { header: BlockHeader; words: number[] }[]): WaveformFrame[] {
    const frames: WaveformFrame[] = [];
    let from = 0;
    for (let to = 1; to <= blocks.length; to++) {
      if (to < blocks.length && follows(blocks[to - 1].header, blocks[to].header, status.rate)) continue;
      const run = blocks.slice(from, to);
      from = to;
      const length = run.reduce((sum, { header }) => sum + header.count, 0);
      if (length > 0) frames.push(this.frame(status, run, length));
    }
    return frames;
  }

  private frame(
    status: FifoStatus,
    run: { header: BlockHeader; words: number[] }[],
    length: number,
  ): WaveformFrame {
    const head = {
      meter: this.meter.id,
      time: run[0].header.time,
      rate: status.rate,
      last: run[run.length - 1].header.last,
    };
    return WaveformFrame.build(head, status.channels, length, (views) => {
      status.channels.forEach((name, c) => {
        const scale = status.scales[c] * channelRatio(name, this.meter);
        let at = 0;
        for (const { header, words } of run) {
          const offset = FIFO.headerLength + c * header.count;
          for (let n = 0; n < header.count; n++) views[c][at++] = ((words[offset + n] << 16) >> 16) * scale;
        }
      });
    });
  }
}

function follows(before: BlockHeader, after: BlockHeader, rate: number): boolean {
  if (before.last) return false;
  const expected = before.time + (before.count / rate) * 1000;
  return Math.abs(after.time - expected) < Math.max(0.01, 500 / rate);
}
