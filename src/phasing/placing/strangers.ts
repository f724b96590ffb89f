import type { Finding } from '../../record';
import type { PhaseMeans } from '../means';

/** Fall of a transformer's correlation with the others, on all phases, from which something is wrong with it. */
const FALL = 0.3;

/**
 * Transformers whose meters, all alike, have less to do with those of the other transformers than is usual: a tap or a
 * winding (their own likeness to each other says nothing about that).
 * @param names of the groups; undefined for one whose meters are of several transformers
 */
export function* strangers(
  names: readonly (string | undefined)[],
  means: PhaseMeans,
): Generator<void, (Finding & { meter: string })[]> {
  const { groups, phases, length } = means;
  if (groups < 4) return [];
  const likeness = names.map(() => [] as number[]);
  for (let phase = 0; phase < phases; phase++) {
    const sum = new Float64Array(length);
    for (let group = 0; group < groups; group++) {
      const row = means.row(group, phase);
      for (let i = 0; i < length; i++) sum[i] += row[i];
      yield;
    }
    for (let group = 0; group < groups; group++) {
      const row = means.row(group, phase);
      if (row[0] === 0 && row[length - 1] === 0 && row.every((x) => x === 0)) continue;
      let [product, squares] = [0, 0];
      for (let i = 0; i < length; i++) {
        const others = sum[i] - row[i];
        product += row[i] * others;
        squares += others * others;
      }
      if (squares > 0) likeness[group].push(product / Math.sqrt(length * squares));
      yield;
    }
  }
  const best = likeness.map((of) => (of.length ? Math.max(...of) : Number.NaN));
  const usual = best.filter((r) => !Number.isNaN(r)).sort((a, b) => a - b);
  const median = usual[usual.length >> 1];
  return names.flatMap((transformer, group) => {
    if (transformer === undefined || !(best[group] < median - FALL)) return [];
    return [
      {
        meter: transformer,
        code: 'TRANSFORMER_CORRELATION',
        severity: 'warning' as const,
        text: `all meters of transformer ${transformer} follow the others less than usual: correlation ${best[group].toFixed(2)}, usual ${median.toFixed(2)}`,
        hint: 'Look for a tap changed inside the window, a winding fault, or a transformer that the table has on the wrong feeder.',
        detail: { transformer, correlation: best[group], usual: median },
      },
    ];
  });
}
