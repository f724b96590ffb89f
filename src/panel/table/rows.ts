import { parse, unparse } from 'papaparse';
import { columnsOf } from './column-names';

/** Rows of a table by column; values are text, as typed. */
export type Row = Record<string, string>;

export interface Problem {
  /** Where in the text it is, e.g. `line 3`. */
  where: string;
  text: string;
  /** The same for other languages: key under `table` in the catalogue of the panels, and its values. */
  say?: { key: string; values: Record<string, unknown> };
}

/** What a text holds. */
export interface Table {
  rows: Row[];
  /** Where each row stands in the text, e.g. `line 3`, the header being line 1. */
  places: string[];
  /** What could not be taken. */
  problems: Problem[];
}

/**
 * Rows from JSON or from CSV, whichever the text is.
 * @param columns known names
 * @param rowsOf the rows of a JSON value that is not a list; throws a FieldError
 */
export function readText(
  text: string,
  columns: readonly string[],
  rowsOf: (json: unknown) => object[],
): Table {
  if (!/^\s*[[{]/.test(text)) return readTable(text, columns);
  try {
    const rows = rowsOf(JSON.parse(text)) as Row[];
    const places = rows.map((_, i) => `entry ${i + 1}`);
    const strange = rows.flatMap((row, i) =>
      Object.keys(row)
        .filter((name) => !columns.includes(name))
        .map((name) => unknown(places[i], name, columns)),
    );
    return { rows, places, problems: strange };
  } catch (error) {
    const { message } = error as Error;
    // Browsers do not always say where; their message then shows a piece of the text.
    const at = /position (\d+)/.exec(message);
    const where = at ? `line ${text.slice(0, Number(at[1])).split('\n').length}` : 'JSON';
    return { rows: [], places: [], problems: [{ where, text: message }] };
  }
}

/**
 * Rows from CSV text with a header line; comma, semicolon or tab, quotes as in RFC 4180.
 * @param columns known names, see {@link columnsOf}; others are a problem, missing ones are not
 */
export function readTable(text: string, columns: readonly string[]): Table {
  const { data } = parse<string[]>(text.trimEnd(), { delimitersToGuess: [',', ';', '\t'] });
  const [header = [], ...body] = data;
  const given = header.map((name) => name.trim());
  const found = columnsOf(given, columns);
  const names = given.map((name, k) => found[k] ?? name);
  const problems: Problem[] = given
    .filter((_, k) => found[k] === undefined)
    .map((name) => unknown('line 1', name, columns));
  const rows: Row[] = [];
  const places: string[] = [];
  body.forEach((fields, i) => {
    const where = `line ${i + 2}`;
    if (fields.every((field) => field.trim() === '')) return;
    if (fields.length > names.length) {
      const values = { fields: fields.length, columns: names.length };
      const text = `${values.fields} fields, but ${values.columns} columns`;
      problems.push({ where, text, say: { key: 'too-many', values } });
      return;
    }
    const pairs = fields.map((field, k) => [names[k], field.trim()]).filter(([, field]) => field !== '');
    rows.push(Object.fromEntries(pairs));
    places.push(where);
  });
  return { rows, places, problems };
}

function unknown(where: string, name: string, columns: readonly string[]): Problem {
  const values = { name, columns: columns.join(', ') };
  return {
    where,
    text: `no column is called "${name}": ${values.columns}`,
    say: { key: 'unknown', values },
  };
}

/** The rows as CSV text, with all columns in their order. */
export function writeTable(rows: readonly object[], columns: readonly string[]): string {
  return unparse(
    { fields: [...columns], data: rows.map((row) => columns.map((name) => (row as Row)[name] ?? '')) },
    { newline: '\n' },
  );
}
