import type { Finding, Power } from '../record';
import type { Complex } from '../signal';
import { resonanceOf } from './compensation';
import { dcRemark, reactiveRemark } from './remarks';
import type { CalculatorSettings } from './settings';
import { SteadyConditions } from './steady-conditions';
import { type Hypothesis, WiringDoctor } from './wiring';

/** What a window says of the wiring. */
export interface SeenPhasors {
  voltages: readonly Complex[];
  currents: readonly Complex[];
  /** Which currents are measured, and not worked out of the others. */
  measuredCurrents: readonly boolean[];
}

const PHASES_OF = { '1P2W': 1, '1P3W': 2, '3P3W': 3, '3P4W': 3 } as const;

/**
 * What is worth a diagnostic of one meter, each told when it begins and when it ends; over gaps of its stream, which
 * mend nothing.
 */
export class MeterRemarks {
  private time = 0;
  private readonly conditions: SteadyConditions;
  private readonly doctor: WiringDoctor;
  private readonly noLoad: number;

  constructor(
    private readonly settings: CalculatorSettings,
    private readonly tell: (time: number, finding: Finding) => void,
  ) {
    this.conditions = new SteadyConditions((finding) => tell(this.time, finding));
    this.doctor = new WiringDoctor(this.conditions);
    this.noLoad = settings.noLoad * settings.rated * settings.ct;
  }

  /** The wiring fault that was named last and still stands. */
  get wiring(): Hypothesis | undefined {
    return this.doctor.wiring;
  }

  /** A window. @param excess harmonics above their limits, as they were judged last */
  seeWindow(power: Power, phasors: SeenPhasors, excess: Finding | undefined): void {
    const { conditions, settings, doctor } = this;
    this.time = power.time;
    conditions.set('limits', excess);
    conditions.settle('dc', dcRemark(power));
    conditions.settle('resonance', resonanceOf(power));
    if (!settings.doctor) return;
    const { wiring, load } = settings;
    if (phasors.voltages.length === PHASES_OF[wiring]) {
      doctor.see(() => ({ wiring, load, noLoad: this.noLoad, ...phasors }));
    }
    conditions.settle('reactive', doctor.isContent ? reactiveRemark(power, load) : undefined);
  }

  /**
   * A record that ended before one window was measured.
   * @param seconds that it lasted @param hertz of its voltage, where it has one
   */
  seeShortRecord(time: number, seconds: number, hertz: number | undefined): void {
    this.tell(time, {
      code: 'RECORD_TOO_SHORT',
      severity: 'warning',
      text:
        hertz === undefined
          ? `no power measured: no voltage to follow in ${seconds.toFixed(3)} s`
          : `no power measured: ${(seconds * hertz).toFixed(1)} cycles are fewer than three`,
      hint: 'Record at least five cycles before and after the trigger.',
      detail: { seconds, frequency: hertz ?? null },
    });
  }

  /** A reading, and what is inconsistent in it. */
  seeReading(power: Power, inconsistent: Finding | undefined): void {
    this.time = power.time;
    this.conditions.set('consistency', inconsistent);
  }
}
