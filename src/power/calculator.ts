import { LRUCache } from 'lru-cache';
import type { CorrectedPower, Finding, Power, Reading, WaveformFrame } from '../record';
import { MAX_METERS, MeterStreams } from '../signal';
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

/** Power of many meters, each from its own stream of frames or from its readings. */
export class PowerCalculator {
  private readonly meters: MeterStreams<PowerStream>;
  private readonly energies: EnergyRegisters;
  private readonly remarks = new LRUCache<string, MeterRemarks>({ max: MAX_METERS });
  /** Newest values by meter, for phasor diagrams. */
  readonly latest = new LatestPower();

  /** @param stored energies of an earlier run, as {@link energy} gives them */
  constructor(
    private readonly settings: CalculatorSettings,
    private readonly output: CalculatorOutput,
    stored: unknown = {},
  ) {
    this.energies = new EnergyRegisters(stored);
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
      },
      ({ names }) => {
        connect(names, settings.wiring);
      },
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

  /** Meters let go because too many spoke, frames seen twice, breaks of streams, energies dropped. */
  get counters() {
    return { ...this.meters.counters, energiesDropped: this.energies.dropped };
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
   * @throws FieldError for a frame without a voltage and its current, or sampled too slowly
   */
  push(frame: WaveformFrame): void {
    this.meters.push(frame);
  }

  /** The stream of a meter is over. */
  finish(meter: string): void {
    this.meters.finish(meter);
  }

  /**
   * Takes a reading of a meter. Of one whose waveform is heard of it is passed over: that says more.
   * @returns false for a reading that holds too little of P, Q and S, or is passed over
   */
  pushReading(reading: Reading): boolean {
    if (this.meters.newest(reading.meter)) return false;
    const { power, inconsistent } = powerOfReading(reading);
    if (!power) return false;
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
