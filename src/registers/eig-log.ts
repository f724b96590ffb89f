/**
 * Logs of Electro Industries meters, retrieved by engaging one, saying which records are wanted, and reading
 * them through a window.
 *
 * Source: Shark 200/200T user manual E149701 V1.24, appendix B.5 (retrieval block B-12 to B-17, record
 * layouts B-30 to B-63). What the pages that could be read leave open is said at the line concerned.
 */
export interface EigLogTable {
  strategy: 'eig';
  /** Log number 10, power-quality events, and where its 16-register status block lies. */
  events: { log: number; status: number };
  /** Log number 11, waveforms. */
  waveforms: { log: number; status: number };
}

/** Addresses of the retrieval block, the same in all meters of the family. */
export const EIG = {
  /** Log number (high byte), enable (0x80) and scope: one write engages or lets go. */
  session: 0xc34f,
  /** Records a window (high byte) and repeats; then status and index of the window, and its data. */
  request: 0xc350,
  window: 0xc351,
  /** Registers of window status, index and data together. */
  windowLength: 125,
  windowBytes: 246,
  statusLength: 16,
  /** Number of the port that the asker is connected to, to be compared with a log's availability. */
  port: 0x1193,
  /** User-defined function code that reads the same registers several times in one request. */
  repeatedRead: 0x23,
  enable: 0x80,
  /** Scope: the record as it lies in memory, with a checksum (2 bytes) and its sequence number (4) before. */
  image: 2,
  normal: 0,
  notReady: 0xff,
  /** Bytes of a waveform record: time stamp, capture number, record number, payload. */
  waveformRecord: 970,
  waveformPayload: 962,
  recordsPerCapture: 26,
  samplesPerChannel: 2048,
} as const;

export interface EigStatus {
  /** Records that the log can hold, and those it holds. */
  max: number;
  used: number;
  /** Bytes of a record in normal scope. */
  recordSize: number;
  /** 0 free, 0xFFFF never, else the port that has engaged it. */
  availability: number;
  first: number;
  last: number;
}

/** Time stamp of six bytes; the high bits are flags. The meter's clock is taken to run on UTC. */
export function eigTime(bytes: Uint8Array, at = 0): number {
  const masks = [0x7f, 0x0f, 0x1f, 0x1f, 0x3f, 0x3f];
  const [year, month, day, hour, minute, second] = masks.map((mask, i) => bytes[at + i] & mask);
  return Date.UTC(2000 + year, month - 1, day, hour, minute, second);
}

export function putEigTime(time: number, bytes: Uint8Array, at = 0): void {
  const date = new Date(time);
  bytes[at] = date.getUTCFullYear() - 2000;
  bytes[at + 1] = date.getUTCMonth() + 1;
  bytes[at + 2] = date.getUTCDate();
  bytes[at + 3] = date.getUTCHours();
  bytes[at + 4] = date.getUTCMinutes();
  bytes[at + 5] = date.getUTCSeconds();
}

/** The bytes of registers, high byte first. */
export function bytesOf(words: ArrayLike<number>, from = 0): Uint8Array {
  const bytes = new Uint8Array(2 * (words.length - from));
  for (let i = from; i < words.length; i++) {
    bytes[2 * (i - from)] = words[i] >> 8;
    bytes[2 * (i - from) + 1] = words[i] & 0xff;
  }
  return bytes;
}

export function wordsOf(bytes: Uint8Array): number[] {
  return Array.from({ length: bytes.length >> 1 }, (_, i) => (bytes[2 * i] << 8) | bytes[2 * i + 1]);
}

export function decodeEigStatus(words: ArrayLike<number>): EigStatus {
  const bytes = bytesOf(words);
  return {
    max: words[0] * 0x10000 + words[1],
    used: words[2] * 0x10000 + words[3],
    recordSize: words[4],
    availability: words[5],
    first: eigTime(bytes, 12),
    last: eigTime(bytes, 18),
  };
}

export function encodeEigStatus(status: EigStatus): number[] {
  const bytes = new Uint8Array(2 * EIG.statusLength);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, status.max);
  view.setUint32(4, status.used);
  view.setUint16(8, status.recordSize);
  view.setUint16(10, status.availability);
  putEigTime(status.first, bytes, 12);
  putEigTime(status.last, bytes, 18);
  return wordsOf(bytes);
}

/** Bits of a trigger state, lowest first (B-53 f.; the order is borne out by the example on B-46). */
export const EIG_TRIGGERS = [
  { phase: 'a', type: 'swell', current: false },
  { phase: 'b', type: 'swell', current: false },
  { phase: 'c', type: 'swell', current: false },
  { phase: 'a', type: 'swell', current: true },
  { phase: 'b', type: 'swell', current: true },
  { phase: 'c', type: 'swell', current: true },
  { phase: 'a', type: 'sag', current: false },
  { phase: 'b', type: 'sag', current: false },
  { phase: 'c', type: 'sag', current: false },
] as const;

/** Order of channels wherever six values stand in a row. */
export const EIG_CHANNELS = ['va', 'ia', 'vb', 'ib', 'vc', 'ic'] as const;
/** Ids of the channel blocks of a capture: two letters. */
export const EIG_CHANNEL_IDS: Readonly<
  Record<string, (typeof EIG_CHANNELS)[number] | 'vab' | 'vbc' | 'vca'>
> = {
  AN: 'va',
  BN: 'vb',
  CN: 'vc',
  AB: 'vab',
  BC: 'vbc',
  CA: 'vca',
  IA: 'ia',
  IB: 'ib',
  IC: 'ic',
};

/** Volts or amperes at the meter's terminals per count, from a calibration word: millionths. */
export const EIG_CALIBRATION = 1e-6;

/**
 * A power-quality record without its time stamp. The order of the fields is that of the example on B-60 f.,
 * their widths those of the same fields in the header of a waveform capture (B-44); a meter whose records
 * have another size is told and not read.
 *
 * | at | bytes | what |
 * |  0 | 2 | states now: a bit for each of EIG_TRIGGERS, set while it is out |
 * |  2 | 2 | states that this record is about: those that went out or returned |
 * |  4 | 1 | number of the waveform capture, 0 where there is none |
 * |  5 | 1 | flags |
 * |  6 | 2 | sample of that capture at which it happened |
 * |  8 | 18 | worst excursion, RMS counts: surge of va vb vc ia ib ic, sag of va vb vc |
 * | 26 | 12 | calibration of va ia vb ib vc ic |
 */
export const EIG_PQ_BYTES = 38;

export interface EigPqRecord {
  time: number;
  /** Bits of EIG_TRIGGERS. */
  present: number;
  changed: number;
  capture: number;
  cycleTag: number;
  /** RMS at the meter's terminals, V or A, in the order of EIG_TRIGGERS. */
  worst: number[];
}

export function decodeEigPq(bytes: Uint8Array): EigPqRecord {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const calibration = EIG_CHANNELS.map((_, i) => view.getUint16(6 + 26 + 2 * i) * EIG_CALIBRATION);
  const of = (phase: string, current: boolean) =>
    calibration[EIG_CHANNELS.indexOf(`${current ? 'i' : 'v'}${phase}` as 'va')];
  return {
    time: eigTime(bytes),
    present: view.getUint16(6),
    changed: view.getUint16(8),
    capture: bytes[10],
    cycleTag: view.getUint16(12),
    worst: EIG_TRIGGERS.map(({ phase, current }, i) => view.getUint16(14 + 2 * i) * of(phase, current)),
  };
}

export function encodeEigPq(
  record: EigPqRecord,
  calibration: Record<(typeof EIG_CHANNELS)[number], number>,
): Uint8Array {
  const bytes = new Uint8Array(6 + EIG_PQ_BYTES);
  const view = new DataView(bytes.buffer);
  putEigTime(record.time, bytes);
  view.setUint16(6, record.present);
  view.setUint16(8, record.changed);
  bytes[10] = record.capture;
  view.setUint16(12, record.cycleTag);
  EIG_TRIGGERS.forEach(({ phase, current }, i) => {
    const counts = calibration[`${current ? 'i' : 'v'}${phase}` as 'va'] * EIG_CALIBRATION;
    view.setUint16(14 + 2 * i, Math.round(record.worst[i] / counts));
  });
  EIG_CHANNELS.forEach((name, i) => {
    view.setUint16(32 + 2 * i, calibration[name]);
  });
  return bytes;
}

export interface EigCapture {
  number: number;
  /** Samples a second: a power of two a cycle of 60 Hz, whatever the frequency of the grid. */
  rate: number;
  /** Sample of the trigger. */
  cycleTag: number;
  trigger: number;
  /** At the meter's terminals, V or A; the mean of each channel is that of its converter and is taken off. */
  channels: Partial<Record<(typeof EIG_CHANNEL_IDS)[string], Float32Array>>;
}

const HEADER_BYTES = 36;
const RESERVED_BYTES = 388;
const CHANNEL_BYTES = 2 + 2 * EIG.samplesPerChannel;
export const EIG_CAPTURE_BYTES = EIG.waveformPayload * EIG.recordsPerCapture;

/**
 * A capture from its 26 payloads put together: header, reserved bytes, six channels in any order.
 * @returns undefined where a channel or the sampling rate is not one that the manual names
 */
export function decodeEigCapture(bytes: Uint8Array): EigCapture | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const log2 = bytes[2];
  if (log2 < 4 || log2 > 10) return undefined;
  const capture: EigCapture = {
    trigger: view.getUint16(0),
    rate: 2 ** log2 * 60,
    number: bytes[5],
    cycleTag: view.getUint16(6),
    channels: {},
  };
  for (let i = 0; i < EIG_CHANNELS.length; i++) {
    const at = HEADER_BYTES + RESERVED_BYTES + i * CHANNEL_BYTES;
    const id = String.fromCharCode(bytes[at], bytes[at + 1]);
    const name = Object.hasOwn(EIG_CHANNEL_IDS, id) ? EIG_CHANNEL_IDS[id] : undefined;
    if (!name) return undefined;
    // vab has the calibration of va, and so on.
    const own = EIG_CHANNELS.indexOf(name.slice(0, 2) as 'va');
    const scale = view.getUint16(24 + 2 * own) * EIG_CALIBRATION;
    const samples = new Float32Array(EIG.samplesPerChannel);
    let mean = 0;
    for (let n = 0; n < samples.length; n++) mean += view.getInt16(at + 2 + 2 * n) / samples.length;
    for (let n = 0; n < samples.length; n++) samples[n] = (view.getInt16(at + 2 + 2 * n) - mean) * scale;
    capture.channels[name] = samples;
  }
  return capture;
}

/** The bytes of a capture; `counts` are the converter's, in the order of EIG_CHANNELS. */
export function encodeEigCapture(
  head: { number: number; log2: number; cycleTag: number; trigger: number },
  calibration: Record<(typeof EIG_CHANNELS)[number], number>,
  counts: Record<(typeof EIG_CHANNELS)[number], Int16Array>,
): Uint8Array {
  const bytes = new Uint8Array(EIG_CAPTURE_BYTES).fill(0xff, HEADER_BYTES, HEADER_BYTES + RESERVED_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, head.trigger);
  bytes[2] = head.log2;
  bytes[5] = head.number;
  view.setUint16(6, head.cycleTag);
  view.setUint16(10, EIG.samplesPerChannel - 1);
  const ids = Object.entries(EIG_CHANNEL_IDS);
  EIG_CHANNELS.forEach((name, i) => {
    view.setUint16(24 + 2 * i, calibration[name]);
    const at = HEADER_BYTES + RESERVED_BYTES + i * CHANNEL_BYTES;
    const id = ids.find(([, channel]) => channel === name)?.[0] ?? '';
    bytes[at] = id.charCodeAt(0);
    bytes[at + 1] = id.charCodeAt(1);
    counts[name].forEach((count, n) => {
      view.setInt16(at + 2 + 2 * n, count);
    });
  });
  return bytes;
}
