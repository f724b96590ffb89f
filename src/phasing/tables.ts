import type { Assignment, PhaseMap } from '../record';

/** Changes of the records for the GIS as CSV: meters whose recorded phase differs, the surest first. */
export function changesCsv({ assignments }: PhaseMap): string {
  const changed = assignments
    .filter(({ agrees }) => agrees === false)
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

/** The whole map as JSON, laid out so that two runs can be compared line by line: `results.json`. */
export function resultsJson(map: PhaseMap): string {
  const { assignments, transformers, ...head } = map;
  const list = (rows: readonly (Assignment | Record<string, unknown>)[]) =>
    rows.length ? `[\n${rows.map((row) => `    ${JSON.stringify(row)}`).join(',\n')}\n  ]` : '[]';
  const lines = Object.entries(head).map(
    ([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`,
  );
  lines.push(`  "transformers": ${list(transformers)}`, `  "assignments": ${list(assignments)}`);
  return `{\n${lines.join(',\n')}\n}\n`;
}

/** A cell that programs for tables take for text: quoted where it must be, and never for a formula. */
function cell(value: string | null | undefined): string {
  const text = /^[=+\-@\t\r]/.test(value ?? '') && Number.isNaN(Number(value)) ? `'${value}` : (value ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
