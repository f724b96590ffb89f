import type { Finding, PhasePower, Power, QuantityName, Reading, Values } from '../record';

/** Error of a reading that two classes of 0.5 and a last digit explain, in parts of S. */
const TOLERANCE = 0.02;

/** What became of a reading. */
export interface CompletedReading {
  /** Undefined for a reading that holds too little of P, Q and S. */
  power?: Power;
  inconsistent?: Finding;
}

/**
 * Power from the readings of a meter that gives no waveforms: P, Q, S and power factor of the total and of each phase
 * are checked against each other (S² = P² + Q² holds for sines; with harmonics S is larger, never smaller), what is
 * missing is worked out, and every value that was is named in the flags.
 */
export function powerOfReading(reading: Reading): CompletedReading {
  const flags = ['from readings'];
  const { values } = reading;
  const checks: Check[] = [];
  const phases: Record<string, PhasePower> = {};
  for (const phase of ['a', 'b', 'c'] as const) {
    const power = complete(values, phase, flags, checks);
    if (!power) continue;
    const at = (name: string) => values[`${name}${phase}` as QuantityName];
    phases[phase] = {
      ...power,
      ...defined({ v: at('v'), i: at('i'), thdV: at('thd_v'), thdI: at('thd_i') }),
    };
  }
  const total = complete(values, '', flags, checks) ?? sumOf(phases, flags);
  if (!total) return {};
  return {
    power: {
      kind: 'power',
      meter: reading.meter,
      time: reading.time,
      ...defined({ frequency: values.f }),
      phases,
      total,
      harmonics: {},
      flags: reading.quality === 'good' ? flags : [...flags, `quality ${reading.quality}`],
    },
    inconsistent: findingOf(checks),
  };
}

type Triple = { p: number; q: number; s: number; pf?: number };
type Check = { where: string; text: string; detail: object };

/** P, Q, S and PF of one place, completed; undefined where fewer than two of them are there. */
function complete(values: Values, phase: string, flags: string[], checks: Check[]): Triple | undefined {
  const at = (name: string) => values[`${name}${phase}` as QuantityName];
  let p = at('p');
  let q = at('q');
  let s = at('s');
  const pf = at('pf');
  const [v, i] = phase ? [at('v'), at('i')] : [undefined, undefined];
  const mark = (name: string, how: string) => flags.push(`${name}${phase}: ${how}`);
  if (s === undefined && v !== undefined && i !== undefined) {
    s = v * i;
    mark('s', 'from v and i');
  }
  if (p === undefined && s !== undefined && pf !== undefined) {
    p = s * pf;
    mark('p', 'from s and pf');
  }
  if (p === undefined) return undefined;
  if (s === undefined && q !== undefined) {
    s = Math.hypot(p, q);
    mark('s', 'from p and q, without distortion');
  }
  if (s === undefined && pf !== undefined && pf !== 0) {
    s = Math.abs(p / pf);
    mark('s', 'from p and pf');
  }
  if (s === undefined) return undefined;
  const where = phase ? `phase ${phase}` : 'the total';
  if (q === undefined) {
    // Without a sign it would be counted into a quadrant that nobody measured.
    q = Math.sqrt(Math.max(0, s * s - p * p));
    mark('q', 'from s and p, sign unknown, distortion counted in');
    if (Math.abs(p) > s * (1 + TOLERANCE)) checks.push(excess(where, 'P', Math.abs(p), s));
  } else if (Math.hypot(p, q) > s * (1 + TOLERANCE)) {
    checks.push(excess(where, 'the root of P² + Q²', Math.hypot(p, q), s));
  }
  if (pf !== undefined && s > 0 && Math.abs(Math.abs(pf) - Math.abs(p) / s) > TOLERANCE) {
    checks.push({
      where,
      text: `${where}: power factor ${pf.toFixed(3)}, but P / S is ${(p / s).toFixed(3)}`,
      detail: { p, s, pf },
    });
  }
  return { p, q, s, ...(s > 0 ? { pf: p / s } : {}) };
}

function excess(where: string, what: string, value: number, s: number): Check {
  return {
    where,
    text: `${where}: ${what} is ${value.toPrecision(4)}, more than S, ${s.toPrecision(4)} VA`,
    detail: { value, s },
  };
}

function sumOf(phases: Record<string, PhasePower>, flags: string[]): Triple | undefined {
  const all = Object.values(phases);
  if (all.length === 0) return undefined;
  flags.push('total: sum of the phases');
  const sum = (name: 'p' | 'q' | 's') => all.reduce((acc, phase) => acc + phase[name], 0);
  const [p, q, s] = [sum('p'), sum('q'), sum('s')];
  return { p, q, s, ...(s > 0 ? { pf: p / s } : {}) };
}

function findingOf(checks: Check[]): Finding | undefined {
  if (checks.length === 0) return undefined;
  return {
    code: 'INCONSISTENT_POWER',
    severity: 'warning',
    text: checks.map(({ text }) => text).join('; '),
    hint: 'Check units, scale factors and word order of the register map, and that P, Q and S belong to the same moment.',
    detail: { checks: checks.map(({ where, detail }) => ({ where, ...detail })) },
  };
}

function defined<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}
