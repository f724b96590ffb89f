import { readFile } from 'node:fs/promises';
import {
  type ByteSource,
  bytesSource,
  type ComtradeParts,
  type ComtradeRecord,
  openComtrade,
  partsOfCff,
  type ReadOptions,
} from '../../src/comtrade';

/** A record with all its samples. */
export interface WholeRecord extends ComtradeRecord {
  count: number;
  analog: Float64Array[];
  status: Uint8Array[];
}

/** Rows of a record, all channels, from `from` to just before `to`. */
export async function rowsOf({ config, data }: ComtradeRecord, from = 0, to = data.count) {
  const analog = config.analog.map(() => new Float64Array(to - from));
  const status = config.status.map(() => new Uint8Array(to - from));
  let next = from;
  const places = analog.map((_, place) => place);
  for await (const rows of data.rows({ analog: places, status: true, from, to })) {
    if (rows.first !== next) throw new Error(`rows go on at ${rows.first}, not at ${next}`);
    next += rows.count;
    rows.values.forEach((own, place) => {
      analog[place].set(own.subarray(0, rows.count), rows.first - from);
    });
    rows.status.forEach((own, place) => {
      status[place].set(own.subarray(0, rows.count), rows.first - from);
    });
  }
  if (next !== to) throw new Error(`rows end at ${next}, not at ${to}`);
  return { analog, status };
}

export async function readParts(parts: ComtradeParts, options?: ReadOptions): Promise<WholeRecord> {
  const record = await openComtrade(parts, options);
  return { ...record, count: record.data.count, ...(await rowsOf(record)) };
}

/** A record in memory, its data as bytes or as a source of its own. */
export function readWhole(
  cfg: Uint8Array | string,
  dat: Uint8Array | ByteSource,
  options?: ReadOptions,
): Promise<WholeRecord> {
  return readParts(
    { cfg: Buffer.from(cfg), dat: dat instanceof Uint8Array ? bytesSource(dat) : dat },
    options,
  );
}

export async function readCff(bytes: Uint8Array): Promise<WholeRecord> {
  return await readParts(partsOfCff(bytes));
}

/** A record on disk, by its .cfg file. */
export async function readFiles(path: string): Promise<WholeRecord> {
  return await readWhole(await readFile(path), await readFile(path.replace(/cfg$/, 'dat')));
}
