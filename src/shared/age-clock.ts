import { readFileSync } from 'node:fs';

/** The clocks of a machine, ms. */
export interface Clock {
  /** Since 1970; may be set, by people or by NTP. */
  wall(): number;
  /** Goes on evenly while the machine runs, whatever is done to the other. */
  steady(): number;
  /** Of this start of the machine, since which the steady clock runs; undefined where that is not known. */
  readonly boot: string | undefined;
}

export const systemClock: Clock = {
  wall: () => Date.now(),
  steady: () => Number(process.hrtime.bigint()) / 1e6,
  boot: bootId(),
};

/** What is kept of an {@link AgeClock} over a restart. */
export interface ClockMark {
  age: number;
  wall: number;
  steady: number;
  boot?: string;
  /** Whether the wall clock was one to believe in. */
  settled: boolean;
}

/** A clock that shows an earlier time than this version was made was not set. */
const BUILT = Date.UTC(2026, 10, 1);
/** Both clocks differ by more than they do when NTP slews (500 ppm of a minute), ms: one was set. */
const STEP = 1000;
/** A wall clock is believed after so long without a step since the start, and after a step, ms. */
const SETTLED = { start: 600_000, step: 3_600_000 };

/**
 * Age by evidence, ms: runs while the process runs, whatever happens to the wall clock. Over a restart it goes on by
 * the steady clock where the machine went on; else by the wall clock, but only one that was and is to be believed:
 * until then the time that the machine was off is not counted. So nothing is ever too old because a clock was set.
 */
export class AgeClock {
  private readonly start: number;
  private base = 0;
  /** The time since this mark is not counted yet. */
  private pending: ClockMark | undefined;
  private offset: number;
  private steppedAt: number | undefined;

  /** @param stepped hears of a wall clock that was set: by how much, ms */
  constructor(
    private readonly clock: Clock = systemClock,
    private readonly stepped: (by: number) => void = () => {},
  ) {
    this.start = clock.steady();
    this.offset = clock.wall() - this.start;
  }

  /** Goes on from what was kept. */
  resume(mark: ClockMark | undefined): void {
    if (!mark) return;
    const { clock, start } = this;
    this.base = mark.age;
    if (mark.boot !== undefined && mark.boot === clock.boot && start >= mark.steady)
      this.base += start - mark.steady;
    else this.pending = mark;
  }

  now(): number {
    this.look();
    return this.base + this.clock.steady() - this.start;
  }

  /** What is to be kept. */
  get mark(): ClockMark {
    const age = this.now();
    const { wall, steady, boot } = {
      wall: this.clock.wall(),
      steady: this.clock.steady(),
      boot: this.clock.boot,
    };
    return { age, wall, steady, ...(boot && { boot }), settled: this.isSettled };
  }

  /** The wall clock, ms, where it is one to believe in; undefined before, and for an hour after it was set. */
  get believed(): number | undefined {
    this.look();
    return this.isSettled ? this.clock.wall() : undefined;
  }

  /** Whether the wall clock is one to believe in: it shows a possible time, and was not set lately. */
  private get isSettled(): boolean {
    const steady = this.clock.steady();
    const since = this.steppedAt === undefined ? steady - this.start : steady - this.steppedAt;
    return (
      this.clock.wall() >= BUILT && since >= (this.steppedAt === undefined ? SETTLED.start : SETTLED.step)
    );
  }

  private look(): void {
    const steady = this.clock.steady();
    const offset = this.clock.wall() - steady;
    const by = offset - this.offset;
    this.offset = offset;
    if (Math.abs(by) > STEP) {
      this.steppedAt = steady;
      this.stepped(by);
    }
    if (!this.pending || !this.isSettled) return;
    const { wall, settled } = this.pending;
    this.pending = undefined;
    const off = offset + this.start - wall;
    if (settled && off > 0) this.base += off;
  }
}

const watch = new AgeClock();

/**
 * The time, ms since 1970, by which what has been kept for long enough may be deleted; undefined while the wall clock
 * of this machine is not one to believe in: then nothing is.
 */
export function believedTime(): number | undefined {
  return watch.believed;
}

function bootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    // Not Linux: then a restart goes by the wall clock.
    return undefined;
  }
}
