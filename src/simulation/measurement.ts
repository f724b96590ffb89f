import type { Channel, QuantityName, Values } from '../record';

/** Seconds that a meter averages its readings over: about 10 cycles. */
const WINDOW = 0.2;

/**
 * What the meter itself makes of its samples: readings over the last ten cycles, and energies. Plain meter
 * arithmetic, apart from that of the nodes: powers
 * as means of products, the fundamental by correlation with sine and cosine.
 */
export class Measurement {
  private readonly recent: Float32Array[];
  private filled = 0;
  private slot = 0;
  private energy = { import: 0, export: 0, varImport: 0, varExport: 0 };
  private sinceEnergy = 0;

  /** @param frequency of the grid, Hz; asked for at every reading, undefined before it is known */
  constructor(
    private readonly rate: number,
    private readonly channels: readonly Channel[],
    private readonly frequency: () => number | undefined,
  ) {
    this.recent = channels.map(() => new Float32Array(Math.ceil(rate * WINDOW)));
  }

  push(samples: readonly Float32Array[], count: number): void {
    for (let n = 0; n < count; n++) {
      for (let i = 0; i < samples.length; i++) this.recent[i][this.slot] = samples[i][n];
      this.slot = (this.slot + 1) % this.recent[0].length;
    }
    this.filled = Math.min(this.recent[0].length, this.filled + count);
    this.sinceEnergy += count;
    if (this.sinceEnergy >= this.recent[0].length) this.integrate();
  }

  /** Readings now; a quantity whose channels are not there is absent. */
  values(): Values {
    const f = this.frequency();
    const values: Values = {};
    if (!f || this.filled < this.recent[0].length) return values;
    // A whole number of cycles, to the nearest sample.
    const length = Math.min(this.filled, Math.round((Math.floor(WINDOW * f) / f) * this.rate));
    values.f = f;
    const total = { p: 0, q: 0, s: 0 };
    for (const phase of ['a', 'b', 'c'] as const) {
      const v = this.latest(`v${phase}`, length);
      const i = this.latest(`i${phase}`, length);
      if (v) this.describe(values, `v${phase}`, v, f);
      if (i) this.describe(values, `i${phase}`, i, f);
      if (!v || !i) continue;
      const p = meanProduct(v, i);
      const s = Math.sqrt(meanProduct(v, v) * meanProduct(i, i));
      const q = reactive(this.fundamental(v, f), this.fundamental(i, f));
      values[`p${phase}`] = p;
      values[`q${phase}`] = q;
      values[`s${phase}`] = s;
      if (s > 0) values[`pf${phase}`] = p / s;
      total.p += p;
      total.q += q;
      total.s += s;
    }
    this.describeLines(values, length);
    if (values.pa !== undefined) {
      Object.assign(values, total);
      if (total.s > 0) values.pf = total.p / total.s;
    }
    values.energy_import = this.energy.import;
    values.energy_export = this.energy.export;
    values.var_import = this.energy.varImport;
    values.var_export = this.energy.varExport;
    return values;
  }

  private describe(
    values: Values,
    name: 'va' | 'vb' | 'vc' | 'ia' | 'ib' | 'ic',
    x: Float32Array,
    f: number,
  ): void {
    const square = meanProduct(x, x);
    const [re, im] = this.fundamental(x, f);
    const fundamental = (re * re + im * im) / 2;
    values[name] = Math.sqrt(square);
    if (fundamental > 0) values[`thd_${name}`] = 100 * Math.sqrt(Math.max(0, square / fundamental - 1));
  }

  private describeLines(values: Values, length: number): void {
    for (const [from, to] of ['ab', 'bc', 'ca'] as const) {
      const x = this.latest(`v${from}` as Channel, length);
      const y = this.latest(`v${to}` as Channel, length);
      if (!x || !y) continue;
      const line = x.map((value, n) => value - y[n]);
      values[`v${from}${to}` as QuantityName] = Math.sqrt(meanProduct(line, line));
    }
    const [ia, ib, ic] = (['ia', 'ib', 'ic'] as const).map((name) => this.latest(name, length));
    if (!ia || !ib || !ic) return;
    const neutral = ia.map((value, n) => value + ib[n] + ic[n]);
    values.in = Math.sqrt(meanProduct(neutral, neutral));
  }

  /** Cosine and sine part of the fundamental, amplitudes. */
  private fundamental(x: Float32Array, f: number): [number, number] {
    const step = (2 * Math.PI * f) / this.rate;
    let re = 0;
    let im = 0;
    for (let n = 0; n < x.length; n++) {
      re += x[n] * Math.cos(step * n);
      im -= x[n] * Math.sin(step * n);
    }
    return [(2 * re) / x.length, (2 * im) / x.length];
  }

  private latest(name: Channel, length: number): Float32Array | undefined {
    const ring = this.recent[this.channels.indexOf(name)];
    if (!ring) return undefined;
    return Float32Array.from(
      { length },
      (_, n) => ring[(this.slot - length + n + ring.length) % ring.length],
    );
  }

  private integrate(): void {
    const hours = this.sinceEnergy / this.rate / 3600;
    this.sinceEnergy = 0;
    const { p = 0, q = 0 } = this.values();
    this.energy.import += Math.max(0, p) * hours;
    this.energy.export += Math.max(0, -p) * hours;
    this.energy.varImport += Math.max(0, q) * hours;
    this.energy.varExport += Math.max(0, -q) * hours;
  }
}

function reactive([vr, vi]: [number, number], [ir, ii]: [number, number]): number {
  return (vi * ir - vr * ii) / 2;
}

function meanProduct(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let n = 0; n < a.length; n++) sum += a[n] * b[n];
  return sum / a.length;
}
