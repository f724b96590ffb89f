import { FieldError } from '../../record';
import { type Row, readRows } from './rows';

/** What an import brought. */
export interface Imported {
  rows: number;
  values: number;
  /** Rows without a time, and cells that are no voltage. */
  skipped: number;
  /** The first of them, in words. */
  problem?: string;
}

const METER = ['meter', 'meter_id', 'id'];
const TIME = ['time', 'timestamp', 'date', 'datetime'];
const VOLTAGE = ['va', 'voltage', 'volts', 'v', 'vb', 'vc'];

/**
 * Voltages from a table on disk, in one of two forms: a row a reading (`time, meter, va`), or a row an interval with a
 * column a meter. An empty cell is a value that is missing. Times: ISO 8601, or ms since 1970.
 * @param take is given each value; one that returns a promise is waited for
 * @param progress is told the part that is read, 0 to 1
 * @throws FieldError for a table without a column of times; Error where the file cannot be read
 */
export async function importSeries(
  path: string,
  take: (meter: string, time: number, volts: number) => unknown,
  progress: (part: number) => void = () => {},
): Promise<Imported> {
  const result: Imported = { rows: 0, values: 0, skipped: 0 };
  let read: ((row: Row) => [string, unknown][]) | undefined;
  let timeColumn = '';
  const skip = (problem: string) => {
    result.skipped++;
    result.problem ??= `row ${result.rows}: ${problem}`;
  };
  for await (const { rows, progress: part } of readRows(path)) {
    for (const row of rows) {
      if (!read) ({ read, timeColumn } = formOf(Object.keys(row)));
      result.rows++;
      const time = timeOf(row[timeColumn]);
      if (time === undefined) {
        skip('no time');
        continue;
      }
      for (const [meter, cell] of read(row)) {
        if (cell === '' || cell === null || cell === undefined) continue;
        const volts = Number(cell);
        if (meter === '' || !Number.isFinite(volts)) {
          skip(meter === '' ? 'no meter' : 'a cell that is no voltage');
          continue;
        }
        const taken = take(meter, time, volts);
        if (taken instanceof Promise) await taken;
        result.values++;
      }
    }
    progress(part);
    // A file is read faster than a flow should wait.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return result;
}

function formOf(columns: string[]): { read: (row: Row) => [string, unknown][]; timeColumn: string } {
  const find = (names: string[]) => columns.find((column) => names.includes(column.trim().toLowerCase()));
  const timeColumn = find(TIME);
  if (timeColumn === undefined) {
    throw new FieldError(
      'columns',
      `a column of times (${TIME.join(', ')})`,
      `${columns.length} columns of other names`,
    );
  }
  const [meter, voltage] = [find(METER), find(VOLTAGE)];
  if (meter !== undefined && voltage !== undefined) {
    return { timeColumn, read: (row) => [[String(row[meter] ?? ''), row[voltage]]] };
  }
  const meters = columns.filter((column) => column !== timeColumn);
  return { timeColumn, read: (row) => meters.map((name) => [name, row[name]]) };
}

function timeOf(value: unknown): number | undefined {
  if (value instanceof Date) return value.getTime();
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const text = value.trim();
  const time = /^\d{11,}$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isFinite(time) ? time : undefined;
}
