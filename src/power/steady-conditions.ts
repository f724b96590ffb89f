import { Conditions, type Finding } from '../record';

/** Windows through which something must be there, or be gone, before it is told: three seconds. */
const STEADY = 15;

/** Conditions that are told when they have been there for a while: a value near its limit comes and goes. */
export class SteadyConditions extends Conditions {
  private readonly waiting = new Map<string, { code: string | undefined; windows: number }>();

  /** What is seen now; told as by {@link set} once it was so for {@link STEADY} windows. */
  settle(key: string, finding: Finding | undefined): void {
    const before = this.waiting.get(key);
    const windows = before && before.code === finding?.code ? before.windows + 1 : 1;
    this.waiting.set(key, { code: finding?.code, windows });
    if (windows >= STEADY) this.set(key, finding);
  }
}
