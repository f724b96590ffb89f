/** Bytes of the header of Modbus TCP before those that its length counts. */
const HEAD = 6;
/** Unit and function code. Some meters answer functions of their own in frames longer than those of Modbus. */
const LEAST = 2;

/**
 * Looks at what comes over Modbus TCP (Modbus Messaging on TCP/IP 1.0b, 3.1.3): the protocol id is 0, and a frame
 * has at least unit and function code. The library looks at neither, and takes whatever stands there for an answer.
 */
export class MbapGuard {
  private readonly head = Buffer.alloc(HEAD);
  private filled = 0;
  /** Bytes of the present frame that are still to come. */
  private rest = 0;

  /** @returns what shows that this is no Modbus TCP; undefined where nothing does */
  push(bytes: Buffer): string | undefined {
    let at = 0;
    while (at < bytes.length) {
      if (this.rest > 0) {
        const some = Math.min(this.rest, bytes.length - at);
        this.rest -= some;
        at += some;
        continue;
      }
      const some = Math.min(HEAD - this.filled, bytes.length - at);
      bytes.copy(this.head, this.filled, at, at + some);
      this.filled += some;
      at += some;
      if (this.filled < HEAD) break;
      this.filled = 0;
      const protocol = this.head.readUInt16BE(2);
      if (protocol !== 0) return `protocol id ${protocol} instead of 0`;
      this.rest = this.head.readUInt16BE(4);
      if (this.rest < LEAST) return `a frame of ${this.rest} bytes`;
    }
    return undefined;
  }
}
