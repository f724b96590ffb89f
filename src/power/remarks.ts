import type { Finding, Power } from '../record';
import type { Load } from './settings';

/** Reactive power that counts, in parts of the apparent power; of a running motor, what is as good as none. */
const NOTABLE = 0.05;
const NOTHING = 0.02;
/** DC that counts, in parts of the RMS value. */
const DC = 0.01;

/** Explains a negative and a missing reactive power, where the connection seems right. */
export function reactiveRemark({ total }: Power, load: Load): Finding | undefined {
  const { p1 = 0, q, pf } = total;
  const s1 = Math.hypot(p1, q);
  if (pf === undefined || p1 <= 0) return undefined;
  if (q < -NOTABLE * s1) {
    return {
      code: 'NEGATIVE_VAR',
      severity: 'info',
      text: `reactive power is negative (${vars(q)}): the load gives it, as capacitors do`,
      hint: 'A compensation larger than the load needs, long cables or electronic supplies do this; at a bare motor check the CTs.',
      detail: { q, p1 },
    };
  }
  if (load === 'motor' && Math.abs(q) < NOTHING * s1) {
    return {
      code: 'ZERO_VAR',
      severity: 'warning',
      text: `a running motor without reactive power (${vars(q)} at ${(p1 / 1000).toPrecision(3)} kW)`,
      hint: 'Either it is compensated at its terminals, or a current is paired with the voltage of another phase: check the CTs.',
      detail: { q, p1 },
    };
  }
  return undefined;
}

/** Tells of DC in a channel: kept out of Q1, but it saturates transformers and falsifies meters. */
export function dcRemark({ phases }: Power): Finding | undefined {
  const found = Object.entries(phases).flatMap(([phase, { v = 0, i = 0, dcV = 0, dcI = 0, pf }]) => [
    ...(v > 0 && Math.abs(dcV) > DC * v ? [{ channel: `v${phase}`, dc: dcV, unit: 'V' }] : []),
    ...(pf !== undefined && Math.abs(dcI) > DC * i ? [{ channel: `i${phase}`, dc: dcI, unit: 'A' }] : []),
  ]);
  if (found.length === 0) return undefined;
  return {
    code: 'DC_OFFSET',
    severity: 'info',
    text: `DC on ${found.map(({ channel, dc, unit }) => `${channel} (${dc.toPrecision(3)} ${unit})`).join(', ')}; not in Q1`,
    hint: 'Check the zero of the meter inputs; if it is real, look for half-wave rectifiers and transformerless inverters.',
    detail: { channels: found },
  };
}

function vars(q: number): string {
  return Math.abs(q) >= 1000 ? `${(q / 1000).toPrecision(3)} kvar` : `${q.toPrecision(3)} var`;
}
