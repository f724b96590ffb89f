/** Curves of what equipment rides through: voltage in pu that holds up to a duration in s. */
export type Curve = readonly (readonly [until: number, pu: number])[];

/** ITI (CBEMA) curve, 2000; below and above it. Between them equipment must go on. */
export const ITIC_LOWER: Curve = [
  [0.02, 0],
  [0.5, 0.7],
  [10, 0.8],
  [Number.POSITIVE_INFINITY, 0.9],
];
export const ITIC_UPPER: Curve = [
  [0.001, 2],
  [0.003, 1.4],
  [0.5, 1.2],
  [Number.POSITIVE_INFINITY, 1.1],
];
/** SEMI F47-0706, with what it recommends beyond 1 s. */
export const SEMI_F47: Curve = [
  [0.2, 0.5],
  [0.5, 0.7],
  [1, 0.8],
  [10, 0.8],
  [Number.POSITIVE_INFINITY, 0.9],
];
/** Reference of the severity index (IEEE 1564-2014, 5.3.2): SEMI F47, and nothing is asked within a cycle. */
const CYCLE = 1 / 60;
const SEVERITY: Curve = [[CYCLE, 0], ...SEMI_F47];

export type IticRegion = 'no interruption' | 'no damage' | 'prohibited';
export type SemiF47Side = 'above' | 'below';

/**
 * Region of the ITI curve: `no interruption` between its lines, `no damage` below (equipment may stop),
 * `prohibited` above (equipment may be harmed).
 * @param extreme pu @param seconds duration
 */
export function itic(extreme: number, seconds: number): IticRegion {
  if (extreme < at(ITIC_LOWER, seconds)) return 'no damage';
  return extreme > at(ITIC_UPPER, seconds) ? 'prohibited' : 'no interruption';
}

/**
 * Side of SEMI F47: `above` (or on) it equipment has to ride through, `below` it may stop.
 * @returns undefined for anything but a low voltage
 */
export function semiF47(extreme: number, seconds: number): SemiF47Side | undefined {
  if (extreme >= 1) return undefined;
  return extreme < at(SEMI_F47, seconds) ? 'below' : 'above';
}

/**
 * Voltage-sag severity Se = (1 - V) / (1 - Vcurve(d)): 1 on the reference curve, more below it.
 * Source: IEEE 1564-2014, 5.3.2.
 * @returns undefined for anything but a low voltage
 */
export function sagSeverity(extreme: number, seconds: number): number | undefined {
  return extreme < 1 ? (1 - extreme) / (1 - at(SEVERITY, seconds)) : undefined;
}

function at(curve: Curve, seconds: number): number {
  return (curve.find(([until]) => seconds <= until) ?? curve[curve.length - 1])[1];
}
