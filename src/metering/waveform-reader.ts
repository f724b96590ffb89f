import type { WaveformFrame } from '../record';
import {
  type BlockHeader,
  blocksBetween,
  FIFO,
  type FifoStatus,
  nextBlock,
  type Profile,
} from '../registers';
import { clearBuffer } from './commands';
import { FifoAccess } from './fifo-access';
import type { ModbusLink } from './link';
import type { MeterAddress } from './readings';
import { blocksPerSecond, type WaveformOverload, WaveformPace } from './waveform-pace';

export interface WaveformBatch {
  frames: WaveformFrame[];
  /** Blocks that the meter said it holds, from the next one wanted on. */
  held: number;
  /** Blocks that were overwritten, or skipped, before they were read. */
  lost: number;
  /** The meter restarted its block numbers: what it held before is lost, and its amount is unknown. */
  restarted: boolean;
  /** The meter says that it samples. */
  sampling: boolean;
  /** The line carries less than the meter makes: blocks were lost by that. */
  overload: WaveformOverload | undefined;
  /** More waits at the meter than one turn reads. */
  more: boolean;
}

/** Blocks read in one turn, as many as the window shows, and how long it may last, ms. */
const MAX_BLOCKS = FIFO.windowBlocks;
const MAX_TURN = 1500;
/** Turns without a block that follow one another at once. */
const MAX_EMPTY = 3;
/** A turn that begins later than this after one that left something, ms, was kept from it by something else. */
const MAX_WAIT = 5000;
/** How far back a reader begins, and how far it may fall behind a meter that it cannot catch up with, s. */
const MAX_BEHIND = 60;
/** Numbers this far apart are behind one another, not ahead (numbers begin again after 2^32). */
const HALF = 0x8000_0000;
/** ms between two writes of what clears the overflow: while blocks are lost it is set at once again. */
const CLEARING = 1000;

/** Drains the waveform FIFO of one meter in order. What was lost is counted, never filled in. */
export class WaveformReader {
  private readonly fifo: FifoAccess;
  private readonly pace = new WaveformPace();
  /** Number of the next block wanted; undefined before the first turn. */
  private wanted: number | undefined;
  /** The newest block that was read. */
  private newest: { header: BlockHeader; rate: number } | undefined;
  /** When a turn ended that left something for the next. */
  private leftAt: number | undefined;
  private clearedAt = Number.NEGATIVE_INFINITY;
  /** Turns with a loss since the last one that read all it wanted. */
  private overruns = 0;
  /** Consecutive turns that gave no block. */
  private empty = 0;

  constructor(
    private readonly profile: Profile,
    private readonly meter: MeterAddress,
  ) {
    this.fifo = new FifoAccess(profile, meter);
  }

  /** @throws the fault of the link; blocks not handed over are read again the next time */
  async read(link: ModbusLink): Promise<WaveformBatch> {
    const now = performance.now();
    // A pause because of a fault says nothing of what the line carries.
    const began = this.leftAt !== undefined && now < this.leftAt + MAX_WAIT ? this.leftAt : now;
    this.leftAt = undefined;
    const { status, next, lost, restarted } = await this.locate(link);
    const held = blocksBetween(next, status.next);
    const deadline = performance.now() + MAX_TURN;
    // A meter that hands out none of what it says it holds is asked for one, at its usual pace.
    const count = Math.min(held, this.empty < MAX_EMPTY ? MAX_BLOCKS : 1);
    const { blocks, asked } = await this.fifo.blocks(link, next, count, status, deadline);
    await this.clear(link, status);
    this.wanted = nextBlock(next, blocks.length);
    const isNext = this.newest !== undefined && nextBlock(this.newest.header.number, 1) === next;
    const frames = this.fifo.frames(status, blocks, isNext && lost === 0 ? this.newest : undefined);
    const last = blocks.at(-1);
    if (last) this.newest = { header: last.header, rate: status.rate };
    const ended = performance.now();
    this.pace.measured(asked, ended - began);
    this.overruns = lost > 0 ? this.overruns + 1 : blocks.length === count ? 0 : this.overruns;
    this.empty = blocks.length > 0 ? 0 : this.empty + 1;
    const more = blocks.length < held && this.empty < MAX_EMPTY;
    if (more) this.leftAt = ended;
    const overload = lost > 0 ? this.pace.overload(status) : undefined;
    return { frames, held, lost, restarted, sampling: status.sampling, overload, more };
  }

  /** Points the meter at the next block wanted that it still holds, and reads how to understand it. */
  private async locate(
    link: ModbusLink,
  ): Promise<{ status: FifoStatus; next: number; lost: number; restarted: boolean }> {
    const { wanted } = this;
    const began = performance.now();
    const status = wanted === undefined ? await this.fifo.status(link) : await this.fifo.point(link, wanted);
    const delay = performance.now() - began;
    const held = blocksBetween(status.oldest, status.next);
    const made = blocksPerSecond(status);
    const most = made > 0 ? Math.ceil(MAX_BEHIND * made) : Number.POSITIVE_INFINITY;
    if (wanted === undefined) {
      const next = nextBlock(status.oldest, Math.max(0, held - most));
      return { status: await this.fifo.point(link, next), next, lost: 0, restarted: false };
    }
    const behind = blocksBetween(wanted, status.next);
    const isHeld = blocksBetween(status.oldest, wanted) <= held;
    const isTooFar = behind > most && this.pace.isOverloaded(status);
    if (isHeld && !isTooFar) return { status, next: wanted, lost: 0, restarted: false };
    const restarted = !isHeld && blocksBetween(wanted, status.oldest) >= HALF;
    const skip = restarted ? 0 : this.pace.resumeAt(status, held, delay, this.overruns);
    const next = nextBlock(status.oldest, skip);
    const lost = restarted ? 0 : blocksBetween(wanted, next);
    return { status: await this.fifo.point(link, next), next, lost, restarted };
  }

  private async clear(link: ModbusLink, { overflow }: FifoStatus): Promise<void> {
    const now = performance.now();
    if (!overflow || now < this.clearedAt + CLEARING) return;
    this.clearedAt = now;
    await clearBuffer(link, this.meter.unit, this.profile);
  }
}
