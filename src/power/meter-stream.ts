import { CHANNELS, type Channel, isVoltage, type Power, type WaveformFrame } from '../record';
import { FrameHistory, HalfPeriods, resample, resampleMargin } from '../signal';
import type { CalculatorSettings, Wiring } from './settings';
import { WindowAnalyser, type WindowSamples } from './window';

/** Points of a resampled window: order 63 of 12 cycles stands at line 756 of 1024. */
const POINTS = 2048;
/** Part of Nyquist up to which harmonics are measured; the rest is the resampler's transition. */
const USABLE = 0.9;
/** Fundamental of the voltage below which no cycles can be counted, V. */
const FLOOR = 1;

const PHASES: Record<Wiring, readonly string[]> = {
  '1P2W': ['a'],
  '1P3W': ['a', 'b'],
  '3P4W': ['a', 'b', 'c'],
};

/**
 * One unbroken stretch of waveform of one meter, cut into windows of a whole number of cycles of its
 * first voltage. Each window is resampled to {@link POINTS} points, so that the lines of its spectrum
 * stand on the harmonics at any frequency and any rate (IEC 61000-4-7, 4.4.1).
 */
export class PowerStream {
  private readonly halfPeriods: HalfPeriods;
  private readonly history = new FrameHistory();
  private readonly channels: Channel[];
  private readonly reference: Channel;
  private readonly points: WindowSamples;
  private readonly analysers = new Map<number, WindowAnalyser>();
  private windowStart = Number.NaN;
  private halves = 0;
  private readonly due: { start: number; end: number; cycles: number }[] = [];

  constructor(
    first: WaveformFrame,
    private readonly settings: CalculatorSettings,
    private readonly output: (power: Power) => void,
  ) {
    const phases = PHASES[settings.wiring];
    this.channels = first.names.filter((name) => phases.includes(name.slice(1)) && name in CHANNELS);
    this.reference = referenceChannel(this.channels) as Channel;
    this.points = Object.fromEntries(this.channels.map((name) => [name, new Float64Array(POINTS)]));
    this.halfPeriods = new HalfPeriods({
      rate: first.rate,
      frequency: settings.frequency === 'auto' ? 55 : settings.frequency,
      floor: FLOOR,
    });
  }

  /** The next frame, beginning where the last one ended. */
  push(frame: WaveformFrame): void {
    this.history.push(frame);
    const samples = frame.channel(this.reference) as Float32Array;
    this.halfPeriods.push(samples, 0, samples.length, this.onBoundary);
    this.settle(frame, frame.last === true);
  }

  private readonly onBoundary = (position: number): void => {
    if (Number.isNaN(this.windowStart)) {
      this.windowStart = position;
      this.halves = 0;
      return;
    }
    const per50Hz = this.settings.window;
    const cycles = this.halfPeriods.frequency > 55 ? (per50Hz * 6) / 5 : per50Hz;
    if (++this.halves < 2 * cycles) return;
    this.due.push({ start: this.windowStart, end: position, cycles });
    this.windowStart = position;
    this.halves = 0;
  };

  /** Computes the windows whose samples, with those beyond the end that resampling needs, have come. */
  private settle(frame: WaveformFrame, last: boolean): void {
    while (this.due.length) {
      const window = this.due[0];
      const margin = resampleMargin((window.end - window.start) / POINTS);
      if (!last && this.history.end < window.end + margin) break;
      this.due.shift();
      this.output(this.measure(frame, window));
    }
    const oldest = this.due[0]?.start ?? this.windowStart;
    const reach = Number.isNaN(oldest) ? this.history.end - this.halfPeriods.reach : oldest;
    this.history.trim(reach - resampleMargin((frame.rate * 0.3) / POINTS) - 1);
  }

  private measure(frame: WaveformFrame, window: { start: number; end: number; cycles: number }): Power {
    const { start, end, cycles } = window;
    const { settings, history } = this;
    const ratio = (end - start) / POINTS;
    const margin = resampleMargin(ratio);
    const from = Math.max(0, Math.floor(start) - margin);
    const raw = new Float32Array(Math.min(Math.ceil(end) + margin, history.end) - from);
    for (const name of this.channels) {
      history.read(name, from, raw);
      const points = this.points[name] as Float64Array;
      resample(raw, start - from, ratio, points);
      const scale = isVoltage(name) ? settings.pt : settings.ct;
      if (scale !== 1) for (let n = 0; n < points.length; n++) points[n] *= scale;
    }
    const seconds = (end - start) / frame.rate;
    const frequency = cycles / seconds;
    const highest = Math.min(settings.harmonics, Math.floor((USABLE * frame.rate) / 2 / frequency));
    const result = this.analyser(cycles).analyse(this.points, {
      phases: PHASES[settings.wiring],
      harmonics: highest,
      noLoad: settings.noLoad * settings.rated * settings.ct,
    });
    return {
      kind: 'power',
      meter: frame.meter,
      time: Math.round(history.timeOf(end) * 1000) / 1000,
      window: seconds,
      frequency,
      ...result,
      flags: highest < settings.harmonics ? [`harmonics to order ${highest}: sampling rate`] : [],
    };
  }

  private analyser(cycles: number): WindowAnalyser {
    let analyser = this.analysers.get(cycles);
    if (!analyser) {
      analyser = new WindowAnalyser(POINTS, cycles);
      this.analysers.set(cycles, analyser);
    }
    return analyser;
  }
}

/** The voltage whose cycles count: the first of a, b, c that is there. */
export function referenceChannel(names: readonly Channel[]): Channel | undefined {
  return (['va', 'vb', 'vc'] as const).find((name) => names.includes(name));
}

/** Pairs of voltage and current that this wiring measures and the frame has. */
export function measuredPhases(names: readonly Channel[], wiring: Wiring): string[] {
  return PHASES[wiring].filter(
    (phase) => names.includes(`v${phase}` as Channel) && names.includes(`i${phase}` as Channel),
  );
}
