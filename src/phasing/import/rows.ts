import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import Papa from 'papaparse';

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
  const text = /\.gz$/i.test(path) ? file.pipe(createGunzip()) : file;
  const parser = text.pipe(Papa.parse(Papa.NODE_STREAM_INPUT, { header: true, skipEmptyLines: true }));
  // A pipe does not pass errors on.
  file.on('error', (error: Error) => parser.destroy(error));
  text.on('error', (error: Error) => parser.destroy(error));
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
  const all = Number(metadata.num_rows);
  for (let rowStart = 0; rowStart < all; rowStart += PARQUET_ROWS) {
    const rowEnd = Math.min(all, rowStart + PARQUET_ROWS);
    const rows = (await parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd })) as Row[];
    yield { rows, progress: rowEnd / all };
  }
}
