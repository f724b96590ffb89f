import type { CorrectedPower, Finding, Power, Reading, WaveformFrame } from '../record';
import { Admission, budgetOf } from '../shared';
import { MeterStreams } from '../signal';
import { connect } from './connection';
import { EnergyRegisters, type StoredEnergies } from './energy';
import { LatestPower } from './latest';
import { MeterRemarks } from './meter-remarks';
import { PowerStream, type Workshop } from './meter-stream';
import { powerOfReading } from './readings';
import type { CalculatorSettings } from './settings';
import { WindowAnalyser } from './window';

export interface CalculatorOutput {
  power(power: Power): void;
  /** Something worth a diagnostic of a meter; `time` in ms. */
  finding(meter: string, time: number, finding: Finding): void;
}

/** What a meter may come to hold here without samples, bytes. */
const BYTES_OF_READINGS = 4000;

/** Power of many meters, each from its own stream of frames or from its readings. */
export class PowerCalculator {
  private readonly meters: MeterStreams<PowerStream>;
  private readonly energies: EnergyRegisters;
  private readonly remarks = new Map<string, MeterRemarks>();
  private readonly admission: Admission;
  private newestTime = 0;
  private readingsBad = 0;
  private windowsGivenUp = 0;
  /** Newest values by meter, for phasor diagrams. */
  readonly latest = new LatestPower();

  /** @param stored energies of an earlier run, as {@link energy} gives them */
  constructor(
    private readonly settings: CalculatorSettings,
    private readonly output: CalculatorOutput,
    stored: unknown = {},
  ) {
    const budget = budgetOf(settings.maxMeters);
    this.energies = new EnergyRegisters(stored, 2 * budget.meters);
    this.admission = new Admission(budget, {
      released: (meter) => {
        this.meters.drop(meter);
        this.remarks.delete(meter);
      },
      over: (finding) => output.finding((finding.detail.meters as string[])[0], this.newestTime, finding),
    });
    const workshop = new SharedWorkshop(settings, this.energies);
    const passOn = (power: Power, corrected: CorrectedPower | undefined) => {
      this.latest.see(power, corrected);
      output.power(power);
    };
    this.meters = new MeterStreams(
      (first) => new PowerStream(first, settings, workshop, this.remarksOn(first.meter), passOn),
      (stream, why) => {
        // A window that was begun is given up: none is ever made over missing samples. A record too short for
        // one whole window has what it holds.
        if (why === 'last' || why === 'pause') stream.finish();
        else this.windowsGivenUp++;
      },
      ({ names }) => {
        connect(names, settings.wiring);
      },
      (frame) => this.admission.admits(frame.meter, bytesOf(frame)),
    );
  }

  /** Whether a frame has a voltage and its current: without them there is no power, and nothing is wrong. */
  measures({ names }: WaveformFrame): boolean {
    try {
      connect(names, this.settings.wiring);
      return true;
    } catch {
      return false;
    }
  }

  /** Meters heard of. */
  get meterCount(): number {
    return this.remarks.size;
  }

  /**
   * Meters refused or let go because too many spoke, frames seen twice, breaks of streams, windows given up at them,
   * energies dropped.
   */
  /** What may be held, and what is: meters, bytes. */
  get budget() {
    return this.admission.use;
  }

  get counters() {
    const { admission, meters, energies, readingsBad } = this;
    return {
      ...admission.counters,
      ...meters.counters,
      energiesDropped: energies.dropped,
      windowsGivenUp: this.windowsGivenUp,
      readingsBad,
    };
  }

  /** Energy registers of all meters, to be kept over a restart. */
  get energy(): StoredEnergies {
    return this.energies.stored();
  }

  /** Sets the energy registers of a meter, or of all, to zero. @returns false for a meter that has none */
  resetEnergy(meter?: string): boolean {
    const known = meter === undefined || this.energies.has(meter);
    this.energies.reset(meter);
    return known;
  }

  /**
   * Takes the next frame of a meter. A frame that does not go on where the last one ended begins new
   * windows.
   * @returns false for a meter that is not served: too many are
   * @throws FieldError for a frame without a voltage and its current, or sampled too slowly
   */
  push(frame: WaveformFrame): boolean {
    this.newestTime = frame.time;
    const taken = this.meters.push(frame);
    if (frame.last) this.admission.rest(frame.meter);
    return taken;
  }

  /** Says what is still to be said of meters that are not served. */
  close(): void {
    this.admission.close();
  }

  /** The stream of a meter is over. */
  finish(meter: string): void {
    this.meters.finish(meter);
    this.admission.rest(meter);
  }

  /**
   * Takes a reading of a meter. Of one whose waveform is heard of it is passed over: that says more.
   * @returns false for a reading that holds too little of P, Q and S, or is passed over
   */
  pushReading(reading: Reading): boolean {
    if (this.meters.newest(reading.meter)) return false;
    const { power, inconsistent } = powerOfReading(reading);
    if (!power) {
      if (reading.quality === 'bad') this.readingsBad++;
      return false;
    }
    this.newestTime = reading.time;
    if (!this.admission.admits(reading.meter, BYTES_OF_READINGS)) return true;
    this.latest.see(power, undefined);
    this.output.power(power);
    this.remarksOn(reading.meter).seeReading(power, inconsistent);
    return true;
  }

  private remarksOn(meter: string): MeterRemarks {
    let found = this.remarks.get(meter);
    if (!found) {
      found = new MeterRemarks(this.settings, (time, finding) => this.output.finding(meter, time, finding));
      this.remarks.set(meter, found);
    }
    return found;
  }
}

/** One of each tool for all meters; a meter keeps only its samples and where it is. */
class SharedWorkshop implements Workshop {
  private readonly analysers: WindowAnalyser[] = [];
  private memory: Float64Array[] = [];

  constructor(
    private readonly settings: CalculatorSettings,
    readonly energies: EnergyRegisters,
  ) {}

  analyser(length: number, cycles: number, phases: number): WindowAnalyser {
    let found = this.analysers.find((analyser) => analyser.fits(length, cycles, phases));
    if (!found) {
      found = new WindowAnalyser(length, cycles, phases, this.settings.harmonics);
      this.analysers.push(found);
    }
    return found;
  }

  buffers(count: number, length: number): Float64Array[] {
    if (this.memory.length < count || this.memory[0].length < length) {
      const most = Math.max(length, this.memory[0]?.length ?? 0);
      this.memory = Array.from({ length: Math.max(count, this.memory.length) }, () => new Float64Array(most));
    }
    return this.memory.slice(0, count).map((buffer) => buffer.subarray(0, length));
  }
}

/** What the stream of a meter comes to hold: a window and a half of samples, and a frame. */
function bytesOf({ names, rate, length }: WaveformFrame): number {
  return BYTES_OF_READINGS + names.length * 4 * (0.3 * rate + length);
}
