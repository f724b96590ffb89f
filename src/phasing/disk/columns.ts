/** A value of a meter in a slot of the grid. */
export interface StoredValue {
  meter: string;
  slot: number;
  volts: number;
}

/** Steps of 10 mV, as in memory; behind the largest code stands a value that has no such number of steps. */
const PER_VOLT = 100;
const OTHER = 0xffff;
/** Segment, first new number, length of the names, number of values. */
const HEAD = 16;
/** Bytes of a value at most: number and slot as varints of 5, code and float. */
const MOST = 16;

/**
 * Numbers of the meters in the blocks of a segment: a name stands in the block that is the first to need it. A segment
 * has a number of its own, so that no block is ever read with the names of another segment.
 */
export class Names {
  private readonly numbers = new Map<string, number>();

  constructor(readonly segment: number) {}

  get size(): number {
    return this.numbers.size;
  }

  /** @param fresh is given the name where it has no number yet */
  numberOf(meter: string, fresh: string[]): number {
    let number = this.numbers.get(meter);
    if (number === undefined) {
      number = this.numbers.size;
      this.numbers.set(meter, number);
      fresh.push(meter);
    }
    return number;
  }
}

/** Names of a segment as far as its blocks were read: by number, with holes where a block is lost. */
export interface KnownNames {
  segment: number;
  names: string[];
}

/**
 * Values as bytes: new names, then number of the meter, slot and voltage of each, in order of number and slot, so that
 * a value has 4 bytes mostly: [segment, first new number, length of names, count: uint32 each][names as JSON]
 * [difference of numbers, of slots (zigzag): LEB128; steps of 10 mV: uint16, or 65535 and float32].
 */
export function encodeColumns(values: readonly StoredValue[], names: Names): Buffer {
  const first = names.size;
  const fresh: string[] = [];
  const rows = values
    .map(({ meter, slot, volts }) => ({ number: names.numberOf(meter, fresh), slot, volts }))
    .sort((a, b) => a.number - b.number || a.slot - b.slot);
  const text = Buffer.from(JSON.stringify(fresh));
  const body = Buffer.allocUnsafe(HEAD + text.length + MOST * rows.length);
  body.writeUInt32LE(names.segment, 0);
  body.writeUInt32LE(first, 4);
  body.writeUInt32LE(text.length, 8);
  body.writeUInt32LE(rows.length, 12);
  text.copy(body, HEAD);
  let at = HEAD + text.length;
  let [number, slot] = [0, 0];
  for (const row of rows) {
    at = writeVarint(body, at, row.number - number);
    at = writeVarint(body, at, zigzag(row.slot - slot));
    const steps = Math.round(row.volts * PER_VOLT);
    if (steps >= 0 && steps < OTHER) at = body.writeUInt16LE(steps, at);
    else at = body.writeFloatLE(row.volts, body.writeUInt16LE(OTHER, at));
    [number, slot] = [row.number, row.slot];
  }
  return body.subarray(0, at);
}

/**
 * The values of a block.
 * @param known is changed: it takes the names of the block
 * @param take is given each value
 * @returns how many have a name that stood in a block that is lost
 * @throws RangeError, SyntaxError for bytes that {@link encodeColumns} has not made
 */
export function decodeColumns(body: Buffer, known: KnownNames, take: (value: StoredValue) => void): number {
  const segment = body.readUInt32LE(0);
  if (segment !== known.segment) [known.segment, known.names] = [segment, []];
  const first = body.readUInt32LE(4);
  const length = body.readUInt32LE(8);
  const count = body.readUInt32LE(12);
  const fresh: string[] = JSON.parse(body.toString('utf8', HEAD, HEAD + length));
  fresh.forEach((name, k) => {
    known.names[first + k] = name;
  });
  const cursor = { at: HEAD + length };
  let [number, slot, nameless] = [0, 0, 0];
  for (let k = 0; k < count; k++) {
    number += readVarint(body, cursor);
    slot += unzigzag(readVarint(body, cursor));
    const steps = body.readUInt16LE(cursor.at);
    cursor.at += 2;
    let volts = steps / PER_VOLT;
    if (steps === OTHER) {
      volts = body.readFloatLE(cursor.at);
      cursor.at += 4;
    }
    const meter = known.names[number];
    if (meter === undefined) nameless++;
    else take({ meter, slot, volts });
  }
  return nameless;
}

function writeVarint(into: Buffer, at: number, value: number): number {
  let rest = value;
  let place = at;
  while (rest >= 0x80) {
    into[place++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  into[place++] = rest;
  return place;
}

function readVarint(from: Buffer, cursor: { at: number }): number {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = from.readUInt8(cursor.at++);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return value >>> 0;
}

function zigzag(x: number): number {
  return ((x << 1) ^ (x >> 31)) >>> 0;
}

function unzigzag(x: number): number {
  return (x >>> 1) ^ -(x & 1);
}
