/**
 * Urms(1/2) by its definition and in closed form, of a signal whose amplitude and angle change in steps.
 * Shares nothing with the package: no samples, no filter, no search.
 */

export interface Piece {
  /** s; the piece lasts until the next one begins. */
  from: number;
  /** Factor on the fundamental and its harmonics. */
  level: number;
  /** Degrees added to the angle. */
  jump: number;
}

export interface SteppedSignal {
  frequency: number;
  /** Degrees at t = 0. */
  phase: number;
  /** Order, part of the fundamental, degrees. */
  harmonics: [number, number, number][];
  /** Parts of the fundamental's RMS. */
  dc: number;
  pieces: Piece[];
  seconds: number;
}

export interface Window {
  start: number;
  end: number;
  /** pu of the fundamental's RMS. */
  u: number;
}

const RAD = Math.PI / 180;
/** Crossings nearer than this part of a half cycle are one: the later one. */
const SAME = 0.6;

/** Every Urms(1/2) that lies in the signal. */
export function trueUrms(signal: SteppedSignal): Window[] {
  const zeros = crossings(signal);
  const windows: Window[] = [];
  for (let i = 2; i < zeros.length; i++) {
    const [start, end] = [zeros[i - 2], zeros[i]];
    windows.push({ start, end, u: Math.sqrt(energy(signal, start, end) / (end - start)) });
  }
  return windows;
}

/**
 * Does the angle jump within `seconds` of a zero crossing, before or after it? Then it is open which of the
 * two crossings counts, and the definition has two answers.
 */
export function jumpsAtCrossing({ frequency, phase, pieces }: SteppedSignal, seconds: number): boolean {
  const near = (t: number, jump: number) => {
    const turns = 2 * frequency * t + (phase + jump) / 180;
    return Math.abs(turns - Math.round(turns)) < 2 * frequency * seconds;
  };
  return pieces.some(({ from, jump }, i) => {
    const before = pieces[i - 1]?.jump ?? jump;
    return jump !== before && (near(from, jump) || near(from, before));
  });
}

/** Sign changes of the fundamental, those at a step among them. */
function crossings({ frequency, phase, pieces, seconds }: SteppedSignal): number[] {
  const half = 0.5 / frequency;
  const turns = (t: number, by: number) => Math.floor(t / half + (phase + by) / 180);
  const runs = pieces.filter(({ jump }, i) => jump !== pieces[i - 1]?.jump);
  const found: number[] = [];
  runs.forEach(({ from, jump }, i) => {
    const to = runs[i + 1]?.from ?? seconds;
    if (i > 0 && (turns(from, jump) - turns(from, runs[i - 1].jump)) % 2) found.push(from);
    for (let k = turns(from, jump) + 1; ; k++) {
      const at = (k - (phase + jump) / 180) * half;
      if (at >= to) break;
      found.push(at);
    }
  });
  const zeros: number[] = [];
  for (const at of found) {
    while (zeros.length && at - zeros[zeros.length - 1] < SAME * half) zeros.pop();
    zeros.push(at);
  }
  return zeros;
}

/** Integral of the square from `start` to `end`, in pu² s. */
function energy({ frequency, phase, harmonics, dc, pieces }: SteppedSignal, start: number, end: number) {
  const w = 2 * Math.PI * frequency;
  let sum = 0;
  pieces.forEach(({ from, level, jump }, i) => {
    const a = Math.max(start, from);
    const b = Math.min(end, pieces[i + 1]?.from ?? Number.POSITIVE_INFINITY);
    if (a >= b) return;
    const turn = (phase + jump) * RAD;
    // A constant is a sine of order zero at 90 degrees.
    const parts = [
      { order: 0, peak: dc, at: Math.PI / 2 },
      { order: 1, peak: level * Math.SQRT2, at: 0 },
      ...harmonics.map(([order, part, at]) => ({ order, peak: level * part * Math.SQRT2, at: at * RAD })),
    ];
    const [from_, to_] = [w * a + turn, w * b + turn];
    for (const p of parts) {
      for (const q of parts) {
        const product =
          cosine(p.order - q.order, p.at - q.at, from_, to_) -
          cosine(p.order + q.order, p.at + q.at, from_, to_);
        sum += (p.peak * q.peak * product) / 2 / w;
      }
    }
  });
  return sum;
}

/** Integral of cos(m x + d) from a to b. */
function cosine(m: number, d: number, a: number, b: number): number {
  return m === 0 ? (b - a) * Math.cos(d) : (Math.sin(m * b + d) - Math.sin(m * a + d)) / m;
}
