import { parse, unparse } from 'papaparse';

/** Rows of a table by column; values are text, as typed. */
export type Row = Record<string, string>;

export interface Problem {
  /** Line of the text, 1-based, the header being line 1. */
  line: number;
  text: string;
}

/**
 * Rows from CSV text with a header line; comma, semicolon or tab, quotes as in RFC 4180.
 * @param columns known names; others are a problem, missing ones are not
 * @returns the rows, each with the line it stands on, and what could not be taken
 */
export function readTable(
  text: string,
  columns: readonly string[],
): { rows: Row[]; lines: number[]; problems: Problem[] } {
  const { data } = parse<string[]>(text.trimEnd(), { delimitersToGuess: [',', ';', '\t'] });
  const [header = [], ...body] = data;
  const names = header.map((name) => name.trim());
  const problems: Problem[] = names
    .filter((name) => !columns.includes(name))
    .map((name) => ({ line: 1, text: `no column is called "${name}": ${columns.join(', ')}` }));
  const rows: Row[] = [];
  const lines: number[] = [];
  body.forEach((fields, i) => {
    const line = i + 2;
    if (fields.every((field) => field.trim() === '')) return;
    if (fields.length > names.length) {
      problems.push({ line, text: `${fields.length} fields, but ${names.length} columns` });
      return;
    }
    const pairs = fields.map((field, k) => [names[k], field.trim()]).filter(([, field]) => field !== '');
    rows.push(Object.fromEntries(pairs));
    lines.push(line);
  });
  return { rows, lines, problems };
}

/** The rows as CSV text, with all columns in their order. */
export function writeTable(rows: readonly object[], columns: readonly string[]): string {
  return unparse(
    { fields: [...columns], data: rows.map((row) => columns.map((name) => (row as Row)[name] ?? '')) },
    { newline: '\n' },
  );
}
