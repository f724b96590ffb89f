import { type Complex, divide, magnitude, multiply, polar, subtract } from '../../signal';

export interface Direction {
  /** Which side of the meter it came from; upstream is where the power comes from. */
  source: 'upstream' | 'downstream' | 'undetermined';
  /** By what it was told. */
  method: string;
}

const METHOD = 'incremental impedance';
/** Change of the current, in parts of what it was, below which nothing can be told. */
const LEAST_CHANGE = 0.02;
/** Incremental impedance, in parts of the load's, above which it is the load's own. */
const LOAD = 0.5;

/**
 * Side that a sag came from, by its incremental impedance dV / dI of the positive sequence (Tayjasanant, Li,
 * Xu, "A resistance sign-based method for voltage sag source detection", IEEE Trans. Power Delivery 20,
 * 2005). A fault downstream draws its current through the source: -Zs, small and turned around. A sag from
 * upstream changes the current through the load: its impedance. The sign is taken along 45 degrees, since a
 * source may have next to no resistance; a load that takes more current at less voltage has the wrong sign,
 * but the load's size.
 * @param before voltage and current before it, current positive towards the load
 * @param during the same in it, turned to the same instant
 */
export function sourceDirection(
  before: { v: Complex; i: Complex },
  during: { v: Complex; i: Complex },
): Direction {
  const dv = subtract(during.v, before.v);
  const di = subtract(during.i, before.i);
  if (magnitude(di) <= LEAST_CHANGE * magnitude(before.i) || magnitude(di) === 0) {
    return { source: 'undetermined', method: METHOD };
  }
  const z = divide(dv, di);
  const along = multiply(z, polar(1, -Math.PI / 4)).re;
  const small = magnitude(z) * magnitude(before.i) < LOAD * magnitude(before.v);
  return { source: along < 0 && small ? 'downstream' : 'upstream', method: METHOD };
}
