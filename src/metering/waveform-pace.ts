import { blockCapacity, type FifoStatus } from '../registers';

/** Turns that read less say little of what the line carries. */
const LEAST_BLOCKS = 40;
/** Weight of a turn in the pace. */
const WEIGHT = 0.3;
/** Seconds of a run in which an event can be judged: 12 cycles of 50 Hz and the filling of its windows. */
const RUN = 0.3;
/** The meter is this much faster than what is read before it runs away. */
const RESERVE = 1.25;
/** What a line is asked to carry of what it has carried. */
const USABLE = 0.9;

/** Blocks that a meter makes each second. */
export function blocksPerSecond({ rate, channels }: Pick<FifoStatus, 'rate' | 'channels'>): number {
  return channels.length ? rate / blockCapacity(channels.length) : 0;
}

/** What a meter makes, what its line carries, and what would fit. */
export interface WaveformOverload {
  /** Blocks a second. */
  made: number;
  carried: number;
  channels: number;
  /** Hz */
  rate: number;
  /** Channels at this rate that the line would carry, and the rate of all channels, Hz. */
  fittingChannels: number;
  fittingRate: number;
}

/** How fast the blocks of a meter come over its line, against how fast it makes them. */
export class WaveformPace {
  /** Blocks a second; undefined before it is known. */
  carried: number | undefined;

  /** @param ms for so many blocks, whether they could be used or not, with all that goes with them */
  measured(blocks: number, ms: number): void {
    if (blocks < LEAST_BLOCKS || ms <= 0) return;
    const pace = (1000 * blocks) / ms;
    this.carried = this.carried === undefined ? pace : this.carried + WEIGHT * (pace - this.carried);
  }

  /** Whether a meter makes more than its line carries. */
  isOverloaded(status: FifoStatus): boolean {
    return this.carried !== undefined && this.carried < blocksPerSecond(status);
  }

  /**
   * Where to go on after an overrun, in blocks behind the oldest one held: where the meter can be caught up with as
   * far back as is safe; where it cannot, at the newest run that is long enough for an event to be judged in it.
   * @param held blocks that the meter holds
   * @param delay ms until the first of them is read
   * @param overruns consecutive ones before this: each time half of what is held is given up
   */
  resumeAt(status: FifoStatus, held: number, delay: number, overruns: number): number {
    const made = blocksPerSecond(status);
    const near = Math.ceil((RESERVE * 2 * made * delay) / 1000) + 1;
    const safe = Math.max(near, Math.floor(held * (1 - 0.5 ** overruns)));
    if (!this.isOverloaded(status)) return Math.min(held, safe);
    const run = Math.ceil(RUN * made);
    const faster = made / (this.carried as number) - 1;
    return Math.min(held, Math.max(safe + Math.ceil(RESERVE * run * faster), held - run));
  }

  /** undefined where the line carries all */
  overload(status: FifoStatus): WaveformOverload | undefined {
    const { carried } = this;
    if (carried === undefined || !this.isOverloaded(status)) return undefined;
    const { rate, channels } = status;
    const usable = USABLE * carried;
    let fitting = channels.length;
    while (fitting > 0 && rate / blockCapacity(fitting) > usable) fitting--;
    const fittingRate = usable * blockCapacity(channels.length);
    return {
      made: blocksPerSecond(status),
      carried,
      channels: channels.length,
      rate,
      fittingChannels: fitting,
      fittingRate: Math.floor(fittingRate / 10) * 10,
    };
  }
}
