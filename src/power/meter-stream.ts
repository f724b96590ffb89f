import type { Channel, CorrectedPower, Finding, Power, WaveformFrame } from '../record';
import { FrameHistory, magnitude } from '../signal';
import { compensationOf } from './compensation';
import { type Connection, connect, type Sum } from './connection';
import { CycleTracker, type CycleWindow } from './cycle-tracker';
import type { EnergyRegisters } from './energy';
import { excessFinding, LimitWatch } from './limits';
import type { MeterRemarks, SeenPhasors } from './meter-remarks';
import type { CalculatorSettings } from './settings';
import { USABLE, type WindowAnalyser, type WindowPower, windowMargin } from './window';
import { correctedPower } from './wiring';

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
  private readonly demand: number;
  private time = 0;
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
    this.edge = this.start = windowMargin(first.rate);
    this.demand = settings.demand || settings.rated * settings.ct;
    this.tracker = new CycleTracker(settings, first.rate);
    this.limits = new LimitWatch(settings);
  }

  /** The next frame, beginning where the last one ended. */
  push(frame: WaveformFrame): void {
    this.history.push(frame);
    while (this.history.end - this.start >= this.tracker.reach + this.edge) {
      const measured = this.measure(frame.meter);
      // The frequency fell, and the window is longer than was thought: more samples are to come.
      if (!measured) break;
      this.output(measured.power, measured.corrected);
      this.remarks.seeWindow(measured.power, this.phasorsOf(measured.result), this.excess);
    }
    this.history.trim(this.start - this.edge);
  }

  private measure(
    meter: string,
  ): { power: Power; result: WindowPower; corrected?: CorrectedPower } | undefined {
    const { settings, connection, history, workshop, edge, tracker } = this;
    const from = Math.max(0, Math.floor(this.start) - edge);
    const start = this.start - from;
    // As many samples as are sure to be there: what is found must not depend on how many came at once.
    const loaded = Math.floor(start + tracker.reach + edge);
    let samples = this.load(from, loaded);
    const window = tracker.find(this.voltagesOf(samples), start);
    const { length, cycles, followed } = window;
    if (this.start + length + edge > history.end) return undefined;
    if (start + length + edge > loaded) samples = this.load(from, Math.floor(start + length + edge));
    tracker.take(window);
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
    this.time = Math.round(history.timeOf(this.start) * 1000) / 1000;
    const seconds = length / this.rate;
    const { voltages: _v, currents: _i, ...values } = result;
    const power: Power = {
      kind: 'power',
      meter,
      time: this.time,
      window: seconds,
      frequency: window.frequency * this.rate,
      ...values,
      flags: [
        ...(highest < settings.harmonics ? [`harmonics to order ${highest}: sampling rate`] : []),
        ...(followed ? [] : ['no voltage to follow: frequency carried on']),
      ],
    };
    this.complete(power);
    const { wiring } = this.remarks;
    const corrected = wiring && correctedPower(result, wiring);
    // A record of its own: whoever the first one is sent to may change it.
    if (settings.corrected && wiring) power.corrected = correctedPower(result, wiring);
    return { power, result, corrected };
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
  private phasorsOf({ voltages, currents }: WindowPower): SeenPhasors {
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
