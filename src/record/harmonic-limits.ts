/** Limits of harmonics in percent: of the fundamental voltage, or of the demand current. */
export interface HarmonicLimits {
  /** Limit of an order; undefined where the table has none. */
  of(order: number): number | undefined;
  /** Limit of the total. */
  total: number;
  /** Highest order that counts into the total. */
  totalTo: number;
}

const EN_50160: Record<number, number> = {
  ...{
    2: 2,
    3: 5,
    4: 1,
    5: 6,
    7: 5,
    9: 1.5,
    11: 3.5,
    13: 3,
    15: 0.5,
    17: 2,
    19: 1.5,
    21: 0.5,
    23: 1.5,
    25: 1.5,
  },
};

/** Supply voltage characteristics up to 35 kV, to order 25 (EN 50160:2010, 4.2.5 and 5.2.5). */
export const en50160Harmonics: HarmonicLimits = {
  of: (order) => EN_50160[order] ?? (order > 4 && order <= 24 && order % 2 === 0 ? 0.5 : undefined),
  total: 8,
  totalTo: 40,
};

const IEC_61000_2_2: Record<number, number> = {
  ...{ 2: 2, 3: 5, 4: 1, 5: 6, 6: 0.5, 7: 5, 8: 0.5, 9: 1.5, 11: 3.5, 13: 3, 15: 0.4, 21: 0.3 },
};

/** Compatibility levels of public low-voltage networks, to order 50 (IEC 61000-2-2:2002, table 1). */
export const iec61000v2v2: HarmonicLimits = {
  of: (order) => {
    if (order > 50 || order < 2) return undefined;
    const listed = IEC_61000_2_2[order];
    if (listed !== undefined) return listed;
    if (order % 2 === 0) return 0.25 * (10 / order) + 0.25;
    if (order % 3 === 0) return order <= 45 ? 0.2 : undefined;
    return 2.27 * (17 / order) - 0.27;
  },
  total: 8,
  totalTo: 50,
};

/**
 * Voltage distortion at the point of common coupling, to order 50 (IEEE 519-2014 and 2022, table 1).
 * @param nominal V between lines
 */
export function ieee519Voltage(nominal: number): HarmonicLimits {
  const [each, total] =
    nominal <= 1000 ? [5, 8] : nominal <= 69_000 ? [3, 5] : nominal <= 161_000 ? [1.5, 2.5] : [1, 1.5];
  return { of: (order) => (order >= 2 && order <= 50 ? each : undefined), total, totalTo: 50 };
}

/** Rows: up to which Isc/IL; limits of orders below 11, 17, 23, 35, and up to 50; TDD. */
const IEEE_519_CURRENT: readonly (readonly [number, readonly number[], number])[] = [
  [20, [4, 2, 1.5, 0.6, 0.3], 5],
  [50, [7, 3.5, 2.5, 1, 0.5], 8],
  [100, [10, 4.5, 4, 1.5, 0.7], 12],
  [1000, [12, 5.5, 5, 2, 1], 15],
  [Number.POSITIVE_INFINITY, [15, 7, 6, 2.5, 1.4], 20],
];
const BANDS = [11, 17, 23, 35, 51];

/**
 * Current distortion in percent of the demand current, 120 V to 69 kV, to order 50 (IEEE 519, table 2). Even orders:
 * a quarter of it in the edition of 2014; in that of 2022 half of it to order 6, and the full value above.
 * @param ratio Isc/IL; 0, not known, is taken for the strictest row
 */
export function ieee519Current(ratio: number, edition: 2014 | 2022): HarmonicLimits {
  const [, limits, total] = IEEE_519_CURRENT.find(([upTo]) => ratio < upTo) ?? IEEE_519_CURRENT[4];
  return {
    of: (order) => {
      if (order < 2 || order > 50) return undefined;
      const odd = limits[BANDS.findIndex((below) => order < below)];
      if (order % 2 !== 0) return odd;
      return edition === 2014 ? odd / 4 : order <= 6 ? odd / 2 : odd;
    },
    total,
    totalTo: 50,
  };
}
