import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type ByteSource, bytesSource, type ComtradeParts, partsOfCff } from '../comtrade';
import { unlessMissing } from '../shared';
import { RecordError } from './error';

/** Where a record comes from: a path (.cfg with its .dat beside it, or .cff), or its bytes. */
export type RecordSource =
  | { path: string }
  | { name: string; cfg: Uint8Array; dat: Uint8Array }
  | { name: string; cff: Uint8Array };

/** The parts of a record, ready to be read. */
export interface OpenSource {
  name: string;
  parts: ComtradeParts;
  close(): Promise<void>;
}

/** A header is text of some hundred kilobytes at most; a single file holds the data, too. */
const MAX_HEADER = 16 << 20;
const MAX_SINGLE = 512 << 20;

/**
 * Opens the parts of a record.
 * @throws RecordError where the path is no record or a part is missing; the file system's own error
 */
export async function openSource(source: RecordSource): Promise<OpenSource> {
  if ('path' in source) return await openPath(source.path);
  const parts = 'cff' in source ? partsOfCff(source.cff) : { cfg: source.cfg, dat: bytesSource(source.dat) };
  return { name: source.name, parts, close: async () => {} };
}

async function openPath(path: string): Promise<OpenSource> {
  const ending = /\.(cfg|cff|dat)$/i.exec(path)?.[1].toLowerCase();
  if (!ending)
    throw new RecordError(
      'NO_RECORD',
      `${basename(path)}: a COMTRADE record is named by its .cfg or .cff file`,
    );
  const name = basename(path);
  if (ending === 'cff') {
    const parts = partsOfCff(await readWhole(path, MAX_SINGLE));
    return { name, parts, close: async () => {} };
  }
  const stem = path.slice(0, -4);
  const cfg = await readWhole(await existing(stem, 'cfg'), MAX_HEADER);
  const header = await found(stem, 'hdr');
  const hdr = header === undefined ? undefined : await readWhole(header, MAX_HEADER);
  const handle = await open(await existing(stem, 'dat'), 'r');
  const { size } = await handle.stat();
  return { name, parts: { cfg, dat: fileSource(handle, size), hdr }, close: () => handle.close() };
}

async function existing(stem: string, ending: string): Promise<string> {
  const path = await found(stem, ending);
  if (path === undefined) throw new RecordError('PART_MISSING', `ENOENT: no such file, ${stem}.${ending}`);
  return path;
}

/** The part of a record with this ending, in any case of it. */
async function found(stem: string, ending: string): Promise<string | undefined> {
  const capital = ending[0].toUpperCase() + ending.slice(1);
  for (const variant of [ending, ending.toUpperCase(), capital]) {
    const path = `${stem}.${variant}`;
    if ((await unlessMissing(stat(path)))?.isFile()) return path;
  }
  return undefined;
}

async function readWhole(path: string, most: number): Promise<Buffer> {
  const { size } = await stat(path);
  if (size > most)
    throw new RecordError('TOO_LARGE', `${basename(path)}: ${size} bytes are more than ${most}`);
  return await readFile(path);
}

function fileSource(handle: FileHandle, size: number): ByteSource {
  let held = Buffer.allocUnsafeSlow(0);
  return {
    size,
    read: async (position, length) => {
      const wanted = Math.max(0, Math.min(length, size - position));
      if (held.length < wanted) held = Buffer.allocUnsafeSlow(wanted);
      const bytes = held.subarray(0, wanted);
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, position + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    },
  };
}
