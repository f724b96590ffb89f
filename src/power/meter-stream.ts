import type { Channel, CorrectedPower, Finding, Power, WaveformFrame } from '../record';
import { FrameHistory, magnitude, steadyFrequency } from '../signal';
import { compensationOf } from './compensation';
import { type Connection, connect, type Sum } from './connection';
import { CycleTracker, type CycleWindow } from './cycle-tracker';
import type { EnergyRegisters } from './energy';
import { excessFinding, LimitWatch } from './limits';
import type { MeterRemarks, SeenPhasors } from './meter-remarks';
import type { CalculatorSettings } from './settings';
import { USABLE, type WindowAnalyser, type WindowPower, windowMargin } from './window';
import { correctedPower } from './wiring';

/** Cycles that a short record must have to be measured: the lines beside the fundamental are then not its harmonics. */
const LEAST_CYCLES = 3;
/** Part of a cycle that may lack at the end of a record of whole cycles. */
const NEARLY = 0.02;

/** What streams of all meters share: no two windows are worked on at once. */
export interface Workshop {
  analyser(length: number, cycles: number, phases: number): WindowAnalyser;
  /** Memory for so many samples of so many channels; what it holds lasts until the next call. */
  buffers(count: number, length: number): Float64Array[];
  energies: EnergyRegisters;
}

/**
 * One unbroken stretch of waveform of one meter, cut into windows of a whole number of cycles, side by side. Each
 * is as long as its own fundamental says, at any frequency and rate (IEC 61000-4-7, 4.4.1).
 */
export class PowerStream {
  private readonly history = new FrameHistory();
  private readonly connection: Connection;
  private readonly tracker: CycleTracker;
  private readonly limits: LimitWatch;
  private readonly rate: number;
  private readonly meter: string;
  private readonly demand: number;
  /** Where the next window begins. */
  private start: number;
  /** Samples on each side of a window. */
  private readonly edge: number;
  private excess: Finding | undefined;
  /** Phase whose voltage is followed first. */
  private leader = 0;

  constructor(
    first: WaveformFrame,
    private readonly settings: CalculatorSettings,
    private readonly workshop: Workshop,
    private readonly remarks: MeterRemarks,
    private readonly output: (power: Power, corrected: CorrectedPower | undefined) => void,
  ) {
    this.connection = connect(first.names, settings.wiring);
    this.rate = first.rate;
    this.meter = first.meter;
    this.edge = this.start = windowMargin(first.rate);
    this.demand = settings.demand || settings.rated * settings.ct;
    this.tracker = new CycleTracker(settings, first.rate);
    this.limits = new LimitWatch(settings);
  }

  /** The next frame, beginning where the last one ended. */
  push(frame: WaveformFrame): void {
    this.history.push(frame);
    while (this.history.end - this.start >= this.tracker.reach + this.edge) {
      // Where the frequency fell, the window is longer than was thought: more samples are to come.
      if (!this.measureNext()) break;
    }
    this.history.trim(this.start - this.edge);
  }

  /**
   * The record ends or pauses here. One that was too short for a first window is measured over the whole cycles that
   * it has, from three on, under a flag; a shorter one is reported as not measured.
   */
  finish(): void {
    const { history, rate, edge, connection, settings } = this;
    if (this.start > edge || history.end === 0) return;
    const samples = this.load(0, history.end);
    const voltages = connection.phases.map((_, k) => Float32Array.from(samples[2 * k]));
    const hertz = steadyFrequency(voltages, rate)?.frequency;
    const whole = hertz === undefined ? 0 : Math.floor((history.end * hertz) / rate + NEARLY);
    const cycles = Math.min(
      whole,
      hertz !== undefined && hertz > 55 ? (settings.window * 6) / 5 : settings.window,
    );
    if (hertz === undefined || cycles < LEAST_CYCLES) {
      this.remarks.seeShortRecord(history.timeOf(history.end), history.end / rate, hertz);
      return;
    }
    const frequency = hertz / rate;
    const length = cycles / frequency;
    // Beside a window of whole cycles its samples come again: what is missing there is taken from its other end.
    const period = Math.min(history.end, Math.round(length));
    const around = samples.map((own) =>
      Float64Array.from(
        { length: period + 2 * edge + 1 },
        (_, k) => own[(k - edge + edge * period) % period],
      ),
    );
    this.start = 0;
    this.report(around, edge, { length, cycles, frequency, followed: true }, [
      `window of ${cycles} cycles: short record`,
    ]);
  }

  /** Finds and measures the next window, unless it reaches beyond the newest sample. */
  private measureNext(): boolean {
    const { history, edge, tracker } = this;
    const from = Math.max(0, Math.floor(this.start) - edge);
    const start = this.start - from;
    // As many samples as are sure to be there: what is found must not depend on how many came at once.
    const loaded = Math.floor(start + tracker.reach + edge);
    let samples = this.load(from, loaded);
    const window = tracker.find(this.voltagesOf(samples), start);
    const { length, followed } = window;
    if (this.start + length + edge > history.end) return false;
    if (start + length + edge > loaded) samples = this.load(from, Math.floor(start + length + edge));
    tracker.take(window);
    this.report(samples, start, window, followed ? [] : ['no voltage to follow: frequency carried on']);
    return true;
  }

  /**
   * Measures a window and sends its record.
   * @param start of the window in the samples
   * @param flags of the record, beside those of the measurement
   */
  private report(samples: Float64Array[], start: number, window: CycleWindow, flags: string[]): void {
    const { settings, connection, history, workshop } = this;
    const { length, cycles } = window;
    const analyser = workshop.analyser(length, cycles, connection.phases.length);
    const highest = this.highestOrder(window);
    const result = analyser.analyse(
      {
        samples: samples.slice(0, 2 * connection.phases.length),
        neutral: connection.neutral ? samples[2 * connection.phases.length] : undefined,
        start,
        length,
      },
      {
        phases: connection.phases,
        highest,
        noLoad: settings.noLoad * settings.rated * settings.ct,
        demand: this.demand,
        threeWire: settings.wiring === '3P3W',
        displacement: settings.ctAngle - settings.ptAngle,
        detail: settings.detail,
      },
    );
    this.follow(result);
    this.start += length;
    const { voltages: _v, currents: _i, steady: _s, ...values } = result;
    const power: Power = {
      kind: 'power',
      meter: this.meter,
      time: Math.round(history.timeOf(this.start) * 1000) / 1000,
      window: length / this.rate,
      frequency: window.frequency * this.rate,
      ...values,
      flags: [
        ...(highest < settings.harmonics ? [`harmonics to order ${highest}: sampling rate`] : []),
        ...flags,
      ],
    };
    this.complete(power);
    const { wiring } = this.remarks;
    const corrected = wiring && correctedPower(result, wiring);
    // A record of its own: whoever the first one is sent to may change it.
    if (settings.corrected && wiring) power.corrected = correctedPower(result, wiring);
    this.output(power, corrected);
    this.remarks.seeWindow(power, this.phasorsOf(result), this.excess);
  }

  /** Adds what is worked out of the measured values. */
  private complete(power: Power): void {
    const { settings, workshop } = this;
    const { pf, p, q } = power.total;
    const loaded = pf !== undefined;
    power.energy = workshop.energies.add(power.meter, loaded ? p : 0, loaded ? q : 0, power.window ?? 0);
    if (settings.targetPf > 0) {
      const compensation = compensationOf(power, { ...settings, demand: this.demand });
      if (compensation) power.compensation = compensation;
    }
    const exceeded = this.limits.see(power);
    if (exceeded) {
      power.limits = { table: settings.limits, exceeded };
      this.excess = excessFinding(settings.limits, exceeded);
    }
  }

  /** What the wiring is judged by: phasors of the primary side. */
  private phasorsOf({ steady: { voltages, currents } }: WindowPower): SeenPhasors {
    const { ctAngle, ptAngle } = this.settings;
    return {
      voltages,
      currents: currents.map((current) => turnedBack(current, ctAngle - ptAngle)),
      measuredCurrents: this.connection.currents.map((sum) => sum.length === 1),
    };
  }

  /** Voltages of the phases, the one that is followed first. */
  private voltagesOf(samples: readonly Float64Array[]): Float64Array[] {
    const voltages = this.connection.phases.map((_, k) => samples[2 * k]);
    return [voltages[this.leader], ...voltages];
  }

  /** Highest order that rate and grid show. */
  private highestOrder({ length, cycles }: CycleWindow): number {
    return Math.max(1, Math.min(this.settings.harmonics, Math.floor((USABLE * length) / cycles - 0.5)));
  }

  /** The phase whose voltage is followed: the first one that is at least half as high as the highest. */
  private follow({ voltages }: WindowPower): void {
    const highest = Math.max(...voltages.map(magnitude));
    const found = voltages.findIndex((v) => magnitude(v) >= highest / 2);
    this.leader = Math.max(0, found);
  }

  /** Samples `[from, from + length)` of all phases in V and A of the primary side, voltage and current in turn. */
  private load(from: number, length: number): Float64Array[] {
    const { connection, workshop, settings } = this;
    const sums: { sum: Sum; ratio: number }[] = connection.phases.flatMap((_, k) => [
      { sum: connection.voltages[k], ratio: settings.pt },
      { sum: connection.currents[k], ratio: settings.ct },
    ]);
    if (connection.neutral) sums.push({ sum: [['in' as Channel, 1]], ratio: settings.ct });
    const buffers = workshop.buffers(sums.length, length);
    sums.forEach(({ sum, ratio }, k) => {
      const [[first, factor], ...others] = sum;
      // Copied at once, and scaled only where there is a scale: a loop over all samples costs ten times that.
      this.history.read(first, from, buffers[k]);
      scaleBy(factor * ratio, buffers[k]);
      for (const [channel, share] of others) this.history.add(channel, from, share * ratio, buffers[k]);
    });
    return buffers;
  }
}

function scaleBy(factor: number, samples: Float64Array): void {
  if (factor !== 1) for (let n = 0; n < samples.length; n++) samples[n] *= factor;
}

/** The current as it is on the primary side, where its transformer leads by so many degrees. */
function turnedBack({ re, im }: { re: number; im: number }, degrees: number) {
  if (degrees === 0) return { re, im };
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return { re: re * cos + im * sin, im: im * cos - re * sin };
}
