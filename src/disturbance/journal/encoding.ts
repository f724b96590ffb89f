import { type PqEvent, WaveformFrame } from '../../record';
import type { Excursion } from './excursion';

/** A head in JSON and numbers behind it: [length of the head, 4 bytes][head][numbers]. */
function pack(head: object, ...parts: (Float64Array | Uint8Array | Buffer)[]): Buffer {
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

/** Arrays of an excursion in the order in which they are written; the bytes come last. */
const DOUBLES = ['starts', 'ends', 'values', 'declared'] as const;

export function encodeExcursion({ channels, starts, ends, values, declared, ...head }: Excursion): Buffer {
  return pack({ ...head, count: channels.length }, starts, ends, values, declared, channels);
}

export function decodeExcursion(bytes: Buffer): Excursion {
  const { head, numbers } = unpack(bytes);
  const { count, ...rest } = head as Omit<Excursion, (typeof DOUBLES)[number] | 'channels'> & {
    count: number;
  };
  // A copy, for it to begin at a multiple of eight.
  const aligned = new Uint8Array(numbers).buffer;
  const arrays = Object.fromEntries(
    DOUBLES.map((name, i) => [name, new Float64Array(aligned, i * count * 8, count)]),
  ) as Record<(typeof DOUBLES)[number], Float64Array>;
  return { ...rest, ...arrays, channels: new Uint8Array(aligned, DOUBLES.length * count * 8, count) };
}
