import { createHash, hash } from 'node:crypto';
import { type Kind, type PqRecord, packSamples, WaveformFrame } from '../../record';
import type { CaptureForm } from '../capture-forms';
import { HEAD as FRAME_HEAD } from './frame';

/** As long as ids of events may be. */
const LONGEST_ID = 256;
/** Fields of a record that a topic may hold, besides meter and kind. */
const TOPIC_FIELDS = ['type', 'state', 'code'] as const;

/** Of the samples behind the JSON. */
interface Samples {
  meter: string;
  time: number;
  rate: number;
  layout: string;
  length: number;
  last?: boolean;
}

/** What is known of a record without reading it whole; as an array, since it stands before every record. */
type Head = [
  id: string,
  kind: Kind,
  meter: string,
  /** Of the record, and when it was accepted, ms. */
  time: number,
  accepted: number,
  fields: Record<string, string> | null,
  samples: Samples | null,
  /** By the age clock of the store, ms, when it was accepted; missing in records of versions that had none. */
  stamp?: number,
];

/** A record on its way, as it lies in the store: head, JSON without samples, samples. */
export class Envelope {
  private constructor(
    /** Number in the store: the order in which records were accepted. */
    readonly seq: number,
    /** Bytes in the store. */
    readonly bytes: number,
    private readonly head: Head,
    private readonly json: Buffer,
    private readonly data: Buffer,
  ) {}

  /** The bytes to store for a record, behind room for the head of a frame. */
  static encode(record: PqRecord, accepted: number, stamp: number): { id: string; whole: Buffer } {
    const isFrame = record instanceof WaveformFrame;
    const frame = isFrame ? record : 'capture' in record ? record.capture : undefined;
    // The samples go behind it: neither the frame's nor the capture's are made text.
    const plain = frame
      ? {
          ...record,
          ...(isFrame ? { layout: undefined, length: undefined, data: undefined } : { capture: undefined }),
        }
      : record;
    const own = ownId(record);
    const bare = JSON.stringify(own === undefined && 'id' in plain ? { ...plain, id: undefined } : plain);
    const id = own ?? idOf(bare, frame?.data);
    // One made of the content goes with the record: whoever gets it twice can tell.
    const json = own === undefined ? `{"id":"${id}",${bare.slice(1)}` : bare;
    const found: Record<string, string> = {};
    for (const name of TOPIC_FIELDS) {
      const value = (record as unknown as Record<string, unknown>)[name];
      if (typeof value === 'string') found[name] = value;
    }
    const fields = Object.keys(found).length > 0 ? found : null;
    let samples: Samples | null = null;
    if (frame) {
      const { meter, time, rate, layout, length } = frame;
      samples = { meter, time, rate, layout, length, ...(frame.last && { last: true }) };
    }
    const head: Head = [
      id,
      record.kind,
      record.meter,
      record.time,
      accepted,
      fields,
      samples,
      Math.round(stamp),
    ];
    const headText = JSON.stringify(head);
    const headBytes = Buffer.byteLength(headText);
    const jsonBytes = Buffer.byteLength(json);
    const whole = Buffer.allocUnsafe(FRAME_HEAD + 8 + headBytes + jsonBytes + (frame?.data.length ?? 0));
    const body = whole.subarray(FRAME_HEAD);
    body.writeUInt32LE(headBytes, 0);
    body.writeUInt32LE(jsonBytes, 4);
    body.write(headText, 8);
    body.write(json, 8 + headBytes);
    frame?.data.copy(body, 8 + headBytes + jsonBytes);
    return { id, whole };
  }

  /** @param bytes that the record takes in the store */
  static decode(seq: number, body: Buffer, bytes: number): Envelope {
    const start = 8 + body.readUInt32LE(0);
    const end = start + body.readUInt32LE(4);
    const head = JSON.parse(body.toString('utf8', 8, start)) as Head;
    return new Envelope(seq, bytes, head, body.subarray(start, end), body.subarray(end));
  }

  /** Id of the record: its own, or made of its content. */
  get id(): string {
    return this.head[0];
  }

  /** Id of the message, to know a repetition by: start and end of an event have one id, but are two messages. */
  get messageId(): string {
    const [id, kind, , , , fields] = this.head;
    return kind === 'event' ? `${id}/${fields?.state}` : id;
  }

  get kind(): Kind {
    return this.head[1];
  }

  get meter(): string {
    return this.head[2];
  }

  get time(): number {
    return this.head[3];
  }

  get accepted(): number {
    return this.head[4];
  }

  /** By the age clock of the store, ms. */
  get stamp(): number {
    return this.head[7] ?? 0;
  }

  /** What a topic may be made of. */
  get fields(): Record<string, string> {
    const [, kind, meter, , , fields] = this.head;
    return { ...fields, kind, meter };
  }

  get hasSamples(): boolean {
    return this.head[6] !== null;
  }

  /** The record, samples in a frame. */
  record(): PqRecord {
    const plain = JSON.parse(this.json.toString());
    const frame = this.frame();
    if (!frame) return plain;
    return plain.kind === 'waveform' ? frame : { ...plain, capture: frame };
  }

  /** The record as JSON. */
  text(form: Exclude<CaptureForm, 'binary'>): Buffer {
    const frame = this.frame();
    if (!frame) return this.json;
    const samples = form === 'base64' ? packSamples(frame) : frame.toJSON();
    const plain = JSON.parse(this.json.toString());
    return Buffer.from(
      JSON.stringify(plain.kind === 'waveform' ? { ...plain, ...samples } : { ...plain, capture: samples }),
    );
  }

  /**
   * The record as one message, and what it is. A record with samples in binary form: `PQC1`, length of the JSON
   * (uint32), the JSON, whose `samples` tell what comes behind it, and the samples (float32); all little endian.
   */
  message(form: CaptureForm): { body: Buffer; type: string } {
    const [, , , , , , about] = this.head;
    if (form !== 'binary' || about === null) {
      return { body: this.text(form === 'binary' ? 'base64' : form), type: 'application/json' };
    }
    const { layout, ...samples } = about;
    const plain = {
      ...JSON.parse(this.json.toString()),
      samples: { ...samples, channels: layout.split(' ') },
    };
    const json = Buffer.from(JSON.stringify(plain));
    const head = Buffer.alloc(8);
    head.write('PQC1');
    head.writeUInt32LE(json.length, 4);
    return { body: Buffer.concat([head, json, this.data]), type: 'application/vnd.power-quality.capture' };
  }

  private frame(): WaveformFrame | undefined {
    const [, , , , , , samples] = this.head;
    if (samples === null) return undefined;
    const { layout, length, ...rest } = samples;
    return WaveformFrame.build(rest, layout.split(' ') as never, length, (views) => {
      views.forEach((view, i) => {
        const bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
        this.data.copy(bytes, 0, i * length * 4, (i + 1) * length * 4);
      });
    });
  }
}

/** The id that a record brings; of most kinds none is expected, and anything may be there. */
function ownId(record: object): string | undefined {
  const { id } = record as { id?: unknown };
  return typeof id === 'string' && id.length > 0 && id.length <= LONGEST_ID ? id : undefined;
}

/** An id made of the content: the same record gives the same id. */
function idOf(json: string, samples?: Buffer): string {
  if (!samples) return hash('sha256', json, 'hex').slice(0, 32);
  return createHash('sha256').update(json).update(samples).digest('hex').slice(0, 32);
}
