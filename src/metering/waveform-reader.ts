import type { WaveformFrame } from '../record';
import type { BlockHeader, FifoStatus, Profile } from '../registers';
import { clearBuffer } from './commands';
import { FifoAccess } from './fifo-access';
import type { ModbusLink } from './link';
import type { MeterAddress } from './readings';

export interface WaveformBatch {
  frames: WaveformFrame[];
  /** Blocks that the meter overwrote before they were read. */
  lost: number;
  /** More waits at the meter than one turn reads. */
  more: boolean;
}

/** Blocks read in one turn, so that one meter does not keep its neighbours on the link waiting. */
const MAX_BLOCKS = 120;

/** Drains the waveform FIFO of one meter in order. What was lost is told, never filled in. */
export class WaveformReader {
  private readonly fifo: FifoAccess;
  /** Number of the next block wanted; undefined before the first turn. */
  private wanted: number | undefined;
  /** The newest block that was read. */
  private newest: { header: BlockHeader; rate: number } | undefined;

  constructor(
    private readonly profile: Profile,
    private readonly meter: MeterAddress,
  ) {
    this.fifo = new FifoAccess(profile, meter);
  }

  /** @throws the fault of the link; blocks not handed over are read again the next time */
  async read(link: ModbusLink): Promise<WaveformBatch> {
    const { status, next, lost } = await this.locate(link);
    const end = Math.min(status.next, next + MAX_BLOCKS);
    const blocks = await this.fifo.blocks(link, next, end, status.format);
    if (status.overflow) await clearBuffer(link, this.meter.unit, this.profile);
    this.wanted = next + blocks.length;
    const before = this.newest?.header.number === next - 1 && lost === 0 ? this.newest : undefined;
    const frames = this.fifo.frames(status, blocks, before);
    const [last] = blocks.slice(-1);
    if (last) this.newest = { header: last.header, rate: status.rate };
    return { frames, lost, more: this.wanted < status.next };
  }

  /** Points the meter at the next block wanted that it still holds, and reads how to understand it. */
  private async locate(link: ModbusLink): Promise<{ status: FifoStatus; next: number; lost: number }> {
    const { wanted } = this;
    const status = wanted === undefined ? await this.fifo.status(link) : await this.fifo.point(link, wanted);
    // A number below the one wanted: the meter was restarted and counts anew.
    if (wanted !== undefined && wanted >= status.oldest && wanted <= status.next) {
      return { status, next: wanted, lost: 0 };
    }
    const lost = wanted !== undefined && wanted < status.oldest ? status.oldest - wanted : 0;
    const next = status.oldest;
    return { status: await this.fifo.point(link, next), next, lost };
  }
}
