import type { Frame, Question } from './rtu-frames';

/** A unit that was silent is left alone until so many timeouts after the question. */
export const LATE_TIMEOUTS = 3;
/** An answer that did not come is reckoned with for so many timeouts. */
const REMEMBERED = 20;
/** An answer may come a second time for so long, ms. */
const DOUBLED_WITHIN = 2000;
const MOST_RECENT = 64;
/** In place of a unit: any of them. */
const ANY = -1;

/** Answers on an RTU line that may still come, and those that came just now and may come twice. */
export class PendingAnswers {
  /** When was asked last for what was not answered, by unit, function and bytes of the answer. */
  private readonly awaited = new Map<string, number>();
  /** Until when a unit that did not answer is left alone. */
  private readonly leftAlone = new Map<number, number>();
  private readonly recent: { question: Question; answer: Buffer; at: number }[] = [];

  /** @param timeout the longest wait for an answer, ms */
  constructor(private readonly timeout: number) {}

  /** ms for which a unit is not to be asked. */
  quarantine(unit: number): number {
    return Math.max(0, (this.leftAlone.get(unit) ?? 0) - performance.now());
  }

  /** A question was not answered in time. @param asked when, by `performance.now` */
  unanswered(question: Question, asked: number): void {
    this.await(question, asked);
    this.leftAlone.set(question.unit, asked + LATE_TIMEOUTS * this.timeout);
  }

  /** @returns whether the same bytes were the answer to another question just now: then its own may still come */
  answered(question: Question, answer: Buffer): boolean {
    const now = performance.now();
    const isDouble = this.recent.some(
      (one) =>
        now - one.at < DOUBLED_WITHIN &&
        one.answer.equals(answer) &&
        !one.question.bytes.equals(question.bytes),
    );
    if (isDouble) this.await(question, now);
    this.recent.push({ question, answer, at: now });
    if (this.recent.length > MOST_RECENT) this.recent.shift();
    return isDouble;
  }

  /** Whether these bytes were an answer just now. */
  isRecent(bytes: Buffer): boolean {
    return this.recent.some(({ answer }) => answer.equals(bytes));
  }

  /**
   * When what a frame may answer was asked for; undefined where nothing is awaited that it could be. For a while after
   * a silence any unit may have been taken for another.
   */
  since({ unit, code, length }: Pick<Frame, 'unit' | 'code' | 'length'>): number | undefined {
    const now = performance.now();
    const own = this.awaited.get(`${unit}/${code}/${length}`);
    if (own !== undefined && now - own < REMEMBERED * this.timeout) return own;
    const any = this.awaited.get(`${ANY}/${code}/${length}`);
    return any !== undefined && now - any < LATE_TIMEOUTS * this.timeout ? any : undefined;
  }

  private await({ unit, code, length }: Question, asked: number): void {
    for (const who of [unit, ANY]) this.awaited.set(`${who}/${code}/${length}`, asked);
  }
}
