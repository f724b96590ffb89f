import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import Papa from 'papaparse';
import { guardLines, MOST, ROWS_A_BYTE, TableError } from './bounds';

/** One row of a table, by the names of its columns. */
export type Row = Record<string, unknown>;

/** Rows that came together, and the part of the file that is read. */
export interface Batch {
  rows: Row[];
  progress: number;
}

/** Rows of a Parquet file that are read at once. */
const PARQUET_ROWS = 10_000;

/**
 * Rows of a table on disk: CSV, CSV in gzip (`.gz`), or Parquet (`.parquet`), a piece at a time.
 * @throws Error where the file cannot be read
 */
export function readRows(path: string): AsyncGenerator<Batch> {
  return /\.parquet$/i.test(path) ? readParquet(path) : readCsv(path);
}

async function* readCsv(path: string): AsyncGenerator<Batch> {
  const { size } = await stat(path);
  const file = createReadStream(path);
  const unpacked = /\.gz$/i.test(path) ? file.pipe(createGunzip()) : file;
  const text = unpacked.pipe(guardLines(path));
  const parser = text.pipe(Papa.parse(Papa.NODE_STREAM_INPUT, { header: true, skipEmptyLines: true }));
  // A pipe does not pass errors on.
  for (const part of [file, unpacked, text]) {
    part.on('error', (error: Error) => {
      parser.destroy(error);
      file.destroy();
    });
  }
  let rows: Row[] = [];
  for await (const row of parser) {
    rows.push(row as Row);
    if (rows.length < 200) continue;
    yield { rows, progress: size ? file.bytesRead / size : 1 };
    rows = [];
  }
  yield { rows, progress: 1 };
}

async function* readParquet(path: string): AsyncGenerator<Batch> {
  const { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } = await import('hyparquet');
  const { compressors } = await import('hyparquet-compressors');
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  const all = rowsOf(metadata);
  const { size } = await stat(path);
  if (!(all >= 0) || all > Math.min(MOST.rows, size * ROWS_A_BYTE)) {
    throw new TableError(path, `its ${size} bytes cannot hold ${all} rows`);
  }
  const columns = metadata.schema.length - 1;
  if (columns > MOST.columns) throw new TableError(path, `${columns} columns: no table of meters`);
  for (let rowStart = 0; rowStart < all; rowStart += PARQUET_ROWS) {
    const rowEnd = Math.min(all, rowStart + PARQUET_ROWS);
    const rows = (await parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd })) as Row[];
    yield { rows, progress: rowEnd / all };
  }
}

/** Rows by the groups of rows, which is what can be read; the sum at the end of the file may claim anything. */
function rowsOf({ num_rows, row_groups }: { num_rows: bigint; row_groups: { num_rows: bigint }[] }): number {
  const sum = row_groups.reduce((rows, group) => rows + group.num_rows, 0n);
  return Number(sum > num_rows ? sum : num_rows);
}
