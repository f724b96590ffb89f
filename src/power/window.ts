import type { Channel, PhasePower, Phasor, Power } from '../record';
import { Spectrum } from '../signal';

/** Samples of one channel over a whole number of cycles, evenly spaced, as many as the spectrum is long. */
export type WindowSamples = Partial<Record<Channel, Float64Array>>;

export interface WindowOptions {
  /** Phases to report, of those whose voltage is there. */
  phases: readonly string[];
  /** Highest order of harmonics; 40 gives the THD of the standard's default (IEC 61000-4-7, 3.3). */
  harmonics: number;
  /** RMS current below which there is no load, A. */
  noLoad: number;
}

/** What one window of samples says about power: the record's fields but for its head. */
export type WindowPower = Pick<Power, 'phases' | 'total' | 'harmonics'>;

interface ChannelSpectrum {
  rms: number;
  fundamental: number;
  /** Radians against the window's start. */
  angle: number;
  thd: number;
  harmonics: number[];
}

const DEGREES = 180 / Math.PI;

/**
 * Power quantities of one window (IEEE 1459-2010, 3.1.2): P from samples, so harmonics count in it;
 * Q is that of the fundamental alone, Q1 = V1 I1 sin, so they do not.
 */
export class WindowAnalyser {
  private readonly spectrum: Spectrum;

  /**
   * @param length points of a window, a power of two
   * @param cycles cycles of the fundamental in it
   */
  constructor(
    readonly length: number,
    readonly cycles: number,
  ) {
    this.spectrum = new Spectrum(length, cycles);
  }

  /** @param samples V and A; phases whose voltage is missing are left out */
  analyse(samples: WindowSamples, options: WindowOptions): WindowPower {
    const names = Object.keys(samples) as Channel[];
    const spectra = Object.fromEntries(
      names.map((name) => [name, this.channel(samples[name] as Float64Array, options.harmonics)]),
    ) as Partial<Record<Channel, ChannelSpectrum>>;
    // All angles against the first voltage, as phasor diagrams are drawn.
    const origin = (spectra.va ?? spectra[names[0]])?.angle ?? 0;
    const phases: Record<string, PhasePower> = {};
    for (const phase of options.phases) {
      const v = samples[`v${phase}` as Channel];
      const i = samples[`i${phase}` as Channel];
      const sv = spectra[`v${phase}` as Channel];
      const si = spectra[`i${phase}` as Channel];
      if (v && i && sv && si) phases[phase] = phasePower(meanProduct(v, i), sv, si, origin, options.noLoad);
    }
    const harmonics = Object.fromEntries(names.map((name) => [name, spectra[name]?.harmonics ?? []]));
    return { phases, total: total(Object.values(phases)), harmonics };
  }

  private channel(points: Float64Array, highest: number): ChannelSpectrum {
    const { spectrum } = this;
    spectrum.transform(points);
    const harmonics = Array.from({ length: highest + 1 }, (_, order) => spectrum.subgroup(order));
    return {
      rms: Math.sqrt(meanProduct(points, points)),
      fundamental: spectrum.line(this.cycles),
      angle: spectrum.angle(1),
      thd: spectrum.thd(highest),
      harmonics,
    };
  }
}

function phasePower(
  p: number,
  v: ChannelSpectrum,
  i: ChannelSpectrum,
  origin: number,
  noLoad: number,
): PhasePower {
  const angle = wrap(v.angle - i.angle);
  const s = v.rms * i.rms;
  const s1 = v.fundamental * i.fundamental;
  const p1 = s1 * Math.cos(angle);
  const q1 = s1 * Math.sin(angle);
  const result: PhasePower = {
    v: v.rms,
    i: i.rms,
    p,
    q: q1,
    s,
    p1,
    q1,
    s1,
    v1: phasor(v, origin),
    i1: phasor(i, origin),
  };
  if (v.fundamental > 0 && Number.isFinite(v.thd)) result.thdV = v.thd;
  // Without a current worth the name there is no angle, and no share of harmonics in it.
  if (i.rms > noLoad && s > 0 && s1 > 0) {
    result.pf = p / s;
    result.dpf = p1 / s1;
    result.angle = angle * DEGREES;
    result.thdI = i.thd;
  }
  return result;
}

function total(phases: PhasePower[]): WindowPower['total'] {
  const sum = (pick: (phase: PhasePower) => number) => phases.reduce((acc, phase) => acc + pick(phase), 0);
  const p = sum((phase) => phase.p);
  const q = sum((phase) => phase.q1);
  // Arithmetic apparent power (IEEE 1459, 3.2.2.6); the effective one comes beside it under its own name.
  const s = sum((phase) => phase.s);
  const result: WindowPower['total'] = { p, q, s };
  if (phases.some((phase) => phase.pf !== undefined)) {
    result.pf = p / s;
    const p1 = sum((phase) => phase.p1);
    result.dpf = p1 / Math.hypot(p1, q);
  }
  return result;
}

function phasor(spectrum: ChannelSpectrum, origin: number): Phasor {
  return { mag: spectrum.fundamental, angle: wrap(spectrum.angle - origin) * DEGREES };
}

function meanProduct(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let n = 0; n < a.length; n++) sum += a[n] * b[n];
  return sum / a.length;
}

function wrap(angle: number): number {
  return angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
}
