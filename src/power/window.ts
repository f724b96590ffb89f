import type { Power } from '../record';
import { add, type Complex, divide, type Lines, magnitude, polar, Spectrum } from '../signal';
import { groups, interharmonics, squaresOf, subgroups } from './harmonics';
import { MEAN_MARGIN, type PhaseMeans, WindowMeans } from './means';
import { type ChannelValues, type MeasuredPhase, type PhaseValues, phasePower, phaseValues } from './phase';
import { originOf, sequenceOf, totalOf } from './total';
import { zeroCrossingAngle } from './zero-crossing';

export interface WindowOptions {
  /** Names of the phases, in the order of the samples. */
  phases: readonly string[];
  /** Highest order of harmonics that the rate shows. */
  highest: number;
  /** RMS current up to which there is no load, A. */
  noLoad: number;
  /** Maximum demand load current IL, A. */
  demand: number;
  threeWire: boolean;
  /** Phase displacement of the current's transformers against those of the voltage, degrees. */
  displacement: number;
  /** Whether groups and interharmonics are wanted too. */
  detail: boolean;
}

/** A window of samples. */
export interface Window {
  /** Voltage and current of each phase in turn, V and A; {@link windowMargin} samples beside the window are there. */
  samples: readonly Float64Array[];
  /** Neutral current, where it is measured. */
  neutral?: Float64Array;
  /** Position of its start in the samples, and its length, which need not be whole. */
  start: number;
  length: number;
}

/** What one window says: the record's fields but for its head, and the phasors behind them. */
export interface WindowPower
  extends Pick<Power, 'total' | 'sequence' | 'harmonics' | 'groups' | 'interharmonics'> {
  phases: Record<string, MeasuredPhase>;
  voltages: Complex[];
  currents: Complex[];
  /** The same, free of what stands beside the fundamental where it is steady: for who compares angles. */
  steady: { voltages: Complex[]; currents: Complex[] };
}

/** Samples on each side of a window that are looked at, for its kernels and fades. */
export function windowMargin(rate: number): number {
  // A kernel over more samples than there are points is stretched: by 1 for each 10 kHz.
  return MEAN_MARGIN + Math.ceil(rate / 1000);
}

/** Highest frequency in parts of the lower rate up to which harmonics are measured. */
export const USABLE = 0.45;

/**
 * Power quantities of one window of a whole number of cycles (IEEE 1459-2010, IEC 61000-4-7): P and RMS from the
 * samples, harmonics and fundamentals from their spectrum.
 *
 * The fundamental is the line of the plain (rectangular) window (IEC 61000-4-7, 4.4.1), so P and Q1 speak of the
 * same samples with the same weight. For the wiring check there is a second one, weighed by (1 - cos)², whose lines
 * die away fast: an interharmonic of 10 % that stands on no line, four and a half lines away or more, moves it by
 * less than 1e-4, where the plain line moves by 7e-3.
 *
 * Holds memory between windows, and serves any number of streams one after the other.
 */
export class WindowAnalyser {
  private readonly spectra: Spectrum;
  private readonly squares: Float64Array;
  private readonly means = new WindowMeans();
  private readonly phaseMeans: PhaseMeans[];
  private readonly points: number;

  /**
   * @param length samples of a window, about: gives the number of points
   * @param cycles of the fundamental in a window
   * @param phases number of phases
   * @param orders highest order ever wanted
   */
  constructor(
    length: number,
    readonly cycles: number,
    phases: number,
    orders: number,
  ) {
    this.points = pointsFor(length, cycles);
    const count = Math.min(this.points / 2, Math.ceil((orders + 0.5) * cycles) + 1);
    this.spectra = new Spectrum(this.points, cycles, count, phases);
    this.squares = new Float64Array(count);
    this.phaseMeans = Array.from({ length: phases }, () => ({ vv: 0, ii: 0, vi: 0, vPeak: 0, iPeak: 0 }));
  }

  /** Whether windows of this length are for this analyser. */
  fits(length: number, cycles: number, phases: number): boolean {
    return (
      cycles === this.cycles && phases === this.phaseMeans.length && pointsFor(length, cycles) === this.points
    );
  }

  analyse(window: Window, options: WindowOptions): WindowPower {
    const { samples, start, length } = window;
    const { cycles, means, phaseMeans } = this;
    const { phases, highest } = options;
    const reach = ((highest + 0.5) * cycles) / Math.min(length, this.points);
    const lines = this.spectra.of(samples, start, length, Math.min(USABLE, reach));
    means.set(start, start + length, cycles);
    const turn = polar(1, (options.displacement * Math.PI) / 180);
    const values = phases.map((_, k): PhaseValues => {
      const [v, i] = [samples[2 * k], samples[2 * k + 1]];
      const m = means.ofPhase(v, i, phaseMeans[k]);
      return phaseValues(
        this.channel(v, lines[2 * k], Math.sqrt(m.vv), m.vPeak, highest),
        this.channel(i, lines[2 * k + 1], Math.sqrt(m.ii), m.iPeak, highest),
        m.vi,
        turn,
      );
    });
    const origin = originOf(values.map(({ v }) => v.fundamental));
    const result: Record<string, MeasuredPhase> = {};
    phases.forEach((phase, k) => {
      result[phase] = phasePower(values[k], phaseMeans[k], {
        ...options,
        cycles,
        origin,
        crossingAngle: zeroCrossingAngle(
          samples[2 * k],
          samples[2 * k + 1],
          start,
          start + length,
          length / cycles,
        ),
      });
    });
    return {
      phases: result,
      total: totalOf(values, { ...options, ...this.sums(window) }),
      sequence: sequenceOf(values),
      harmonics: this.named(phases, (k) => (k % 2 ? values[k >> 1].i : values[k >> 1].v).orders),
      ...(options.detail ? this.detail(lines, options) : {}),
      voltages: values.map(({ v }) => v.fundamental),
      currents: values.map(({ i }) => i.fundamental),
      steady: {
        voltages: phases.map((_, k) => steadyPhasor(lines[2 * k], this.cycles)),
        currents: phases.map((_, k) => steadyPhasor(lines[2 * k + 1], this.cycles)),
      },
    };
  }

  private sums({ samples, neutral }: Window): { voltageSum: number; neutral: number } {
    if (samples.length !== 6) return { voltageSum: 0, neutral: 0 };
    const [va, ia, vb, ib, vc, ic] = samples;
    return {
      voltageSum: this.means.ofSum(va, vb, vc),
      neutral: neutral ? this.means.ofSquare(neutral) : this.means.ofSum(ia, ib, ic),
    };
  }

  private channel(
    samples: Float64Array,
    lines: Lines,
    rms: number,
    peak: number,
    highest: number,
  ): ChannelValues {
    const squares = squaresOf(lines, this.squares);
    return {
      rms,
      peak,
      lines,
      fundamental: this.means.line(samples),
      orders: subgroups(squares, this.cycles, highest),
    };
  }

  private detail(lines: readonly Lines[], { phases, highest }: WindowOptions) {
    const of = (spectrum: typeof groups) =>
      this.named(phases, (k) => spectrum(squaresOf(lines[k], this.squares), this.cycles, highest));
    return { groups: of(groups), interharmonics: of(interharmonics) };
  }

  /** By channel: `va`, `ia`, `vb` ... */
  private named(phases: readonly string[], of: (index: number) => number[]): Record<string, number[]> {
    return Object.fromEntries(
      phases.flatMap((phase, k) => [
        [`v${phase}`, of(2 * k)],
        [`i${phase}`, of(2 * k + 1)],
      ]),
    );
  }
}

/** What lies beside the fundamental, in parts of it, from which it counts as unsteady. */
const UNSTEADY = 1e-3;

/** The fundamental's phasor for comparing angles: of the weighed window where it is steady, else the plain line. */
function steadyPhasor(lines: Lines, k: number): Complex {
  // The window's skirts need two lines on either side.
  if (k < 3) return { re: lines.re[k], im: lines.im[k] };
  const weighed = weighedLine(lines, k);
  if (!(magnitude(weighed) > 0)) return { re: lines.re[k], im: lines.im[k] };
  // Of a steady fundamental alone, the lines beside it are minus two thirds of it; a frequency that was found a
  // little wrong adds to one what it takes from the other, in phase.
  const below = add(divide(weighedLine(lines, k - 1), weighed), TWO_THIRDS);
  const above = add(divide(weighedLine(lines, k + 1), weighed), TWO_THIRDS);
  const isSteady = magnitude(add(below, above)) <= UNSTEADY && Math.abs(above.im - below.im) <= UNSTEADY;
  return isSteady ? weighed : { re: lines.re[k], im: lines.im[k] };
}

const TWO_THIRDS: Complex = { re: 2 / 3, im: 0 };

/** The line as a window of (1 - cos)² gives it: made of the plain window's line and its neighbours. */
function weighedLine({ re, im }: Lines, k: number): Complex {
  const of = (x: Float64Array) => x[k] - (x[k - 1] + x[k + 1]) * (2 / 3) + (x[k - 2] + x[k + 2]) / 6;
  return { re: of(re), im: of(im) };
}

/** Points for order 63 and half an order more: 2048 for 10 and 12 cycles, 1024 for 5 and 6; fewer for fewer samples. */
function pointsFor(length: number, cycles: number): number {
  const most = cycles > 6 ? 2048 : 1024;
  return Math.min(most, 2 ** Math.ceil(Math.log2(length)));
}
