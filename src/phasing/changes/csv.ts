import { LongText, type Steps } from '../steps';
import type { Change, ChangesText } from './changes';

/** Corrections as CSV (RFC 4180) with a header line; all of them can be said. */
export function* changesCsv(changes: readonly Change[]): Steps<ChangesText> {
  const lines = new LongText('\r\n');
  lines.add('meter,transformer,recorded,phase,score,margin,confidence,grade,reason');
  for (const { found } of changes) {
    const { meter, transformer, recorded, phase, score, margin, confidence, grade, reason } = found;
    lines.add(
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
    yield;
  }
  lines.add('');
  return { text: lines.end(), leftOut: 0 };
}

/** A cell that programs for tables take for text: quoted where it must be, and never for a formula. */
function cell(value: string | null | undefined): string {
  const text = /^[=+\-@\t\r]/.test(value ?? '') && Number.isNaN(Number(value)) ? `'${value}` : (value ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
