import {
  bytesOf,
  decodeEigCapture,
  decodeEigPq,
  decodeEigStatus,
  EIG,
  EIG_CAPTURE_BYTES,
  EIG_PQ_BYTES,
  type EigCapture,
  type EigLogTable,
  type EigPqRecord,
  type EigStatus,
} from '../../registers';
import { DeviceError } from '../diagnosis';
import type { ModbusLink } from '../link';

/** Checksum and sequence number that stand before a record in image scope, bytes. */
const IMAGE_HEADER = 6;
/** Bytes of a time stamp, with which every record begins. */
const TIME_STAMP = 6;
/** Bytes of an event record of the kind that can be read. */
export const EIG_EVENT_RECORD = TIME_STAMP + EIG_PQ_BYTES;
/** Captures are numbered from 1 to this, and then anew. */
const LAST_CAPTURE = 255;
/** Looks at a window until the meter has filled it, and the longest pause between them, ms. */
const LOOKS = 40;
const LONGEST_PAUSE = 50;
/** 248 bytes of a window read four times: index, and a quarter of a waveform record. */
const QUARTER = 124;
const QUARTERS = 4;

/** An event record with its number in the log. */
export interface NumberedRecord {
  sequence: number;
  record: EigPqRecord;
}

/**
 * Retrieval of the logs of an Electro Industries meter over Modbus: engage one, say which records are wanted, read
 * the window until it is ready, let go (see registers/eig-log.ts). Each method throws the fault of the link.
 */
export class EigRetrieval {
  constructor(
    private readonly link: ModbusLink,
    private readonly unit: number,
    private readonly table: EigLogTable,
  ) {}

  /** Status block of the event log. */
  eventStatus(): Promise<EigStatus> {
    return this.status(this.table.events.status);
  }

  /** Work while the event log is engaged; then {@link records} reads from it. */
  inEventLog<T>(work: () => Promise<T>): Promise<T> {
    return this.engaged(this.table.events, EIG.image, work);
  }

  /** Records of the engaged log by index, oldest first; fillers are passed over. */
  async records(from: number, count: number): Promise<NumberedRecord[]> {
    const size = EIG_EVENT_RECORD + IMAGE_HEADER;
    const perWindow = Math.floor(EIG.windowBytes / size);
    const found: NumberedRecord[] = [];
    for (let index = from; index < from + count; index += perWindow) {
      const here = Math.min(perWindow, from + count - index);
      const bytes = await this.window(index, here);
      for (let i = 0; i < here; i++) {
        const image = bytes.subarray(i * size, (i + 1) * size);
        const record = image.subarray(IMAGE_HEADER);
        if (record.subarray(TIME_STAMP).every((byte) => byte === 0xff)) continue;
        const sequence = new DataView(image.buffer, image.byteOffset).getUint32(2);
        found.push({ sequence, record: decodeEigPq(record) });
      }
    }
    return found;
  }

  /**
   * Captures by number, those that the meter still has.
   * @throws the fault of the link
   */
  async captures(wanted: ReadonlySet<number>): Promise<Map<number, EigCapture>> {
    const { waveforms } = this.table;
    const found = new Map<number, EigCapture>();
    if (wanted.size === 0) return found;
    const { used, recordSize } = await this.status(waveforms.status);
    const held = Math.floor(used / EIG.recordsPerCapture);
    if (recordSize !== EIG.waveformRecord || held === 0) return found;
    await this.engaged(waveforms, EIG.normal, async () => {
      const newest = (await this.waveformRecord((held - 1) * EIG.recordsPerCapture))[6];
      for (const number of wanted) {
        const back = (newest - number + LAST_CAPTURE) % LAST_CAPTURE;
        if (back >= held) continue;
        const bytes = await this.captureBytes(number, (held - 1 - back) * EIG.recordsPerCapture);
        const capture = bytes && decodeEigCapture(bytes);
        if (capture) found.set(number, capture);
      }
    });
    return found;
  }

  /** The payloads of 26 records put together; undefined where they are not those of that capture. */
  private async captureBytes(number: number, first: number): Promise<Uint8Array | undefined> {
    const bytes = new Uint8Array(EIG_CAPTURE_BYTES);
    for (let i = 0; i < EIG.recordsPerCapture; i++) {
      const record = await this.waveformRecord(first + i);
      if (record[6] !== number || record[7] !== i) return undefined;
      bytes.set(record.subarray(8), i * EIG.waveformPayload);
    }
    return bytes;
  }

  /** A record of the engaged waveform log, in four windows of one request. */
  private async waveformRecord(index: number): Promise<Uint8Array> {
    await this.request(index, 1, QUARTERS);
    for (let look = 0; look < LOOKS; look++) {
      const windows = await this.link.readRepeated(this.unit, EIG.window, QUARTER, QUARTERS);
      if (windows.every(([head]) => head >> 8 === 0)) {
        const bytes = new Uint8Array(QUARTERS * (2 * QUARTER - 4));
        windows.forEach((words, i) => {
          bytes.set(bytesOf(words, 2), i * (2 * QUARTER - 4));
        });
        return bytes.subarray(0, EIG.waveformRecord);
      }
      await pause(look);
    }
    throw notReady();
  }

  /** One window of the engaged log: asked for, and read until it is ready and shows what was asked for. */
  private async window(index: number, perWindow: number): Promise<Uint8Array> {
    const { link, unit } = this;
    await this.request(index, perWindow, 1);
    for (let look = 0; look < LOOKS; look++) {
      const words = await link.read(unit, EIG.window, EIG.windowLength);
      if (isReady(words, index)) return bytesOf(words, 2);
      await pause(look);
      if (words[0] >> 8 !== EIG.notReady) await this.request(index, perWindow, 1);
    }
    throw notReady();
  }

  private async request(index: number, perWindow: number, repeats: number): Promise<void> {
    const words = [(perWindow << 8) | repeats, index >> 16, index & 0xffff];
    await this.link.write(this.unit, EIG.request, words);
  }

  /** Work while a log is engaged for this port; it is let go whatever happens. */
  private async engaged<T>(
    { log, status }: { log: number; status: number },
    scope: number,
    work: () => Promise<T>,
  ): Promise<T> {
    const { link, unit } = this;
    await link.write(unit, EIG.session, [(log << 8) | EIG.enable | scope]);
    try {
      const { availability } = await this.status(status);
      const [port] = await link.read(unit, EIG.port, 1);
      if (availability !== port) {
        const text = `the meter's log ${log} is in use by its port ${availability}`;
        throw new DeviceError(
          'EVENT_LOG_IN_USE',
          text,
          'Another program reads this log: only one can at a time.',
        );
      }
      return await work();
    } finally {
      // A meter that is gone lets go by itself after five minutes.
      await link.write(unit, EIG.session, [0]).catch(() => {});
    }
  }

  private async status(address: number): Promise<EigStatus> {
    return decodeEigStatus(await this.link.read(this.unit, address, EIG.statusLength));
  }
}

function isReady(words: readonly number[], index: number): boolean {
  return words[0] >> 8 === 0 && ((words[0] & 0xff) << 16) + words[1] === index;
}

function notReady(): DeviceError {
  return new DeviceError(
    'EVENT_LOG_NOT_READY',
    "the window of the meter's log does not get ready",
    'Look into the log less often, or check whether another program reads it.',
  );
}

/** Short at first: most windows are ready by the second look. */
function pause(look: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.min(LONGEST_PAUSE, 2 ** look)));
}
