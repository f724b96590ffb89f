import { encodeFrame, type Frame, isBad } from './frame';
import {
  BOUNDS_KEY,
  type Bounds,
  decodeBounds,
  encodeBounds,
  entryKey,
  isNewer,
  rejectedKey,
  splitHead,
  stateKey,
} from './layout';
import { type Store, searchFiles } from './store';

export interface Salvaged {
  bounds: Bounds;
  /** Records that are in the new store, and the numbers of those that are not. */
  saved: number;
  lost: number[];
  /** Frames that the key does not fit. */
  sealed: number;
}

type Operation = { type: 'put'; key: string; value: Buffer };

/**
 * Puts what is whole in the files of a damaged store into a new one, record by record. A number between the bounds
 * that is nowhere is lost; an empty frame takes its place, so that its loss is told once.
 * @param known the bounds as far as they are known besides: never smaller than these
 */
export async function salvage(
  files: string[],
  db: Store,
  known: Pick<Bounds, 'first' | 'next'>,
  key?: Buffer,
): Promise<Salvaged> {
  // Only where a record lies: the records may be more than memory holds.
  const places = new Map<number, string>();
  const rejected = new Map<number, Buffer>();
  const states = new Map<string, Frame>();
  let newest: Bounds | undefined;
  let sealed = 0;
  for await (const { frame, file } of searchFiles(files, key)) {
    if (isBad(frame)) {
      if (frame.problem === 'key') sealed++;
    } else if (frame.kind === 'entry') places.set(frame.seq, file);
    else if (frame.kind === 'rejected') rejected.set(frame.seq, frame.body);
    else if (frame.kind === 'state') {
      const name = splitHead<string>(frame).head;
      if ((states.get(name)?.seq ?? -1) < frame.seq) states.set(name, frame);
    } else if (isNewer(decodeBounds(frame), newest)) newest = decodeBounds(frame);
  }

  const all = [...places.keys()];
  const bounds: Bounds = newest ?? {
    first: all.reduce((least, seq) => Math.min(least, seq), Number.POSITIVE_INFINITY),
    next: 0,
    bytes: 0,
    dropped: { age: 0, size: 0 },
    lost: 0,
  };
  bounds.next = all.reduce((next, seq) => Math.max(next, seq + 1), Math.max(bounds.next, known.next));
  bounds.first = Math.min(Math.max(bounds.first, known.first), bounds.next);
  bounds.bytes = 0;

  let operations: Operation[] = [];
  const put = async (key_: string, value: Buffer) => {
    bounds.bytes += value.length;
    operations.push({ type: 'put', key: key_, value });
    if (operations.length < 500) return;
    await db.batch(operations);
    operations = [];
  };
  const byFile = new Map<string, Set<number>>();
  for (const [seq, file] of places) {
    if (seq < bounds.first) continue;
    const own = byFile.get(file);
    if (own) own.add(seq);
    else byFile.set(file, new Set([seq]));
  }
  let saved = 0;
  for (const [file, seqs] of byFile) {
    for await (const { frame } of searchFiles([file], key)) {
      if (isBad(frame) || frame.kind !== 'entry' || !seqs.delete(frame.seq)) continue;
      await put(entryKey(frame.seq), encodeFrame('entry', frame.seq, frame.body, key));
      if (frame.body.length > 0) saved++;
    }
  }
  const lost: number[] = [];
  for (let seq = bounds.first; seq < bounds.next; seq++) {
    if (places.has(seq)) continue;
    lost.push(seq);
    await put(entryKey(seq), encodeFrame('entry', seq, Buffer.alloc(0), key));
  }
  bounds.lost += lost.length;
  // Rejected ones that were sent again since cannot be told from the others.
  for (const [seq, body] of rejected) await put(rejectedKey(seq), encodeFrame('rejected', seq, body, key));
  for (const [name, { seq, body }] of states) await put(stateKey(name), encodeFrame('state', seq, body, key));
  operations.push({ type: 'put', key: BOUNDS_KEY, value: encodeBounds(bounds, key) });
  await db.batch(operations, { sync: true });
  return { bounds, saved, lost, sealed };
}
