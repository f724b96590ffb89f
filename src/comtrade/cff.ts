import { ComtradeError } from './error';

/** The parts of a single-file record (C37.111-2013, clause 9), each as its bytes. */
export interface CffParts {
  cfg: Uint8Array;
  dat: Uint8Array;
  hdr?: Uint8Array;
  inf?: Uint8Array;
}

// A part opens with its own line, e.g. `--- file type: DAT BINARY: 702 ---`, the byte count for binary only.
const SEPARATOR = /^-{2,3}\s*file type\s*:?\s*([A-Z]+)(?:\s+([A-Z0-9]+))?\s*(?::\s*(\d+))?\s*---\s*$/i;

/**
 * Cuts a .cff file into its parts.
 * @throws ComtradeError `byte N` where a part is missing or shorter than it says
 */
export function splitCff(bytes: Uint8Array): CffParts {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = new Map<string, Uint8Array>();
  let open: { type: string; from: number } | undefined;
  // Behind the mark of UTF-8, where there is one.
  let at = buffer[0] === 0xef && buffer[1] === 0xbb && buffer[2] === 0xbf ? 3 : 0;
  while (at < buffer.length) {
    const newline = buffer.indexOf(0x0a, at);
    const lineEnd = newline < 0 ? buffer.length : newline + 1;
    const separator =
      buffer[at] === 0x2d ? SEPARATOR.exec(buffer.toString('latin1', at, lineEnd).trimEnd()) : null;
    if (separator) {
      if (open) found.set(open.type, buffer.subarray(open.from, at));
      open = { type: separator[1].toUpperCase(), from: lineEnd };
      if (separator[3] !== undefined && separator[2]?.toUpperCase() !== 'ASCII') {
        const size = Number(separator[3]);
        if (lineEnd + size > buffer.length) {
          const rest = buffer.length - lineEnd;
          // As far as the data goes: the reader of the data says that samples are missing.
          if (rest <= 0)
            throw new ComtradeError(`byte ${lineEnd}`, `${size} bytes of data announced, none there`);
        }
        found.set(open.type, buffer.subarray(lineEnd, Math.min(buffer.length, lineEnd + size)));
        open = undefined;
        at = lineEnd + size;
        continue;
      }
    }
    at = lineEnd;
  }
  if (open) found.set(open.type, buffer.subarray(open.from));
  const cfg = found.get('CFG');
  const dat = found.get('DAT');
  if (!cfg) throw new ComtradeError('byte 0', 'no line "--- file type: CFG ---" in this .cff file');
  if (!dat) throw new ComtradeError(`byte ${buffer.length}`, 'no part "file type: DAT" in this .cff file');
  return { cfg, dat, hdr: found.get('HDR'), inf: found.get('INF') };
}
