/** What a transformer's meters draw, by the phases they were found on. */
export interface Loading {
  /** Highest load of each phase, VA. */
  peak: { a: number; b: number; c: number };
  /** Meters whose power is known, of all. */
  known: number;
  /** Largest deviation of a phase from the mean of the three, in parts of it, at the moment of the highest load. */
  unbalance: number;
  /** Highest load in parts of the rating, of the whole and of the fullest phase. */
  load?: number;
  phaseLoad?: number;
  /** Highest temperature of the hottest spot, degrees Celsius. */
  hotSpot?: number;
}

/** Power factor taken where only active power is known. */
export const ASSUMED_PF = 0.95;

/**
 * Thermal constants of a distribution transformer, ONAN (IEC 60076-7:2018, table 4 and annex): rise of the top oil
 * and of the hottest spot above it at rated load, loss ratio, exponents, time constants in minutes; and the ambient.
 */
export const THERMAL = {
  oilRise: 55,
  spotRise: 23,
  lossRatio: 5,
  oilExponent: 0.8,
  windingExponent: 1.6,
  oilMinutes: 180,
  windingMinutes: 4,
  k11: 1,
  k21: 1,
  k22: 2,
  ambient: 20,
} as const;

/**
 * Temperature of the hottest spot by the difference equations of IEC 60076-7:2018, 8.2.3, from a load that begins
 * steady.
 * @param load parts of the rating by interval
 * @param minutes of an interval; each is worked through in steps of two minutes at most
 * @returns degrees Celsius by interval
 */
export function hotSpots(load: ArrayLike<number>, minutes: number): Float64Array {
  const c = THERMAL;
  const oilAt = (k: number) => c.oilRise * ((1 + c.lossRatio * k * k) / (1 + c.lossRatio)) ** c.oilExponent;
  const spotAt = (k: number) => c.spotRise * k ** c.windingExponent;
  const steps = Math.ceil(minutes / 2);
  const dt = minutes / steps;
  let oil = oilAt(load[0] ?? 0);
  let fast = c.k21 * spotAt(load[0] ?? 0);
  let slow = (c.k21 - 1) * spotAt(load[0] ?? 0);
  return Float64Array.from({ length: load.length }, (_, i) => {
    for (let step = 0; step < steps; step++) {
      oil += (dt / (c.k11 * c.oilMinutes)) * (oilAt(load[i]) - oil);
      fast += (dt / (c.k22 * c.windingMinutes)) * (c.k21 * spotAt(load[i]) - fast);
      slow += (dt / (c.oilMinutes / c.k22)) * ((c.k21 - 1) * spotAt(load[i]) - slow);
    }
    return c.ambient + oil + fast - slow;
  });
}

/**
 * Loading of a transformer from its meters' power.
 * @param meters phase of each, and its apparent power by interval, VA, NaN where it is not known
 * @param rating VA; 0 where it is not known
 * @param minutes of an interval
 */
export function loadingOf(
  meters: readonly { phase: string; power: Float32Array | undefined }[],
  rating: number,
  minutes: number,
): Loading | undefined {
  const known = meters.filter(({ power }) => power !== undefined);
  const length = known[0]?.power?.length ?? 0;
  if (length === 0) return undefined;
  const sums = { a: new Float64Array(length), b: new Float64Array(length), c: new Float64Array(length) };
  for (const { phase, power } of known) {
    const sum = sums[phase as 'a'];
    if (!sum || !power) continue;
    for (let i = 0; i < length; i++) if (!Number.isNaN(power[i])) sum[i] += power[i];
  }
  const total = sums.a.map((x, i) => x + sums.b[i] + sums.c[i]);
  const top = total.reduce((best, x, i) => (x > total[best] ? i : best), 0);
  const mean = total[top] / 3;
  const largest = (of: Float64Array) => of.reduce((best, x) => Math.max(best, x), 0);
  const peak = { a: largest(sums.a), b: largest(sums.b), c: largest(sums.c) };
  const unbalance =
    mean > 0 ? Math.max(...[sums.a, sums.b, sums.c].map((x) => Math.abs(x[top] - mean))) / mean : 0;
  const result: Loading = { peak, known: known.length, unbalance };
  if (rating > 0) {
    result.load = total[top] / rating;
    result.phaseLoad = (3 * Math.max(peak.a, peak.b, peak.c)) / rating;
    result.hotSpot = largest(
      hotSpots(
        total.map((x) => x / rating),
        minutes,
      ),
    );
  }
  return result;
}
