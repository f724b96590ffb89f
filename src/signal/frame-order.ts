import type { WaveformFrame } from '../record';
import { beyond, jointOf, withoutRepeat } from './continuity';

/** Why a stream of frames breaks. */
export type Break = 'gap' | 'pause' | 'other-rate' | 'other-channels';

/** Frames that may wait for one that is late, and how far ahead of it they may be, ms. */
const MAX_WAITING = 8;
const MAX_AHEAD = 2000;
/** So many frames on end from the past, none of them seen before: the clock was set back. */
const SET_BACK = 4;
/** Frames remembered to know them again. */
const REMEMBERED = 256;

export interface OrderListener {
  /** The next frame of the stream; `broken` where it does not go on from the one before. */
  next(frame: WaveformFrame, broken?: { why: Break; last: WaveformFrame }): void;
}

/**
 * Frames of one meter in their order: late ones are waited for, those that came before are passed over, of
 * overlapping ones the new part is taken. What is missing, or a clock that was set, breaks the stream.
 */
export class FrameOrder {
  private last: WaveformFrame | undefined;
  /** Frames that are ahead, in the order of time. */
  private readonly waiting: WaveformFrame[] = [];
  /** Frames on end that lie in the past. */
  private past: WaveformFrame[] = [];
  /** Time and a mark of the newest frames. */
  private readonly seen = new Float64Array(2 * REMEMBERED);
  private seenNext = 0;

  constructor(
    private readonly listener: OrderListener,
    private readonly counters: { framesRepeated: number; framesLate: number; framesGivenUp: number },
  ) {}

  /** The newest frame that was passed on. */
  get newest(): WaveformFrame | undefined {
    return this.last;
  }

  push(frame: WaveformFrame): void {
    if (!this.last) {
      this.pass(frame);
      return;
    }
    const joint = jointOf(this.last, frame);
    if (joint === 'follows' && frame.endTime <= this.last.endTime && this.isKnown(frame)) {
      // Shorter than the clocks are exact.
      this.counters.framesRepeated++;
    } else if (joint === 'follows') {
      this.pass(withoutRepeat(this.last, frame), undefined, frame);
      this.counters.framesLate += this.takeUp();
    } else if (joint === 'past' || joint === 'overlaps') {
      const isNew = (frame.endTime - this.last.endTime) * frame.rate > 500;
      const rest = isNew ? beyond(this.last, frame) : undefined;
      if (rest) {
        this.pass(rest, undefined, frame);
        this.counters.framesLate += this.takeUp();
      } else if (joint === 'past') {
        this.lookBack(frame);
      } else {
        this.setBack(frame);
      }
    } else if (joint === 'ahead') {
      this.wait(frame);
    } else {
      this.flush();
      this.pass(frame, joint);
    }
  }

  /** Nobody waits any longer: what is ahead goes on from there. */
  flush(): void {
    for (let frame = this.waiting.shift(); frame; frame = this.waiting.shift()) {
      this.pass(frame, 'gap');
      this.takeUp();
    }
  }

  private wait(frame: WaveformFrame): void {
    const { waiting } = this;
    const end = (this.last as WaveformFrame).endTime;
    if (waiting.some(({ time }) => time === frame.time)) {
      this.counters.framesRepeated++;
      return;
    }
    const at = waiting.findIndex(({ time }) => time > frame.time);
    waiting.splice(at < 0 ? waiting.length : at, 0, frame);
    const farthest = waiting[waiting.length - 1];
    if (frame.last || waiting.length > MAX_WAITING || farthest.endTime - end > MAX_AHEAD) this.flush();
  }

  /** Passes on the frames that wait and now follow; returns how many. */
  private takeUp(): number {
    const { waiting } = this;
    let taken = 0;
    while (waiting.length && this.last) {
      const joint = jointOf(this.last, waiting[0]);
      if (joint === 'ahead') break;
      const frame = waiting.shift() as WaveformFrame;
      const rest = joint === 'overlaps' ? beyond(this.last, frame) : withoutRepeat(this.last, frame);
      if (joint === 'past' || !rest) {
        this.counters.framesRepeated++;
        continue;
      }
      taken++;
      this.pass(rest, undefined, frame);
    }
    return taken;
  }

  private lookBack(frame: WaveformFrame): void {
    this.counters.framesRepeated++;
    if (this.isKnown(frame)) return;
    if (!this.followsPast(frame)) this.past = [];
    this.past.push(frame);
    if (this.past.length < SET_BACK) return;
    this.past.pop();
    this.counters.framesRepeated--;
    this.setBack(frame);
  }

  private followsPast(frame: WaveformFrame): boolean {
    const before = this.past[this.past.length - 1];
    return before !== undefined && jointOf(before, frame) === 'follows';
  }

  /** The clock was set back: the stream goes on with this frame and those from the past that it follows. */
  private setBack(frame: WaveformFrame): void {
    const frames = this.followsPast(frame) ? [...this.past, frame] : [frame];
    this.counters.framesRepeated -= frames.length - 1;
    this.counters.framesGivenUp += this.waiting.length;
    this.waiting.length = 0;
    frames.forEach((one, i) => {
      this.pass(one, i === 0 ? 'gap' : undefined);
    });
  }

  private pass(frame: WaveformFrame, why?: Break, whole = frame): void {
    const { last } = this;
    this.last = frame;
    this.past = [];
    this.seen[this.seenNext] = whole.time;
    this.seen[this.seenNext + 1] = markOf(whole);
    this.seenNext = (this.seenNext + 2) % this.seen.length;
    this.listener.next(frame, why && last ? { why, last } : undefined);
  }

  private isKnown(frame: WaveformFrame): boolean {
    const mark = markOf(frame);
    for (let i = 0; i < this.seen.length; i += 2) {
      if (this.seen[i] === frame.time && this.seen[i + 1] === mark) return true;
    }
    return false;
  }
}

/** A number that two frames of the same time hardly share unless they are the same. */
function markOf({ data, length }: WaveformFrame): number {
  const at = (byte: number) => data.readInt32LE(4 * Math.floor(byte / 4));
  return at(0) + at(data.length / 3) * 3 + at(data.length - 4) * 7 + length;
}
