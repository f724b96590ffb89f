import { connect, type Socket } from 'node:net';

/** An exception that a meter answered with. */
export class Exception extends Error {
  constructor(readonly code: number) {
    super(`exception ${code}`);
  }
}

/**
 * Modbus TCP with nothing between the test and the bytes: requests go out as they are, as many at once as the test
 * sends, and an answer counts only for the oldest request without one.
 */
export class RawClient {
  /** ms that the slowest answer took. */
  slowest = 0;
  private transaction = 0;
  private rest: Buffer = Buffer.alloc(0);
  private readonly waiting: {
    transaction: number;
    unit: number;
    sent: number;
    done(pdu: Buffer): void;
    fail(error: Error): void;
  }[] = [];

  private constructor(private readonly socket: Socket) {
    socket.setNoDelay();
    socket.on('data', (chunk) => this.take(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const { fail } of this.waiting.splice(0)) fail(new Error('the connection was closed'));
    });
  }

  static async open(port: number): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1');
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new RawClient(socket);
  }

  close(): void {
    this.socket.destroy();
  }

  /** Several requests in one piece; their answers. */
  async together(pdus: readonly Buffer[], unit = 1): Promise<Buffer[]> {
    const answers = pdus.map(
      () =>
        new Promise<Buffer>((done, fail) => {
          this.transaction = (this.transaction + 1) & 0xffff;
          this.waiting.push({ transaction: this.transaction, unit, sent: performance.now(), done, fail });
        }),
    );
    const first = this.waiting.length - pdus.length;
    const frames = pdus.map((pdu, i) => {
      const head = Buffer.alloc(7);
      head.writeUInt16BE(this.waiting[first + i].transaction, 0);
      head.writeUInt16BE(pdu.length + 1, 4);
      head[6] = unit;
      return Buffer.concat([head, pdu]);
    });
    this.socket.write(Buffer.concat(frames));
    return await Promise.all(answers);
  }

  async ask(pdu: Buffer, unit = 1): Promise<Buffer> {
    const [answer] = await this.together([pdu], unit);
    if (answer[0] & 0x80) throw new Exception(answer[1]);
    return answer;
  }

  async read(address: number, count: number, unit = 1): Promise<number[]> {
    const words = wordsOf(await this.ask(readRequest(address, count), unit));
    if (words.length !== count) throw new Error(`${words.length} registers for ${count}`);
    return words;
  }

  async write(address: number, ...words: number[]): Promise<void> {
    await this.ask(writeRequest(address, words));
  }

  private take(chunk: Buffer): void {
    this.rest = Buffer.concat([this.rest, chunk]);
    while (this.rest.length >= 6 && this.rest.length >= 6 + this.rest.readUInt16BE(4)) {
      const end = 6 + this.rest.readUInt16BE(4);
      const frame = this.rest.subarray(0, end);
      this.rest = this.rest.subarray(end);
      const oldest = this.waiting.shift();
      if (!oldest) throw new Error('an answer that nobody asked for');
      this.slowest = Math.max(this.slowest, performance.now() - oldest.sent);
      if (frame.readUInt16BE(0) !== oldest.transaction) oldest.fail(new Error('answers out of order'));
      else if (frame[6] !== oldest.unit) oldest.fail(new Error(`unit ${frame[6]} for ${oldest.unit}`));
      else oldest.done(frame.subarray(7));
    }
  }
}

export function readRequest(address: number, count: number, code = 3): Buffer {
  const pdu = Buffer.from([code, 0, 0, 0, 0]);
  pdu.writeUInt16BE(address, 1);
  pdu.writeUInt16BE(count, 3);
  return pdu;
}

export function writeRequest(address: number, words: readonly number[]): Buffer {
  const pdu = Buffer.alloc(6 + 2 * words.length);
  pdu[0] = 16;
  pdu.writeUInt16BE(address, 1);
  pdu.writeUInt16BE(words.length, 3);
  pdu[5] = 2 * words.length;
  words.forEach((word, i) => {
    pdu.writeUInt16BE(word, 6 + 2 * i);
  });
  return pdu;
}

export function wordsOf(answer: Buffer): number[] {
  return Array.from({ length: answer[1] / 2 }, (_, i) => answer.readUInt16BE(2 + 2 * i));
}
