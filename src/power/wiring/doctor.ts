import type { Conditions, CorrectedPower, Finding, Phasor } from '../../record';
import { argument, type Complex, conjugate, degreesFrom, magnitude, multiply } from '../../signal';
import { correct, type Diagnosis, diagnose, movesOf } from './diagnose';
import type { Hypothesis, Measured } from './hypotheses';

/** Windows from one look to the next, and looks that must agree: a change of load is no fault. */
const EVERY = 5;
const AGREEING = 3;

/** Looks at the phasors of one meter now and then, and tells what stands. */
export class WiringDoctor {
  private windows = 0;
  private looks = 0;
  private last = '';
  private told: Diagnosis | undefined;

  constructor(private readonly conditions: Conditions) {}

  /** The fault that was named last and still stands. */
  get wiring(): Hypothesis | undefined {
    return this.told?.wiring;
  }

  /** Nothing was found to be wrong: all is right, or nothing is certain. */
  get isContent(): boolean {
    return this.told?.findings.every(({ code }) => code === 'WIRING_UNCLEAR') === true;
  }

  see(measured: () => Measured): void {
    if (this.windows++ % EVERY !== 0) return;
    const diagnosis = diagnose(measured());
    const keys = diagnosis.findings.map(keyOf);
    this.looks = keys.join() === this.last ? this.looks + 1 : 1;
    this.last = keys.join();
    if (this.looks < AGREEING) return;
    for (const finding of this.told?.findings ?? []) {
      if (!keys.includes(keyOf(finding))) this.conditions.set(keyOf(finding), undefined);
    }
    for (const finding of diagnosis.findings) this.conditions.set(keyOf(finding), finding);
    this.told = diagnosis;
  }
}

/** A fault and where it is: each ends when it is mended, whatever else stands. */
function keyOf({ code, detail }: Finding): string {
  return `${code} ${JSON.stringify(detail.inputs ?? detail.phases ?? '')}`;
}

/** Fundamental powers as they would be with a wiring fault mended. */
export function correctedPower(
  { voltages, currents }: { voltages: readonly Complex[]; currents: readonly Complex[] },
  wiring: Hypothesis,
): CorrectedPower {
  const v = correct(voltages, wiring.voltages);
  const i = correct(currents, wiring.currents);
  const origin = argument(v[0] ?? { re: 1, im: 0 });
  const phases: CorrectedPower['phases'] = {};
  const total = { p1: 0, q1: 0 };
  v.forEach((voltage, k) => {
    const current = i[k];
    if (!voltage || !current) return;
    const { re: p1, im: q1 } = multiply(voltage, conjugate(current));
    const s1 = Math.hypot(p1, q1);
    phases['abc'[k]] = {
      p1,
      q1,
      ...(s1 > 0 ? { dpf: p1 / s1, angle: (Math.atan2(q1, p1) * 180) / Math.PI } : {}),
      v1: phasor(voltage, origin),
      i1: phasor(current, origin),
    };
    total.p1 += p1;
    total.q1 += q1;
  });
  const s1 = Math.hypot(total.p1, total.q1);
  return { moves: movesOf(wiring), phases, total: { ...total, ...(s1 > 0 ? { dpf: total.p1 / s1 } : {}) } };
}

function phasor(value: Complex, origin: number): Phasor {
  return { mag: magnitude(value), angle: degreesFrom(origin, value) };
}
