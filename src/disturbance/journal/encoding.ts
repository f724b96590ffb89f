import { type PqEvent, WaveformFrame } from '../../record';
import type { Excursion } from './excursion';

/** A head in JSON and numbers behind it: [length of the head, 4 bytes][head][numbers]. */
function pack(head: object, ...parts: (Float64Array | Float32Array | Uint8Array)[]): Buffer {
  const json = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([
    length,
    json,
    ...parts.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)),
  ]);
}

function unpack(bytes: Buffer): { head: unknown; numbers: Buffer } {
  const end = 4 + bytes.readUInt32LE(0);
  return { head: JSON.parse(bytes.toString('utf8', 4, end)), numbers: bytes.subarray(end) };
}

/** An event without its capture. */
export function encodeEvent({ capture, ...event }: PqEvent): Buffer {
  return pack(event);
}

export function decodeEvent(bytes: Buffer): PqEvent {
  return unpack(bytes).head as PqEvent;
}

export function encodeCapture({ meter, time, rate, layout, length, data }: WaveformFrame): Buffer {
  return pack({ meter, time, rate, layout, length }, data);
}

export function decodeCapture(bytes: Buffer): WaveformFrame {
  const { head, numbers } = unpack(bytes);
  const { layout, length, ...rest } = head as {
    meter: string;
    time: number;
    rate: number;
    layout: string;
    length: number;
  };
  return WaveformFrame.build(rest, layout.split(' ') as never, length, (views) => {
    views.forEach((view, i) => {
      const from = i * length * 4;
      Buffer.from(view.buffer, view.byteOffset, view.byteLength).set(
        numbers.subarray(from, from + length * 4),
      );
    });
  });
}

/** Arrays of an excursion in the order in which they are written: the widest numbers first. */
const ARRAYS = {
  ends: Float64Array,
  values: Float64Array,
  declared: Float64Array,
  lengths: Float32Array,
  channels: Uint8Array,
} as const;
type ArrayName = keyof typeof ARRAYS;
const NAMES = Object.keys(ARRAYS) as ArrayName[];

export function encodeExcursion(excursion: Excursion): Buffer {
  const { ends, values, declared, lengths, channels, ...head } = excursion;
  const counts = NAMES.map((name) => excursion[name].length);
  return pack({ ...head, counts }, ends, values, declared, lengths, channels);
}

export function decodeExcursion(bytes: Buffer): Excursion {
  const { head, numbers } = unpack(bytes);
  const { counts, ...rest } = head as Omit<Excursion, ArrayName> & { counts: number[] };
  // A copy, for it to begin at a multiple of eight.
  const memory = new Uint8Array(numbers).buffer;
  let at = 0;
  const arrays = NAMES.map((name, i) => {
    const array = new ARRAYS[name](memory, at, counts[i]);
    at += array.byteLength;
    return [name, array];
  });
  return { ...rest, ...(Object.fromEntries(arrays) as Pick<Excursion, ArrayName>) };
}
