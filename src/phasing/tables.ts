import type { Assignment, PhaseMap } from '../record';
import type { Steps } from './steps';

/**
 * Changes of the records for the GIS as CSV: meters whose recorded phase differs, the surest first; not those of a
 * transformer whose records are permuted as a whole, nor what a crew has rejected.
 */
export function changesCsv({ assignments }: PhaseMap): string {
  const changed = assignments
    .filter((a) => a.agrees === false && !a.permuted && !isRejected(a))
    .sort((a, b) => (b.confidence ?? 0) - (a.confidence ?? 0) || (a.meter < b.meter ? -1 : 1));
  const rows = changed.map(
    ({ meter, transformer, recorded, phase, score, margin, confidence, grade, reason }) =>
      [
        meter,
        transformer,
        recorded,
        phase,
        score?.toFixed(3),
        margin?.toFixed(3),
        confidence?.toFixed(4),
        grade,
        reason,
      ]
        .map(cell)
        .join(','),
  );
  return ['meter,transformer,recorded,phase,score,margin,confidence,grade,reason', ...rows, ''].join('\r\n');
}

/** Whether a crew has looked, and rejected the phase that was found. */
function isRejected({ decided, phase }: Assignment): boolean {
  return decided?.verdict === 'reject' && decided.phase === phase;
}

/**
 * The whole map as JSON, laid out so that two runs can be compared line by line: `results.json`. In steps: of a hundred
 * thousand meters it is long.
 */
export function* resultsJson(map: PhaseMap): Steps<string> {
  const { assignments, transformers, ...head } = map;
  const parts = ['{\n'];
  for (const [name, value] of Object.entries(head)) {
    parts.push(`  ${JSON.stringify(name)}: ${JSON.stringify(value)},\n`);
  }
  for (const [name, rows] of Object.entries({ transformers, assignments })) {
    parts.push(`  "${name}": [`);
    for (const [k, row] of rows.entries()) {
      parts.push(`${k ? ',' : ''}\n    ${JSON.stringify(row)}`);
      yield;
    }
    parts.push(name === 'assignments' ? '\n  ]\n}\n' : '\n  ],\n');
  }
  return parts.join('');
}

/** A cell that programs for tables take for text: quoted where it must be, and never for a formula. */
function cell(value: string | null | undefined): string {
  const text = /^[=+\-@\t\r]/.test(value ?? '') && Number.isNaN(Number(value)) ? `'${value}` : (value ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
