import type { Severity } from './records';

/** Something worth a diagnostic record: what it is, and what to check. */
export interface Finding {
  code: string;
  severity: Severity;
  text: string;
  /** One sentence: what to check. */
  hint: string;
  detail: Record<string, unknown>;
}

/**
 * Conditions that last: each is told when it begins and when it ends, not every time it is seen.
 */
export class Conditions {
  private readonly standing = new Map<string, Finding>();

  constructor(private readonly tell: (finding: Finding) => void) {}

  /**
   * What stands now.
   * @param key of the condition; one that changed its code ends and begins anew
   * @param finding undefined where there is nothing (any longer); one of the same code takes the place of that before,
   *   and stands in what is said when it is over
   */
  set(key: string, finding: Finding | undefined): void {
    const before = this.standing.get(key);
    if (before && before.code !== finding?.code) {
      this.standing.delete(key);
      const { code, detail } = before;
      this.tell({ code, severity: 'info', text: `over: ${before.text}`, hint: 'Nothing to do.', detail });
    }
    if (!finding) return;
    const isNew = !this.standing.has(key);
    this.standing.set(key, finding);
    if (isNew) this.tell(finding);
  }

  /** Keys of what stands. */
  get keys(): string[] {
    return [...this.standing.keys()];
  }
}
