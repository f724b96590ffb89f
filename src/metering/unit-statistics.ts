import { faultOf } from './diagnosis';

/** Weight of a new response in the mean. */
const WEIGHT = 1 / 16;

/** What became of the requests to one unit: for whoever looks for a bad wire. */
export class UnitStatistics {
  requests = 0;
  answers = 0;
  retries = 0;
  /** Mean time to an answer, ms. */
  meanResponse = 0;
  /** Failures by the code of the fault. */
  readonly faults: Record<string, number> = {};

  /** @param ms from the request to its answer */
  answered(ms: number): void {
    this.requests++;
    this.answers++;
    this.meanResponse += (ms - this.meanResponse) * (this.answers === 1 ? 1 : WEIGHT);
  }

  failed(error: unknown): void {
    this.requests++;
    const { code } = faultOf(error);
    this.faults[code] = (this.faults[code] ?? 0) + 1;
  }

  /** A copy to be sent. */
  snapshot(): Record<string, unknown> {
    const { requests, answers, retries, faults } = this;
    return {
      requests,
      answers,
      retries,
      meanResponse: Number(this.meanResponse.toFixed(2)),
      faults: { ...faults },
    };
  }
}
