import { randoms } from '../power/tones';

/** A transformer of a made-up network. */
export interface MadeTransformer {
  name: string;
  feeder: string;
  /** Phases of its customers, in turn: `abc` for three, `a` for a service transformer of one. */
  phases: string;
  customers: number;
  /** Phases on which it has a reference of its own. */
  references?: string;
}

export interface NetworkOptions {
  seed: number;
  transformers: readonly MadeTransformer[];
  days?: number;
  /** s */
  interval?: number;
  /** What all phases have in common: 1 as on a low-voltage feeder, 4 for a correlation of 0.95. */
  common?: number;
  /** What each phase has alone, against a network with much of it. */
  own?: number;
  /** Accuracy class of the meters, %: each value is off by up to so much, evenly. */
  accuracy?: number;
  /** Steps of the values, V. */
  resolution?: number;
  /** Part of the records that are wrong. */
  wrongRecords?: number;
  /** Feeders with sensors on the medium voltage, as references of the feeder, and the phases that they have. */
  sensors?: Record<string, string>;
  /** What customers draw, against a calm network: 3 makes a meter as little like a reference as on a long rural line. */
  strength?: number;
  /** Part of the values that are missing, at random. */
  blank?: number;
}

export interface Network {
  interval: number;
  start: number;
  /** V by interval, NaN where nothing came. */
  series: Map<string, Float64Array>;
  meters: { meter: string; transformer: string; feeder: string; phase: string }[];
  references: { meter: string; transformer: string; feeder: string; phase: string }[];
  /** VA by interval, of customers. */
  power: Map<string, Float64Array>;
  truth: Map<string, string>;
}

const START = 1_700_006_400_000;
/** Intervals of the simulation, s. */
const STEP = 300;
const NOMINAL = 230;

/**
 * A medium-voltage network with feeders, transformers, lines and customers, solved in steps of five minutes: the
 * substation's voltage and its taps, what each feeder and phase draws, drops over transformers, over the shared part
 * of lines, in the neutral, and over each customer's own service. Nothing in it is taken from the engine.
 */
export function makeNetwork(options: NetworkOptions): Network {
  const { seed, transformers, days = 7, interval = 300, common = 1, own = 1, accuracy = 0.2 } = options;
  const { resolution = 0.1, wrongRecords = 0.1, sensors = {}, blank = 0, strength = 1 } = options;
  const random = randoms(seed);
  const gauss = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const steps = Math.round((days * 86_400) / STEP);
  const hour = (i: number) => ((i * STEP) / 3600) % 24;
  const wander = (memory: number, size: number) => {
    let x = size * gauss();
    const kick = size * Math.sqrt(1 - memory * memory);
    return Float64Array.from({ length: steps }, () => (x = memory * x + kick * gauss()));
  };
  const add = (...parts: Float64Array[]) =>
    Float64Array.from({ length: steps }, (_, i) => parts.reduce((sum, part) => sum + part[i], 0));
  // Substation: what all see, taps included.
  let tap = 0;
  const slow = wander(0.985, 1.3);
  const quick = wander(0.6, 0.35);
  const shared = Float64Array.from({ length: steps }, (_, i) => {
    const x = slow[i] + quick[i] - 1.5 * Math.exp(-(((hour(i) - 19) / 3) ** 2)) + tap;
    if (x > 3.4) tap -= 2.9;
    if (x < -3.4) tap += 2.9;
    return common * x;
  });
  const feeders = [...new Set(transformers.map(({ feeder }) => feeder))];
  const substation = [0, 1, 2].map(() => add(wander(0.97, 0.8 * own), wander(0.5, 0.25 * own)));
  const ofFeeder = new Map(
    feeders.map((feeder) => [
      feeder,
      [0, 1, 2].map((p) => {
        const drawn = wander(0.93, 0.7 * own);
        const evening = 0.4 + 0.5 * random();
        const alone = drawn.map((x, i) => x - own * evening * Math.exp(-(((hour(i) - 18.5) / 2.5) ** 2)));
        return add(shared, substation[p], alone, wander(0.3, 0.2 * own));
      }),
    ]),
  );
  const result: Network = {
    interval,
    start: START,
    series: new Map(),
    meters: [],
    references: [],
    power: new Map(),
    truth: new Map(),
  };
  const every = Math.max(1, Math.round(interval / STEP));
  const read = (volts: Float64Array, error: number): Float64Array =>
    Float64Array.from({ length: Math.floor(steps / every) }, (_, k) => {
      if (random() < blank) return Number.NaN;
      let sum = 0;
      for (let i = k * every; i < (k + 1) * every; i++) sum += volts[i];
      const value = (sum / every) * (1 + (error / 100) * (2 * random() - 1));
      return Math.round(value / resolution) * resolution;
    });
  const level = (parts: Float64Array) => parts.map((x) => NOMINAL + x);
  for (const [feeder, phases] of Object.entries(sensors)) {
    for (const phase of phases) {
      const meter = `S-${feeder}-${phase}`;
      const volts = (ofFeeder.get(feeder) as Float64Array[])['abc'.indexOf(phase)];
      // On the medium voltage, 20 kV between phases.
      result.series.set(
        meter,
        read(level(volts), 0.2).map((x) => (x * 11_547) / NOMINAL),
      );
      result.references.push({ meter, transformer: '', feeder, phase });
      result.truth.set(meter, phase);
    }
  }
  for (const { name, feeder, phases, customers, references = '' } of transformers) {
    const mv = ofFeeder.get(feeder) as Float64Array[];
    const people = Array.from({ length: customers }, (_, k) => ({
      phase: 'abc'.indexOf(phases[k % phases.length]),
      amps: load(random, gauss, steps, hour).map((x) => strength * x),
      branch: Math.floor(random() * (1 + customers / 12)),
      place: random(),
      service: 0.03 + 0.12 * random(),
    }));
    // Ohms of transformer and line: the larger, the fewer customers it is built for.
    const source = Math.min(0.05, 0.25 / Math.sqrt(customers + 4));
    const line = Math.min(0.12, 0.6 / Math.sqrt(customers + 4));
    const bars = [0, 1, 2].map((p) => {
      const current = new Float64Array(steps);
      for (const { phase, amps } of people)
        if (phase === p) for (let i = 0; i < steps; i++) current[i] += amps[i];
      return add(
        mv[p],
        current.map((x) => -source * x),
      );
    });
    const truthOf: [string, number, Float64Array, Float64Array][] = people.map((one, k) => {
      const volts = bars[one.phase].slice();
      for (const other of people) {
        if (other.branch !== one.branch) continue;
        const ohms = line * Math.min(one.place, other.place);
        // In its own phase and the neutral; what the others draw shifts the neutral the other way.
        const part = other.phase === one.phase ? -2 * ohms : 0.5 * ohms;
        for (let i = 0; i < steps; i++) volts[i] += part * other.amps[i];
      }
      for (let i = 0; i < steps; i++) volts[i] -= one.service * one.amps[i];
      return [`${name}-M${String(k + 1).padStart(3, '0')}`, one.phase, volts, one.amps];
    });
    for (const phase of references) {
      const meter = `${name}-R${phase}`;
      const p = 'abc'.indexOf(phase);
      result.series.set(meter, read(level(bars[p]), accuracy));
      result.references.push({ meter, transformer: name, feeder, phase });
      result.truth.set(meter, phase);
    }
    for (const [meter, p, volts, amps] of truthOf) {
      const phase = 'abc'[p];
      result.series.set(meter, read(level(volts), accuracy));
      result.power.set(
        meter,
        averaged(amps, every).map((x) => x * NOMINAL),
      );
      const recorded = random() < wrongRecords ? 'abc'.replace(phase, '')[random() < 0.5 ? 0 : 1] : phase;
      result.meters.push({ meter, transformer: name, feeder, phase: recorded });
      result.truth.set(meter, phase);
    }
  }
  return result;
}

/** Amperes of a household: a base, what comes and goes by itself, and appliances, more of them in the evening. */
function load(random: () => number, gauss: () => number, steps: number, hour: (i: number) => number) {
  const amps = new Float64Array(steps);
  const size = 0.6 + 1.2 * random();
  const late = 18 + 2 * gauss();
  for (let i = 0; i < steps; i++) {
    const habit =
      0.6 + Math.exp(-(((hour(i) - late) / 2.5) ** 2)) + 0.5 * Math.exp(-(((hour(i) - 7.5) / 1.5) ** 2));
    amps[i] += size * (0.7 + 0.15 * gauss()) * (0.5 + habit);
    if (random() < 0.02 * habit) {
      const length = 1 + Math.floor(8 * random() ** 2);
      const height = size * (3 + 7 * random());
      for (let k = i; k < Math.min(steps, i + length); k++) amps[k] += height;
    }
  }
  return amps;
}

/** Means of so many steps each. */
function averaged(steps: Float64Array, every: number): Float64Array {
  return Float64Array.from({ length: Math.floor(steps.length / every) }, (_, k) => {
    let sum = 0;
    for (let i = k * every; i < (k + 1) * every; i++) sum += steps[i];
    return sum / every;
  });
}
