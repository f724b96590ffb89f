import { WaveformFrame } from '../record';
import {
  type BlockHeader,
  blockCapacity,
  decodeBlockHeader,
  decodeStatus,
  encode,
  FIFO,
  type FifoStatus,
  nextBlock,
  type Profile,
} from '../registers';
import { DeviceError } from './diagnosis';
import type { ModbusLink } from './link';
import { channelRatio, type MeterAddress } from './readings';

/** No meter samples faster, Hz. */
const MAX_RATE = 1e7;
/** No meter is set to a later time, ms since 1970: the year 2200. */
const MAX_TIME = Date.UTC(2200, 0);

/** A block as it was read. */
export interface FifoBlock {
  header: BlockHeader;
  words: number[];
}

/** The waveform FIFO of one meter (see registers/waveform-fifo.ts), block by block. */
export class FifoAccess {
  constructor(
    private readonly profile: Profile,
    private readonly meter: MeterAddress,
  ) {}

  /** Moves the window to a block, and reads how to understand what stands there. */
  async point(link: ModbusLink, number: number): Promise<FifoStatus> {
    const line = this.profile.registers.FIFO_POINTER;
    const words: number[] = [];
    encode(number, line.type, words, 0, this.profile.order);
    const { status, statusLength } = FIFO;
    return readStatus(await link.writeAndRead(this.meter.unit, line.address, words, status, statusLength));
  }

  async status(link: ModbusLink): Promise<FifoStatus> {
    return readStatus(await link.read(this.meter.unit, FIFO.status, FIFO.statusLength));
  }

  /**
   * Blocks from the one that the window stands at, in order. They end before `count` where one was overwritten
   * meanwhile, the window was moved by another reader, the format changes, or the time is over.
   * @param from number of the first
   * @param status as of the first of them
   * @param deadline on the clock of `performance.now`
   * @returns the blocks, and how many were asked for
   * @throws DeviceError where the meter's numbers make no sense
   */
  async blocks(
    link: ModbusLink,
    from: number,
    count: number,
    { format, channels }: FifoStatus,
    deadline = Number.POSITIVE_INFINITY,
  ): Promise<{ blocks: FifoBlock[]; asked: number }> {
    const blocks: FifoBlock[] = [];
    let asked = 0;
    const capacity = channels.length ? blockCapacity(channels.length) : 0;
    while (blocks.length < count && performance.now() < deadline) {
      const burst = Math.min(link.burst, count - blocks.length);
      const addresses = Array.from(
        { length: burst },
        (_, i) => FIFO.window + (blocks.length + i) * FIFO.blockLength,
      );
      asked += burst;
      for (const words of await link.readBurst(this.meter.unit, addresses, FIFO.blockLength)) {
        const header = decodeBlockHeader(words);
        const isWanted = header.number === nextBlock(from, blocks.length) && header.count > 0;
        if (!isWanted || header.format !== format) return { blocks, asked };
        if (header.count > capacity || !isTime(header.time)) throw unreadable('a block that makes no sense');
        blocks.push({ header, words });
      }
    }
    return { blocks, asked };
  }

  /**
   * Blocks that follow one another make one frame; a gap ends it. Blocks whose numbers follow one another and whose
   * times do not: the meter paused, nothing was lost.
   * @param before the block read before these, if its number is the one before theirs
   */
  frames(
    status: FifoStatus,
    blocks: readonly FifoBlock[],
    before?: { header: BlockHeader; rate: number },
  ): WaveformFrame[] {
    const frames: WaveformFrame[] = [];
    let from = 0;
    let resumes =
      before !== undefined &&
      blocks.length > 0 &&
      !before.header.last &&
      !(before.rate === status.rate && follows(before.header, blocks[0].header, status.rate));
    for (let to = 1; to <= blocks.length; to++) {
      if (to < blocks.length && follows(blocks[to - 1].header, blocks[to].header, status.rate)) continue;
      const run = blocks.slice(from, to);
      from = to;
      const length = run.reduce((sum, { header }) => sum + header.count, 0);
      if (length > 0) frames.push(this.frame(status, run, length, resumes));
      resumes = !run[run.length - 1].header.last;
    }
    return frames;
  }

  private frame(
    status: FifoStatus,
    run: readonly FifoBlock[],
    length: number,
    resumes: boolean,
  ): WaveformFrame {
    const head = {
      meter: this.meter.id,
      resumes,
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

/** The decoded status. @throws DeviceError where it makes no sense: no samples can be decoded by it */
function readStatus(words: readonly number[]): FifoStatus {
  const status = decodeStatus(words);
  const { rate, scales, oldest, next } = status;
  const isEmpty = oldest === next;
  const hasRate = rate > 0 && rate <= MAX_RATE;
  if (!isEmpty && !hasRate) throw unreadable(`a sampling rate of ${rate} Hz`);
  if (!isEmpty && scales.length === 0) throw unreadable('no channels');
  if (scales.some((scale) => !Number.isFinite(scale) || scale === 0)) throw unreadable('a scale of no value');
  return status;
}

function isTime(ms: number): boolean {
  return ms > 0 && ms < MAX_TIME;
}

function unreadable(what: string): DeviceError {
  return new DeviceError(
    'WAVEFORM_UNREADABLE',
    `the waveform memory of the meter says: ${what}`,
    'Check that the profile fits the firmware of the meter: nothing is taken from this memory until it makes sense.',
  );
}

function follows(before: BlockHeader, after: BlockHeader, rate: number): boolean {
  if (before.last) return false;
  const expected = before.time + (before.count / rate) * 1000;
  return Math.abs(after.time - expected) < Math.max(0.01, 500 / rate);
}
