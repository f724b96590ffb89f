import { LineFault } from '../diagnosis';
import type { LinkSettings } from '../link-settings';
import { type ByteStream, openStream } from './byte-stream';
import { LATE_TIMEOUTS, PendingAnswers } from './pending-answers';
import {
  type Frame,
  frameAt,
  isWhole,
  type Question,
  readLength,
  readQuestion,
  singleWriteQuestion,
  wordsOf,
  writeQuestion,
} from './rtu-frames';
import type { LineCounters, Table, Wire, WireListener } from './wire';

/** Bits of a character on the line: start, data, parity or a second stop, stop (2.5.1 of the serial line guide). */
const CHARACTER = 11;
/** Silence between frames, characters; and above 19,200 baud, ms (2.5.1.1). */
const SILENCE = 3.5;
const FAST = 19_200;
const FAST_SILENCE = 1.75;
/** Pauses within a frame that adapters and operating systems make, ms: USB adapters hand on every 16. */
const ADAPTER = 25;
/** The line is left alone after a silence until so many of the slowest answers after the question. */
const QUIET_ANSWERS = 1.25;
/** The most that an answer that has begun, or a line that is never quiet, is waited for, ms. */
const LATEST = 20_000;
/** Registers of one question, and how many more are asked for so that an answer has another length. */
const MOST_REGISTERS = 125;
const MOST_MORE = 16;
/** Tries with more and more registers. */
const MOST_TRIES = 4;
/** The slowest answer is forgotten in so many answers. */
const FORGETTING = 200;
const MOST_BYTES = 4096;
/** Bytes of an exception, and of the shortest frame. */
const EXCEPTION = 5;
const LEAST_FRAME = 4;

interface Waiting {
  question: Question;
  asked: number;
  accept(answer: Buffer): void;
  fail(error: Error): void;
  timer: NodeJS.Timeout;
  /** Somebody else has asked the same unit meanwhile. */
  isSpoilt: boolean;
  /** What came that was no answer. */
  seen: LineFault | undefined;
}

/**
 * Modbus RTU, on a serial line or over TCP. Frames have no numbers here, so an answer is known by its unit, function,
 * length and check sum alone, and a late one could be taken for that to the next question. Against that: nobody is
 * asked while the line is not quiet; a unit that did not answer is left alone for some time, and is asked for a minute
 * only for what has another length than the answer that may still come; an answer of the same bytes as that to another
 * question just before is not believed, and asked for once more with another length.
 */
export class RtuWire implements Wire {
  readonly maxInFlight = 1;
  private stream!: ByteStream;
  private received: Buffer = Buffer.alloc(0);
  private waiting: Waiting | undefined;
  private lastByte = Number.NEGATIVE_INFINITY;
  /** The line is left alone until then. */
  private freeAt = Number.NEGATIVE_INFINITY;
  /** ms, the slowest answer of late. */
  private slowest = 0;
  private readonly pending: PendingAnswers;
  /** Somebody else has asked, and his answer is still to come. */
  private strangerAsked = Number.NEGATIVE_INFINITY;
  private quiet: NodeJS.Timeout | undefined;
  private readonly silence: number;
  readonly line: LineCounters = { late: 0, foreign: 0, noise: 0, echo: false };

  private constructor(
    private readonly settings: LinkSettings,
    private readonly listener: WireListener,
  ) {
    const { transport, baudRate, gap, timeout } = settings;
    this.pending = new PendingAnswers(timeout);
    const character = (1000 * CHARACTER) / baudRate;
    const own = transport !== 'rtu' ? 0 : baudRate > FAST ? FAST_SILENCE : SILENCE * character;
    this.silence = Math.max(own, gap);
  }

  /** @throws the error of port or socket */
  static async open(settings: LinkSettings, listener: WireListener): Promise<RtuWire> {
    const wire = new RtuWire(settings, listener);
    wire.stream = await openStream(settings, {
      data: (bytes) => wire.take(bytes),
      closed: (error) => {
        wire.waiting?.fail(error);
        listener.closed(error);
      },
    });
    return wire;
  }

  get isOpen(): boolean {
    return this.stream.isOpen;
  }

  async read(unit: number, table: Table, address: number, count: number, timeout: number): Promise<number[]> {
    const code = table === 'input' ? 4 : 3;
    const size = this.sizeFor(unit, code, count, count, address);
    if (size === count) {
      const { answer, isDouble } = await this.ask(readQuestion(unit, code, address, count), timeout);
      if (!isDouble) return wordsOf(answer);
    }
    return await this.readOtherwise(unit, code, address, count, timeout);
  }

  async write(unit: number, address: number, words: readonly number[], timeout: number): Promise<void> {
    await this.ask(writeQuestion(unit, address, words), timeout);
  }

  async writeSingle(unit: number, address: number, word: number, timeout: number): Promise<void> {
    await this.ask(singleWriteQuestion(unit, address, word), timeout);
  }

  readRepeated(): Promise<number[][]> {
    return Promise.reject(new Error('function code 0x23 is supported over Modbus TCP only'));
  }

  quarantine(unit: number): number {
    return this.pending.quarantine(unit);
  }

  async close(): Promise<void> {
    clearTimeout(this.quiet);
    this.waiting?.fail(new Error('the link is closed'));
    await this.stream.close();
  }

  /**
   * Registers by a question whose answer has another length than any that may still come: of some more registers, or
   * where the device does not have those in two parts.
   */
  private async readOtherwise(
    unit: number,
    code: 3 | 4,
    address: number,
    count: number,
    timeout: number,
  ): Promise<number[]> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const size = this.sizeFor(unit, code, count, count + 1, address);
      if (size === undefined) break;
      try {
        const { answer, isDouble } = await this.ask(readQuestion(unit, code, address, size), timeout);
        if (!isDouble) return wordsOf(answer).slice(0, count);
      } catch (error) {
        const { modbusCode } = error as { modbusCode?: number };
        if (modbusCode !== 2 && modbusCode !== 3) throw error;
        break;
      }
    }
    for (let first = count - 1; first > 0; first--) {
      const rest = count - first;
      if (this.isAwaited(unit, code, first) || this.isAwaited(unit, code, rest)) continue;
      const one = await this.ask(readQuestion(unit, code, address, first), timeout);
      const other = await this.ask(readQuestion(unit, code, address + first, rest), timeout);
      if (!one.isDouble && !other.isDouble) return [...wordsOf(one.answer), ...wordsOf(other.answer)];
    }
    throw new LineFault('LATE_ANSWER');
  }

  /** So many registers, or some more, that no answer still to come has as many; undefined where there are none. */
  private sizeFor(
    unit: number,
    code: number,
    count: number,
    from: number,
    address: number,
  ): number | undefined {
    const most = Math.min(MOST_REGISTERS, 0x10000 - address, count + MOST_MORE);
    for (let size = from; size <= most; size++) if (!this.isAwaited(unit, code, size)) return size;
    return undefined;
  }

  /** Whether an answer of a unit with so many registers may still come. */
  private isAwaited(unit: number, code: number, count: number): boolean {
    return this.pending.since({ unit, code, length: readLength(count) }) !== undefined;
  }

  /** @returns the answer, and whether the same bytes were that to another question just now */
  private async ask(question: Question, timeout: number): Promise<{ answer: Buffer; isDouble: boolean }> {
    await this.untilFree(timeout);
    this.dropRest();
    const answer = await new Promise<Buffer>((resolve, reject) => {
      const asked = performance.now();
      const end = () => {
        clearTimeout(waiting.timer);
        this.waiting = undefined;
      };
      const late = () => {
        // What has begun to come is let to its end.
        const left = this.lastByte + this.frameEnd - performance.now();
        if (this.received.length > 0 && left > 0 && performance.now() < asked + timeout + LATEST) {
          waiting.timer = setTimeout(late, left);
          return;
        }
        this.look();
        this.judgeRest();
        waiting.fail(this.giveUp(waiting));
      };
      const waiting: Waiting = {
        question,
        asked,
        accept: (bytes) => {
          end();
          resolve(bytes);
        },
        fail: (error) => {
          end();
          reject(error);
        },
        timer: setTimeout(late, timeout),
        isSpoilt: false,
        seen: undefined,
      };
      this.waiting = waiting;
      this.stream.write(question.bytes);
    });
    if (answer[1] & 0x80)
      throw Object.assign(new Error(`Modbus exception ${answer[2]}`), { modbusCode: answer[2] });
    const isDouble = this.pending.answered(question, answer);
    return { answer, isDouble };
  }

  /** Waits for the line: quiet, with no answer under way. Not for ever: a line that is never quiet is a fault. */
  private async untilFree(timeout: number): Promise<void> {
    const patience = performance.now() + Math.max(timeout, LATE_TIMEOUTS * this.settings.timeout) + LATEST;
    for (;;) {
      const now = performance.now();
      const stranger = this.strangerAsked + Math.max(this.slowest * QUIET_ANSWERS, this.frameEnd);
      const free = Math.max(this.lastByte + this.silence, this.freeAt, stranger);
      if (free <= now) return;
      if (now > patience) throw new LineFault('NOISE');
      await new Promise((resolve) => setTimeout(resolve, Math.ceil(Math.min(free - now, 1000))));
    }
  }

  private take(bytes: Buffer): void {
    this.lastByte = performance.now();
    this.received = this.received.length > 0 ? Buffer.concat([this.received, bytes]) : bytes;
    if (this.received.length > MOST_BYTES) {
      this.line.noise += this.received.length;
      this.received = Buffer.alloc(0);
    }
    this.look();
    clearTimeout(this.quiet);
    if (this.received.length > 0) this.quiet = setTimeout(() => this.judgeRest(), this.frameEnd);
  }

  /** Silence after which what has come is no more than it is, ms. */
  private get frameEnd(): number {
    return this.silence + ADAPTER;
  }

  /** Looks for the answer in what has come, and takes away whole frames that are none. */
  private look(): void {
    for (;;) {
      const { waiting } = this;
      if (waiting && this.removeEcho(waiting)) continue;
      if (waiting) {
        const answer = this.findAnswer(waiting);
        if (answer === 'incomplete') return;
        if (answer) {
          this.judgeAnswer(waiting, answer);
          continue;
        }
      }
      const frame = frameAt(this.received);
      if (!frame) return;
      this.judgeForeign(frame, this.received);
      this.received = this.received.subarray(frame.length);
    }
  }

  private removeEcho({ question }: Waiting): boolean {
    const { bytes, code } = question;
    if (this.received.length < bytes.length || bytes.compare(this.received, 0, bytes.length) !== 0)
      return false;
    // Only what is answered by other bytes than it was asked with can show an echo.
    if (!this.line.echo && (code === 5 || code === 6)) return false;
    this.line.echo = true;
    this.received = this.received.subarray(bytes.length);
    return true;
  }

  /** A frame that fits, wherever it begins; `incomplete` where one has begun. */
  private findAnswer({ question: { unit, code, head, length } }: Waiting): Buffer | 'incomplete' | undefined {
    const { received } = this;
    for (let at = received.indexOf(unit); at >= 0; at = received.indexOf(unit, at + 1)) {
      if (received[at + 1] === (code | 0x80)) {
        if (isWhole(received, at, EXCEPTION)) return this.cutOut(at, EXCEPTION);
        if (at === 0 && received.length < EXCEPTION) return 'incomplete';
      }
      const begins =
        head
          .subarray(0, received.length - at)
          .compare(received, at, Math.min(at + head.length, received.length)) === 0;
      if (!begins) continue;
      if (received.length - at < length) {
        if (at === 0) return 'incomplete';
      } else if (isWhole(received, at, length)) return this.cutOut(at, length);
    }
    return undefined;
  }

  /** A frame out of what has come; what stands before it is judged. */
  private cutOut(at: number, length: number): Buffer {
    const { received } = this;
    const answer = Buffer.from(received.subarray(at, at + length));
    let before = received.subarray(0, at);
    while (before.length > 0) {
      const frame = frameAt(before);
      if (!frame) break;
      this.judgeForeign(frame, before);
      before = before.subarray(frame.length);
    }
    this.line.noise += before.length;
    this.received = received.subarray(at + length);
    return answer;
  }

  private judgeAnswer(waiting: Waiting, answer: Buffer): void {
    if (waiting.isSpoilt) {
      this.line.foreign++;
      return;
    }
    const took = performance.now() - waiting.asked;
    this.slowest = Math.max(took, this.slowest * (1 - 1 / FORGETTING));
    waiting.accept(answer);
  }

  /** A whole frame that answers nothing that was asked just now. */
  private judgeForeign(frame: Frame, at: Buffer): void {
    const now = performance.now();
    const { waiting } = this;
    const bytes = at.subarray(0, frame.length);
    const asked = this.pending.since(frame);
    if (frame.asks) {
      this.line.foreign++;
      this.strangerAsked = now;
      if (waiting) waiting.seen = new LineFault('OTHER_MASTER');
      // Of two answers of one unit nobody can tell which is whose.
      if (waiting?.question.unit === frame.unit) waiting.isSpoilt = true;
    } else if (asked !== undefined) {
      // It stays awaited: it may have been another frame of that length.
      this.line.late++;
      this.slowest = Math.max(this.slowest, now - asked);
      this.listener.late?.(frame.unit, now - asked);
      if (waiting) waiting.seen = new LineFault('LATE_ANSWER');
    } else {
      this.line.foreign++;
      this.strangerAsked = Number.NEGATIVE_INFINITY;
      const isDouble = this.pending.isRecent(bytes);
      if (waiting && !isDouble)
        waiting.seen = new LineFault(frame.unit === waiting.question.unit ? 'LATE_ANSWER' : 'WRONG_UNIT');
    }
  }

  /** The line has been quiet: what is left makes no frame any more. */
  private judgeRest(): void {
    const { received, waiting } = this;
    if (received.length === 0) return;
    this.line.noise += received.length;
    this.received = Buffer.alloc(0);
    if (!waiting) return;
    const { unit, head, length } = waiting.question;
    const begins = received[0] === unit && received[1] === head[1];
    if (begins && received.length < length) waiting.seen = new LineFault('SHORT_FRAME');
    else if (received.length >= LEAST_FRAME) waiting.seen = new LineFault('CRC_ERROR');
    else waiting.seen ??= new LineFault('NOISE');
  }

  private dropRest(): void {
    this.look();
    this.line.noise += this.received.length;
    this.received = Buffer.alloc(0);
  }

  /** A question without an answer in time: what is to be said of it, and who is left alone for that. */
  private giveUp({ question, asked, seen }: Waiting): Error {
    this.pending.unanswered(question, asked);
    this.freeAt = asked + Math.min(this.settings.timeout, QUIET_ANSWERS * this.slowest);
    return seen ?? Object.assign(new Error('Timed out'), { name: 'TransactionTimedOutError' });
  }
}
