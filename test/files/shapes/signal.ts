import type { Dice } from './dice';

/** What a channel of a record holds. */
export type Content =
  | `${'v' | 'i'}${'a' | 'b' | 'c'}`
  | 'vab'
  | 'vbc'
  | 'vca'
  | 'v0'
  | 'i0'
  | 'vn'
  | 'in'
  | 'vsync'
  | 'battery'
  | 'magnitude'
  | 'angle'
  | 'frequency'
  | 'spare';

/** A step of all three amplitudes and back. */
export interface Disturbance {
  type: 'sag' | 'swell';
  /** s from the first sample. */
  from: number;
  to: number;
  /** Of the voltage of each phase. */
  factors: readonly number[];
  /** Of the current of each phase. */
  currents: readonly number[];
  /** Turn of all phases while it lasts, rad. */
  jump: number;
}

const RAD = Math.PI / 180;
const PHASES = 'abc';

/** A three-phase system in closed form: every value at every time, s from the first sample. */
export class PowerSystem {
  readonly frequency: number;
  /** Declared voltage to neutral, V. */
  readonly level: number;
  readonly current: number;
  /** -1 where the phases follow as a, c, b. */
  readonly rotation: 1 | -1;
  /** Standard deviation of the noise, of the RMS value. */
  readonly noise: number;
  disturbance: Disturbance | undefined;
  private readonly phase: number;
  private readonly lag: number;
  private readonly unbalance: { part: number; turn: number }[];
  private readonly harmonics: { order: number; part: number; at: number }[];

  constructor(dice: Dice, { frequency, level, rate }: { frequency: number; level: number; rate: number }) {
    this.frequency = frequency;
    this.level = level;
    this.rotation = dice.chance(0.04) ? -1 : 1;
    this.current = dice.byMagnitude(0.8, 900);
    this.noise = 10 ** (-dice.between(50, 60) / 20);
    this.phase = dice.between(0, 2 * Math.PI);
    this.lag = dice.between(-50, 70) * RAD;
    this.unbalance = [0, 1, 2].map(() => ({
      part: 1 + dice.between(-0.01, 0.01),
      turn: dice.between(-0.5, 0.5) * RAD,
    }));
    this.harmonics = [3, 5, 7, 11]
      .filter((order) => order * frequency < 0.4 * rate && dice.chance(0.6))
      .map((order) => ({ order, part: dice.between(0.002, 0.02), at: dice.between(0, 2 * Math.PI) }));
  }

  /** Value without noise. */
  at(content: Content, t: number): number {
    switch (content) {
      case 'vab':
      case 'vbc':
      case 'vca':
        return this.voltage(PHASES.indexOf(content[1]), t) - this.voltage(PHASES.indexOf(content[2]), t);
      case 'v0':
      case 'vn':
        return [0, 1, 2].reduce((sum, phase) => sum + this.voltage(phase, t), 0);
      case 'i0':
      case 'in':
        return [0, 1, 2].reduce((sum, phase) => sum + this.currentOf(phase, t), 0);
      case 'vsync':
        return Math.SQRT2 * this.level * Math.cos(this.turnsAt(t) + 4 * RAD);
      case 'battery':
        return 221;
      case 'magnitude':
        return this.level * (1 + 0.002 * Math.sin(t));
      case 'angle':
        return -120 + 0.1 * Math.sin(t);
      case 'frequency':
        return this.frequency;
      case 'spare':
        return 0;
      default: {
        const phase = PHASES.indexOf(content[1]);
        return content[0] === 'v' ? this.voltage(phase, t) : this.currentOf(phase, t);
      }
    }
  }

  /** RMS of the value that comes to be at a time, as a recorder keeps it in its slow sections. */
  rmsAt(content: Content, t: number): number {
    const factors = this.active(t)?.factors;
    const isSteady = ['battery', 'magnitude', 'angle', 'frequency', 'spare'].includes(content);
    if (isSteady) return this.at(content, t);
    if (content === 'vsync') return this.level;
    if (/^v.$/.test(content) && content !== 'vn' && content !== 'v0') {
      const phase = PHASES.indexOf(content[1]);
      return this.level * this.unbalance[phase].part * (factors?.[phase] ?? 1);
    }
    // Sums of phases, by the mean square over a cycle.
    let sum = 0;
    for (let k = 0; k < 64; k++) sum += this.at(content, t + k / 64 / this.frequency) ** 2;
    return Math.sqrt(sum / 64);
  }

  /** Turn of a voltage's fundamental while the disturbance lasts, rad: between lines, a step of one phase turns it too. */
  jumpOf(content: Content): number {
    const { factors, jump } = this.disturbance ?? { factors: [1, 1, 1], jump: 0 };
    const [first, second] = [...content.slice(1)].map((phase) => PHASES.indexOf(phase));
    if (second === undefined) return Math.abs(jump);
    const angleOf = (of: readonly number[]) => {
      const turn = (phase: number) => (-2 * Math.PI * phase) / 3;
      const re = of[first] * Math.cos(turn(first)) - of[second] * Math.cos(turn(second));
      const im = of[first] * Math.sin(turn(first)) - of[second] * Math.sin(turn(second));
      return Math.atan2(im, re);
    };
    const off = angleOf(factors) - angleOf([1, 1, 1]);
    return Math.abs(Math.atan2(Math.sin(off), Math.cos(off))) + Math.abs(jump);
  }

  /** Size of a channel's values, to scale noise and codes by. */
  sizeOf(content: Content): number {
    if (content === 'battery') return 250;
    if (content === 'angle') return 180;
    if (content === 'frequency') return 70;
    return content[0] === 'i' ? this.current : this.level;
  }

  private active(t: number): Disturbance | undefined {
    const event = this.disturbance;
    return event && t >= event.from && t < event.to ? event : undefined;
  }

  private turnsAt(t: number): number {
    return 2 * Math.PI * this.frequency * t + this.phase;
  }

  private voltage(phase: number, t: number): number {
    const event = this.active(t);
    const { part, turn } = this.unbalance[phase];
    const angle = this.angleOf(phase, t) + turn;
    let sum = Math.cos(angle);
    for (const { order, part: small, at } of this.harmonics) sum += small * Math.cos(order * angle + at);
    return Math.SQRT2 * this.level * part * (event?.factors[phase] ?? 1) * sum;
  }

  private currentOf(phase: number, t: number): number {
    const event = this.active(t);
    const angle = this.angleOf(phase, t) - this.lag;
    return Math.SQRT2 * this.current * (event?.currents[phase] ?? 1) * Math.cos(angle);
  }

  private angleOf(phase: number, t: number): number {
    const jump = this.active(t)?.jump ?? 0;
    return this.turnsAt(t) + jump - (this.rotation * phase * 2 * Math.PI) / 3;
  }
}
