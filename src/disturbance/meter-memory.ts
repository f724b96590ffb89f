import { type Channel, Conditions, type Diagnostic, type Finding, type Rms, type Values } from '../record';
import { Aggregates } from './aggregates';

export interface MemoryOutput {
  rms(rms: Rms): void;
  diagnostic(diagnostic: Diagnostic): void;
}

/** Weight of a 10/12-cycle value in the sliding reference (IEC 61000-4-30, 5.4.4). */
const SLIDE = 0.0033;

/** What is known of a meter beyond one unbroken stretch of its waveform. */
export class MeterMemory {
  readonly aggregates: Aggregates;
  /** Sliding reference of each voltage, V. */
  private readonly references = new Map<Channel, number>();
  private readonly conditions: Conditions;
  private now = 0;
  /** PHASE_TOLERANCE, pu; 0 judges nothing. */
  phaseTolerance = 0;
  /** Fundamental of the newest stretch that had one, Hz. */
  frequency: number | undefined;

  constructor(
    readonly meter: string,
    output: MemoryOutput,
  ) {
    this.aggregates = new Aggregates(meter, (rms) => {
      output.rms(rms);
      if (rms.window !== '150-cycle' || rms.flagged) return;
      this.judgeUnbalance((rms.values as Values).u2, rms.time, 'negative sequence, 150/180-cycle value');
    });
    this.conditions = new Conditions((finding) =>
      output.diagnostic({ kind: 'diagnostic', meter, time: this.now, ...finding }),
    );
  }

  /** Sliding reference of a channel, V; it starts at the nominal voltage. */
  reference(channel: Channel, nominal: number): number {
    return this.references.get(channel) ?? nominal;
  }

  /** The next unflagged 10/12-cycle value of a channel, V. */
  slide(channel: Channel, nominal: number, value: number): number {
    const reference = (1 - SLIDE) * this.reference(channel, nominal) + SLIDE * value;
    this.references.set(channel, reference);
    return reference;
  }

  /** Forgets the sliding references: the nominal voltage is another one. */
  resetReferences(): void {
    this.references.clear();
  }

  /**
   * Judges the unbalance of the phases by PHASE_TOLERANCE; told when it begins and when it is over.
   * @param percent undefined where it was not measured
   * @param time ms since 1970
   */
  judgeUnbalance(percent: number | undefined, time: number, method: string): void {
    if (percent === undefined) return;
    this.now = time;
    const tolerance = 100 * this.phaseTolerance;
    const beyond = tolerance > 0 && percent > tolerance;
    this.conditions.set('unbalance', beyond ? unbalanceFinding(percent, tolerance, method) : undefined);
  }
}

function unbalanceFinding(percent: number, tolerance: number, method: string): Finding {
  return {
    code: 'PHASE_TOLERANCE',
    severity: 'warning',
    text: `voltage unbalance ${percent.toFixed(2)} %, PHASE_TOLERANCE is ${tolerance.toFixed(2)} %`,
    hint: 'Check for a blown fuse, a loose terminal or neutral, or single-phase load on one phase.',
    detail: { unbalance: percent, tolerance, method },
  };
}
